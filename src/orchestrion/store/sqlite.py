"""One SQLite file: connecting, migrating, and transactions behind the turnstile (architecture 3).

Every connection has WAL and `synchronous=FULL`: what is committed survives a power cut. One writing
connection a process.
"""

import sqlite3
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, cast

import aiosql

from orchestrion.errors import StoreError
from orchestrion.store.turnstile import Turnstile

BUSY_SECONDS: Final = 10.0
"""How long SQLite itself may wait; the turnstile leaves it little to wait for."""

_PACKAGE: Final = files("orchestrion.store")


class Transaction:
    """Named statements of the `.sql` files, within one transaction."""

    def __init__(self, connection: sqlite3.Connection, queries: Any) -> None:
        self._connection = connection
        self._queries = queries

    def many(self, query: str, parameters: Sequence[Sequence[Any]]) -> None:
        """Perform a statement once for each row of parameters."""
        self._connection.executemany(getattr(self._queries, query).sql, parameters)

    def run(self, query: str, **parameters: Any) -> int:
        """Perform a statement; the number of rows that it changed."""
        return self._connection.execute(getattr(self._queries, query).sql, parameters).rowcount

    def one(self, query: str, **parameters: Any) -> Mapping[str, Any] | None:
        """The only row of a query, or None."""
        row = self._connection.execute(getattr(self._queries, query).sql, parameters).fetchone()
        return None if row is None else dict(row)

    def all(self, query: str, **parameters: Any) -> list[Mapping[str, Any]]:
        """All rows of a query."""
        return [dict(row) for row in self._connection.execute(getattr(self._queries, query).sql, parameters)]

    def value(self, query: str, **parameters: Any) -> Any:
        """The only value of a query, or None."""
        row = self._connection.execute(getattr(self._queries, query).sql, parameters).fetchone()
        return None if row is None else row[0]


class Store:
    """A store in one file. Made, and brought to the newest schema, when it is opened."""

    def __init__(self, path: Path) -> None:
        self.path: Final = path.absolute()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._turnstile = Turnstile(self.path)
        except OSError as error:
            reason = error.strerror or error
            raise StoreError(
                f"{path}: the store cannot be opened: {reason}. Name another file with --db."
            ) from error
        with _told(self.path):
            self._connection = _connect(self.path)
            self._queries: Any = cast("Any", aiosql).from_path(
                str(_PACKAGE / "sql"), "sqlite3", mandatory_parameters=False
            )
            self._transaction = Transaction(self._connection, self._queries)
            with self._writing():
                _migrate(self._connection, self.path)

    @contextmanager
    def transaction(self) -> Generator[Transaction]:
        """One transaction that writes, alone in the whole store; rolled back when the block raises."""
        with _told(self.path), self._writing():
            yield self._transaction

    @contextmanager
    def reading(self) -> Generator[Transaction]:
        """One short transaction that sees one moment of the store."""
        with _told(self.path):
            self._connection.execute("BEGIN")
            try:
                yield self._transaction
            finally:
                self._connection.execute("COMMIT")

    def pragma(self, text: str) -> Any:
        """What SQLite answers to a pragma, for example `synchronous` or `max_page_count = 100`."""
        return self._connection.execute(f"PRAGMA {text}").fetchone()[0]

    def close(self) -> None:
        """Close the store; the last one to close checkpoints, so this too takes the lock."""
        self._turnstile.enter()
        try:
            self._connection.close()
        finally:
            self._turnstile.leave()
            self._turnstile.close()

    @contextmanager
    def _writing(self) -> Generator[None]:
        self._turnstile.enter()
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
        finally:
            self._turnstile.leave()


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Perform the migrations that this store has not seen; refuse one that is newer than this version."""
    migrations = sorted(
        (entry for entry in (_PACKAGE / "migrations").iterdir() if entry.name.endswith(".sql")),
        key=lambda entry: entry.name,
    )
    known = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if known > len(migrations):
        raise StoreError(
            f"{path}: this store was written by a newer version of Orchestrion (schema {known}, this one "
            f"knows {len(migrations)}): use that version, or another file with --db."
        )
    for number, migration in enumerate(migrations[known:], start=known + 1):
        for statement in _statements(migration.read_text()):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {number}")


def _statements(script: str) -> Iterator[str]:
    """The statements of a script; `executescript` would commit in between."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


@contextmanager
def _told(path: Path) -> Generator[None]:
    """Turn what SQLite and the system say into one sentence that names the file and the remedy."""
    try:
        yield
    except sqlite3.OperationalError as error:
        text = str(error)
        if "full" in text:
            raise StoreError(
                f"{path}: the disk is full; nothing was changed. Make room and try again."
            ) from error
        if "locked" in text or "busy" in text:
            raise StoreError(
                f"{path}: another program holds the file locked; try again when it has let go."
            ) from error
        if "unable to open" in text or "readonly" in text:
            raise StoreError(
                f"{path}: the store cannot be opened or written ({text}); check its permissions."
            ) from error
        raise StoreError(f"{path}: the store does not work: {text}.") from error
    except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
        raise  # our bug, not the file's
    except sqlite3.DatabaseError as error:
        raise StoreError(
            f"{path}: this is not a store of Orchestrion, or it is damaged ({error})."
        ) from error
