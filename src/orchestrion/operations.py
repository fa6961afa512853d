"""What people ask for: start, pause, resume, cancel, re-run (product, "The operations").

Each operation is one unit of the dispatcher: accepted as a whole, or refused with every problem and nothing
changed. The rules about states are the core's; here names become routes, one execution becomes its tree, and
what was asked is recorded.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final

from orchestrion.core.conductor import Refused as CoreRefused
from orchestrion.core.events import (
    CancelRequested,
    Event,
    PauseRequested,
    RerunRequested,
    ResumeRequested,
    TaskRequest,
)
from orchestrion.core.language import ENGINE_COMMANDS
from orchestrion.core.preview import Plan, preview
from orchestrion.core.records import Entry
from orchestrion.core.status import COMPLETED, Status
from orchestrion.core.values import Json
from orchestrion.errors import NotFound, Refused
from orchestrion.runtime.dispatcher import Dispatcher, Unit, Workflow
from orchestrion.runtime.engine import Engine
from orchestrion.runtime.ledger import Execution
from orchestrion.runtime.subworkflows import Start, application_of, start_workflow
from orchestrion.store import rows


@dataclass(frozen=True, slots=True)
class StartRequest:
    """A workflow to start: its name, its text, its inputs; `source` is a bare file."""

    action: str
    definition: str
    inputs: Mapping[str, Json]
    source: str | None = None
    rerun_of: str | None = None
    packs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RerunRequest:
    """A re-run of `execution` from `tasks`.

    `no_reset` names with-items tasks that keep the items that succeeded.
    """

    execution: str
    tasks: tuple[str, ...]
    no_reset: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Accepted:
    """An accepted operation: the execution to look at, the status that it shows now.

    And what the operator should know.
    """

    execution: str
    status: Status
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RerunPlan:
    """The plan of a re-run from tasks, with remarks about what was asked."""

    execution: str
    workflow: str
    plan: Plan
    notes: tuple[str, ...] = field(default=())


class Operations:
    """The operations on one store.

    `engine`, where one is given, becomes the engine of the tree that is concerned.
    """

    def __init__(self, dispatcher: Dispatcher, actor: str) -> None:
        self._dispatcher: Final = dispatcher
        self._actor: Final = actor

    # --- start

    def start(self, request: StartRequest, engine: Engine | None) -> str:
        """Start a workflow; returns the id of its execution."""
        with self._dispatcher.unit(engine) as unit:
            execution = Execution(
                id=unit.ids.next(),
                action=request.action,
                status="requested",
                parameters=dict(request.inputs),
                created_at=unit.now,
                source=request.source,
                rerun_of=request.rerun_of,
            )
            unit.ledger.add(execution)
            start = Start(execution, request.definition, dict(request.inputs), self._actor, request.packs)
            number = start_workflow(unit, start)
            if engine is not None:
                engine.own(unit, number)
            self._record(unit, execution.id, "start", {"action": request.action}, "accepted")
        return execution.id

    # --- pause, resume, cancel

    def pause(self, number: str, engine: Engine | None) -> Accepted:
        """Pause an execution and all sub-workflows below it. Raises NotFound, Refused."""
        return self._request(number, "pause", engine)

    def resume(self, number: str, engine: Engine | None) -> Accepted:
        """Resume an execution and all that is held below it. Raises NotFound, Refused."""
        return self._request(number, "resume", engine)

    def cancel(self, number: str, engine: Engine | None) -> Accepted:
        """Cancel an execution, with the whole tree that it belongs to. Raises NotFound, Refused."""
        return self._request(number, "cancel", engine)

    def _request(self, number: str, kind: str, engine: Engine | None) -> Accepted:
        with self._dispatcher.unit(engine) as unit:
            execution = _find(unit, number)
            if execution.workflow is None:
                return self._request_of_action(unit, execution, kind, engine)
            subject = _current(unit, execution, kind)
            was_lost = self._take_over(unit, subject, engine)
            notes = self._apply(unit, subject, kind, was_lost=was_lost)
            unit.settle()
            if was_lost:
                root = unit.workflow(subject.row["root"])
                unit.claim_due(root.id, len(root.state.open) + 1)
                unit.settle()
            self._record(unit, number, kind, {}, "accepted")
            return Accepted(number, subject.head.status, notes)

    def _request_of_action(
        self, unit: Unit, execution: Execution, kind: str, engine: Engine | None
    ) -> Accepted:
        """Only a cancellation concerns a single action.

        Its process is ended and its attempt fenced (product).
        """
        if kind != "cancel":
            raise Refused(
                f"Unable to {kind} {execution.id}: {execution.action or 'it'} is an action, not a workflow. "
                f"Name the execution of its workflow, {execution.parent}."
            )
        assert execution.token is not None
        was_lost = self._take_over(unit, unit.workflow(execution.token.workflow), engine)
        canceled = unit.report(execution.id, "canceled", {"error": "Canceled by an operator."})
        if not canceled and not was_lost:
            raise Refused(f"Unable to cancel {execution.id} because it is {execution.status}.")
        self._record(unit, execution.id, kind, {}, "accepted")
        return Accepted(execution.id, execution.status, () if canceled else (_taken_over(execution.status),))

    def _take_over(self, unit: Unit, subject: Workflow, engine: Engine | None) -> bool:
        """Become the engine of the tree, if one is given; whether the tree was unfinished and had none."""
        if engine is None:
            return False
        root = unit.workflow(subject.row["root"])
        lost = root.head.status not in COMPLETED and root.row["engine"] != engine.id
        if not engine.own(unit, root.id):
            return False
        unit.settle_without_starts()
        return lost

    def _apply(self, unit: Unit, subject: Workflow, kind: str, *, was_lost: bool) -> tuple[str, ...]:
        status = subject.head.status
        if was_lost and (status in COMPLETED or (kind == "resume" and status not in ("paused", "pausing"))):
            return (_taken_over(status),)
        if kind == "pause":
            _cascade(unit, subject, PauseRequested(), PauseRequested(cascaded=True))
            return ()
        if kind == "resume":
            _cascade(unit, subject, ResumeRequested(), ResumeRequested())
            return _inquiries(subject)
        root = unit.workflow(subject.row["root"])
        if status in COMPLETED and status != "canceled":
            _refuse_cancel(unit, subject)
        _cascade(unit, root, CancelRequested(), CancelRequested())
        return (
            (f"Its whole tree is canceled, from {root.row['execution']} on.",) if root is not subject else ()
        )

    # --- re-run

    def plan(self, request: RerunRequest) -> RerunPlan:
        """What a re-run from tasks would do; nothing is changed. Raises NotFound, Refused."""
        with self._dispatcher.unit() as unit:
            asked = _rerun_asked(unit, request)
            return RerunPlan(request.execution, asked.subject.id, asked.plan, asked.notes)

    def rerun(self, request: RerunRequest, engine: Engine | None) -> Accepted:
        """Re-run from tasks: a new execution goes on with the same workflow execution.

        Raises NotFound, Refused.
        """
        with self._dispatcher.unit(engine) as unit:
            asked = _rerun_asked(unit, request)
            subject, notes = asked.subject, asked.notes
            before = unit.ledger.execution(subject.row["execution"])
            if subject.row["parent"] is not None:
                notes = (*notes, _detach(unit, subject, before))
            execution = Execution(
                id=unit.ids.next(),
                action=before.action,
                status="requested",
                parameters=before.parameters,
                created_at=unit.now,
                runner=before.runner,
                source=before.source,
                workflow=subject.id,
                rerun_of=request.execution,
            )
            unit.ledger.add(execution)
            if engine is not None:
                engine.own(unit, subject.row["root"])
            subject.row["execution"] = execution.id
            unit.transaction.run("continue_workflow", id=subject.id, execution=execution.id)
            unit.transaction.run("set_continued", id=before.id, by=execution.id)
            application = application_of(execution, subject.id, self._actor)
            answer = unit.deliver(subject.id, RerunRequested(asked.tasks, application))
            if isinstance(answer, CoreRefused):
                raise _refused(request.execution, answer.problems)
            unit.settle()
            details: dict[str, Json] = {"tasks": [*request.tasks], "no_reset": [*request.no_reset]}
            self._record(unit, request.execution, "re-run", details, execution.id)
            return Accepted(execution.id, subject.head.status, notes)

    def _record(
        self, unit: Unit, execution: str, kind: str, request: Mapping[str, Json], outcome: str
    ) -> None:
        unit.transaction.run(
            "add_operation",
            id=unit.ids.next(),
            execution=execution,
            kind=kind,
            request=rows.to_json(dict(request)),
            actor=self._actor,
            at=unit.now,
            outcome=outcome,
        )


def _taken_over(status: Status) -> str:
    return f"The execution had no engine and was taken over; it is {status}."


def _find(unit: Unit, number: str) -> Execution:
    if unit.transaction.one("execution", id=number) is None:
        raise NotFound(f'There is no execution "{number}". List them with: orchestrion execution list')
    return unit.ledger.execution(number)


def _current(unit: Unit, execution: Execution, kind: str) -> Workflow:
    """The workflow of an execution. Refused when another execution goes on with it."""
    assert execution.workflow is not None
    subject = unit.workflow(execution.workflow)
    current = subject.row["execution"]
    if current != execution.id:
        raise Refused(
            f"Unable to {kind} {execution.id}: it is {execution.status}, and continued by {current}. "
            f"Give the command for {current}."
        )
    return subject


def _cascade(unit: Unit, subject: Workflow, event: Event, below: Event) -> None:
    """Deliver a request to a workflow execution, and to all that is unfinished below it. Raises Refused."""
    answer = unit.deliver(subject.id, event)
    if isinstance(answer, CoreRefused):
        raise _refused(subject.row["execution"], answer.problems)
    for number in _descendants(unit, subject):
        if unit.workflow(number).head.status not in COMPLETED:
            unit.deliver(number, below)


def _descendants(unit: Unit, subject: Workflow) -> list[str]:
    below = {subject.id}
    found: list[str] = []
    for row in unit.transaction.all("tree", root=subject.row["root"]):
        if row["parent"] in below:
            below.add(row["id"])
            found.append(row["id"])
    return found


def _inquiries(subject: Workflow) -> tuple[str, ...]:
    pending = sorted({subject.state.entries[n].task for n in subject.state.open if _is_pending(subject, n)})
    return (f"It still waits for an answer to: {', '.join(pending)}.",) if pending else ()


def _is_pending(subject: Workflow, number: int) -> bool:
    entry = subject.state.entries[number]
    return entry.status == "pending" or (entry.items is not None and entry.items.pending > 0)


def _refuse_cancel(unit: Unit, subject: Workflow) -> None:
    """A completed execution cannot be canceled; tasks of it that still run can, one by one."""
    running = [row["execution"] for row in unit.transaction.all("attempts_of_workflow", workflow=subject.id)]
    message = f"Unable to cancel {subject.row['execution']} because it is {subject.head.status}."
    if running:
        message += f" Actions of it still run and can be canceled by their own ids: {', '.join(running)}."
    raise Refused(message)


def _refused(execution: str, problems: Sequence[str]) -> Refused:
    if len(problems) == 1:
        return Refused(f"{execution}: {problems[0]}")
    return Refused(f"{execution}: the request is refused, for {len(problems)} reasons.", problems=problems)


@dataclass(frozen=True, slots=True)
class _RerunAsked:
    """A request to re-run that can be accepted: the workflow execution, the tasks on their routes, the plan.

    Remarks.
    """

    subject: Workflow
    tasks: tuple[TaskRequest, ...]
    plan: Plan
    notes: tuple[str, ...]


def _rerun_asked(unit: Unit, request: RerunRequest) -> _RerunAsked:
    """What a request to re-run from tasks means. Raises NotFound, Refused with every problem."""
    execution = _find(unit, request.execution)
    if execution.workflow is None:
        raise Refused(
            f"{execution.id} ran the action {execution.action}: only workflows are re-run from tasks."
        )
    subject = unit.workflow(execution.workflow)
    if subject.head.status not in COMPLETED:
        current = subject.row["execution"]
        raise Refused(
            f"Unable to re-run {execution.id}: its workflow execution is {subject.head.status} in {current}. "
            f"Wait for its end, or cancel it: orchestrion execution cancel {current}"
        )
    routes = _routes_that_ran(subject)
    problems = _unknown_names(request, routes)
    kept = set(request.no_reset)
    tasks = tuple(
        TaskRequest(name, route, reset=name not in kept)
        for name in dict.fromkeys(request.tasks)
        for route in sorted(routes.get(name, ()))
    )
    if request.tasks and not tasks:  # none of them ever ran
        raise _refused(execution.id, problems)
    plan = preview(subject.state, tasks)
    if isinstance(plan, CoreRefused):
        raise _refused(execution.id, [*problems, *plan.problems])
    problems += _not_concerned(request, plan)
    if problems:
        raise _refused(execution.id, problems)
    return _RerunAsked(subject, tasks, plan, tuple(_remarks(request, plan)))


def _not_concerned(request: RerunRequest, plan: Plan) -> list[str]:
    """Names given to keep items of, although the re-run does not run them (product, `--no-reset`)."""
    concerned = {
        one.task for part in (plan.restarts, plan.passes, plan.ignored, plan.repeats) for one in part
    }
    kept = {one.task for one in plan.kept}
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
    if plan.imposed_end is not None:
        remarks.append(
            f"The re-run ends {plan.imposed_end} at best: it keeps tasks that ended so. Request them too."
        )
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


def _detach(unit: Unit, subject: Workflow, before: Execution) -> str:
    """A sub-workflow that is re-run by its own id stands alone.

    Its parent neither waits nor changes (product).
    """
    descendants = _descendants(unit, subject)
    parent = before.parent
    unit.transaction.run("detach_workflow", id=subject.id)
    subject.row.update(parent=None, parent_entry=None, parent_item=None, parent_attempt=None, root=subject.id)
    for number in descendants:
        unit.transaction.run("move_to_root", id=number, root=subject.id)
        unit.workflow(number).row["root"] = subject.id
    return (
        f"This re-run stands alone: {parent}, its parent, neither waits for it nor changes. "
        "To go on with the parent, re-run its task: "
        f"orchestrion execution re-run {parent} --tasks {before.task}"
    )
