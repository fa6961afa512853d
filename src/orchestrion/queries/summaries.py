"""Executions as lists show them, and how lists are asked for: records, read by `listing`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from orchestrion.core.values import Json
from orchestrion.store import rows

ALL: Final = -1

Part: TypeAlias = Literal["parameters", "result", "children", "log", "asked", "task_execution"]
"""What is read of an execution only where it is asked for."""

PARTS: Final[frozenset[Part]] = frozenset(
    ("parameters", "result", "children", "log", "asked", "task_execution")
)

Order: TypeAlias = Literal["age", "end", "status", "action", "user"]
"""What a list may be sorted by."""

EVERYWHERE: Final = "*"
"""The scope of all executions; that of one execution's children is its id."""


class Filters(NamedTuple):
    """Which executions are listed; what is empty is not asked for.

    `scope` is empty for those that people start, the id of an execution for its children, or `EVERYWHERE`.
    In the name of an action `*` stands for any text. Times are microseconds since 1970, and are not included.
    """

    scope: str = ""
    statuses: tuple[str, ...] = ()
    action: str | None = None
    user: str | None = None
    runner: str | None = None
    after: int | None = None
    before: int | None = None
    ids: tuple[str, ...] | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """For the statements."""
        return {
            "scope": self.scope,
            "statuses": rows.to_json([*self.statuses]) if self.statuses else None,
            "action": None if self.action is None else _pattern(self.action),
            "user": self.user,
            "runner": self.runner,
            "after": self.after,
            "before": self.before,
            "ids": None if self.ids is None else rows.to_json([*self.ids]),
        }


class Page(NamedTuple):
    """Which part of a list: so many (`ALL`: all) behind so many others, in which order."""

    size: int = 100
    skip: int = 0
    order: Order = "age"
    descending: bool = True


class RerunTasks(NamedTuple):
    """What a re-run from tasks was asked for; `reset` are those whose items all run again."""

    tasks: tuple[str, ...] = ()
    reset: tuple[str, ...] = ()


class LogEntry(NamedTuple):
    """A status, from a time on."""

    at: int
    status: str


@dataclass(frozen=True, slots=True)
class Summary:
    """An execution as lists show it. Times are microseconds since 1970, UTC.

    `user` has started the execution at the top of its tree. `engine` is the process that does its work; None
    when it is unfinished and nobody does. `of_workflow` is the workflow execution whose task it is, `top`:
    it was started by somebody, and no workflow.

    Only where they are asked for: `parameters`, `result` with its size in bytes, the ids of its `children`,
    the `log` of its statuses, by whom it was last paused, resumed or canceled (`asked`), what the re-run was
    asked for (`rerun`), and the first attempt of its task (`task_execution`).
    """

    id: str
    action: str
    runner: str
    source: str | None
    status: str
    created_at: int
    started_at: int | None
    ended_at: int | None
    workflow: str | None
    parent: str | None
    parent_action: str | None
    of_workflow: str | None
    task: str | None
    route: int | None
    item: int | None
    rerun_of: str | None
    continued_by: str | None
    top: bool
    user: str | None
    engine: str | None
    parameters: Json = None
    result: Json = None
    result_size: int = 0
    task_execution: str | None = None
    children: tuple[str, ...] = ()
    log: tuple[LogEntry, ...] = ()
    asked: Mapping[str, str] | None = None
    rerun: RerunTasks | None = None


def _pattern(action: str) -> str:
    """The pattern for a name in which only `*` stands for other text."""
    return action.replace("[", "[[]").replace("?", "[?]")
