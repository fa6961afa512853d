"""Items that are held (inquiries, paused sub-workflows), and whose task ends without them, are canceled."""

from typing import TYPE_CHECKING, Final

from orchestrion.core.events import AttemptReported, CancelRequested
from orchestrion.core.values import Json
from orchestrion.runtime.ledger import Attempt, Token
from orchestrion.runtime.peers import INQUIRY, SUBWORKFLOW

if TYPE_CHECKING:
    from orchestrion.runtime.unit import Unit

_NOT_WANTED: Final[Json] = {"error": "Canceled, because its task has ended without it."}


def cancel_held(unit: "Unit", token: Token) -> None:
    """Cancel an item that is held, with all that is below it. What that reports comes in this unit."""
    attempt = unit.ledger.attempt_with(token)
    if attempt is None:
        return
    if attempt.engine == INQUIRY:
        _withdraw(unit, attempt)
    if attempt.engine != SUBWORKFLOW:
        return
    child = unit.ledger.execution(attempt.execution).workflow
    assert child is not None
    ended = {child: None}
    for row in unit.transaction.all("tree", root=attempt.root):  # parents come before children
        if row["parent"] in ended:
            ended[row["id"]] = None
    for number in ended:
        unit.post(number, CancelRequested())
    for row in unit.transaction.all("inquiries_of_tree", root=attempt.root):
        inquiry = unit.ledger.attempt(row["execution"])
        if inquiry is not None and inquiry.token.workflow in ended:
            _withdraw(unit, inquiry)


def _withdraw(unit: "Unit", inquiry: Attempt) -> None:
    unit.ledger.end(inquiry.execution)
    unit.ledger.execution(inquiry.execution).show("canceled", unit.now, _NOT_WANTED)
    token = inquiry.token
    report = AttemptReported(token.entry, token.item, token.number, "canceled", _NOT_WANTED)
    unit.post(token.workflow, report)
