"""What is logged of a unit, once it is committed: nothing is told that did not happen.

How workflows go on is told at the level info, and what was asked of them; their attempts at debug. Where
nobody wants to know it, one look at the level is all that it costs.
"""

import logging
from typing import Final

from orchestrion.errors import OrchestrionError
from orchestrion.runtime.ledger import Execution, Ledger

_log: Final = logging.getLogger(__name__)


def tell(ledger: Ledger) -> None:
    """Log the new statuses of executions."""
    if not _log.isEnabledFor(logging.INFO):
        return
    every = _log.isEnabledFor(logging.DEBUG)
    for execution in ledger.moved:
        if every or execution.workflow is not None:
            level = logging.INFO if execution.workflow is not None else logging.DEBUG
            _log.log(level, "%s: %s", _name(execution), execution.status, extra=_fields(execution))


def tell_accepted(kind: str, execution: str, actor: str, reason: str) -> None:
    """Log that an operation was accepted; `reason` is without secrets, and empty where none was given."""
    why = f", because: {reason}" if reason else ""
    _log.info("%s was accepted, asked by %s%s", kind, actor, why, extra={"execution": execution})


def tell_refused(kind: str, execution: str | None, actor: str, error: OrchestrionError) -> None:
    """Log that an operation was refused; `execution` is None where it would have made one."""
    why = " ".join([error.message, *error.problems[:1]])
    fields = {} if execution is None else {"execution": execution}
    _log.info("%s was refused, asked by %s: %s", kind, actor, why, extra=fields)


def _name(execution: Execution) -> str:
    """What people call it: the action, and the task whose attempt it is."""
    if execution.task is None:
        return execution.action
    item = "" if execution.token is None or execution.token.item is None else f"[{execution.token.item}]"
    return f"{execution.task}{item} ({execution.action})" if execution.action else f"{execution.task}{item}"


def _fields(execution: Execution) -> dict[str, str]:
    fields = {"execution": execution.id}
    if execution.parent is not None:
        fields["parent"] = execution.parent
    return fields
