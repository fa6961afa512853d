"""Starting workflow executions: the one that an operator asked for, and those that are tasks of others."""

from typing import TYPE_CHECKING, Any, NamedTuple

from orchestrion.core.events import Started
from orchestrion.core.values import Json
from orchestrion.runtime.deadlines import timeout_of
from orchestrion.runtime.definitions import hash_of
from orchestrion.runtime.ledger import Execution, Token
from orchestrion.settings import current
from orchestrion.store import rows

if TYPE_CHECKING:
    from orchestrion.runtime.unit import Unit


class Start(NamedTuple):
    """A workflow to start: its execution, its definition, its inputs, and who asked.

    `wraps`: it only holds the one action that somebody runs by itself.
    """

    execution: Execution
    definition: str
    inputs: dict[str, Json]
    user: str
    packs: tuple[str, ...] = ()
    wraps: bool = False


def start_workflow(unit: "Unit", start: Start, parent: Token | None = None, root: str | None = None) -> str:
    """Add a workflow execution and deliver its start; returns its id. Raises DefinitionError.

    `parent` is the attempt that it is, if it is one: the timeout of that task holds for it.
    """
    number = unit.ids.next(after=parent.workflow if parent else None)  # trees are read parents first
    execution = start.execution
    execution.workflow = number
    execution.runner = "orquesta"
    unit.transaction.run("add_definition", hash=hash_of(start.definition), text=start.definition)
    row: dict[str, Any] = {
        "id": number,
        "execution": execution.id,
        "definition": hash_of(start.definition),
        "root": root or number,
        "parent": parent.workflow if parent else None,
        "parent_entry": parent.entry if parent else None,
        "parent_item": parent.item if parent else None,
        "parent_attempt": parent.number if parent else None,
        "engine": None,
        "packs": rows.to_json([*start.packs]),
        "wraps": start.wraps,
    }
    unit.add_workflow(row, start.definition)
    application = application_of(execution, number, start.user)
    limit = None if parent is None else timeout_of(unit, parent)
    unit.post(number, Started(start.inputs, application, limit=limit))
    return number


def application_of(execution: Execution, workflow: str, user: str) -> dict[str, Json]:
    """What is in the context before the inputs (spec 2.2): `st2`, and `parent` in a sub-workflow."""
    pack, _, _ = execution.action.rpartition(".")
    st2: dict[str, Json] = {
        "action_execution_id": execution.id,
        "api_url": current().advertised_url,
        "user": user,
        "pack": pack,
        "action": execution.action,
        "runner": "orquesta",
        "workflow_execution_id": workflow,
    }
    application: dict[str, Json] = {"st2": st2}
    if execution.parent is not None and execution.token is not None:
        application["parent"] = {"execution_id": execution.parent, "user": user, "pack": pack}
    return application
