"""What a request to re-run from tasks means: names become routes, every problem is told at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from orchestrion.core.conductor import Refused as CoreRefused
from orchestrion.core.events import TaskRequest
from orchestrion.core.language import ENGINE_COMMANDS
from orchestrion.core.preview import Plan, preview
from orchestrion.core.records import Entry
from orchestrion.core.status import COMPLETED
from orchestrion.errors import Refused
from orchestrion.operations.requests import RerunRequest
from orchestrion.operations.tree import refused
from orchestrion.runtime.dispatcher import Unit, Workflow


@dataclass(frozen=True, slots=True)
class RerunAsked:
    """A request to re-run that can be accepted: the tasks on their routes, the plan, and remarks."""

    tasks: tuple[TaskRequest, ...]
    plan: Plan
    notes: tuple[str, ...]


def rerun_asked(unit: Unit, subject: Workflow, request: RerunRequest) -> RerunAsked:
    """What a request to re-run from tasks means. Raises Refused with every problem."""
    if subject.head.status not in COMPLETED:
        raise Refused(_still_going(unit, subject, request.execution))
    routes = _routes_that_ran(subject)
    problems = _unknown_names(request, routes)
    kept = set(request.no_reset)
    tasks = tuple(
        TaskRequest(name, route, reset=name not in kept)
        for name in dict.fromkeys(request.tasks)
        for route in sorted(routes.get(name, ()))
    )
    if request.tasks and not tasks:  # none of them ever ran
        raise refused(request.execution, problems)
    plan = preview(subject.state, tasks, unit.external_values(subject))
    if isinstance(plan, CoreRefused):
        raise refused(request.execution, [*problems, *plan.problems])
    problems += _not_concerned(request, plan)
    if problems:
        raise refused(request.execution, problems)
    return RerunAsked(tasks, plan, tuple(_remarks(request, plan)))


def _still_going(unit: Unit, subject: Workflow, execution: str) -> str:
    holder, status = subject.row["execution"], subject.head.status
    problem = f"Unable to re-run {execution}: its workflow execution is {status} in {holder}"
    if unit.is_alive(unit.workflow(subject.row["root"]).row["engine"]):
        return f"{problem}. Wait for its end, or cancel it: orchestrion execution cancel {holder}"
    return f"{problem}, and has no engine. Go on with it first: orchestrion execution resume {holder}"


def _not_concerned(request: RerunRequest, plan: Plan) -> list[str]:
    """Names given to keep items of, although the re-run does not run them (product, `--no-reset`)."""
    concerned = {
        one.task for part in (plan.restarts, plan.passes, plan.ignored, plan.repeats) for one in part
    }
    kept = {one.task for part in (plan.kept, plan.continues) for one in part}
    return [
        f'The task "{name}" is not re-run: it is neither among the requested tasks nor downstream of one. '
        f"Add it to --tasks, or leave it out of --no-reset."
        for name in dict.fromkeys(request.no_reset)
        if name not in concerned and name in kept
    ]


def _remarks(request: RerunRequest, plan: Plan) -> list[str]:
    remarks: list[str] = []
    ignored = dict.fromkeys(one.task for one in plan.ignored)
    remarks += [
        f"{task} lies downstream of another requested task, and runs when that leads to it."
        for task in ignored
    ]
    repeats = {one.task for one in plan.repeats} | set(ignored)
    plain = {one.task for one in plan.restarts if one.items is None}
    for name in dict.fromkeys(request.no_reset):
        if name in repeats:
            remarks.append(f"{name} lies downstream of a requested task: --no-reset keeps nothing of it.")
        elif name in plain:
            remarks.append(f"{name} has no items: --no-reset has no effect on it.")
    return remarks


def _routes_that_ran(subject: Workflow) -> dict[str, set[int]]:
    """The tasks that have run, or could not be prepared, with the routes on which they did."""
    routes: dict[str, set[int]] = {}
    for entry in subject.state.entries:
        if entry.counts and entry.task not in ENGINE_COMMANDS and _has_run(entry):
            routes.setdefault(entry.task, set()).add(entry.route)
    return routes


def _has_run(entry: Entry) -> bool:
    return entry.begun or not entry.prepared or entry.status in COMPLETED


def _unknown_names(request: RerunRequest, routes: Mapping[str, Any]) -> list[str]:
    problems: list[str] = []
    ran = ", ".join(sorted(routes)) or "none"
    for name in dict.fromkeys((*request.tasks, *request.no_reset)):
        if name not in routes:
            near = get_close_matches(name, routes, n=1)
            hint = f' Did you mean "{near[0]}"?' if near else ""
            problems.append(f'The task "{name}" never ran.{hint} Tasks that ran: {ran}.')
    return problems
