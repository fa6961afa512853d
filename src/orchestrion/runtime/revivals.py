"""A re-run inside a sub-workflow: the sub-workflow goes on as the next attempt of its parent's task.

The re-run of the parent restarts the task; its attempt is then not a new sub-workflow, but the one that is
there, of which some tasks run again. Items may have to wait for a slot, so the store remembers what is to go
on; of what the first re-run has left a second one forgets what it asks something else of.
"""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any, Final, TypeAlias

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

Place: TypeAlias = tuple[str, int, int | None]
"""What a sub-workflow is in its parent: a task, on a route, and an item of it if it has items."""

_REFUSED: Final = "A re-run inside a sub-workflow was accepted and cannot be performed: {}"


def waiting_places(unit: "Unit", subject: "Workflow") -> list[Place]:
    """Where sub-workflows of a workflow execution are to go on and have not begun to."""
    if not subject.row["revivals"]:
        return []
    rows_of = unit.transaction.all("revivals_of_workflow", workflow=subject.id)
    return [(row["task"], row["route"], row["item"]) for row in rows_of]


def forget_revivals(unit: "Unit", subject: "Workflow", but: Collection[Place]) -> None:
    """Nothing is to go on any more with the tasks of a workflow execution, `but` in these places."""
    if subject.row["revivals"]:
        for row in unit.transaction.all("revivals_of_workflow", workflow=subject.id):
            if (row["task"], row["route"], row["item"]) not in but:
                unit.transaction.run("delete_revival", rowid=row["rowid"])
        _count(unit, subject, len(but))


def plan_revival(
    unit: "Unit",
    subject: "Workflow",
    place: Place,
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
