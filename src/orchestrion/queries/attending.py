"""Who does the work of an execution, as one read transaction sees it."""

from functools import cached_property
from typing import Final

from orchestrion.core.status import COMPLETED
from orchestrion.runtime.peers import Peers
from orchestrion.store.sqlite import Transaction


class Attendance:
    """Which processes live; each is looked at once."""

    def __init__(self, transaction: Transaction, peers: Peers) -> None:
        self._transaction: Final = transaction
        self._peers: Final = peers
        self._alive: Final[dict[str, bool]] = {}

    @cached_property
    def _service(self) -> str | None:
        return self._peers.service(self._transaction)

    def lives(self, engine: str) -> bool:
        """Whether a process lives."""
        if engine not in self._alive:
            self._alive[engine] = self._peers.is_alive(self._transaction, engine)
        return self._alive[engine]

    def worker(self, status: str, engine: str | None) -> str | None:
        """Who works on something that names an engine, or leaves it to a service; None: nobody (any more)."""
        if status in COMPLETED:
            return None
        if engine is None:
            return self._service
        return engine if self.lives(engine) else None
