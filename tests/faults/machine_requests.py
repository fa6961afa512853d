"""What is asked of processes; requests to re-run from tasks, by numbers that choose among what has run."""

from collections.abc import Callable, Sequence
from typing import Any

from orchestrion.operations import Accepted, Asking, RerunRequest
from tests.faults.machine_world import Life

Rows = Callable[..., list[dict[str, Any]]]
_ENTRIES = "SELECT id, task FROM entry WHERE workflow = ? AND counts = 1 ORDER BY id"
_CHILDREN = """
WITH RECURSIVE line (entry) AS (
    VALUES (?2)
    UNION ALL
    SELECT json_extract(record, '$.kept') FROM entry JOIN line ON id = entry WHERE workflow = ?1
)
SELECT id, parent_item FROM workflow
WHERE parent = ?1 AND parent_entry IN (SELECT entry FROM line) ORDER BY id
"""
"""The sub-workflows of an entry, and of those from which it may keep items: then not all belong to it."""


def perform(life: Life, kind: str, what: Any, asking: Asking) -> Accepted | None:
    """Have a process ask something, as the operator of that process would."""
    operations, engine = life.operations, life.own_engine
    match kind:
        case "start":
            operations.start(what, engine, asking)
        case "respond":
            operations.respond(what, {}, engine, asking)
        case "re-run":
            return operations.rerun(what, engine, asking)
        case _:
            return getattr(operations, kind)(what, engine, asking)
    return None


def whole_executions(rows: Rows) -> list[dict[str, Any]]:
    """The executions that are no sub-workflows, with their definitions."""
    return rows(
        "SELECT execution, text, action FROM workflow JOIN definition ON hash = definition "
        "JOIN execution ON execution.id = workflow.execution "
        "WHERE workflow.parent IS NULL ORDER BY workflow.id"
    )


def ended_executions(rows: Rows) -> list[dict[str, Any]]:
    """The executions of workflows from whose tasks one may re-run."""
    over = "('succeeded', 'failed', 'canceled')"
    return rows(
        f"SELECT id, workflow FROM execution WHERE workflow IS NOT NULL AND status IN {over} ORDER BY id"
    )


def rerun_request(rows: Rows, execution: str, workflow: str, tasks: Sequence[int], how: int) -> RerunRequest:
    """Re-run from tasks (0, 4), keep their items (1), choose items (2), or inside of sub-workflows (3)."""
    entries = rows(_ENTRIES, workflow)
    chosen = [entries[task % len(entries)] for task in tasks] if entries else []
    names = tuple(one["task"] for one in chosen) or ("none",)
    match how:
        case 1:
            return RerunRequest(execution, names, names[:1])
        case 2:
            return RerunRequest(execution, names[1:], (), {names[0]: (tasks[0] % 3,)})
        case 3:
            inside = (_inside(rows, workflow, one, task) for one, task in zip(chosen, tasks, strict=False))
            return RerunRequest(execution, tuple(inside) or names)
        case _:
            return RerunRequest(execution, names)


def _inside(rows: Rows, workflow: str, entry: dict[str, Any], which: int) -> str:
    """The path of a task as deep inside of an entry as there are sub-workflows."""
    children = rows(_CHILDREN, workflow, entry["id"])
    if not children:
        return entry["task"]
    child = children[which % len(children)]
    item = "" if child["parent_item"] is None else f"[{child['parent_item']}]"
    entries = rows(_ENTRIES, child["id"])
    rest = _inside(rows, child["id"], entries[which % len(entries)], which) if entries else "none"
    return f"{entry['task']}{item}/{rest}"
