"""One execution and the tree of workflow executions that it belongs to."""

from collections.abc import Iterable, Sequence

from orchestrion.core.conductor import Refused as CoreRefused
from orchestrion.core.events import Event
from orchestrion.core.status import COMPLETED
from orchestrion.errors import NotFound, Refused
from orchestrion.operations.paths import joined
from orchestrion.runtime.ledger import Execution
from orchestrion.runtime.unit import Unit
from orchestrion.runtime.workflow import Workflow


def find(unit: Unit, number: str) -> Execution:
    """The execution with an id. Raises NotFound."""
    if unit.transaction.one("execution", id=number) is None:
        raise NotFound(
            f'There is no execution "{number}".', hint="List them with: orchestrion execution list"
        )
    return unit.ledger.execution(number)


def has_begun(execution: Execution) -> bool:
    """Whether somebody has begun with it; before that nobody knows whether its action is a workflow."""
    return bool(execution.workflow or execution.runner or not execution.action)


def current(unit: Unit, execution: Execution, kind: str) -> Workflow:
    """The workflow of an execution. Refused when another execution goes on with it."""
    assert execution.workflow is not None
    subject = unit.workflow(execution.workflow)
    holder = subject.row["execution"]
    if holder != execution.id:
        raise Refused(
            f"Unable to {kind} {execution.id}: it is {execution.status}, and continued by {holder}. "
            f"Give the command for {holder}."
        )
    return subject


def is_attended(unit: Unit, root: Workflow) -> bool:
    """Whether a process works for a tree: the one that it names, or where it names none a service."""
    engine = root.row["engine"]
    if engine is None:
        return unit.peers.service(unit.transaction) is not None
    return unit.is_alive(engine)


def cascade(unit: Unit, subject: Workflow, event: Event, below: Event) -> None:
    """Deliver a request to a workflow execution, and to all that is unfinished below it. Raises Refused."""
    answer = unit.deliver(subject.id, event)
    if isinstance(answer, CoreRefused):
        raise refused(subject.row["execution"], answer.problems)
    for number in descendants(unit, subject):
        if unit.workflow(number).head.status not in COMPLETED:
            unit.deliver(number, below)


def descendants(unit: Unit, subject: Workflow) -> list[str]:
    """All workflow executions below one, parents before children."""
    below = {subject.id}
    found: list[str] = []
    for row in unit.transaction.all("tree", root=subject.row["root"]):
        if row["parent"] in below:
            below.add(row["id"])
            found.append(row["id"])
    return found


def refused(execution: str, problems: Sequence[str]) -> Refused:
    """The core's refusal as an error, with all its problems."""
    if len(problems) == 1:
        return Refused(f"{execution}: {problems[0]}")
    return Refused(f"{execution}: the request is refused, for {len(problems)} reasons.", problems=problems)


def detach(unit: Unit, subject: Workflow, before: Execution) -> str:
    """A sub-workflow that is re-run by its own id stands alone: its parent neither waits nor changes.

    What runs below it goes along. Returns what the operator should know.
    """
    below = descendants(unit, subject)
    parent = before.parent
    unit.secrets.adopt(subject.id, unit.secrets.of(subject.row))
    _place(unit, subject, None, (None, None, None))
    _move(unit, (subject.id, *below), subject.id)
    assert parent is not None, before.id
    assert before.task is not None, before.id
    return stands_alone(parent, f"--tasks {joined(before.task, before.token and before.token.item, 'TASK')}")


def stands_alone(parent: str, way: str) -> str:
    """What who re-runs a sub-workflow by its own id should know: in which `way` the parent would go on."""
    return (
        f"This re-run stands alone: {parent}, its parent, neither waits for it nor changes. "
        f"To go on with the parent: re-run {parent} {way}"
    )


def attach(unit: Unit, subject: Workflow, parent: Workflow) -> None:
    """A sub-workflow that stands alone belongs to its parent again, where it ran, with what is below it."""
    ran = unit.transaction.one("place_in_parent", workflow=subject.id, parent=parent.id)
    assert ran is not None, (subject.id, parent.id)
    below = descendants(unit, subject)
    root: str = parent.row["root"]
    unit.secrets.of(parent.row).merge(unit.secrets.of(subject.row))
    _place(unit, subject, parent.id, (ran["entry"], ran["item"], ran["attempt"]))
    _move(unit, (subject.id, *below), root)


def _place(
    unit: Unit, subject: Workflow, parent: str | None, place: tuple[int | None, int | None, int | None]
) -> None:
    """A workflow execution is this part of its parent from now on; None: of nothing."""
    entry, item, attempt = place
    subject.row.update(parent=parent, parent_entry=entry, parent_item=item, parent_attempt=attempt)
    unit.transaction.run(
        "place_workflow", id=subject.id, parent=parent, entry=entry, item=item, attempt=attempt
    )


def _move(unit: Unit, numbers: Iterable[str], root: str) -> None:
    """Workflow executions belong to another tree from now on, with their attempts."""
    for number in numbers:
        unit.workflow(number).row["root"] = root
        unit.transaction.run("move_to_root", id=number, root=root)
        unit.transaction.run("move_attempts", workflow=number, root=root)
