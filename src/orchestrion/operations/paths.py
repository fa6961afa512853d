"""Names of tasks that may lie inside of sub-workflows: `task`, `task/task`, `task[2]/task`."""

from collections.abc import Collection
from re import compile as compiled
from typing import Final, NamedTuple

_HEAD: Final = compiled(r"(?P<task>.*?)(?:\[(?P<item>\d{1,18})\])?")


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
        task, item = _head(name[:at])
        if task in known:
            return Path(task, item, name[at + 1 :])
        at = name.find("/", at + 1)
    return Path(name)


def head_of(name: str) -> Path:
    """How a name reads whatever tasks there are: up to its first slash."""
    first, slash, rest = name.partition("/")
    return Path(*_head(first), rest if slash else None)


def _head(text: str) -> tuple[str, int | None]:
    found = _HEAD.fullmatch(text)
    if found is None:
        return text, None
    return found["task"], None if found["item"] is None else int(found["item"])


def joined(task: str, item: int | None, rest: str) -> str:
    """The path of a task inside of a task, or of an item of it."""
    return f"{task}/{rest}" if item is None else f"{task}[{item}]/{rest}"
