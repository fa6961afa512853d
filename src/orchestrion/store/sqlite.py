"""One SQLite file: connecting, migrating, and transactions behind the turnstile (architecture 3).

Every connection has WAL and `synchronous=FULL`: what is committed survives a power cut. One writing
connection a process.
"""

import errno
import logging
import os
import resource
import sqlite3
from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol, cast

import aiosql

from orchestrion.errors import SealError, StoreError, StoreFull, UsageError
from orchestrion.store.copies import copy_store, reading
from orchestrion.store.schema import MIGRATIONS, PACKAGE, migrate, schema_of
from orchestrion.store.turnstile import Turnstile
from orchestrion.store.vault import Purpose, Vault, is_sealed, key_file_of

BUSY_SECONDS: Final = 10.0
"""How long SQLite itself may wait; the turnstile leaves it little to wait for."""

_log = logging.getLogger(__name__)

_MAY_BE_SEALED: Final = frozenset(
    (
        "parameters",
        "result",
        "head",
        "record",
        "actions",
        "published",
        "content",
        "inputs",
        "application",
        "request",
        "sealed_reason",
        "secrets",
    )
)
"""Columns of JSON texts that are sealed where their tree has secrets: whoever reads them gets them opened."""


@cache
def named_statements() -> Any:
    """The statements of the `.sql` files, read once a process: that takes as long as a small command."""
    return cast("Any", aiosql).from_path(str(PACKAGE / "sql"), "sqlite3", mandatory_parameters=False)


class _Columns(NamedTuple):
    """The columns of a query, and those of them that may be sealed."""

    names: tuple[str, ...]
    sealed: tuple[str, ...]


class Transaction:
    """Named statements of the `.sql` files, within one transaction."""

    def __init__(self, connection: sqlite3.Connection, queries: Any, vault: Vault) -> None:
        self._connection = connection
        self._queries = queries
        self._vault = vault
        self._columns: dict[str, _Columns] = {}

    def many(self, query: str, parameters: Sequence[Sequence[Any]]) -> None:
        """Perform a statement once for each row of parameters."""
        self._connection.executemany(getattr(self._queries, query).sql, parameters)

    def run(self, query: str, **parameters: Any) -> int:
        """Perform a statement; the number of rows that it changed."""
        return self._connection.execute(getattr(self._queries, query).sql, parameters).rowcount

    def one(self, query: str, **parameters: Any) -> Mapping[str, Any] | None:
        """The only row of a query, or None."""
        cursor, columns = self._query(query, parameters)
        row = cursor.fetchone()
        return None if row is None else self._opened(columns, row)

    def all(self, query: str, **parameters: Any) -> list[Mapping[str, Any]]:
        """All rows of a query."""
        cursor, columns = self._query(query, parameters)
        return [self._opened(columns, row) for row in cursor]

    def all_openable(self, query: str, instead: str, **parameters: Any) -> list[Mapping[str, Any]]:
        """All rows of a query; in one that does not open, `instead` stands for each sealed JSON text."""
        cursor, columns = self._query(query, parameters)
        found: list[Mapping[str, Any]] = []
        for row in cursor:
            try:
                found.append(self._opened(columns, row))
            except SealError:
                plain = [instead if isinstance(one, str) and is_sealed(one) else one for one in row]
                found.append({**dict(zip(columns.names, plain, strict=True)), "secrets": None})
        return found

    def value(self, query: str, **parameters: Any) -> Any:
        """The only value of a query, or None."""
        row = self._connection.execute(getattr(self._queries, query).sql, parameters).fetchone()
        return None if row is None else row[0]

    def _query(self, query: str, parameters: Mapping[str, Any]) -> tuple[sqlite3.Cursor, "_Columns"]:
        cursor = self._connection.execute(getattr(self._queries, query).sql, parameters)
        columns = self._columns.get(query)
        if columns is None:
            names = tuple(column[0] for column in cursor.description)
            assert len(set(names)) == len(names), query
            columns = self._columns[query] = _Columns(
                names, tuple(name for name in names if name in _MAY_BE_SEALED)
            )
        return cursor, columns

    def _opened(self, columns: "_Columns", row: Sequence[Any]) -> dict[str, Any]:
        found = dict(zip(columns.names, row, strict=True))
        for name in columns.sealed:
            text = found[name]
            if text is not None and is_sealed(text):
                found[name] = self._vault.open(text, "execution")
        return found

    # --- secrets

    def check_key(self) -> bool:
        """Whether anything was ever sealed here. Raises SealError where the key to open it is not there."""
        proof = self.value("vault_proof")
        if proof is not None:
            self._vault.check(proof)
        return proof is not None

    def unlock(self) -> None:
        """Make sure of the key before something is the first to be sealed: the store's own, or a new one.

        Raises SealError.
        """
        if not self.check_key():
            self.run("add_vault", proof=self._vault.proof())

    def seal(self, text: str, purpose: Purpose = "execution") -> str:
        """Seal a text. Raises SealError."""
        return self._vault.seal(text, purpose)

    def digest(self, text: str) -> str:
        """A digest of something secret, always the same one in this store. Raises SealError.

        The key of a new store is made by this, and proven by what is sealed first.
        """
        if not self.check_key():
            self._vault.make_key()
        return self._vault.digest(text)

    def unseal(self, text: str, purpose: Purpose) -> str:
        """Open a sealed text of a column that is not opened by itself. Raises SealError."""
        return self._vault.open(text, purpose)


class Reading(Protocol):
    """What lets one read a store: the store itself, or one that several threads share."""

    @property
    def path(self) -> Path:
        """The file."""
        ...

    def reading(self) -> AbstractContextManager[Transaction]:
        """One short transaction that sees one moment of the store."""
        ...


class Writing(Reading, Protocol):
    """What lets one write it, too."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """One transaction that writes, alone in the whole store; rolled back when the block raises."""
        ...


class Store:
    """A store in one file. Made, and brought to the newest schema, when it is opened.

    Raises UsageError for a file that can be no store; that, and the folder around it, stay as they are.
    """

    def __init__(self, path: Path) -> None:
        self.path: Final = _without_links(path)
        with told(path, opening=True):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            _create(self.path)
            self._connection = _connect(self.path)
            try:
                known = schema_of(self._connection, self.path)
                self._turnstile = Turnstile(self.path)
                if known < len(MIGRATIONS) or self.pragma("journal_mode") != "wal":
                    self._migrate()
                self._connection.execute("PRAGMA synchronous = FULL")
            except BaseException:
                self._connection.close()
                raise
        self._queries: Any = named_statements()
        vault = Vault(key_file_of(self.path))
        self._transaction = Transaction(self._connection, self._queries, vault)

    @contextmanager
    def transaction(self) -> Generator[Transaction]:
        """One transaction that writes, alone in the whole store; rolled back when the block raises."""
        with told(self.path), self._writing():
            yield self._transaction

    @contextmanager
    def reading(self) -> Generator[Transaction]:
        """One short transaction that sees one moment of the store."""
        with told(self.path):
            self._connection.execute("BEGIN")
            try:
                yield self._transaction
            finally:
                self._connection.execute("COMMIT")

    def pragma(self, text: str) -> Any:
        """What SQLite answers to a pragma, for example `synchronous` or `max_page_count = 100`."""
        return self._connection.execute(f"PRAGMA {text}").fetchone()[0]

    def shorten_log(self) -> None:
        """Write back the log, and cut its file as far as nobody still reads from it."""
        with told(self.path), self._turnstile.held():
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the store.

        The last one to close writes back the log, so this too takes the lock; not where another process has
        it, since this one is not the last then.
        """
        alone = self._turnstile.try_enter()
        try:
            self._connection.close()
        finally:
            if alone:
                self._turnstile.leave()
            self._turnstile.close()

    def _migrate(self) -> None:
        """Perform the migrations that this store has not seen; another process may do so at the same time."""
        with self._turnstile.held():
            self._connection.execute("PRAGMA journal_mode = WAL")
        with self._writing():
            known = schema_of(self._connection, self.path)
            if 0 < known < len(MIGRATIONS):
                self._copy_before_migration(known)
            migrate(self._connection, known)

    def _copy_before_migration(self, known: int) -> None:
        """Keep an older store as it is, under the lock: nobody changes it before it is migrated."""
        copy = self.path.with_name(f"{self.path.name}.before-{len(MIGRATIONS)}")
        with reading(self.path, BUSY_SECONDS) as source:
            copy_store(source, copy, replace=True)
        _log.info("The store goes from schema %s to %s. As it was: %s", known, len(MIGRATIONS), copy)

    @contextmanager
    def _writing(self) -> Generator[None]:
        with self._turnstile.held():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise


def _without_links(path: Path) -> Path:
    """The one path of a file that may have several: its processes must meet at the same locks."""
    try:
        return path.resolve()
    except (OSError, RuntimeError) as error:  # of links that lead to themselves
        raise UsageError(f"{path}: {error}. Name another file with --db.") from error


def _create(path: Path) -> None:
    """Make an empty file that only its owner may read, for it will hold secrets; SQLite's other files follow.

    A file that is there is not opened: closing it would drop the locks that SQLite has on it in this process.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        if not path.is_file():
            raise UsageError(
                f"{path}: this is no file, and so no store. Name another one with --db."
            ) from None


# For a parameter of these types `sqlite3` always looks for an adapter, and to find none costs it several
# times as much as to call one: it raises and drops an AttributeError. A task has twenty such parameters.
sqlite3.register_adapter(type(None), lambda none: none)
sqlite3.register_adapter(bool, int)


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)


_FULL: Final = (
    "the disk is full; nothing was changed. Make room (orchestrion purge deletes what is old) and try again."
)
_TOO_LARGE: Final = (
    "no file of this process may have more than {:,} bytes (ulimit -f); nothing was changed. "
    "Raise that limit and try again."
)
_LOCKED: Final = "another program holds the file locked; try again when it has let go."
_FORBIDDEN: Final = "the store cannot be opened or written ({}); check its permissions."
_FOREIGN: Final = "this is not a store of Orchestrion, or it is damaged ({})."
_SENTENCES: Final[Mapping[int, str]] = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_CANTOPEN: _FORBIDDEN,
    sqlite3.SQLITE_PERM: _FORBIDDEN,
    sqlite3.SQLITE_READONLY: _FORBIDDEN,
    sqlite3.SQLITE_CORRUPT: _FOREIGN,
    sqlite3.SQLITE_NOTADB: _FOREIGN,
}
_GROWING: Final = frozenset((sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE))
"""What SQLite says where a file cannot grow, and the disk is not full."""


@contextmanager
def told(path: Path, *, opening: bool = False) -> Generator[None]:
    """Turn what SQLite and the system say into one sentence that names the file and the remedy.

    What forbids to open a store at all is a wrong name, and so a UsageError.
    """
    try:
        yield
    except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
        raise  # our bug, not the file's
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0)
        if code in _GROWING and (limit := _limit_of_files()) is not None:
            raise StoreError(f"{path}: {_TOO_LARGE.format(limit)}") from error
        sentence = _SENTENCES.get(code & 0xFF, "the store does not work: {}.")
        text = f"{path}: {sentence.format(error)}"
        if opening and sentence in (_FORBIDDEN, _FOREIGN):
            raise UsageError(f"{text} Another file is named with --db.") from error
        raise (StoreFull if sentence is _FULL else StoreError)(text) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StoreFull(f"{path}: {_FULL}") from error
        if opening:
            text = f"{path}: the store cannot be opened: {error.strerror}. Name another file with --db."
            raise UsageError(text) from error
        raise


def _limit_of_files() -> int | None:
    """How large a file of this process may be, if that is limited: SQLite does not say that it was that."""
    limit, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    return None if limit == resource.RLIM_INFINITY else limit
