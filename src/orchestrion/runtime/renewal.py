"""Jobs that are late: they look again whether they may begin (product, "pause and cancel at any moment").

A job begins right after the commit that claimed its attempt. One that has waited for longer, because others
were started before it or the machine stood still, might begin long after a pause or a cancellation was
accepted. So its attempt is claimed anew, in a unit of the engine: what comes in between is seen there.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from orchestrion.actions.runners.base import Job
from orchestrion.core.conductor import Decision
from orchestrion.core.events import AttemptReturned
from orchestrion.core.status import COMPLETED
from orchestrion.core.values import Json
from orchestrion.runtime.ledger import Attempt

if TYPE_CHECKING:
    from orchestrion.runtime.unit import Unit

_CANCELED: Final[Json] = {"error": "Canceled before it had begun."}


def renew(unit: "Unit", late: Iterable[Job], engine: str) -> list[Job]:
    """The late jobs of an engine that may begin once the unit is committed; the others never begin.

    An attempt that was canceled ends; one that is held is back in the queue, as if it had never been claimed.
    """
    return [job for job in late if _may_begin(unit, job.execution_id, engine)]


def _may_begin(unit: "Unit", execution: str, engine: str) -> bool:
    attempt = unit.ledger.attempt(execution)
    if attempt is None or attempt.engine != engine:
        return False
    if _is_canceled(unit, attempt.token.workflow):
        unit.report(execution, "canceled", _CANCELED, engine=engine)
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
