"""Pause, resume and cancel: of a workflow execution with its tree, or of one action."""

from typing import Final

from orchestrion.core.events import CancelRequested, PauseRequested, ResumeRequested
from orchestrion.core.status import COMPLETED, Status
from orchestrion.errors import Refused
from orchestrion.operations.answers import open_inquiries
from orchestrion.operations.requests import Accepted, Control
from orchestrion.operations.tree import cascade, has_begun, is_attended
from orchestrion.runtime.engine import Engine
from orchestrion.runtime.inquiries import cancel_inquiries
from orchestrion.runtime.ledger import Execution
from orchestrion.runtime.recovery import give_up_lost, lost_attempts
from orchestrion.runtime.unit import Unit
from orchestrion.runtime.workflow import Workflow

_CANCELED: Final = frozenset[Status](("canceling", "canceled"))


def request_of_workflow(unit: Unit, subject: Workflow, kind: Control, engine: Engine | None) -> Accepted:
    """Pause, resume or cancel a workflow execution, and take its tree over where its engine is gone."""
    root = unit.workflow(subject.row["root"])
    unattended = root.head.status not in COMPLETED and not is_attended(unit, root)
    lost = unattended or bool(lost_attempts(unit, root.id))
    if engine is not None and (lost or kind == "resume"):
        engine.own(unit, root.id)
    if kind == "cancel" and subject.head.status not in COMPLETED:
        # first, because a cancellation ends in canceled, never in failed
        notes = _apply(unit, subject, kind)
        give_up_lost(unit, root.id)
    else:
        give_up_lost(unit, root.id)
        unit.settle_without_starts()
        notes = _only_taken_over(subject, kind) if lost else ()
        notes = notes or _apply(unit, subject, kind)
    unit.settle()
    return Accepted(subject.row["execution"], subject.head.status, notes)


def request_of_action(unit: Unit, execution: Execution, kind: Control, engine: Engine | None) -> Accepted:
    """Only a cancellation concerns a single action.

    Its process is ended and its attempt fenced (product). Where that cancels its workflow, the whole tree is.
    """
    if kind != "cancel":
        remedy = "" if execution.top else f" Name the execution of its workflow, {execution.parent}."
        if not has_begun(execution):
            raise Refused(
                f"Unable to {kind} {execution.id}: it is {execution.status}, and has not begun.{remedy}"
            )
        raise Refused(
            f"Unable to {kind} {execution.id}: {execution.action or 'it'} is an action, not a workflow."
            f"{remedy}"
        )
    assert execution.token is not None
    attempt = unit.ledger.attempt(execution.id)
    if attempt is None:
        raise Refused(f"Unable to cancel {execution.id} because it is {execution.status}.")
    root = unit.workflow(unit.workflow(execution.token.workflow).row["root"])
    if attempt.engine is not None and not unit.is_alive(attempt.engine):
        unit.ledger.suspect_process(attempt)
    unit.report(execution.id, "canceled", {"error": "Canceled by an operator."})
    if root.head.status not in COMPLETED and not is_attended(unit, root):
        if engine is not None:
            engine.own(unit, root.id)
        give_up_lost(unit, root.id)
    unit.settle_without_starts()
    notes: tuple[str, ...] = ()
    if unit.workflow(execution.token.workflow).head.status in _CANCELED and root.head.status not in COMPLETED:
        notes = _cancel_tree(unit, root)
    unit.settle()
    return Accepted(execution.id, execution.status, notes)


def _apply(unit: Unit, subject: Workflow, kind: Control) -> tuple[str, ...]:
    """Deliver a request to all that it concerns. Raises Refused."""
    if kind == "pause":
        cascade(unit, subject, PauseRequested(), PauseRequested(cascaded=True))
        return ()
    if kind == "resume":
        cascade(unit, subject, ResumeRequested(), ResumeRequested())
        return open_inquiries(subject)
    root = unit.workflow(subject.row["root"])
    if subject.head.status in COMPLETED and subject.head.status != "canceled":
        _refuse_cancel(unit, subject)
    notes = _cancel_tree(unit, root)
    return notes if root is not subject else ()


def _cancel_tree(unit: Unit, root: Workflow) -> tuple[str, ...]:
    cascade(unit, root, CancelRequested(), CancelRequested())
    cancel_inquiries(unit, root.id)
    return (f"Its whole tree is canceled, from {root.row['execution']} on.",)


def _only_taken_over(subject: Workflow, kind: Control) -> tuple[str, ...]:
    """Where taking over has ended the execution, or was all that a resume could do, that is the answer."""
    status: Status = subject.head.status
    if status in COMPLETED or (kind == "resume" and status not in ("paused", "pausing")):
        return (f"The execution had no engine and was taken over; it is {status}.",)
    return ()


def _refuse_cancel(unit: Unit, subject: Workflow) -> None:
    """A completed execution cannot be canceled; tasks of it that still run can, one by one."""
    running = [row["execution"] for row in unit.transaction.all("attempts_of_workflow", workflow=subject.id)]
    message = f"Unable to cancel {subject.row['execution']} because it is {subject.head.status}."
    if running:
        message += f" Actions of it still run and can be canceled by their own ids: {', '.join(running)}."
    raise Refused(message)
