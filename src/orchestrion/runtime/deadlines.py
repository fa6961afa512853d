"""The ends of attempts and of whole workflow executions when their time is over.

Whoever sees it first ends what is late, in a unit of its own: the times stand in the rows. What an attempt
has started is ended once that is committed, as that of any attempt that was given up. The time of a
sub-workflow is its own: the timeout of the task that it is comes to it with its start, so a pause of it does
not count.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from orchestrion.core.events import AttemptReported, TimeExpired
from orchestrion.core.values import Json
from orchestrion.runtime.ledger import Attempt, Token
from orchestrion.runtime.peers import INQUIRY, SUBWORKFLOW

if TYPE_CHECKING:
    from orchestrion.runtime.unit import Unit

_MICROSECONDS: Final = 1_000_000
STOPPED: Final[Json] = {"error": "Ended, because the time of its workflow execution was over."}
"""The result of an attempt that its workflow's end has ended."""


def timeout_of(unit: "Unit", token: Token) -> int | None:
    """How long an attempt may run, in seconds."""
    return unit.workflow(token.workflow).state.entries[token.entry].timeout


def deadline_of(unit: "Unit", token: Token) -> int | None:
    """When an attempt that begins now must have ended."""
    seconds = timeout_of(unit, token)
    return None if seconds is None else unit.now + seconds * _MICROSECONDS


def late_after(seconds: int) -> Json:
    """The result of an action that the timeout of its task has ended."""
    return {"error": f"Execution timed out after {seconds} second{'' if seconds == 1 else 's'}."}


def end_overdue(unit: "Unit", overdue: Iterable[Mapping[str, Any]]) -> None:
    """End attempts and workflow executions whose time is over."""
    for row in overdue:
        if row["workflow"] is not None:
            unit.deliver(row["workflow"], TimeExpired())
            continue
        attempt = unit.ledger.attempt(row["execution"])
        if attempt is not None:
            _suspect_process(unit, attempt)
            unit.report(attempt.execution, "timeout", _late(unit, attempt))


def stop(unit: "Unit", token: Token) -> None:
    """End an attempt whose workflow has timed out. It reports that in this unit."""
    attempt = unit.ledger.attempt_with(token)
    if attempt is None:
        return
    execution = unit.ledger.execution(attempt.execution)
    if attempt.engine == SUBWORKFLOW:
        assert execution.workflow is not None
        unit.post(execution.workflow, TimeExpired(cascaded=True))
        return
    _suspect_process(unit, attempt)
    unit.ledger.end(attempt.execution)
    execution.show("timeout", unit.now, STOPPED)
    unit.post(token.workflow, AttemptReported(token.entry, token.item, token.number, "timeout", STOPPED))


def _suspect_process(unit: "Unit", attempt: Attempt) -> None:
    """Who ran it may have died before it could record the process."""
    if attempt.engine is not None and not unit.is_alive(attempt.engine):
        unit.ledger.suspect_process(attempt)


def _late(unit: "Unit", attempt: Attempt) -> Json:
    if attempt.engine == INQUIRY:
        return {"error": "Nobody answered in time."}
    seconds = timeout_of(unit, attempt.token)
    assert seconds is not None
    return late_after(seconds)
