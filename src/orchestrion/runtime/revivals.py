"""A re-run inside a sub-workflow: the sub-workflow goes on as the next attempt of its parent's task.

The re-run of the parent restarts the task; its attempt is then not a new sub-workflow, but the one that is
there, of which some tasks run again. Items may have to wait for a slot, so the store remembers what is to go
on; a second re-run forgets what the first one has left.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from orchestrion.core.commands import RunAction
from orchestrion.core.conductor import Refused
from orchestrion.core.events import AttemptBegan, RerunRequested, TaskRequest
from orchestrion.core.status import COMPLETED
from orchestrion.errors import InvariantViolation
from orchestrion.runtime.continuing import continue_as
from orchestrion.runtime.deadlines import timeout_of
from orchestrion.runtime.ledger import Attempt, Token
from orchestrion.runtime.peers import SUBWORKFLOW
from orchestrion.store import rows

if TYPE_CHECKING:
    from orchestrion.runtime.unit import Unit
    from orchestrion.runtime.workflow import Workflow

_REFUSED: Final = "A re-run inside a sub-workflow was accepted and cannot be performed: {}"


def forget_revivals(unit: "Unit", subject: "Workflow") -> None:
    """Nothing is to go on any more with the tasks of a workflow execution."""
    if subject.row["revivals"]:
        unit.transaction.run("delete_revivals", workflow=subject.id)
        _count(unit, subject, 0)


def plan_revival(
    unit: "Unit",
    subject: "Workflow",
    place: tuple[str, int, int | None],
    child: "Workflow",
    requests: Iterable[TaskRequest],
    actor: str,
) -> None:
    """The next attempt at a place (task, route, item) is a sub-workflow that goes on, from its `requests`."""
    task, route, item = place
    unit.transaction.run(
        "add_revival",
        workflow=subject.id,
        task=task,
        route=route,
        item=item,
        child=child.id,
        requests=rows.to_json([[*request] for request in requests]),
        actor=actor,
    )
    _count(unit, subject, subject.row["revivals"] + 1)


def take_revival(unit: "Unit", subject: "Workflow", command: RunAction) -> dict[str, Any] | None:
    """What is to go on with an attempt, if there is anything, and nobody else has gone on with it since."""
    if not subject.row["revivals"]:
        return None
    place = {"task": command.task, "route": command.route, "item": command.item}
    found = unit.transaction.one("revival_of", workflow=subject.id, **place)
    if found is None:
        return None
    unit.transaction.run("delete_revival", rowid=found["rowid"])
    _count(unit, subject, subject.row["revivals"] - 1)
    child = unit.workflow(found["child"])
    is_there = child.row["parent"] == subject.id and child.head.status in COMPLETED
    return dict(found) if is_there else None


def revive(unit: "Unit", subject: "Workflow", command: RunAction, revival: dict[str, Any]) -> None:
    """A sub-workflow goes on as an attempt."""
    child = unit.workflow(revival["child"])
    token = Token(subject.id, command.entry, command.item, command.attempt)
    child.row.update(parent_entry=token.entry, parent_item=token.item, parent_attempt=token.number)
    execution, application = continue_as(
        unit, child, child.row["execution"], revival["actor"], parent=subject.row["execution"], token=token
    )
    execution.task, execution.route = command.task, command.route
    unit.ledger.add_attempt(Attempt(execution.id, token, child.row["root"], unit.now, SUBWORKFLOW))
    unit.deliver(subject.id, AttemptBegan(token.entry, token.item, token.number))
    requests = tuple(
        TaskRequest(task, route, reset, None if items is None else tuple(items))
        for task, route, reset, items in rows.from_json(revival["requests"])
    )
    answer = unit.deliver(child.id, RerunRequested(requests, application, limit=timeout_of(unit, token)))
    if isinstance(answer, Refused):
        raise InvariantViolation(_REFUSED.format("; ".join(answer.problems)))


def _count(unit: "Unit", subject: "Workflow", count: int) -> None:
    subject.row["revivals"] = count
    unit.transaction.run("count_revivals", workflow=subject.id)
