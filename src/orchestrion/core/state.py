"""The state of one workflow execution: the records, and indexes that follow from them.

No choices are made here.

`State.apply` is the only thing that alters a state. `Draft` is the thin overlay that the conductor works on:
it reads through to the state, keeps the new forms of the records that it touched, and counts phases as it
goes. What it touched is the decision; the state itself stays as it was, so a refusal or a missing value
leaves nothing behind.
"""

from collections.abc import Iterable, Mapping
from typing import Final, assert_never

from orchestrion.core.context import initial_context
from orchestrion.core.graph import Graph
from orchestrion.core.records import (
    Arrival,
    Chain,
    Change,
    Entry,
    Failure,
    Head,
    Initial,
    Item,
    RenderedAction,
    RenderedItems,
    Route,
    Staged,
    Unstaged,
    Withdrawn,
)
from orchestrion.core.status import COMPLETED
from orchestrion.core.values import Json

Key = tuple[str, int]
"""(task, route)."""

ACTIVE, WAITING, PENDING, PAUSED, CANCELED = range(5)
"""The phases that are counted: at work; could start; open inquiry; held sub-workflow; canceled."""

_PLAIN_PHASES: Final[Mapping[str, tuple[int, ...]]] = {
    "scheduled": (WAITING,),
    "delayed": (WAITING,),
    "retrying": (WAITING,),
    "running": (ACTIVE,),
    "resuming": (ACTIVE,),
    "pausing": (ACTIVE,),
    "canceling": (ACTIVE,),
    "pending": (PENDING,),
    "paused": (PAUSED,),
}


def phases_of(entry: Entry, since: int) -> tuple[int, ...]:
    """In which phases an entry is counted.

    A cancellation older than `since` (the last re-run) is kept, not counted.
    """
    if not entry.counts or not entry.prepared:
        return ()
    status = entry.status
    if status in COMPLETED:
        return (CANCELED,) if status == "canceled" and entry.done is not None and entry.done > since else ()
    items = entry.items
    if items is None:
        plain = _PLAIN_PHASES[status]
        return () if entry.withdrawn and WAITING in plain else plain
    phases: list[int] = []
    if items.active:
        phases.append(ACTIVE)
    if not entry.withdrawn and (items.scheduled or items.free_slots or not items.total):
        phases.append(WAITING)
    if items.pending:
        phases.append(PENDING)
    if items.paused:
        phases.append(PAUSED)
    return tuple(phases)


def is_open(entry: Entry) -> bool:
    """Whether an entry counts and has not ended."""
    return entry.counts and entry.prepared and entry.status not in COMPLETED


class State:
    """The records of one workflow execution, by number, and their indexes."""

    __slots__ = (
        "arrivals",
        "entries",
        "failures",
        "graph",
        "head",
        "initial",
        "items",
        "latest",
        "open",
        "ready",
        "rendered",
        "routes",
        "staged",
    )

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.head = Head()
        self.initial = Initial({}, {}, initial_context({}))
        self.entries: list[Entry] = []
        self.arrivals: list[Arrival] = []
        self.routes: list[Route] = [Route(0, 0, "")]
        self.items: dict[int, dict[int, Item]] = {}
        self.rendered: dict[int, tuple[RenderedAction, ...]] = {}
        self.staged: dict[Key, Staged] = {}
        self.failures: dict[int, Failure] = {}
        #: The entries that count, by task and route, the latest one last.
        self.latest: dict[str, dict[int, list[int]]] = {}
        #: Entries that count and are not completed.
        self.open: dict[int, None] = {}
        #: Staged tasks that are ready.
        self.ready: dict[Key, None] = {}

    def copy(self) -> "State":
        """A state that can go its own way; the records are shared."""
        twin = State(self.graph)
        twin.head, twin.initial = self.head, self.initial
        twin.entries, twin.arrivals, twin.routes = self.entries[:], self.arrivals[:], self.routes[:]
        twin.items = {number: dict(items) for number, items in self.items.items()}
        twin.latest = {
            task: {route: laps[:] for route, laps in routes.items()} for task, routes in self.latest.items()
        }
        twin.rendered, twin.staged, twin.failures = (
            dict(self.rendered),
            dict(self.staged),
            dict(self.failures),
        )
        twin.open, twin.ready = dict(self.open), dict(self.ready)
        return twin

    def apply(self, changes: Iterable[Change]) -> None:
        """Take each record in its new form, in order."""
        for change in changes:
            match change:  # the commonest first
                case Head():
                    self.head = change
                case Entry():
                    self._apply_entry(change)
                case Item():
                    self.items.setdefault(change.entry, {})[change.index] = change
                case Arrival():
                    self.arrivals.append(change)
                case Staged():
                    self._apply_staged(change)
                case Unstaged():
                    self.staged.pop((change.task, change.route), None)
                    self.ready.pop((change.task, change.route), None)
                case RenderedItems():
                    self.rendered[change.entry] = change.actions
                case Route():
                    self.routes.append(change)
                case Failure():
                    self.failures[change.id] = change
                case Withdrawn():
                    self.failures.pop(change.id, None)
                case Initial():
                    self.initial = change
                case _:
                    assert_never(change)

    def _apply_entry(self, entry: Entry) -> None:
        if entry.id == len(self.entries):
            self.entries.append(entry)
            if entry.counts and entry.prepared:
                self.latest.setdefault(entry.task, {}).setdefault(entry.route, []).append(entry.id)
        else:
            before = self.entries[entry.id]
            self.entries[entry.id] = entry
            if before.counts and not entry.counts and entry.prepared:
                laps = self.latest[entry.task][entry.route]
                while laps and not self.entries[laps[-1]].counts:
                    laps.pop()
        if is_open(entry):
            self.open[entry.id] = None
        else:
            self.open.pop(entry.id, None)

    def _apply_staged(self, staged: Staged) -> None:
        key = (staged.task, staged.route)
        self.staged[key] = staged
        if staged.ready_at is None:
            self.ready.pop(key, None)
        else:
            self.ready[key] = None

    def entries_in_order(self) -> list[Entry]:
        """All entries that count, in the order of the sequence (spec 5.1)."""
        return sorted(
            (entry for entry in self.entries if entry.counts), key=lambda entry: (entry.order, entry.id)
        )

    def route_edges(self, route: int) -> tuple[str, ...]:
        """The split edges that lead to a route, first one first."""
        edges: list[str] = []
        while route:
            record = self.routes[route]
            edges.append(record.edge)
            route = record.parent
        return tuple(reversed(edges))

    def errors(self) -> list[dict[str, Json]]:
        """The errors list: what counts, in order, each distinct entry once (spec 5.8)."""
        return distinct_errors(self.failures.values())


def distinct_errors(failures: Iterable[Failure]) -> list[dict[str, Json]]:
    """The contents of `failures`, equal ones once."""
    seen: set[object] = set()
    errors: list[dict[str, Json]] = []
    for failure in failures:
        key = _frozen(failure.content)
        if key not in seen:
            seen.add(key)
            errors.append(failure.content)
    return errors


def _frozen(value: Json) -> object:
    """A hashable twin of a JSON value; keeps 1, 1.0 and true apart as JSON does."""
    if isinstance(value, dict):
        return (dict, frozenset((key, _frozen(item)) for key, item in value.items()))
    if isinstance(value, list):
        return (list, tuple(_frozen(item) for item in value))
    return (type(value), value)


def chain_of(items: Iterable[int]) -> Chain:
    """A chain that holds `items`, the last one newest."""
    chain: Chain = None
    for item in items:
        chain = (item, chain)
    return chain


def in_chain(chain: Chain) -> tuple[int, ...]:
    """The numbers of a chain, oldest first."""
    numbers: list[int] = []
    while chain is not None:
        number, chain = chain
        numbers.append(number)
    numbers.reverse()
    return tuple(numbers)
