"""The plan of a re-run as a value that people can read: what would run, what is kept, what goes on.

Which joins can fire.

It is worked out by the same selection and the same conducting as the re-run itself, on a copy, so it cannot
disagree with it.
"""

from collections.abc import Iterable
from typing import NamedTuple

from orchestrion.core.commands import RunAction
from orchestrion.core.conductor import Decision, NeedValues, Refused, conduct
from orchestrion.core.draft import Draft
from orchestrion.core.events import RerunRequested, TaskRequest
from orchestrion.core.graph import Graph, join_needed
from orchestrion.core.language.definition import ENGINE_COMMANDS
from orchestrion.core.plan import Selection, select
from orchestrion.core.records import Entry
from orchestrion.core.rerun import imposed_end
from orchestrion.core.state import State
from orchestrion.core.status import COMPLETED, Status


class PlannedTask(NamedTuple):
    """A task on a route in a plan.

    `items` are the indexes of the items concerned; None for a task without items.
    """

    task: str
    route: int
    status: Status
    items: tuple[int, ...] | None = None


class PlannedJoin(NamedTuple):
    """A join that the re-run leads to: whether it can fire, and the sources for which it has to wait."""

    task: str
    can_fire: bool
    waits_for: tuple[str, ...]


class Plan(NamedTuple):
    """What a re-run would do (architecture 2).

    `restarts` are the requested tasks that run again, with the items that run; `keeps_items` those whose
    succeeded items stay; `passes` the requested ones of which every item stays, so that their result goes on;
    `repeats` follow from them and ran before; `continues` were ready or cut off and never (all) began; `kept`
    is not run again; `ignored` are requests downstream of another one. `starts` is what starts at once.
    `imposed_end` is the status in which kept failures make the re-run end, at the best.
    """

    restarts: tuple[PlannedTask, ...]
    keeps_items: tuple[PlannedTask, ...]
    passes: tuple[PlannedTask, ...]
    repeats: tuple[PlannedTask, ...]
    continues: tuple[PlannedTask, ...]
    kept: tuple[PlannedTask, ...]
    ignored: tuple[PlannedTask, ...]
    starts: tuple[PlannedTask, ...]
    joins: tuple[PlannedJoin, ...]
    imposed_end: Status | None


def preview(state: State, tasks: tuple[TaskRequest, ...]) -> Plan | Refused:
    """The plan of a re-run from tasks, or why it is refused. The state is not altered."""
    event = RerunRequested(tasks)
    answer = conduct(state, event)
    if isinstance(answer, NeedValues):
        answer = Decision((), ())  # what starts depends on values from outside; what is invalidated does not
    if not isinstance(answer, Decision):
        assert isinstance(answer, Refused)
        return answer
    draft = Draft(state, event.occasion, {})
    selection = select(draft, tasks)
    after = state.copy()
    after.apply(answer.changes)
    return _plan(state, after, selection, answer, imposed_end(draft, selection))


def _plan(before: State, after: State, selection: Selection, decision: Decision, end: Status | None) -> Plan:
    entries = before.entries
    gone = set(selection.invalidated)
    listed = {*selection.restarted, *selection.dropped, *selection.continued}
    starts: dict[int, list[int]] = {}
    for command in decision.commands:
        if isinstance(command, RunAction):
            starts.setdefault(command.entry, [])
            if command.item is not None:
                starts[command.entry].append(command.item)
    fresh = {(entry.task, entry.route) for entry in after.entries[len(entries) :]}
    waiting = [
        PlannedTask(task, route, "requested")
        for (task, route) in sorted(fresh | set(after.ready))
        if all((entries[number].task, entries[number].route) != (task, route) for number in gone)
    ]
    return Plan(
        restarts=tuple(_restarted(before, entries[n], selection) for n in selection.restarted),
        keeps_items=tuple(
            PlannedTask(entries[n].task, entries[n].route, entries[n].status, _kept_items(before, n, only))
            for n, only in selection.keep_items.items()
        ),
        passes=_planned(entries[n] for n in selection.passed),
        repeats=_planned(entries[n] for n in selection.invalidated if n not in listed),
        continues=(*_planned(entries[n] for n in selection.continued), *waiting),
        kept=_planned(entries[n] for n in selection.kept if n not in selection.passed),
        ignored=_planned(entries[n] for n in selection.dropped),
        starts=tuple(_start(after.entries[n], items) for n, items in sorted(starts.items())),
        joins=_joins(after, {entries[n].task for n in gone.difference(selection.restarted)}),
        imposed_end=end,
    )


def _planned(entries: Iterable[Entry]) -> tuple[PlannedTask, ...]:
    return tuple(
        PlannedTask(entry.task, entry.route, entry.status)
        for entry in entries
        if entry.task not in ENGINE_COMMANDS
    )


def _start(entry: Entry, items: list[int]) -> PlannedTask:
    return PlannedTask(
        entry.task, entry.route, entry.status, tuple(items) if entry.items is not None else None
    )


def _restarted(state: State, entry: Entry, selection: Selection) -> PlannedTask:
    """A requested task, with the items that run again.

    All of them are known only once they are rendered anew.
    """
    if entry.items is None:
        return PlannedTask(entry.task, entry.route, entry.status)
    kept = (
        set(_kept_items(state, entry.id, selection.keep_items[entry.id]))
        if entry.id in selection.keep_items
        else ()
    )
    items = tuple(index for index in range(entry.items.total) if index not in kept)
    return PlannedTask(entry.task, entry.route, entry.status, items)


def _kept_items(state: State, number: int, only_succeeded: bool) -> tuple[int, ...]:  # noqa: FBT001
    entry = state.entries[number]
    kept: list[int] = []
    for index, item in sorted(state.items.get(number, {}).items()):
        ended = item.attempt == entry.attempt and item.status in COMPLETED
        if ended and (item.status == "succeeded" or not only_succeeded):
            kept.append(index)
    return tuple(kept)


def _joins(after: State, repeated: set[str]) -> tuple[PlannedJoin, ...]:
    """The joins that what runs now may lead to; one that is itself run again needs no arrivals for that."""
    graph = after.graph
    open_tasks = {after.entries[number].task for number in after.open} | {task for task, _ in after.ready}
    reached = _reachable(graph, open_tasks)
    joins: list[PlannedJoin] = []
    led_to = {edge.target for task in reached for edge in graph.outgoing[task]}
    for task in sorted(led_to | repeated | {task for task, _ in after.staged}):
        needed = join_needed(graph, task) if task in graph.outgoing else None
        if needed is None:
            continue
        arrived = _arrived(after, task)
        coming = tuple(
            source for source in graph.sources[task] if source not in arrived and source in reached
        )
        joins.append(PlannedJoin(task, len(arrived) + len(coming) >= needed, coming))
    return tuple(joins)


def _arrived(state: State, task: str) -> set[str]:
    """The sources that have arrived at a join and wait there."""
    arrived: set[str] = set()
    for (name, _), staged in state.staged.items():
        chain = staged.arrivals if name == task else None
        while chain is not None:
            number, chain = chain
            arrived.add(state.entries[state.arrivals[number].source].task)
    return arrived


def _reachable(graph: Graph, tasks: set[str]) -> set[str]:
    """What can run from these tasks on, themselves included."""
    reached: set[str] = set()
    pending = [task for task in tasks if task in graph.outgoing]
    while pending:
        task = pending.pop()
        if task not in reached:
            reached.add(task)
            pending += [edge.target for edge in graph.outgoing[task]]
    return reached
