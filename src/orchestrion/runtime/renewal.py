"""Attempts that were claimed and have not begun (product, "pause and cancel at any moment").

An action begins right after the commit that claimed its attempt. What waits for longer might begin long
after a pause or a cancellation was accepted: because others were started before it, the machine stood still,
its pack is to be copied, or the process from which it is forked to be started. So it looks again whether it
may begin, in each unit of its engine until it has: what comes in between is seen there.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from orchestrion.core.conductor import Decision
from orchestrion.core.events import AttemptReturned
from orchestrion.core.status import COMPLETED
from orchestrion.core.values import Json
from orchestrion.runtime.ledger import Attempt

if TYPE_CHECKING:
    from orchestrion.runtime.unit import Unit

CANCELED: Final[Json] = {"error": "Canceled before it had begun."}
"""The result of an attempt that was claimed, and canceled before its action had begun."""


def renew(unit: "Unit", waiting: Collection[str], engine: str) -> list[Attempt]:
    """The attempts of an engine, by their executions, that may begin; the others never begin."""
    unit.expect(waiting)
    found = (unit.ledger.attempt(one) for one in waiting)
    return [one for one in found if one is not None and one.engine == engine and may_begin(unit, one)]


def may_begin(unit: "Unit", attempt: Attempt) -> bool:
    """Whether an attempt that was claimed and has not begun may do so now.

    If not, one that was canceled ends; one that is held is back in the queue, as if never claimed.
    """
    if _is_canceled(unit, attempt.token.workflow):
        unit.report(attempt.execution, "canceled", CANCELED)
        return False
    workflow = unit.workflow(attempt.token.workflow)
    if workflow.claimable or workflow.head.status in COMPLETED:
        return True
    _give_back(unit, attempt)
    return False


def _is_canceled(unit: "Unit", workflow: str | None) -> bool:
    """Whether a workflow execution, or one above it, is or is to be canceled."""
    while workflow is not None:
        subject = unit.workflow(workflow)
        if subject.head.status in ("canceling", "canceled"):
            return True
        workflow = subject.row["parent"]
    return False


def _give_back(unit: "Unit", attempt: Attempt) -> None:
    token = attempt.token
    answer = unit.deliver(token.workflow, AttemptReturned(token.entry, token.item, token.number))
    assert isinstance(answer, Decision), (attempt, answer)  # it was claimed, and nobody has reported its end
    unit.ledger.keep(attempt._replace(engine=None, repeatable=False, expires_at=None))
    execution = unit.ledger.execution(attempt.execution)
    execution.show("requested", unit.now)
    execution.started_at = None
    unit.transaction.run("unstart_execution", id=execution.id)
