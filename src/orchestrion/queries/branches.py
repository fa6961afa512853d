"""What belongs to one execution of a tree: its workflow execution, and those of its sub-workflows."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from orchestrion.errors import NotFound
from orchestrion.store.sqlite import Transaction


class Branch(NamedTuple):
    """A workflow execution below another one; `path` names the tasks that lead to it, first one first."""

    workflow: str
    execution: str
    status: str
    path: tuple[str, ...]


class Subject(NamedTuple):
    """What is looked at: the row of an execution, and the workflow executions that belong to it.

    An action has the one of its task only; `entry` and `item` say which task.
    """

    row: Mapping[str, Any]
    root: Mapping[str, Any]
    branches: tuple[Branch, ...]
    entry: int | None = None
    item: int | None = None

    @property
    def paths(self) -> dict[str, tuple[str, ...]]:
        """The path of each of its workflow executions."""
        return {one.workflow: one.path for one in self.branches}

    def concerns(self, entry: int | None, item: int | None) -> bool:
        """Whether something of the first branch belongs to what is looked at."""
        return self.entry is None or (entry == self.entry and item in (None, self.item))


def execution_row(transaction: Transaction, number: str) -> Mapping[str, Any]:
    """The row of an execution. Raises NotFound."""
    row = transaction.one("execution", id=number)
    if row is None:
        raise NotFound(
            f'There is no execution "{number}".', hint="List them with: orchestrion execution list"
        )
    return row


def subject_of(transaction: Transaction, number: str) -> Subject:
    """What belongs to an execution. Raises NotFound."""
    row = execution_row(transaction, number)
    workflow = transaction.one("load_workflow", id=row["workflow"] or row["of_workflow"])
    root = workflow and transaction.one("load_workflow", id=workflow["root"])
    if workflow is None or root is None:
        raise NotFound(f"The workflow of {number} is not there any more: it was purged.")
    if row["workflow"] is None:
        branch = Branch(workflow["id"], workflow["execution"], workflow["status"], ())
        return Subject(row, root, (branch,), row["entry"], row["item"])
    paths: dict[str, tuple[str, ...]] = {workflow["id"]: ()}
    found: list[Branch] = []
    for one in transaction.all("branches_of_tree", root=root["id"]):
        if one["id"] not in paths:
            if one["parent"] not in paths:
                continue
            paths[one["id"]] = (*paths[one["parent"]], place(one["task"], one["item"]))
        found.append(Branch(one["id"], one["execution"], one["status"], paths[one["id"]]))
    return Subject(row, root, tuple(found))


def place(task: str, item: int | None, route: int | None = None) -> str:
    """What names a task, one of its items, or what it is on a route."""
    name = task if item is None else f"{task}[{item}]"
    return f"{name} (route {route})" if route else name
