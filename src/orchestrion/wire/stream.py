"""What the event stream sends (stackstorm-api 2.6). Pure.

StackStorm's client tells the two kinds apart by `status`: an execution has one, output has none.
"""

from collections.abc import Mapping
from typing import Any

from orchestrion.core.status import COMPLETED
from orchestrion.wire.stackstorm import time_text


def execution_body(execution: Mapping[str, Any], status: str) -> dict[str, Any]:
    """An execution as it showed a status. `execution` is its row, perhaps a later one."""
    pack, _, _ = execution["action"].rpartition(".")
    body: dict[str, Any] = {
        "id": execution["id"],
        "action": {"ref": execution["action"], "runner_type": execution["runner"]},
        "status": status,
        "start_timestamp": time_text(execution["created_at"]),
        "end_timestamp": time_text(execution["ended_at"]) if status in COMPLETED else None,
        "context": {"user": execution["user"], "pack": pack, **_place(execution)},
    }
    if _is_task(execution):
        body["parent"] = execution["parent"]
    return body


def output_body(
    number: str, execution: str, action: str, runner: str, at: int, stream: str, text: str
) -> dict[str, Any]:
    """Something that an action has written."""
    return {
        "id": number,
        "execution_id": execution,
        "action_ref": action,
        "runner_ref": runner,
        "timestamp": time_text(at),
        "output_type": stream,
        "data": text,
    }


def _is_task(execution: Mapping[str, Any]) -> bool:
    return execution["parent"] is not None and not execution["top"]


def _place(execution: Mapping[str, Any]) -> dict[str, Any]:
    """Where an execution stands: of which workflow execution, and as which of its tasks."""
    found: dict[str, Any] = {}
    if execution["workflow"] is not None:
        found["workflow_execution"] = execution["workflow"]
    if _is_task(execution):
        found["parent"] = {"execution_id": execution["parent"], "user": execution["user"]}
        found["orquesta"] = {
            "workflow_execution_id": execution["of_workflow"],
            "task_name": execution["task"],
            "task_id": execution["task"],
            "task_route": execution["route"],
        }
        if execution["item"] is not None:
            found["orquesta"]["item_id"] = execution["item"]
    return found
