"""Inquiries: attempts that wait for a person's answer, for as long as their time to live.

No process runs for them and none owns them: the answer, the end of the time, or a cancellation ends them, in
a unit of whoever brings it.
"""

from collections.abc import Mapping
from typing import Final

from orchestrion.core.events import AttemptReported
from orchestrion.core.values import Json
from orchestrion.runtime.ledger import Attempt, Execution
from orchestrion.runtime.peers import INQUIRY
from orchestrion.runtime.unit import Unit

_MINUTE: Final = 60_000_000
_LONGEST: Final = 2**62
"""A later end cannot be stored, and is as good as this one."""
_FIELDS: Final = ("schema", "roles", "users", "route", "ttl")


def ask(unit: Unit, attempt: Attempt, execution: Execution, parameters: Mapping[str, Json]) -> None:
    """An attempt asks, and waits. A time to live (`ttl`, minutes) that is not positive has no end.

    The timeout of its task holds, too.
    """
    result: dict[str, Json] = {name: parameters.get(name) for name in _FIELDS}
    ttl = parameters.get("ttl")
    minutes = ttl if isinstance(ttl, int | float) and not isinstance(ttl, bool) else 0
    ends = [min(unit.now + round(minutes * _MINUTE), _LONGEST)] if minutes > 0 else []
    if attempt.expires_at is not None:
        ends.append(attempt.expires_at)
    unit.ledger.keep(attempt._replace(engine=INQUIRY, expires_at=min(ends, default=None)))
    execution.show("pending", unit.now, result)
    token = attempt.token
    unit.post(token.workflow, AttemptReported(token.entry, token.item, token.number, "pending", result))


def cancel_inquiries(unit: Unit, root: str) -> None:
    """End the inquiries of a tree that is canceled (product, "Cancel")."""
    for row in unit.transaction.all("inquiries_of_tree", root=root):
        unit.report(row["execution"], "canceled", {"error": "Canceled by an operator."})
