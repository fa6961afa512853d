"""What an engine works for: some trees, or all that belongs to nobody.

The root of a tree names its engine. A command is the engine of the trees that it starts or goes on with; a
service (`serve`, `worker`) takes what names none. The row decides at each claim, so that an engine that was
taken for dead, and has lost its trees, claims nothing of them any more.
"""

from collections.abc import Mapping
from typing import Any, Final, Protocol

from orchestrion.core.status import COMPLETED
from orchestrion.runtime.unit import Unit
from orchestrion.store.sqlite import Transaction


class Share(Protocol):
    """The part of the store's work that an engine does."""

    def covers(self, unit: Unit, root: str) -> bool:
        """Whether a tree belongs to it."""
        ...

    def due(self, transaction: Transaction, now: int, count: int) -> list[Mapping[str, Any]]:
        """The attempts that may be claimed at a time, those that are due longest first."""
        ...

    def next_due(self, transaction: Transaction) -> int | None:
        """When the next attempt is due."""
        ...

    def overdue(self, transaction: Transaction, now: int, count: int) -> list[Mapping[str, Any]]:
        """The attempts and workflow executions whose time is over."""
        ...

    def next_expiry(self, transaction: Transaction) -> int | None:
        """When the time of the next one is over."""
        ...

    def empties(self, transaction: Transaction, count: int) -> list[Mapping[str, Any]]:
        """With-items entries without items whose end is to be delivered."""
        ...


class Trees:
    """The trees of one engine; `roots` are those that it took."""

    def __init__(self, engine: str) -> None:
        self.roots: Final[dict[str, None]] = {}
        self._engine = engine

    def covers(self, unit: Unit, root: str) -> bool:
        """Whether the engine works for the tree, and has not lost it."""
        return root in self.roots and unit.workflow(root).row["engine"] == self._engine

    def due(self, transaction: Transaction, now: int, count: int) -> list[Mapping[str, Any]]:
        """The attempts of its trees that may be claimed."""
        return self._all(transaction, "claimable_attempts", count, now=now)

    def next_due(self, transaction: Transaction) -> int | None:
        """When the next attempt of its trees is due."""
        return self._earliest(transaction, "next_due")

    def overdue(self, transaction: Transaction, now: int, count: int) -> list[Mapping[str, Any]]:
        """What is overdue in its trees."""
        return self._all(transaction, "overdue", count, now=now)

    def next_expiry(self, transaction: Transaction) -> int | None:
        """When the next of it is."""
        return self._earliest(transaction, "next_expiry")

    def empties(self, transaction: Transaction, count: int) -> list[Mapping[str, Any]]:
        """The entries without items of its trees."""
        return self._all(transaction, "empties", count)

    def is_over(self, transaction: Transaction) -> bool:
        """Whether nothing moves in them any more: all have ended or are paused, and nothing is due."""
        for root in self.roots:
            row = transaction.one("load_workflow", id=root)
            assert row is not None
            if row["status"] not in COMPLETED and row["status"] != "paused":
                return False
        return self.next_due(transaction) is None and not self.empties(transaction, 1)

    def _all(
        self, transaction: Transaction, query: str, count: int, **parameters: int
    ) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        for root in self._own(transaction):
            found += transaction.all(query, root=root, count=count - len(found), **parameters)
        return found

    def _earliest(self, transaction: Transaction, query: str) -> int | None:
        times = [transaction.value(query, root=root) for root in self._own(transaction)]
        return min((time for time in times if time is not None), default=None)

    def _own(self, transaction: Transaction) -> list[str]:
        return [root for root in self.roots if transaction.value("engine_of_tree", root=root) == self._engine]


class Pool:
    """All trees that name no engine."""

    def covers(self, unit: Unit, root: str) -> bool:
        """Whether the tree belongs to nobody."""
        return unit.workflow(root).row["engine"] is None

    def due(self, transaction: Transaction, now: int, count: int) -> list[Mapping[str, Any]]:
        """The attempts of the pool that may be claimed."""
        return transaction.all("claimable_in_pool", now=now, count=count)

    def next_due(self, transaction: Transaction) -> int | None:
        """When the next attempt of the pool is due."""
        return transaction.value("next_due_in_pool")

    def overdue(self, transaction: Transaction, now: int, count: int) -> list[Mapping[str, Any]]:
        """What is overdue in the pool."""
        return transaction.all("overdue_in_pool", now=now, count=count)

    def next_expiry(self, transaction: Transaction) -> int | None:
        """When the next of it is."""
        return transaction.value("next_expiry_in_pool")

    def empties(self, transaction: Transaction, count: int) -> list[Mapping[str, Any]]:
        """The entries without items of the pool."""
        return transaction.all("empties_in_pool", count=count)
