"""The operations on a store.

Each is one unit of the dispatcher: accepted as a whole, or refused with every problem and nothing changed.
The rules about states are the core's; here names become routes, one execution becomes its tree, and what was
asked is recorded.
"""

from collections.abc import Mapping
from typing import Final

from orchestrion.actions.runners.registry import INQUIRER
from orchestrion.actions.validation import problems_with_answer
from orchestrion.core.conductor import Refused as CoreRefused
from orchestrion.core.events import CancelRequested, PauseRequested, RerunRequested, ResumeRequested
from orchestrion.core.status import COMPLETED, Status
from orchestrion.core.values import Json
from orchestrion.errors import Refused, UsageError
from orchestrion.operations.requests import Accepted, RerunPlan, RerunRequest, StartRequest
from orchestrion.operations.rerun import rerun_asked
from orchestrion.operations.tree import cascade, current, detach, find, refused
from orchestrion.runtime.dispatcher import Dispatcher, Unit, Workflow
from orchestrion.runtime.engine import Engine
from orchestrion.runtime.inquiries import cancel_inquiries
from orchestrion.runtime.ledger import Execution
from orchestrion.runtime.peers import INQUIRY
from orchestrion.runtime.recovery import end_leftovers, give_up_lost, lost_attempts
from orchestrion.runtime.secrets import secret_values
from orchestrion.runtime.subworkflows import Start, application_of, start_workflow
from orchestrion.store import rows

_LIST: Final = "orchestrion inquiry list"


class Operations:
    """The operations on one store.

    `engine`, where one is given, becomes the engine of the tree that is concerned, unless another one lives.
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
            secrets = unit.secrets.of(unit.workflow(number).row)
            secrets.note_parameters(request.action, request.secret)
            secrets.note_output(request.action, request.secret_output)
            secrets.note(request.opened)
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

    def take_over(self, number: str, engine: Engine) -> None:
        """Become the engine of an execution's tree, if none lives."""
        with self._dispatcher.unit(engine) as unit:
            execution = find(unit, number)
            assert execution.workflow is not None
            root = unit.workflow(unit.workflow(execution.workflow).row["root"])
            if engine.own(unit, root.id):
                give_up_lost(unit, root.id)
        end_leftovers(self._dispatcher)

    def _request(self, number: str, kind: str, engine: Engine | None) -> Accepted:
        with self._dispatcher.unit(engine) as unit:
            execution = find(unit, number)
            if execution.workflow is None:
                accepted = self._request_of_action(unit, execution, kind, engine)
            else:
                accepted = self._request_of_workflow(unit, current(unit, execution, kind), kind, engine)
            self._record(unit, number, kind, {}, "accepted")
        end_leftovers(self._dispatcher)
        return accepted

    def _request_of_workflow(
        self, unit: Unit, subject: Workflow, kind: str, engine: Engine | None
    ) -> Accepted:
        root = unit.workflow(subject.row["root"])
        unattended = root.head.status not in COMPLETED and not unit.is_alive(root.row["engine"])
        lost = unattended or bool(lost_attempts(unit, root.id))
        if engine is not None and (lost or kind == "resume"):
            engine.own(unit, root.id)
        if kind == "cancel" and subject.head.status not in COMPLETED:
            notes = _apply(
                unit, subject, kind
            )  # first, because a cancellation ends in canceled, never in failed
            give_up_lost(unit, root.id)
        else:
            give_up_lost(unit, root.id)
            unit.settle_without_starts()
            notes = _only_taken_over(subject, kind) if lost else ()
            notes = notes or _apply(unit, subject, kind)
        unit.settle()
        return Accepted(subject.row["execution"], subject.head.status, notes)

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
        attempt = unit.ledger.attempt(execution.id)
        if attempt is None:
            raise Refused(f"Unable to cancel {execution.id} because it is {execution.status}.")
        root = unit.workflow(unit.workflow(execution.token.workflow).row["root"])
        if attempt.engine is not None and not unit.is_alive(attempt.engine):
            unit.ledger.suspect_process(attempt)
        unit.report(execution.id, "canceled", {"error": "Canceled by an operator."})
        if root.head.status not in COMPLETED and not unit.is_alive(root.row["engine"]):
            if engine is not None:
                engine.own(unit, root.id)
            give_up_lost(unit, root.id)
        unit.settle()
        return Accepted(execution.id, execution.status)

    # --- inquiries

    def respond(self, number: str, answer: Json, engine: Engine | None) -> Accepted:
        """Answer an inquiry; what it held goes on. Raises NotFound, UsageError, Refused.

        What is accepted names the execution of the tree's root.
        """
        with self._dispatcher.unit(engine) as unit:
            execution = find(unit, number)
            result = check_answer(unit, execution, answer, self._actor)
            assert execution.token is not None
            root = unit.workflow(unit.workflow(execution.token.workflow).row["root"])
            if engine is not None:
                engine.own(unit, root.id)
            give_up_lost(unit, root.id)
            schema = result.get("schema")
            if isinstance(schema, dict):
                secrets = unit.secrets.of(unit.workflow(execution.token.workflow).row)
                secrets.note(secret_values(schema, answer))
            unit.report(number, "succeeded", {**result, "response": answer})
            unit.settle()
            self._record(unit, number, "respond", {}, "accepted")
            accepted = Accepted(root.row["execution"], root.head.status, _inquiries(root))
        end_leftovers(self._dispatcher)
        return accepted

    # --- re-run

    def plan(self, request: RerunRequest) -> RerunPlan:
        """What a re-run from tasks would do; nothing is changed. Raises NotFound, Refused."""
        with self._dispatcher.rehearsal() as unit:
            subject, _ = self._subject_of_rerun(unit, request, None)
            asked = rerun_asked(unit, subject, request)
            mask = unit.secrets.of(subject.row).mask
            plan = asked.plan._replace(problems=tuple(map(mask.text, asked.plan.problems)))
            return RerunPlan(request.execution, subject.id, plan, asked.notes)

    def rerun(self, request: RerunRequest, engine: Engine | None) -> Accepted:
        """Re-run from tasks: a new execution goes on with the same workflow execution.

        Raises NotFound, Refused.
        """
        with self._dispatcher.unit(engine) as unit:
            subject, notes = self._subject_of_rerun(unit, request, engine)
            asked = rerun_asked(unit, subject, request)
            before = unit.ledger.execution(subject.row["execution"])
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
            subject.row["execution"] = execution.id
            unit.transaction.run("continue_workflow", id=subject.id, execution=execution.id)
            unit.transaction.run("set_continued", id=before.id, by=execution.id)
            application = application_of(execution, subject.id, self._actor)
            answer = unit.deliver(subject.id, RerunRequested(asked.tasks, application))
            if isinstance(answer, CoreRefused):
                raise refused(request.execution, answer.problems)
            unit.settle()
            details: dict[str, Json] = {"tasks": [*request.tasks], "no_reset": [*request.no_reset]}
            self._record(unit, request.execution, "re-run", details, execution.id)
            accepted = Accepted(execution.id, subject.head.status, (*asked.notes, *notes))
        end_leftovers(self._dispatcher)
        return accepted

    def _subject_of_rerun(
        self, unit: Unit, request: RerunRequest, engine: Engine | None
    ) -> tuple[Workflow, tuple[str, ...]]:
        """The workflow execution to re-run, with what a dead engine has left in it given up."""
        execution = find(unit, request.execution)
        if execution.workflow is None:
            raise Refused(
                f"{execution.id} ran the action {execution.action}: only workflows are re-run from tasks."
            )
        subject = unit.workflow(execution.workflow)
        notes: tuple[str, ...] = ()
        if subject.head.status in COMPLETED:
            if subject.row["parent"] is not None:
                notes = (detach(unit, subject, unit.ledger.execution(subject.row["execution"])),)
            if engine is not None:
                engine.own(unit, subject.row["root"])
            give_up_lost(unit, subject.row["root"])
            unit.settle_without_starts()
        return subject, notes

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


def _apply(unit: Unit, subject: Workflow, kind: str) -> tuple[str, ...]:
    """Deliver a request to all that it concerns. Raises Refused."""
    if kind == "pause":
        cascade(unit, subject, PauseRequested(), PauseRequested(cascaded=True))
        return ()
    if kind == "resume":
        cascade(unit, subject, ResumeRequested(), ResumeRequested())
        return _inquiries(subject)
    root = unit.workflow(subject.row["root"])
    if subject.head.status in COMPLETED and subject.head.status != "canceled":
        _refuse_cancel(unit, subject)
    cascade(unit, root, CancelRequested(), CancelRequested())
    cancel_inquiries(unit, root.id)
    return (f"Its whole tree is canceled, from {root.row['execution']} on.",) if root is not subject else ()


def _only_taken_over(subject: Workflow, kind: str) -> tuple[str, ...]:
    """Where taking over has ended the execution, or was all that a resume could do, that is the answer."""
    status: Status = subject.head.status
    if status in COMPLETED or (kind == "resume" and status not in ("paused", "pausing")):
        return (f"The execution had no engine and was taken over; it is {status}.",)
    return ()


def check_answer(unit: Unit, execution: Execution, answer: Json, actor: str) -> dict[str, Json]:
    """The result of an open inquiry so far. Raises UsageError, Refused when it takes no such answer."""
    attempt = unit.ledger.attempt(execution.id)
    if execution.runner != INQUIRER:
        raise Refused(
            f"{execution.id} is not an inquiry: it runs {execution.action}. List them with: {_LIST}"
        )
    if attempt is None or attempt.engine != INQUIRY or not isinstance(execution.result, dict):
        raise Refused(f"The inquiry {execution.id} takes no answer any more: it is {execution.status}.")
    users = execution.result.get("users")
    if isinstance(users, list) and users and actor not in users:
        raise Refused(
            f"{actor} may not answer the inquiry {execution.id}; it asks: {', '.join(map(str, users))}."
        )
    problems = problems_with_answer(execution.result.get("schema") or {}, answer)
    if problems:
        raise UsageError(f"The inquiry {execution.id} does not take this answer.", problems=problems)
    return execution.result


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
