"""Names of tasks that may lie inside of sub-workflows: `task`, `task/task`, `task[2]/task`."""

from collections.abc import Collection
from re import compile as compiled
from typing import Final, NamedTuple

_HEAD: Final = compiled(r"(?P<task>.*?)(?:\[(?P<item>\d+)\])?")


class Path(NamedTuple):
    """The first task of a path, the item of it if one is named, and what lies inside of that."""

    task: str
    item: int | None = None
    rest: str | None = None


def path_of(name: str, known: Collection[str]) -> Path:
    """Where a name leads from a workflow execution whose tasks are `known`.

    The whole name is a task where there is one; else it is cut at the first slash before which one stands.
    """
    at = name.find("/")
    while name not in known and at >= 0:
        head = _HEAD.fullmatch(name[:at])
        if head is not None and head["task"] in known:
            return Path(head["task"], None if head["item"] is None else int(head["item"]), name[at + 1 :])
        at = name.find("/", at + 1)
    return Path(name)


def joined(task: str, item: int | None, rest: str) -> str:
    """The path of a task inside of a task, or of an item of it."""
    return f"{task}/{rest}" if item is None else f"{task}[{item}]/{rest}"
