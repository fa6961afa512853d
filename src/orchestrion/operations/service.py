"""The operations on a store.

Each is one unit of the dispatcher: accepted as a whole, or refused with every problem and nothing changed.
The rules about states are the core's; here names become routes, one execution becomes its tree, and what was
asked is recorded, with its answer.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from orchestrion.core.conductor import Refused as CoreRefused
from orchestrion.core.events import RerunRequested
from orchestrion.core.status import COMPLETED
from orchestrion.core.values import Json
from orchestrion.errors import NotFound, Refused, UsageError
from orchestrion.operations.answers import check_answer, open_inquiries
from orchestrion.operations.control import request_of_action, request_of_workflow
from orchestrion.operations.outlook import digest_of_plan, outlook
from orchestrion.operations.requests import (
    Accepted,
    Asking,
    Control,
    ControlPlan,
    FailedStart,
    RerunPlan,
    RerunRequest,
    StartRequest,
)
from orchestrion.operations.rerun import level_of, notes_of, plan_of, plan_revivals
from orchestrion.operations.starting import begin, begin_failed
from orchestrion.operations.tree import current, detach, find, has_begun, refused
from orchestrion.runtime.continuing import continue_as
from orchestrion.runtime.engine import Engine
from orchestrion.runtime.inbox import Performer
from orchestrion.runtime.measures import Measures
from orchestrion.runtime.pins import pin
from orchestrion.runtime.recovery import give_up_lost
from orchestrion.runtime.secrets import TreeSecrets, secret_values
from orchestrion.runtime.telling import tell_accepted, tell_refused
from orchestrion.runtime.unit import Unit
from orchestrion.runtime.workflow import Workflow
from orchestrion.store import rows

_PLAIN: Final = Asking()


class _Request(NamedTuple):
    """What is recorded of an operation; `execution` is None where it makes one.

    `given` are the values that came with it. They may be secret, so only their digest is recorded. `digest`
    is that of the plan of what it starts; what it does to an execution is planned in the unit itself.
    """

    kind: str
    execution: str | None
    details: Mapping[str, Json]
    given: Json = None
    digest: str | None = None

    @property
    def named(self) -> Json:
        """What a plan of it is named by, besides what it rests on."""
        return [{**self.details}, rows.digest_of(self.given)]

    def recorded(self, asking: Asking) -> dict[str, Json]:
        """What is kept of it; the digest only under a name, to tell whether the name comes with the same."""
        given: Json = [self.given, {**asking.besides}] if asking.besides else self.given
        if asking.request_id is None or not given:
            return {**self.details}
        return {**self.details, "given": rows.digest_of(given)}


class Operations:
    """The operations on one store.

    `engine`, where one is given, becomes the engine of the tree that is concerned, unless another one lives.
    `asking` says why, and names the request: one that comes again gets the first answer, and does nothing.
    What is accepted and refused is counted in `measures`.
    """

    def __init__(self, performer: Performer, actor: str, measures: Measures | None = None) -> None:
        self._performer: Final = performer
        self._actor: Final = actor
        self._counts: Final = (measures or Measures()).operations

    # --- start

    def start(self, request: StartRequest, engine: Engine | None, asking: Asking = _PLAIN) -> str:
        """Start a workflow; returns the id of its execution. Raises Refused, StoreBusy (`pin`)."""

        def start(unit: Unit) -> Accepted:
            execution = begin(unit, request, self._actor, engine)
            return Accepted(execution.id, execution.status)

        kind, details = "start", {"action": request.action}
        given: Json = {**request.given}
        if request.rerun_of is not None:
            kind, details["rerun_of"] = "re-run", request.rerun_of
        if request.source is not None:  # a text that came with it
            details["source"], given = request.source, [given, request.definition]
        asked = _Request(kind, None, {**details}, given, request.digest)
        return self._perform(asked, asking, engine, start).execution

    def fail(self, request: FailedStart, asking: Asking = _PLAIN) -> str:
        """Keep something that fails before it begins; returns the id of its execution. Raises Refused."""

        def fail(unit: Unit) -> Accepted:
            execution = begin_failed(unit, request, self._actor)
            return Accepted(execution.id, execution.status)

        kind, details = "start", dict[str, Json](action=request.action)
        if request.rerun is not None:
            kind, details = "re-run", {**_details_of(request.rerun), "rerun_of": request.rerun.execution}
        elif request.rerun_of is not None:
            kind, details["rerun_of"] = "re-run", request.rerun_of
        asked = _Request(kind, None, details, {**request.parameters})
        return self._perform(asked, asking, None, fail).execution

    # --- pause, resume, cancel

    def pause(self, number: str, engine: Engine | None, asking: Asking = _PLAIN) -> Accepted:
        """Pause an execution and all sub-workflows below it. Raises NotFound, Refused."""
        return self._control(number, "pause", engine, asking)

    def resume(self, number: str, engine: Engine | None, asking: Asking = _PLAIN) -> Accepted:
        """Resume an execution and all that is held below it. Raises NotFound, Refused."""
        return self._control(number, "resume", engine, asking)

    def cancel(self, number: str, engine: Engine | None, asking: Asking = _PLAIN) -> Accepted:
        """Cancel an execution, with the whole tree that it belongs to. Raises NotFound, Refused."""
        return self._control(number, "cancel", engine, asking)

    def outlook(self, number: str, kind: Control) -> ControlPlan:
        """What a pause, a resume or a cancellation would do. Raises NotFound, Refused."""
        request = _Request(kind, number, {})
        return self._outlook(number, request, lambda unit: self._controlled(unit, number, kind, None))

    def _outlook(self, number: str, request: "_Request", perform: Callable[[Unit], Accepted]) -> ControlPlan:
        def rehearse(unit: Unit) -> ControlPlan:
            digest = _digest_of(unit, request)
            return replace(outlook(unit, request.kind, number, perform), digest=digest)

        return self._performer.rehearse(rehearse)

    def _control(self, number: str, kind: Control, engine: Engine | None, asking: Asking) -> Accepted:
        request = _Request(kind, number, {})
        return self._perform(
            request, asking, engine, lambda unit: self._controlled(unit, number, kind, engine)
        )

    def _controlled(self, unit: Unit, number: str, kind: Control, engine: Engine | None) -> Accepted:
        execution = find(unit, number)
        if execution.workflow is None and execution.top and kind == "resume":
            assert execution.token is not None  # all that it can do is to take the wrapping workflow over
            wrapping = unit.workflow(execution.token.workflow)
            return replace(request_of_workflow(unit, wrapping, kind, engine), execution=number)
        if execution.workflow is None:
            return request_of_action(unit, execution, kind, engine)
        return request_of_workflow(unit, current(unit, execution, kind), kind, engine)

    def take_over(self, number: str, engine: Engine) -> None:
        """Become the engine of an execution's tree, if none lives."""

        def take_over(unit: Unit) -> None:
            execution = find(unit, number)
            workflow = execution.workflow or (execution.token and execution.token.workflow)
            assert workflow is not None
            root = unit.workflow(workflow).row["root"]
            if engine.own(unit, root):
                give_up_lost(unit, root)

        self._performer.perform(take_over, engine)

    # --- inquiries

    def respond(self, number: str, answer: Json, engine: Engine | None, asking: Asking = _PLAIN) -> Accepted:
        """Answer an inquiry; what it held goes on. Raises NotFound, UsageError, Refused.

        What is accepted names the execution of the tree's root.
        """
        request = _Request("respond", number, {}, answer)
        return self._perform(
            request, asking, engine, lambda unit: self._responded(unit, number, answer, engine)
        )

    def outlook_of_answer(self, number: str, answer: Json) -> ControlPlan:
        """What an answer to an inquiry would do. Raises NotFound, UsageError, Refused."""
        request = _Request("respond", number, {}, answer)
        return self._outlook(number, request, lambda unit: self._responded(unit, number, answer, None))

    def _responded(self, unit: Unit, number: str, answer: Json, engine: Engine | None) -> Accepted:
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
        return Accepted(root.row["execution"], root.head.status, open_inquiries(root))

    # --- re-run

    def plan(self, request: RerunRequest) -> RerunPlan:
        """What a re-run from tasks would do; nothing is changed. Raises NotFound, Refused."""

        def rehearse(unit: Unit) -> RerunPlan:
            digest = _digest_of(unit, _from_tasks(request))
            subject, notes = self._subject_of_rerun(unit, request, None)
            mask = unit.secrets.of(subject.row).mask
            plan = plan_of(level_of(unit, subject, request), request.execution, mask)
            return replace(plan, notes=(*plan.notes, *notes), digest=digest)

        return self._performer.rehearse(rehearse)

    def rerun(self, request: RerunRequest, engine: Engine | None, asking: Asking = _PLAIN) -> Accepted:
        """Re-run from tasks: a new execution goes on with the same workflow execution.

        Raises NotFound, Refused, StoreBusy (`pin`).
        """

        def rerun(unit: Unit) -> Accepted:
            subject, notes = self._subject_of_rerun(unit, request, engine)
            level = level_of(unit, subject, request)
            plan_revivals(unit, level, self._actor)
            execution, application = continue_as(unit, subject, request.execution, self._actor)
            if request.revision is not None:
                pin(unit.transaction, execution.id, request.revision)
            answer = unit.deliver(subject.id, RerunRequested(level.tasks, application))
            if isinstance(answer, CoreRefused):
                raise refused(request.execution, answer.problems)
            unit.settle()
            return Accepted(execution.id, subject.head.status, (*notes_of(level), *notes))

        return self._perform(_from_tasks(request), asking, engine, rerun)

    def _subject_of_rerun(
        self, unit: Unit, request: RerunRequest, engine: Engine | None
    ) -> tuple[Workflow, tuple[str, ...]]:
        """The workflow execution to re-run, with what a dead engine has left in it given up."""
        execution = find(unit, request.execution)
        if not has_begun(execution):
            raise Refused(f"Unable to re-run {execution.id}: it is {execution.status}, and has not begun.")
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

    # --- records

    def _perform(
        self, request: _Request, asking: Asking, engine: Engine | None, perform: Callable[[Unit], Accepted]
    ) -> Accepted:
        """Perform an operation in a unit, and record it; or give the answer to a request that came before.

        What came of it is logged.
        """

        def recorded(unit: Unit) -> tuple[Accepted, str | None]:
            known = _answered(unit, request, asking, self._actor)
            if known is not None:
                return known, None
            _check_digest(unit, request, asking)
            asked_at = unit.now
            accepted = perform(unit)
            number = request.execution or accepted.execution
            secrets = _secrets_of(unit, number)
            text, why = rows.to_json(request.recorded(asking)), asking.reason
            if secrets:
                text = unit.transaction.seal(text)
                why = None if why is None else unit.transaction.seal(why)
            unit.transaction.run(
                "add_operation",
                id=unit.ids.next(),
                execution=number,
                kind=request.kind,
                request=text,
                actor=self._actor,
                at=asked_at,  # before what follows from it, so that the history tells it first
                outcome="accepted",
                reason=why,
                request_id=asking.request_id,
                answer=rows.to_json([accepted.execution, accepted.status, [*accepted.notes]]),
            )
            return accepted, secrets.mask.text(asking.reason or "")

        try:
            accepted, reason = self._performer.perform(recorded, engine)
        except (Refused, UsageError, NotFound) as error:
            self._counts[request.kind, "refused"] += 1
            tell_refused(request.kind, request.execution, self._actor, error)
            raise
        if reason is not None:
            self._counts[request.kind, "accepted"] += 1
            tell_accepted(request.kind, request.execution or accepted.execution, self._actor, reason)
        return accepted


def _from_tasks(request: RerunRequest) -> _Request:
    contents = rows.digest_of({**request.contents})
    return _Request("re-run", request.execution, _details_of(request), digest=contents)


def _details_of(request: RerunRequest) -> dict[str, Json]:
    return {
        "tasks": [*request.tasks],
        "no_reset": [*request.no_reset],
        "items": {task: [*items] for task, items in request.items.items()},
    }


def _digest_of(unit: Unit, request: _Request) -> str | None:
    """What names the plan of a request (`Asking`)."""
    if request.execution is None:
        return request.digest
    return digest_of_plan(unit, request.kind, request.execution, request.named, request.digest)


def _check_digest(unit: Unit, request: _Request, asking: Asking) -> None:
    """Raise Refused where what was planned is not what would happen now."""
    if asking.digest is not None and asking.digest != _digest_of(unit, request):
        what = f" of {request.execution}" if request.execution is not None else ""
        raise Refused(
            f"The plan of this {request.kind}{what} does not hold any more, or is another one: "
            "plan it again, and give the digest of that plan."
        )


def _secrets_of(unit: Unit, number: str) -> TreeSecrets:
    """What is secret in the tree of an execution of any kind."""
    execution = unit.ledger.execution(number)
    workflow = execution.workflow if execution.token is None else execution.token.workflow
    assert workflow is not None
    return unit.secrets.of(unit.workflow(workflow).row)


def _answered(unit: Unit, request: _Request, asking: Asking, actor: str) -> Accepted | None:
    """The answer to a request that came before. Raises Refused where its name stands for another one."""
    if asking.request_id is None:
        return None
    row = unit.transaction.one("operation_of_request", request_id=asking.request_id)
    if row is None:
        bulk = unit.transaction.one("bulk_of_request", request_id=asking.request_id)
        if bulk is not None:
            raise _used(asking.request_id, f"bulk {bulk['kind']}")
        return None
    same = (row["kind"], row["actor"]) == (request.kind, actor) and rows.from_json(
        row["request"]
    ) == request.recorded(asking)
    if not same or request.execution not in (None, row["execution"]):
        raise _used(asking.request_id, f"{row['kind']} of {row['execution']}")
    execution, status, notes = rows.from_json(row["answer"])
    return Accepted(execution, status, tuple(notes))


def _used(request_id: str, what: str) -> Refused:
    return Refused(
        f"The request id {request_id} was used for another request: {what}. "
        "Give every request an id of its own."
    )
