"""The upkeep of a store: a copy of it while it is in use, and whether it is sound. Neither changes it."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from orchestrion.errors import SealError, StoreError, UsageError
from orchestrion.store.copies import copy_store, reading
from orchestrion.store.schema import MIGRATIONS, objects_after, objects_of, schema_of
from orchestrion.store.sqlite import BUSY_SECONDS, told
from orchestrion.store.vault import Vault, key_file_of

_REFERENCES: Final = (
    ("execution", "workflow", "workflow", "id"),
    ("execution", "of_workflow", "workflow", "id"),
    ("execution", "parent", "execution", "id"),
    ("workflow", "execution", "execution", "id"),
    ("workflow", "definition", "definition", "hash"),
    ("workflow", "root", "workflow", "id"),
    ("workflow", "parent", "workflow", "id"),
    ("attempt", "execution", "execution", "id"),
    ("attempt", "root", "workflow", "id"),
    ("operation", "execution", "execution", "id"),
    ("secret", "root", "workflow", "id"),
    ("pinned", "execution", "execution", "id"),
    *(
        (table, "workflow", "workflow", "id")
        for table in (
            "attempt",
            "entry",
            "item",
            "rendered",
            "arrival",
            "route",
            "staged",
            "failure",
            "initial",
            "history",
            "empty",
            "output",
            "revival",
        )
    ),
)
"""(table, column, other table, its column): what must be there if the column is not null."""

_PURGED: Final = "SELECT workflow FROM purged"
"""Workflow executions that are gone, while some of their rows are still to be deleted."""


class Backup(NamedTuple):
    """A copy that was made. `key_file`: what opens its secrets, if it has any, and is not in it.

    `revisions` are those of packs that its executions use, pack and name; they are not in it either.
    """

    path: Path
    size: int
    key_file: Path | None
    revisions: tuple[tuple[str, str], ...]


class Soundness(NamedTuple):
    """What a check has found. `schema`: how many migrations the store has seen, of those `known`."""

    path: Path
    schema: int
    known: int
    problems: tuple[str, ...]


def backup(database: Path, target: Path) -> Backup:
    """Copy a store while others use it. Raises UsageError when the target is there, or cannot be made."""
    if target.exists():
        raise _occupied(target)
    if not target.parent.is_dir():
        raise UsageError(
            f"{target}: there is no folder {target.parent}, so there is no copy. "
            "Make the folder, or name another file."
        )
    with told(database, opening=True), reading(database.resolve(), BUSY_SECONDS) as connection:
        schema_of(connection, database)
        sealed = _proof(connection) is not None
        revisions = ()
        if "table pinned" in objects_of(connection):
            used = "SELECT DISTINCT pack, revision FROM pinned ORDER BY pack, revision"
            revisions = tuple((str(pack), str(name)) for pack, name in connection.execute(used))
        try:
            copy_store(connection, target)
        except FileExistsError as error:
            raise _occupied(target) from error
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_FULL:
                raise  # it is about the store, not about the copy
            raise StoreError(
                f"{target}: the disk is full; there is no copy. Make room and try again."
            ) from error
        except OSError as error:
            raise UsageError(f"{target}: the copy cannot be made: {error.strerror}.") from error
    key_file = key_file_of(database.resolve()) if sealed else None
    return Backup(target, target.stat().st_size, key_file, revisions)


def check(database: Path) -> Soundness:
    """Whether a store is sound: the file, its schema, what its rows refer to, and its key."""
    with told(database, opening=True), reading(database.resolve(), BUSY_SECONDS) as connection:
        known = schema_of(connection, database)
        problems = tuple(_problems(connection, database.resolve(), known))
    return Soundness(database, known, len(MIGRATIONS), problems)


def _problems(connection: sqlite3.Connection, database: Path, known: int) -> Iterator[str]:
    broken = [*_damage(connection)]
    if broken:  # whatever else it says may be wrong
        yield from (f"SQLite: {text}" for text in broken)
        return
    expected, found = objects_after(known), objects_of(connection)
    different = {name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)}
    for name in sorted(different):
        how = "is missing" if name not in found else "is not ours" if name not in expected else "differs"
        yield f"schema: {name} {how}"
    if different or known < len(MIGRATIONS):
        return
    for table, column, other, key in _REFERENCES:
        there = f"SELECT {key} FROM {other}"  # noqa: S608  # names of ours, here and below
        owner = "of_workflow" if table == "execution" else column
        query = (
            f"SELECT count(*) FROM {table} WHERE {column} NOT IN ({there}) "  # noqa: S608  # the same
            f"AND ({owner} IS NULL OR {owner} NOT IN ({_PURGED}))"
        )
        (count,) = connection.execute(query).fetchone()
        if count:
            yield f"rows: {count} of {table} name a {column} that is not in {other}"
    proof = _proof(connection)
    if proof is not None:
        try:
            Vault(key_file_of(database)).check(proof)
        except SealError as error:
            yield f"key: {error}"


def _damage(connection: sqlite3.Connection) -> Iterator[str]:
    """What SQLite itself finds; some damage ends its search."""
    try:
        for (text,) in connection.execute("PRAGMA integrity_check"):
            if text != "ok":
                yield from str(text).splitlines()
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_CORRUPT:
            raise
        yield str(error)


def _proof(connection: sqlite3.Connection) -> str | None:
    """The text that tells the right key file, if the store has secrets."""
    if "table vault" not in objects_of(connection):
        return None
    row = connection.execute("SELECT proof FROM vault").fetchone()
    return None if row is None else str(row[0])


def _occupied(target: Path) -> UsageError:
    return UsageError(f"{target}: this file is there already, and is left as it is. Name another one.")
