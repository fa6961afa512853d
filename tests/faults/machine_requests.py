"""Requests to re-run from tasks, by numbers that choose among what has run."""

from collections.abc import Callable, Sequence
from typing import Any

from orchestrion.operations import RerunRequest

Rows = Callable[..., list[dict[str, Any]]]
_ENTRIES = "SELECT id, task FROM entry WHERE workflow = ? AND counts = 1 ORDER BY id"
_CHILDREN = "SELECT id, parent_item FROM workflow WHERE parent = ? AND parent_entry = ? ORDER BY id"


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
