"""A store for the threads of a server: they read side by side, and write one after the other.

WAL lets them read while anybody writes. The engine of the process has a connection of its own. Reading
connections are made when they are first needed, one for each thread that reads at the same time, and kept.
"""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, LifoQueue
from threading import Lock
from typing import Final

from orchestrion.store.sqlite import BUSY_SECONDS, Store, Transaction, named_statements, told
from orchestrion.store.vault import Vault, key_file_of


class SharedStore:
    """One store, which is made if it is not there. `close` it when no thread uses it any more."""

    def __init__(self, path: Path) -> None:
        self._store: Final = Store(path)
        self._writing: Final = Lock()
        self._free: Final = LifoQueue[tuple[sqlite3.Connection, Transaction]]()
        self._all: Final[list[sqlite3.Connection]] = []

    @property
    def path(self) -> Path:
        """The file."""
        return self._store.path

    @contextmanager
    def transaction(self) -> Generator[Transaction]:
        """One transaction that writes, alone in the whole store; rolled back when the block raises."""
        with self._writing, self._store.transaction() as transaction:
            yield transaction

    @contextmanager
    def reading(self) -> Generator[Transaction]:
        """One short transaction that sees one moment of the store."""
        with told(self.path):
            connection, transaction = self._taken()
            try:
                connection.execute("BEGIN")
                try:
                    yield transaction
                finally:
                    connection.execute("COMMIT")
            finally:
                self._free.put((connection, transaction))

    def close(self) -> None:
        """Close all connections."""
        for connection in self._all:
            connection.close()
        self._store.close()

    def _taken(self) -> tuple[sqlite3.Connection, Transaction]:
        with suppress(Empty):
            return self._free.get_nowait()
        connection = sqlite3.connect(
            self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA query_only = ON")
        self._all.append(connection)
        return connection, Transaction(connection, named_statements(), Vault(key_file_of(self.path)))
