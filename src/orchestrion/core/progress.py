"""From a task's end to what follows from it, in the order of spec 5.3.

Errors, retry, transitions with their conditions and publishes, arrivals, the workflow's own status, engine
commands.
"""

from typing import Final

from orchestrion.core.context import Context
from orchestrion.core.draft import Draft
from orchestrion.core.expressions import ExpressionError, compile_template
from orchestrion.core.graph import Edge
from orchestrion.core.joins import arrive, release_waiting
from orchestrion.core.language.definition import ENGINE_COMMANDS, Transition
from orchestrion.core.records import Arrival, Entry
from orchestrion.core.scope import DraftScope, TaskView
from orchestrion.core.status import ABENDED, COMPLETED
from orchestrion.core.transitions import IGNORED, PLAIN_TASK
from orchestrion.core.values import Json
from orchestrion.core.workflow_status import Kind, advance, is_remediated, task_event

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
    entry = draft.put(entry._replace(done=draft.at, terminal=not draft.graph.outgoing[entry.task]))
    release_waiting(draft, entry)
    entry, commands = _follow(draft, entry)
    kind = _kind_of(entry)
    advance(draft, task_event(draft, kind, commands_left=bool(commands)), commands_left=bool(commands))
    for index, arrival in enumerate(commands):
        _perform(draft, arrival, commands_left=index + 1 < len(commands))
    if draft.status in COMPLETED:
        draft.put(draft.entry(entry.id)._replace(terminal=True))


def _kind_of(entry: Entry) -> Kind:
    if entry.status == "canceled":
        return "canceled"
    return "failed" if entry.status in ABENDED and not is_remediated(entry) else "ok"


def _follow(draft: Draft, entry: Entry) -> tuple[Entry, list[Arrival]]:
    """Evaluate every transition, stage the targets; returns the entry and the engine commands to perform."""
    edges = draft.graph.outgoing[entry.task]
    if not edges:
        return entry, []
    transitions = draft.graph.definition.tasks[entry.task].next
    view = TaskView(draft, entry.task, entry.route, entry)
    evaluated: list[tuple[str, bool]] = []
    commands: list[Arrival] = []
    staged: list[tuple[str, int]] = []
    for edge in edges:
        transition = transitions[edge.ref]
        satisfied = _is_satisfied(draft, entry, edge, transition, view)
        if satisfied is None:
            entry = entry._replace(broken=True)
            continue
        evaluated.append((edge.id, satisfied))
        if not satisfied:
            continue
        published = _publish(draft, entry, edge, transition, view)
        if published is None:
            entry = entry._replace(broken=True)
            continue
        arrival = _arrival(draft, entry, edge, published)
        if edge.target in ENGINE_COMMANDS:
            commands.append(arrival)
        else:
            arrive(draft, arrival)
            staged.append((edge.target, arrival.route))
    entry = draft.put(entry._replace(edges=tuple(evaluated)))
    if any(arrival.target == "fail" for arrival in commands):
        _let_run_on_fail(draft, staged)
    return entry, commands


def _is_satisfied(
    draft: Draft, entry: Entry, edge: Edge, transition: Transition, view: TaskView
) -> bool | None:
    """Whether a transition's condition holds; None when it could not be evaluated (an error is recorded)."""
    if transition.when is None:
        return True
    try:
        return bool(compile_template(transition.when).render(DraftScope(draft, entry.context, view)))
    except ExpressionError as error:
        _transition_error(draft, entry, edge, error)
        return None


def _publish(
    draft: Draft, entry: Entry, edge: Edge, transition: Transition, view: TaskView
) -> dict[str, Json] | None:
    """What a satisfied transition publishes; None when an entry of it could not be evaluated (spec 5.4)."""
    published: dict[str, Json] = {}
    if not transition.publish:
        return published
    scope = DraftScope(draft, entry.context, view)
    failed = False
    for assignment in transition.publish:
        try:
            value = compile_template(assignment.value).render(scope)
        except ExpressionError as error:
            _transition_error(draft, entry, edge, error)
            failed = True
        else:
            published[assignment.name] = value
            scope.assign(assignment.name, value)
    return None if failed else published


def _transition_error(draft: Draft, entry: Entry, edge: Edge, error: ExpressionError) -> None:
    record_error(
        draft, entry.id, error.message, task_id=entry.task, route=entry.route, task_transition_id=edge.id
    )


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
    """The route on which an edge leads on: a new one for each arrival at a split (spec 3)."""
    if edge.target not in draft.graph.splits or edge.back_id in draft.route_edges(route):
        return route
    return draft.add_route(route, edge.back_id)


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


def next_status(entry: Entry, event: str) -> str | None:
    """What the machine of a task without items makes of an event; None when it is ignored."""
    after = PLAIN_TASK[event][entry.status]
    return None if after == IGNORED else after
