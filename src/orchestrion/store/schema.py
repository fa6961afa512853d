"""The schema of a store: the migrations that make it, and what a file has seen of them."""

import sqlite3
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Final

from orchestrion.errors import UsageError

PACKAGE: Final = files("orchestrion.store")

MIGRATIONS: Final = sorted(
    (entry for entry in (PACKAGE / "migrations").iterdir() if entry.name.endswith(".sql")),
    key=lambda entry: entry.name,
)
"""What makes a store, in order; `user_version` of a file counts how many of them it has seen."""

_SCHEMA: Final = """
SELECT (SELECT user_version FROM pragma_user_version), count(*), coalesce(sum(name = 'execution'), 0)
FROM sqlite_master WHERE type = 'table'
"""
"""How many migrations a file has seen, how many tables it has, and whether one of ours: all of one moment."""

_OBJECTS: Final = (
    "SELECT type || ' ' || name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite!_%' ESCAPE '!'"
)


def schema_of(connection: sqlite3.Connection, path: Path) -> int:
    """The number of migrations that a store has seen; refuse one that is newer, or no store, unchanged."""
    known, tables, own = connection.execute(_SCHEMA).fetchone()
    if tables and not (known and own):
        raise UsageError(
            f"{path}: this is a database, but not a store of Orchestrion. Name another file with --db."
        )
    if known > len(MIGRATIONS):
        raise UsageError(
            f"{path}: this store was written by a newer version of Orchestrion (schema {known}, this one "
            f"knows {len(MIGRATIONS)}): use that version, or another file with --db."
        )
    return int(known)


def migrate(connection: sqlite3.Connection, known: int, wanted: int = len(MIGRATIONS)) -> None:
    """Bring a store from one schema to another, within the caller's transaction."""
    for number, migration in enumerate(MIGRATIONS[known:wanted], start=known + 1):
        for statement in _statements(migration.read_text()):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {number}")


def objects_of(connection: sqlite3.Connection) -> Mapping[str, str]:
    """The statements that made the tables and indexes of a file, by `table NAME`, `index NAME`."""
    return dict(connection.execute(_OBJECTS).fetchall())


def objects_after(known: int) -> Mapping[str, str]:
    """The same, as they must be after so many migrations."""
    connection = sqlite3.connect(":memory:")
    try:
        migrate(connection, 0, known)
        return objects_of(connection)
    finally:
        connection.close()


def _statements(script: str) -> Iterator[str]:
    """The statements of a script; `executescript` would commit in between."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
