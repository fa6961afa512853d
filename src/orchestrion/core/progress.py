"""From a task's end to what follows from it, in the order of spec 5.3.

Errors, retry, transitions with their conditions and publishes, arrivals, the workflow's own status, engine
commands.
"""

from typing import Final, NamedTuple

from orchestrion.core.compiled import CompiledAssignments
from orchestrion.core.context import Context
from orchestrion.core.draft import Draft
from orchestrion.core.expressions import ExpressionError, Template
from orchestrion.core.graph import Edge
from orchestrion.core.joins import arrive, release_waiting
from orchestrion.core.language.definition import ENGINE_COMMANDS
from orchestrion.core.records import Arrival, Entry
from orchestrion.core.scope import DraftScope, TaskView
from orchestrion.core.status import COMPLETED
from orchestrion.core.values import Json
from orchestrion.core.workflow_status import Kind, advance, is_abended, task_event

_FAILURES: Final = {
    "failed": "Execution failed. See result for details.",
    "timeout": "Execution timed out. See result for details.",
    "abandoned": "Execution abandoned. See result for details.",
}


def record_failure(draft: Draft, entry: Entry, reported: str, result: Json) -> None:
    """Add the errors entry of an action that ended badly; other reports add none (spec 5.8)."""
    message = _FAILURES.get(reported)
    if message is None:
        return
    content: dict[str, Json] = {"type": "error", "message": message, "task_id": entry.task}
    if result is not None:
        content["result"] = result
    draft.add_failure(entry.id, content)


def record_error(draft: Draft, entry: int | None, message: str, **where: Json) -> None:
    """Something could not be evaluated: an errors entry, and the workflow fails (a canceled one stays so)."""
    draft.add_failure(entry, {"type": "error", "message": message, **where})
    advance(draft, "error")


def finish(draft: Draft, entry: Entry) -> None:
    """An entry has reached its last status: follow its transitions, then tell the workflow (spec 5.3)."""
    release_waiting(draft, entry)
    edges, commands, broken = _follow(draft, entry)
    entry = draft.put(
        entry._replace(
            done=draft.at,
            terminal=not draft.graph.outgoing[entry.task],
            edges=edges,
            broken=entry.broken or broken,
        )
    )
    commands_left = bool(commands)
    advance(
        draft, task_event(draft, _kind_of(entry), commands_left=commands_left), commands_left=commands_left
    )
    for index, arrival in enumerate(commands):
        _perform(draft, arrival, commands_left=index + 1 < len(commands))
    if draft.status in COMPLETED:
        draft.put(draft.entry(entry.id)._replace(terminal=True))


def _kind_of(entry: Entry) -> Kind:
    if entry.status == "canceled":
        return "canceled"
    return "failed" if is_abended(entry) else "ok"


class _Followed(NamedTuple):
    """What the transitions of an entry came to: see `Entry.edges`, the engine commands, `Entry.broken`."""

    edges: tuple[tuple[str, bool], ...]
    commands: list[Arrival]
    broken: bool


def _follow(draft: Draft, entry: Entry) -> _Followed:
    """Evaluate every transition and stage the targets; engine commands are left to be performed."""
    evaluated: list[tuple[str, bool]] = []
    commands: list[Arrival] = []
    staged: list[tuple[str, int]] = []
    broken = False
    edges = draft.graph.outgoing[entry.task]
    if edges:
        transitions = draft.graph.compiled.task(entry.task).next
        view = TaskView(draft, entry.task, entry.route, entry)
        for edge in edges:
            transition = transitions[edge.ref]
            satisfied = _is_satisfied(draft, entry, edge, transition.when, view)
            if satisfied is not None:
                evaluated.append((edge.id, satisfied))
            published = _publish(draft, entry, edge, transition.publish, view) if satisfied else None
            if published is None:
                broken = broken or satisfied is not False
                continue
            arrival = _arrival(draft, entry, edge, published)
            if edge.target in ENGINE_COMMANDS:
                commands.append(arrival)
            else:
                arrive(draft, arrival)
                staged.append((edge.target, arrival.route))
    if commands and any(arrival.target == "fail" for arrival in commands):
        _let_run_on_fail(draft, staged)
    return _Followed(tuple(evaluated), commands, broken)


def _is_satisfied(
    draft: Draft, entry: Entry, edge: Edge, when: Template | None, view: TaskView
) -> bool | None:
    """Whether a transition's condition holds; None when it could not be evaluated (an error is recorded)."""
    if when is None:
        return True
    try:
        return when.holds(DraftScope(draft, entry.context, view))
    except ExpressionError as error:
        _transition_error(draft, entry, edge, error)
        return None


def _publish(
    draft: Draft, entry: Entry, edge: Edge, publish: CompiledAssignments, view: TaskView
) -> dict[str, Json] | None:
    """What a satisfied transition publishes; None when an entry of it could not be evaluated (spec 5.4)."""
    published: dict[str, Json] = {}
    if not publish:
        return published
    scope = DraftScope(draft, entry.context, view)
    failed = False
    for name, template in publish:
        try:
            value = template.render(scope)
        except ExpressionError as error:
            _transition_error(draft, entry, edge, error)
            failed = True
        else:
            published[name] = value
            scope.assign(name, value)
    return None if failed else published


def _transition_error(draft: Draft, entry: Entry, edge: Edge, error: ExpressionError) -> None:
    """A transition cannot be evaluated: the workflow fails, unless a cancellation has brought it there."""
    content: dict[str, Json] = {
        "type": "error",
        "message": error.message,
        "task_id": entry.task,
        "route": entry.route,
        "task_transition_id": edge.id,
    }
    draft.add_failure(entry.id, content)
    if entry.status != "canceled":
        advance(draft, "error")


def _arrival(draft: Draft, entry: Entry, edge: Edge, published: dict[str, Json]) -> Arrival:
    number = draft.next_arrival
    arrival = Arrival(
        id=number,
        source=entry.id,
        edge=edge.id,
        target=edge.target,
        route=_route_to(draft, edge, entry.route),
        at=draft.at,
        published=published or None,
        context=Context(entry.context, number + 1, published) if published else entry.context,
    )
    draft.add_arrival(arrival)
    return arrival


def _route_to(draft: Draft, edge: Edge, route: int) -> int:
    """The route on which an edge leads on: a new one for each arrival at a split (spec 3).

    No way leads through the same split edge twice, because a task on a cycle never splits.
    """
    return draft.add_route(route, edge.back_id) if edge.target in draft.graph.splits else route


def _let_run_on_fail(draft: Draft, keys: list[tuple[str, int]]) -> None:
    """`fail` stands beside other targets: those that are ready run although the workflow fails (spec 3)."""
    for key in keys:
        staged = draft.staged(key)
        if staged is not None and staged.ready_at is not None:
            draft.stage(staged._replace(run_on_fail=True))


def _perform(draft: Draft, arrival: Arrival, *, commands_left: bool) -> None:
    """Perform an engine command: an entry that ends at once (spec 3)."""
    failed = arrival.target == "fail"
    number = draft.next_entry
    entry = Entry(
        id=number,
        task=arrival.target,
        route=arrival.route,
        status="failed" if failed else "succeeded",
        order=(draft.at, 0, "", number),
        arrivals=(arrival.id,),
        context=arrival.context,
        begun=True,
        terminal=True,
        done=draft.at,
    )
    draft.add(entry)
    record_failure(draft, entry, entry.status, None)
    event = task_event(draft, "failed" if failed else "ok", commands_left=commands_left)
    advance(draft, event, commands_left=commands_left)
