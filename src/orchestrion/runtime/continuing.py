"""A new execution goes on with a workflow execution that has ended (product, "Re-run from tasks")."""

from typing import TYPE_CHECKING

from orchestrion.core.values import Json
from orchestrion.runtime.ledger import Execution, Token
from orchestrion.runtime.subworkflows import application_of

if TYPE_CHECKING:
    from orchestrion.runtime.unit import Unit
    from orchestrion.runtime.workflow import Workflow


def continue_as(
    unit: "Unit",
    subject: "Workflow",
    rerun_of: str,
    actor: str,
    *,
    parent: str | None = None,
    token: Token | None = None,
) -> tuple[Execution, dict[str, Json]]:
    """Add the execution that goes on; the one before shows which it is.

    Returns it, and what is in the context before the inputs from now on.
    """
    before = unit.ledger.execution(subject.row["execution"])
    execution = Execution(
        id=unit.ids.next(),
        action=before.action,
        status="requested",
        parameters=before.parameters,
        created_at=unit.now,
        runner=before.runner,
        source=before.source,
        workflow=subject.id,
        parent=parent,
        token=token,
        rerun_of=rerun_of,
        user=actor,
        top=parent is None,
    )
    unit.ledger.add(execution)
    subject.row["execution"] = execution.id
    row = subject.row
    unit.transaction.run(
        "continue_workflow",
        id=subject.id,
        execution=execution.id,
        entry=row["parent_entry"],
        item=row["parent_item"],
        number=row["parent_attempt"],
    )
    unit.transaction.run(
        "set_continued",
        id=before.id,
        by=execution.id,
        last_event=subject.head.event,
        entries=len(subject.state.entries),
    )
    return execution, application_of(execution, subject.id, actor)
