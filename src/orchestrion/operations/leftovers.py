"""What still runs inside of a sub-workflow that has ended.

A sub-workflow fails at once when one of its tasks does, and its other tasks run on. A re-run that starts it
anew would run them a second time beside themselves, so it is refused, as for any task that still runs.
"""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from orchestrion.core.draft import Draft
from orchestrion.core.events import Occasion, TaskRequest
from orchestrion.core.plan import select
from orchestrion.core.status import COMPLETED
from orchestrion.operations.children import children_of
from orchestrion.operations.paths import joined
from orchestrion.runtime.unit import Unit
from orchestrion.runtime.workflow import Workflow


class _Inside(NamedTuple):
    """Where something lies: in which sub-workflow of the one that is asked about; the path."""

    child: str
    path: str


def still_inside(
    unit: Unit,
    subject: Workflow,
    tasks: tuple[TaskRequest, ...],
    revived: Collection[tuple[str, int, int | None]],
    prefix: str,
) -> Iterator[str]:
    """A problem for each task that still runs inside of what a re-run would start anew.

    `revived` are the places (task, route, item) of sub-workflows that go on instead; `prefix` is the path to
    the subject.
    """
    attempts = unit.transaction.all("attempts_of_tree", root=subject.row["root"])
    below = [row for row in attempts if row["workflow"] != subject.id]
    if not below:
        return
    children = {child.workflow: child for child in children_of(unit, subject)}
    selection = select(Draft(subject.state, Occasion(), {}), tasks)
    invalidated = set(selection.invalidated)
    for row in below:
        workflow = unit.workflow(row["workflow"])
        inside = _inside(unit, subject, workflow)
        # One that has not ended is itself a task that still runs, of the one around it.
        child = None if inside is None else children.get(inside.child)
        if inside is None or child is None or child.entry not in invalidated:
            continue
        if workflow.head.status not in COMPLETED:
            continue
        around = subject.state.entries[child.entry]
        kept = selection.keep_items.get(child.entry)
        if (around.task, around.route, child.item) in revived or (kept and child.item in kept.ended):
            continue
        number: int = row["entry"]
        entry = workflow.state.entries[number]
        yield (
            f'In {prefix}{inside.path}: Task "{entry.task}" (route {entry.route}) is still {entry.status}: '
            "wait for it or end it first."
        )


def _inside(unit: Unit, subject: Workflow, workflow: Workflow) -> _Inside | None:
    """Where a workflow execution lies within another one; None where it does not."""
    path = ""
    while workflow.row["parent"] is not None:
        child = workflow.id
        number: int = workflow.row["parent_entry"]
        item: int | None = workflow.row["parent_item"]
        workflow = unit.workflow(workflow.row["parent"])
        path = joined(workflow.state.entries[number].task, item, path)
        if workflow.id == subject.id:
            return _Inside(child, path[:-1])
    return None
