"""What a request to control a tree would do, and what names a plan and all that it rests on."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from orchestrion.core.status import Status
from orchestrion.core.values import Json
from orchestrion.operations.requests import Accepted, ControlPlan, TaskMove, WorkflowMove
from orchestrion.operations.tree import find
from orchestrion.runtime.ledger import Execution
from orchestrion.runtime.peers import INQUIRY, SUBWORKFLOW
from orchestrion.runtime.unit import Unit
from orchestrion.store import rows


def digest_of_plan(unit: Unit, kind: str, number: str, asked: Json, starts: str | None = None) -> str:
    """What names the plan of a request, before anything of it is done. Raises NotFound.

    A plan follows from what is asked, from what names that with which it `starts`, from the versions of the
    tree's workflow executions and of those that have left it to stand alone, and from who works on its
    attempts and lives: while these are the same, so is the plan.
    """
    root = _root_of(unit, find(unit, number))
    workflows = [
        *unit.transaction.all("states_of_tree", root=root),
        *unit.transaction.all("alone_from_tree", root=root),
    ]
    attempts = unit.transaction.all("attempts_of_tree", root=root)
    engines = {row["engine"] for row in (*workflows, *attempts)}
    return rows.digest_of(
        [
            kind,
            number,
            asked,
            starts,
            [[row["id"], row["execution"], row["version"], row["engine"]] for row in workflows],
            [[row["execution"], row["engine"]] for row in attempts],
            sorted(engine for engine in engines if unit.is_alive(engine)),
        ]
    )


def outlook(unit: Unit, kind: str, number: str, perform: Callable[[Unit], Accepted]) -> ControlPlan:
    """Perform a request in a unit that is never committed, and tell what it has done.

    Raises NotFound, UsageError, Refused as the request itself does.
    """
    root = _root_of(unit, find(unit, number))
    before = {row["id"]: row["status"] for row in unit.transaction.all("states_of_tree", root=root)}
    at_first = unit.transaction.all("attempts_of_tree", root=root)
    shown: dict[str, Status] = {
        row["execution"]: unit.ledger.execution(row["execution"]).status for row in at_first
    }
    accepted = perform(unit)
    unit.save()  # which is rolled back: so what follows reads the tree as it would be
    left = unit.transaction.all("attempts_of_tree", root=root)
    kept = {row["execution"] for row in left}

    def moves(those: Iterable[Mapping[str, Any]]) -> tuple[TaskMove, ...]:
        return tuple(_task_move(unit, row, shown) for row in those)

    waiting = [row for row in left if row["engine"] is None]
    return ControlPlan(
        kind,
        number,
        accepted.status,
        tuple(_moved(unit, root, before)),
        moves(row for row in left if row["engine"] not in (None, SUBWORKFLOW, INQUIRY)),
        moves(row for row in left if row["engine"] == INQUIRY),
        moves(row for row in waiting if not unit.workflow(row["workflow"]).claimable),
        moves(row for row in waiting if unit.workflow(row["workflow"]).claimable),
        moves(row for row in at_first if row["execution"] not in kept and row["engine"] != SUBWORKFLOW),
        accepted.notes,
    )


def _root_of(unit: Unit, execution: Execution) -> str:
    """The workflow execution at the root of an execution's tree."""
    number = execution.workflow or (execution.token and execution.token.workflow)
    assert number is not None
    root: str = unit.workflow(number).row["root"]
    return root


def _moved(unit: Unit, root: str, before: Mapping[str, Status]) -> Iterator[WorkflowMove]:
    """The workflow executions whose status has changed, without one that nobody sees."""
    for row in unit.transaction.all("states_of_tree", root=root):
        workflow = unit.workflow(row["id"])
        status = before.get(row["id"], row["status"])
        if status != row["status"] and not workflow.row["wraps"]:
            yield WorkflowMove(_path_of(unit, row["id"]), row["execution"], status, row["status"])


def _task_move(unit: Unit, row: Mapping[str, Any], shown: Mapping[str, Status]) -> TaskMove:
    execution = unit.ledger.execution(row["execution"])
    path: tuple[str, ...] = ()
    if not unit.workflow(row["workflow"]).row["wraps"]:
        path = (*_path_of(unit, row["workflow"]), _place(unit, row["workflow"], row["entry"], row["item"]))
    return TaskMove(path, row["execution"], execution.action, shown.get(row["execution"], execution.status))


def _path_of(unit: Unit, workflow: str) -> tuple[str, ...]:
    """The tasks that lead from the root to a workflow execution."""
    path: list[str] = []
    row = unit.workflow(workflow).row
    while row["parent"] is not None:
        path.append(_place(unit, row["parent"], row["parent_entry"], row["parent_item"]))
        row = unit.workflow(row["parent"]).row
    return tuple(reversed(path))


def _place(unit: Unit, workflow: str, entry: int, item: int | None) -> str:
    """A task, or one of its items."""
    task = unit.workflow(workflow).state.entries[entry].task
    return task if item is None else f"{task}[{item}]"
