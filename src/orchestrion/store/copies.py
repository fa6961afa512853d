"""Copies of a store while others use it, with SQLite's backup.

A copy is the store at one moment: it reads within one transaction, and in WAL mode who reads keeps nobody
from writing. (Without that transaction SQLite would begin again whenever somebody has written.)
"""

import os
import sqlite3
import tempfile
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

_PAGES: Final = 1_000
"""How much is copied at a time: an interruption is heeded in between."""


@contextmanager
def reading(path: Path, timeout: float) -> Generator[sqlite3.Connection]:
    """A connection that changes nothing, and sees one moment of a store."""
    uri = f"file:{quote(os.fsencode(path))}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, timeout=timeout, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        yield connection


def copy_store(source: sqlite3.Connection, target: Path, *, replace: bool = False) -> None:
    """Copy what a connection made by `reading` sees into a file that only its owner may read.

    The file appears whole or not at all. Raises FileExistsError when it is there and not to be replaced.
    """
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    os.close(handle)
    partial = Path(name)
    try:
        with closing(sqlite3.connect(partial, isolation_level=None)) as copy:
            source.backup(copy, pages=_PAGES, progress=_heed)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, and nothing beside it
        _put(partial, target, replace=replace)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _put(partial: Path, target: Path, *, replace: bool) -> None:
    if target.exists() and not replace:
        raise FileExistsError(target)
    partial.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _heed(_status: int, _left: int, _all: int) -> None:
    """Between two parts Python looks for signals."""
