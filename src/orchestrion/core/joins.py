"""Arrivals: how satisfied transitions stage their targets, and when a staged task is ready (spec 3, 5.4).

A join collects arrivals until enough distinct sources have come; it fires once per route and lap. Every other
task is ready at its first arrival, unless its latest entry still runs: then all arrivals wait and make one
entry together.
"""

from typing import NamedTuple

from orchestrion.core.context import Context, joined
from orchestrion.core.draft import Draft
from orchestrion.core.graph import join_needed
from orchestrion.core.records import Arrival, Chain, Entry, Staged
from orchestrion.core.state import Key, chain_of, in_chain
from orchestrion.core.status import COMPLETED


def arrive(draft: Draft, arrival: Arrival) -> None:
    """Stage the target of an arrival, or add to what is staged, or ignore a surplus one."""
    needed = join_needed(draft.graph, arrival.target)
    key = (arrival.target, arrival.route)
    latest = draft.latest(*key)
    staged = draft.staged(key)
    if needed is None:
        ready_at = None if staged is None else staged.ready_at
        if ready_at is None and (latest is None or latest.status in COMPLETED):
            ready_at = draft.at if latest is None or latest.done is None else max(draft.at, latest.done)
        if staged is None:
            draft.stage(Staged(*key, (arrival.id, None), sources=0, ready_at=ready_at))
        else:
            draft.stage(staged._replace(arrivals=(arrival.id, staged.arrivals), ready_at=ready_at))
    elif latest is None or (
        arrival.target in draft.graph.cyclic and descends(draft, arrival.source, latest.id)
    ):
        staged = staged or Staged(*key, arrivals=None, sources=0)
        _arrive_at_join(draft, staged, arrival, needed, later_lap=latest is not None)


def sources_come(draft: Draft, key: Key) -> set[str]:
    """The distinct sources that have come to a join that waits, as far as they count."""
    staged = draft.staged(key)
    arrivals = None if staged is None else staged.arrivals
    if key[0] not in draft.graph.loop_joins:
        return {draft.entry(draft.arrival(number).source).task for number in in_chain(arrivals)}
    come = _satisfied(draft, arrivals)
    return come if draft.latest(*key) is None else come | _standing(draft, key)


class Due(NamedTuple):
    """What the next entry of a ready task consumes: the arrivals until it was ready, and their context.

    `late` is what arrived afterwards: it waits for the end of that entry.
    """

    staged: Staged
    arrivals: tuple[int, ...]
    late: Chain
    context: Context


def due(draft: Draft, staged: Staged) -> Due:
    """What a ready task is due to start with. It stays staged."""
    ready_at = staged.ready_at
    assert ready_at is not None
    chain = staged.arrivals
    late: list[int] = []
    while chain is not None and draft.arrival(chain[0]).at > ready_at:
        late.append(chain[0])
        chain = chain[1]
    arrivals = in_chain(chain)
    waits = chain_of(reversed(late)) if late else None
    return Due(staged, arrivals, waits, _context_of(draft, arrivals))


def take(draft: Draft, due: Due) -> None:
    """Consume it: the task is not staged any more, but for what was late."""
    task, route = due.staged.task, due.staged.route
    draft.unstage((task, route))
    if due.late is not None:
        draft.stage(Staged(task, route, due.late, sources=0))


def _context_of(draft: Draft, arrivals: tuple[int, ...]) -> Context:
    if not arrivals:
        return draft.initial.context
    if len(arrivals) == 1:
        return draft.arrival(arrivals[0]).context
    return joined([draft.arrival(number).context for number in arrivals])


def release_waiting(draft: Draft, entry: Entry) -> None:
    """An entry has ended: what arrived at its task meanwhile is ready now."""
    staged = draft.staged((entry.task, entry.route))
    if staged is not None and staged.ready_at is None and join_needed(draft.graph, entry.task) is None:
        draft.stage(staged._replace(ready_at=draft.at))


def _arrive_at_join(draft: Draft, staged: Staged, arrival: Arrival, needed: int, *, later_lap: bool) -> None:
    key = (staged.task, staged.route)
    arrivals = (arrival.id, staged.arrivals)
    if staged.ready_at is not None:
        # Two transitions of one completion: both contexts count. Any other arrival is surplus.
        if _is_from_same_entry(draft, staged, arrival):
            draft.stage(staged._replace(arrivals=arrivals))
        return
    sources = staged.sources if _is_from_same_entry(draft, staged, arrival) else staged.sources + 1
    fires = sources >= needed
    outside = draft.graph.loop_joins.get(arrival.target)
    if outside is not None:
        # Sources may have run again since: they are counted exactly, but only once all of them may suffice.
        fires = sources + (outside if later_lap else 0) >= needed
        if fires:
            come = _satisfied(draft, arrivals)
            sources = len(come)
            fires = len(come | _standing(draft, key) if later_lap else come) >= needed
    draft.stage(staged._replace(arrivals=arrivals, sources=sources, ready_at=draft.at if fires else None))


def _is_from_same_entry(draft: Draft, staged: Staged, arrival: Arrival) -> bool:
    """Whether the newest arrival came from the same entry: those of one completion come one after another."""
    return staged.arrivals is not None and draft.arrival(staged.arrivals[0]).source == arrival.source


def _satisfied(draft: Draft, arrivals: Chain) -> set[str]:
    """The distinct sources whose latest entry has arrived; of one that runs again only the values count."""
    sources: set[str] = set()
    for number in in_chain(arrivals):
        entry = draft.entry(draft.arrival(number).source)
        if not _runs_again(draft, entry):
            sources.add(entry.task)
    return sources


def _runs_again(draft: Draft, entry: Entry) -> bool:
    """Whether a later lap of an entry had begun, or was ready, before what arrives now.

    A re-run lets arrivals come again that are older than entries that it keeps.
    """
    staged = draft.staged((entry.task, entry.route))
    if staged is not None and staged.ready_at is not None and staged.ready_at < draft.at:
        return True
    latest = draft.latest(entry.task, entry.route)
    if latest is None or latest.id == entry.id:
        return False
    return latest.order[0] < draft.at or any(
        entry.id < later.id and later.order[0] < draft.at for later in draft.laps(entry.task, entry.route)
    )


def _standing(draft: Draft, key: Key) -> set[str]:
    """Sources outside any cycle: they ran once, before the loop, and their transition stands in every lap."""
    task, route = key
    standing: set[str] = set()
    for edge in draft.graph.inbound[task]:
        if edge.source not in draft.graph.cyclic:
            latest = draft.latest(edge.source, route)
            ended = latest is not None and latest.done is not None and latest.done <= draft.at
            if latest is not None and ended and (edge.id, True) in latest.edges:
                standing.add(edge.source)
    return standing


def descends(draft: Draft, number: int, ancestor: int) -> bool:
    """Whether an entry follows from another one, by the arrivals that staged it."""
    seen: set[int] = set()
    pending = [number]
    while pending:
        current = pending.pop()
        if current == ancestor:
            return True
        if current > ancestor and current not in seen:
            seen.add(current)
            pending += [draft.arrival(arrival).source for arrival in draft.entry(current).arrivals]
    return False
