"""The one way to write: events go in, decisions become rows, all in one transaction (architecture 3).

A `Unit` is one transaction. Actions start after its commit, and what they report comes back as an event of a
later unit.
"""

from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final

from orchestrion.core.state import State
from orchestrion.runtime.clock import Clock, Ids
from orchestrion.runtime.definitions import graph_of
from orchestrion.runtime.measures import Measures
from orchestrion.runtime.peers import Peers
from orchestrion.runtime.telemetry import Tracing
from orchestrion.runtime.telling import tell
from orchestrion.runtime.unit import Claimer, Unit
from orchestrion.runtime.workflow import Workflow
from orchestrion.store import rows
from orchestrion.store.sqlite import Store, Transaction
from orchestrion.store.states import load_state

_CACHED_STATES: Final = 1_000


class _Rehearsed(Exception):  # noqa: N818  # not an error
    """Ends a rehearsal."""


class Dispatcher:
    """Opens units over a store, and keeps the states that are still valid."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        ids: Ids,
        seed: Callable[[], int],
        peers: Peers,
    ) -> None:
        self.store: Final = store
        self.clock: Final = clock
        self.ids: Final = ids
        self.seed: Final = seed
        self.peers: Final = peers
        self.measures: Final = Measures()
        self.tracing: Tracing | None = None
        """What makes traces, if somebody wants them."""
        self.on_commit: Final[list[Callable[[], None]]] = []
        """What is called after each unit. It must return at once, and never raise."""
        self._cache: dict[str, State] = {}

    @contextmanager
    def unit(self, claimer: Claimer | None = None) -> Generator[Unit]:
        """One transaction.

        If it raises nothing has happened, and what was cached of what it touched is not believed any more.
        """
        if claimer is not None:
            claimer.open_unit()
        unit: Unit | None = None
        try:
            with self.store.transaction() as transaction:
                unit = Unit(self, transaction, claimer)
                yield unit
                unit.settle()
                unit.save()
                ended = self.tracing.ended(unit) if self.tracing is not None else []
        except BaseException:
            for number in unit.workflows if unit is not None else ():
                self._cache.pop(number, None)
            if claimer is not None:
                claimer.close_unit(committed=False)
            raise
        self._keep(unit)
        if claimer is not None:
            claimer.close_unit(committed=True)
        tell(unit.ledger)
        if self.tracing is not None:
            self.tracing.tell(ended)
        if unit.has_changed:
            self.peers.wake_others()
        for listener in self.on_commit:
            listener()

    @contextmanager
    def rehearsal(self) -> Generator[Unit]:
        """A unit that is never committed: it shows what would happen."""
        with suppress(_Rehearsed), self.unit() as unit:
            yield unit
            raise _Rehearsed

    def load(self, transaction: Transaction, number: str) -> Workflow:
        """A workflow execution: its cached state if it still is the newest, else from its rows."""
        row = transaction.one("load_workflow", id=number)
        assert row is not None, number
        return self._loaded(transaction, row)

    def load_all(self, transaction: Transaction, numbers: Iterable[str]) -> dict[str, Workflow]:
        """The same of some workflow executions, by their ids."""
        found = transaction.all("load_workflows", workflows=rows.to_json([*numbers]))
        return {row["id"]: self._loaded(transaction, row) for row in found}

    def _loaded(self, transaction: Transaction, row: Mapping[str, Any]) -> Workflow:
        cached = self._cache.get(row["id"])
        if cached is not None and cached.head.event == row["version"]:
            return Workflow(dict(row), cached)
        text = transaction.value("definition_text", hash=row["definition"])
        state = load_state(transaction, row["id"], rows.head_of(row["head"]), graph_of(text))
        return Workflow(dict(row), state)

    def _keep(self, unit: Unit) -> None:
        for number, workflow in unit.workflows.items():
            self._cache.pop(number, None)
            self._cache[number] = workflow.state
        while len(self._cache) > _CACHED_STATES:
            del self._cache[next(iter(self._cache))]
