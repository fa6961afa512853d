"""Which joins can still fire: what a state leads to if everything succeeds and takes every transition.

A fact about the graph, not a forecast: a join that cannot fire even then never does. What a split makes is a
route that is still to come; the instances of one split have the same future, so they count as one.
"""

from typing import NamedTuple, TypeAlias

from orchestrion.core.draft import Draft
from orchestrion.core.events import Occasion
from orchestrion.core.graph import join_needed, reachable
from orchestrion.core.joins import descends, sources_come
from orchestrion.core.state import State, in_chain

Place: TypeAlias = tuple[str, int | str]
"""A task, and the number of its route or the split that will make it."""


class PlannedJoin(NamedTuple):
    """A join that a re-run leads to.

    It needs `needed` of its `sources`. Of these `come` have come and are kept, and `coming` may come yet.
    `route` is None where it is still to be made, by `split`.
    """

    task: str
    route: int | None
    split: str | None
    needed: int
    sources: tuple[str, ...]
    come: tuple[str, ...]
    coming: tuple[str, ...]

    @property
    def can_fire(self) -> bool:
        """Whether enough sources have come or may come yet."""
        return len(self.come) + len(self.coming) >= self.needed


def joins_ahead(draft: Draft) -> list[PlannedJoin]:
    """The joins that what is open or ready may lead to and that have not fired, sorted by task and route."""
    starts: dict[Place, set[int]] = {}
    for entry in draft.open_entries():
        starts.setdefault((entry.task, entry.route), set()).add(entry.id)
    for staged in draft.ready_tasks():
        sources = (draft.arrival(number).source for number in in_chain(staged.arrivals))
        starts.setdefault((staged.task, staged.route), set()).update(sources)
    ahead: dict[Place, _Awaited] = {
        (one.task, one.route): _Awaited(draft, (one.task, one.route), starts)
        for one in draft.all_staged()
        if one.ready_at is None and join_needed(draft.graph, one.task) is not None
    }
    _lead_on(draft, starts, ahead)
    places = sorted(ahead, key=lambda place: (place[0], str(place[1])))
    joins = (planned_join(draft, place, ahead[place].come, ahead[place].coming) for place in places)
    return [join for join in joins if join.come or join.coming]


def waiting_joins(state: State) -> list[PlannedJoin]:
    """The joins of a state at which some of their sources have come, and which have not fired."""
    joins = joins_ahead(Draft(state, Occasion(0, 0), {}))
    return [join for join in joins if join.route is not None and join.come]


def planned_join(draft: Draft, place: Place, come: set[str], coming: set[str]) -> PlannedJoin:
    """What a plan tells of a join, its sources in the order of the definition."""
    task, route = place
    needed = join_needed(draft.graph, task)
    assert needed is not None
    sources = draft.graph.sources[task]
    return PlannedJoin(
        task,
        route if isinstance(route, int) else None,
        route if isinstance(route, str) else None,
        needed,
        sources,
        tuple(source for source in sources if source in come),
        tuple(source for source in sources if source in coming),
    )


class _Awaited:
    """A join that waits: what has come, what may come, and which sources it still hears (None: all)."""

    def __init__(self, draft: Draft, place: Place, starts: dict[Place, set[int]]) -> None:
        task, route = place
        latest = draft.latest(task, route) if isinstance(route, int) else None
        self.come = sources_come(draft, (task, route)) if isinstance(route, int) else set[str]()
        self.coming: set[str] = set()
        self.hears: set[str] | None = None
        if latest is not None:
            following = (
                name
                for (name, _), numbers in starts.items()
                if any(descends(draft, number, latest.id) for number in numbers)
            )
            targets = {name: [edge.target for edge in edges] for name, edges in draft.graph.outgoing.items()}
            # What has fired hears what opens its next lap, which is only where it lies on a cycle.
            self.hears = set(reachable(following, targets)) if task in draft.graph.cyclic else set()

    def hear(self, source: str, needed: int) -> bool:
        """One more source may come; whether all that may come is enough."""
        if (self.hears is None or source in self.hears) and source not in self.come:
            self.coming.add(source)
        return len(self.come) + len(self.coming) >= needed


def _lead_on(draft: Draft, starts: dict[Place, set[int]], ahead: dict[Place, _Awaited]) -> None:
    """Follow every transition from where something starts; through a join once enough may have come."""
    graph = draft.graph
    reached = dict.fromkeys(starts)
    pending = list(reached)
    while pending:
        task, route = pending.pop()
        for edge in graph.outgoing.get(task, ()):
            place: Place = (edge.target, edge.target if edge.target in graph.splits else route)
            needed = join_needed(graph, edge.target)
            if needed is not None:
                awaited = ahead.get(place) or _Awaited(draft, place, starts)
                ahead[place] = awaited
                if not awaited.hear(task, needed):
                    continue
            if place not in reached:
                reached[place] = None
                pending.append(place)
