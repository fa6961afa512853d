"""Answers to inquiries."""

from orchestrion.actions.parameters import without_values
from orchestrion.actions.runners.registry import INQUIRER
from orchestrion.actions.validation import problems_with_answer
from orchestrion.core.values import Json
from orchestrion.errors import Refused, UsageError
from orchestrion.runtime.ledger import Execution
from orchestrion.runtime.peers import INQUIRY
from orchestrion.runtime.secrets import secret_values
from orchestrion.runtime.unit import Unit
from orchestrion.runtime.workflow import Workflow


def check_answer(unit: Unit, execution: Execution, answer: Json, actor: str) -> dict[str, Json]:
    """The result of an open inquiry so far. Raises UsageError, Refused when it takes no such answer."""
    attempt = unit.ledger.attempt(execution.id)
    if execution.runner != INQUIRER:
        raise Refused(
            f"{execution.id} is not an inquiry: it runs {execution.action}.",
            hint="List them with: orchestrion inquiry list",
        )
    if attempt is None or attempt.engine != INQUIRY or not isinstance(execution.result, dict):
        raise Refused(f"The inquiry {execution.id} takes no answer any more: it is {execution.status}.")
    users = execution.result.get("users")
    if isinstance(users, list) and users and actor not in users:
        raise Refused(
            f"{actor} may not answer the inquiry {execution.id}; it asks: {', '.join(map(str, users))}."
        )
    schema = execution.result.get("schema") or {}
    problems = problems_with_answer(schema, answer)
    if problems:
        secret = secret_values(schema, answer) if isinstance(schema, dict) else []
        problems = [without_values(problem, secret) for problem in problems]
        raise UsageError(f"The inquiry {execution.id} does not take this answer.", problems=problems)
    return execution.result


def open_inquiries(subject: Workflow) -> tuple[str, ...]:
    """What is to be said of the inquiries that still hold a workflow execution."""
    pending = sorted({subject.state.entries[n].task for n in subject.state.open if _is_pending(subject, n)})
    return (f"It still waits for an answer to: {', '.join(pending)}.",) if pending else ()


def _is_pending(subject: Workflow, number: int) -> bool:
    entry = subject.state.entries[number]
    return entry.status == "pending" or (entry.items is not None and entry.items.pending > 0)
