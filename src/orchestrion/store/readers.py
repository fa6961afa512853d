"""Connections that only read, for the threads of a server: each takes one for the time of one transaction.

WAL lets them read while the engine's one writing connection writes. They are made when they are first needed,
and kept.
"""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, LifoQueue
from typing import Final

from orchestrion.store.sqlite import BUSY_SECONDS, Transaction, named_statements, told
from orchestrion.store.vault import Vault, key_file_of

_PRAGMAS: Final = ("PRAGMA query_only = ON",)


class Readers:
    """The reading connections of one store, which must be there. `close` it when nobody reads any more."""

    def __init__(self, path: Path) -> None:
        self._path: Final = path
        self._free: Final = LifoQueue[tuple[sqlite3.Connection, Transaction]]()
        self._all: Final[list[sqlite3.Connection]] = []

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    @contextmanager
    def reading(self) -> Generator[Transaction]:
        """One short transaction that sees one moment of the store."""
        with told(self._path):
            connection, transaction = self._taken()
            try:
                connection.execute("BEGIN")
                try:
                    yield transaction
                finally:
                    connection.execute("COMMIT")
            finally:
                self._free.put((connection, transaction))

    def _taken(self) -> tuple[sqlite3.Connection, Transaction]:
        with suppress(Empty):
            return self._free.get_nowait()
        connection = sqlite3.connect(
            self._path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        self._all.append(connection)
        return connection, Transaction(connection, named_statements(), Vault(key_file_of(self._path)))

    def close(self) -> None:
        """Close all connections."""
        for connection in self._all:
            connection.close()
