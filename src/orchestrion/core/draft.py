"""The overlay on which the conductor works out one decision (see `state.py`)."""

from collections.abc import Iterator, Mapping
from typing import Final

from orchestrion.core.commands import Command
from orchestrion.core.events import Occasion
from orchestrion.core.graph import Graph
from orchestrion.core.records import (
    Arrival,
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
    TimeLimit,
    Unstaged,
    Withdrawn,
)
from orchestrion.core.state import Key, State, is_open, phases_of
from orchestrion.core.status import Status
from orchestrion.core.values import Json

ExternalKey = tuple[str | int | bool | None, ...]


class Draft:
    """New forms of records over an untouched state.

    The head's fields are the draft's own attributes while it works.
    """

    __slots__ = (
        "_arrivals",
        "_entries",
        "_failures",
        "_initial",
        "_items",
        "_latest",
        "_rendered",
        "_routes",
        "_staged",
        "_withdrawn",
        "at",
        "commands",
        "drawn",
        "event",
        "external",
        "graph",
        "kept_end",
        "newly_ready",
        "next_arrival",
        "next_entry",
        "next_failure",
        "next_route",
        "occasion",
        "output",
        "pause_requested",
        "phases",
        "ready",
        "rendered",
        "reruns",
        "since",
        "state",
        "status",
        "time_limit",
        "touched_items",
    )

    def __init__(
        self, state: State, occasion: Occasion, external: Mapping[ExternalKey, "Json | Exception"]
    ) -> None:
        head = state.head
        self.state: Final = state
        self.graph: Final[Graph] = state.graph
        self.occasion: Final = occasion
        self.external: Final = external
        self.commands: Final[list[Command]] = []
        #: How many random numbers the expressions of this event have drawn.
        self.drawn: int = 0
        self.status: Status = head.status
        self.event: int = head.event + 1
        self.at: int = self.event
        self.since: int = head.since
        self.next_entry: int = head.entries
        self.next_arrival: int = head.arrivals
        self.next_route: int = head.routes
        self.next_failure: int = head.failures
        self.reruns: int = head.reruns
        self.pause_requested: bool = head.pause_requested
        self.kept_end: Status | None = head.kept_end
        self.rendered: bool = head.rendered
        self.output: dict[str, Json] | None = head.output
        self.phases: Final[list[int]] = [head.active, head.waiting, head.pending, head.paused, head.canceled]
        self.ready: int = head.ready
        self.time_limit: TimeLimit | None = head.time_limit
        self._initial: Initial | None = None
        self._entries: dict[int, Entry] = {}
        self._items: dict[tuple[int, int], Item] = {}
        self._rendered: dict[int, tuple[RenderedAction, ...]] = {}
        self._arrivals: list[Arrival] = []
        self._routes: list[Route] = []
        self._staged: dict[Key, Staged | None] = {}
        self._latest: dict[Key, int | None] = {}
        self._failures: list[Failure] = []
        self._withdrawn: dict[int, None] = {}
        #: Staged tasks that became ready in this event, and have not started.
        self.newly_ready: Final[dict[Key, None]] = {}
        #: With-items entries that this event touched: they may have free slots.
        self.touched_items: Final[dict[int, None]] = {}

    # --- the initial context

    @property
    def initial(self) -> Initial:
        """The initial context."""
        return self._initial if self._initial is not None else self.state.initial

    def set_initial(self, initial: Initial) -> None:
        """Replace the initial context."""
        self._initial = initial

    # --- entries

    def entry(self, number: int) -> Entry:
        """The entry with this number, in its newest form."""
        found = self._entries.get(number)
        return found if found is not None else self.state.entries[number]

    def latest(self, task: str, route: int) -> Entry | None:
        """The latest entry that counts of a task on a route."""
        key = (task, route)
        if key in self._latest:
            number = self._latest[key]
        else:
            laps = self.state.latest.get(task, _NOWHERE).get(route)
            number = laps[-1] if laps else None
        return None if number is None else self.entry(number)

    def laps(self, task: str, route: int) -> list[Entry]:
        """The entries that count of a task on a route, oldest first."""
        numbers = dict.fromkeys(self.state.latest.get(task, _NOWHERE).get(route, ()))
        newest = self._latest.get((task, route))
        if newest is not None:
            numbers[newest] = None
        return [entry for entry in map(self.entry, numbers) if entry.counts]

    def routes_of(self, task: str) -> set[int]:
        """The routes on which a task has an entry that counts."""
        routes = {route for route, laps in self.state.latest.get(task, _NOWHERE).items() if laps}
        for (name, route), number in self._latest.items():
            if name == task:
                routes.discard(route) if number is None else routes.add(route)
        return routes

    def open_entries(self) -> list[Entry]:
        """The entries that count and are not completed, oldest first."""
        numbers = set(self.state.open) | set(self._entries)
        entries = (self.entry(number) for number in sorted(numbers))
        return [entry for entry in entries if is_open(entry)]

    def add(self, entry: Entry) -> Entry:
        """A new entry; its number must be `next_entry`."""
        assert entry.id == self.next_entry
        self.next_entry += 1
        self._entries[entry.id] = entry
        if entry.prepared:
            self._latest[entry.task, entry.route] = entry.id
        for phase in phases_of(entry, self.since):
            self.phases[phase] += 1
        return entry

    def put(self, entry: Entry) -> Entry:
        """An entry in its new form."""
        before, after = phases_of(self.entry(entry.id), self.since), phases_of(entry, self.since)
        if before != after:
            for phase in before:
                self.phases[phase] -= 1
            for phase in after:
                self.phases[phase] += 1
        self._entries[entry.id] = entry
        return entry

    def all_entries(self) -> Iterator[Entry]:
        """Every entry ever made, by number."""
        for number in range(self.next_entry):
            yield self.entry(number)

    def replace(self, entry: Entry) -> None:
        """An entry in its new form, uncounted: `recount` follows (a re-run changes entries wholesale)."""
        self._entries[entry.id] = entry

    def set_latest(self, key: Key, number: int | None) -> None:
        """The latest entry that counts of a task and route is another one now, or none."""
        self._latest[key] = number

    def recount(self) -> None:
        """Count the phases of all entries anew."""
        self.phases[:] = [0] * len(self.phases)
        for entry in self.all_entries():
            for phase in phases_of(entry, self.since):
                self.phases[phase] += 1

    # --- items

    def item(self, entry: int, index: int) -> Item | None:
        """An item of an entry; None when it has never started."""
        found = self._items.get((entry, index))
        if found is not None:
            return found
        return self.state.items.get(entry, _NO_ITEMS).get(index)

    def items_of(self, entry: int) -> list[Item]:
        """The items of an entry that have ever started or are kept, by index."""
        items = dict(self.state.items.get(entry, _NO_ITEMS))
        items.update({index: item for (number, index), item in self._items.items() if number == entry})
        return [items[index] for index in sorted(items)]

    def put_item(self, item: Item) -> None:
        """An item in its new form; its entry's counts are the caller's."""
        self._items[item.entry, item.index] = item

    def rendered_items(self, entry: int) -> tuple[RenderedAction, ...]:
        """The items of an entry as they were rendered."""
        found = self._rendered.get(entry)
        return found if found is not None else self.state.rendered[entry]

    def add_rendered(self, entry: int, actions: tuple[RenderedAction, ...]) -> None:
        """Store the rendered items of an entry."""
        self._rendered[entry] = actions

    # --- arrivals, routes, staging

    def arrival(self, number: int) -> Arrival:
        """The arrival with this number."""
        known = len(self.state.arrivals)
        return self.state.arrivals[number] if number < known else self._arrivals[number - known]

    def all_arrivals(self) -> Iterator[Arrival]:
        """Every arrival there ever was, by number."""
        yield from self.state.arrivals
        yield from tuple(self._arrivals)

    def add_arrival(self, arrival: Arrival) -> None:
        """A new arrival; its number must be `next_arrival`."""
        assert arrival.id == self.next_arrival
        self.next_arrival += 1
        self._arrivals.append(arrival)

    def route_edges(self, route: int) -> tuple[str, ...]:
        """The split edges that lead to a route, first one first."""
        known = len(self.state.routes)
        edges: list[str] = []
        while route >= known:
            record = self._routes[route - known]
            edges.append(record.edge)
            route = record.parent
        return (*self.state.route_edges(route), *reversed(edges))

    def add_route(self, parent: int, edge: str) -> int:
        """A new route: `parent`'s way, then `edge`. Returns its number."""
        route = Route(self.next_route, parent, edge)
        self.next_route += 1
        self._routes.append(route)
        return route.id

    def staged(self, key: Key) -> Staged | None:
        """What is staged of a task on a route."""
        if key in self._staged:
            return self._staged[key]
        return self.state.staged.get(key)

    def all_staged(self) -> list[Staged]:
        """Everything that is staged, in no particular order."""
        staged: dict[Key, Staged | None] = {**self.state.staged, **self._staged}
        return [record for record in staged.values() if record is not None]

    def stage(self, staged: Staged) -> None:
        """A staged task in its new form."""
        key = (staged.task, staged.route)
        before = self.staged(key)
        self.ready += (staged.ready_at is not None) - (before is not None and before.ready_at is not None)
        self._staged[key] = staged
        if staged.ready_at is not None:
            self.newly_ready[key] = None
        else:
            self.newly_ready.pop(key, None)

    def unstage(self, key: Key) -> None:
        """Take a staged task away."""
        before = self.staged(key)
        if before is not None:
            self.ready -= before.ready_at is not None
            self._staged[key] = None
            self.newly_ready.pop(key, None)

    def ready_tasks(self) -> list[Staged]:
        """All staged tasks that are ready, sorted by task and route."""
        keys = sorted({*self.state.ready, *self.newly_ready})
        found = [self.staged(key) for key in keys]
        return [staged for staged in found if staged is not None and staged.ready_at is not None]

    # --- errors

    def add_failure(self, entry: int | None, content: dict[str, Json]) -> None:
        """One more entry of the errors list."""
        self._failures.append(Failure(self.next_failure, entry, content))
        self.next_failure += 1

    def failures(self) -> list[Failure]:
        """The failures that count, oldest first."""
        kept = [failure for number, failure in self.state.failures.items() if number not in self._withdrawn]
        return kept + self._failures

    def keep_failure(self, failure: Failure) -> None:
        """A failure of an earlier event stands for another entry now."""
        self._withdrawn.pop(failure.id, None)
        self._failures.append(failure)

    def withdraw_failure(self, number: int) -> None:
        """A failure of an earlier event stops counting."""
        self._withdrawn[number] = None

    # --- the decision

    def head(self) -> Head:
        """The head as the draft leaves it."""
        active, waiting, pending, paused, canceled = self.phases
        return Head(
            self.status,
            self.event,
            self.since,
            self.next_entry,
            self.next_arrival,
            self.next_route,
            self.next_failure,
            self.reruns,
            self.pause_requested,
            self.kept_end,
            self.rendered,
            self.output,
            active,
            waiting,
            pending,
            paused,
            canceled,
            self.ready,
            self.time_limit,
        )

    def changes(self) -> list[Change]:
        """Every record that was touched, in its new form."""
        changes: list[Change] = [self.head()]
        if self._initial is not None:
            changes.append(self._initial)
        changes += self._routes
        changes += [self._entries[number] for number in sorted(self._entries)]
        if self._rendered:
            changes += map(RenderedItems, self._rendered.keys(), self._rendered.values())
        changes += self._items.values()
        changes += self._arrivals
        for key, staged in self._staged.items():
            if staged is not None:
                changes.append(staged)
            elif key in self.state.staged:
                changes.append(Unstaged(*key))
        changes += self._failures
        if self._withdrawn:
            changes += map(Withdrawn, self._withdrawn)
        return changes


_NOWHERE: Final[dict[int, list[int]]] = {}
_NO_ITEMS: Final[dict[int, Item]] = {}
