"""What people see of executions: records, made by `executions` and shown by clients."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from orchestrion.core.status import COMPLETED
from orchestrion.core.values import Json
from orchestrion.queries.revisions import RevisionView


@dataclass(frozen=True, slots=True)
class ItemsView:
    """How far the items of a with-items task are."""

    total: int
    succeeded: int
    failed: int
    canceled: int
    active: int


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One action execution of a task: an attempt, or one of an item."""

    id: str
    action: str
    item: int | None
    number: int
    status: str
    started_at: int | None
    ended_at: int | None
    result: Json = None


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task execution.

    `kept_from` names the execution that ran it, when a re-run has kept it. `attempts` are there only where
    they were asked for. `workflows` are its sub-workflows. Both include those of items that a re-run has
    kept. `lost`: the process that ran it is gone.
    """

    task: str
    route: int
    entry: int
    status: str
    items: ItemsView | None = None
    kept_from: str | None = None
    attempts: tuple[AttemptView, ...] = ()
    workflows: tuple["ExecutionView", ...] = ()
    lost: bool = False


@dataclass(frozen=True, slots=True)
class ExecutionView:
    """An action execution.

    Times are microseconds since 1970, UTC. `engine` is the process that does its work; None when it is
    unfinished and nobody does. `is_cut`: its tasks are left out, since it is nested too deeply. `revisions`
    of packs are only in the view of one execution; so is `expires_at`: its timeout ends it then, while the
    time runs.
    """

    id: str
    action: str
    status: str
    parameters: Json
    result: Json
    created_at: int
    started_at: int | None
    ended_at: int | None
    workflow: str | None = None
    parent: str | None = None
    task: str | None = None
    item: int | None = None
    rerun_of: str | None = None
    continued_by: str | None = None
    source: str | None = None
    engine: str | None = None
    tasks: tuple[TaskView, ...] = field(default=())
    is_cut: bool = False
    revisions: tuple[RevisionView, ...] = ()
    expires_at: int | None = None

    @property
    def is_unattended(self) -> bool:
        """Unfinished, and without an engine that lives."""
        return self.status not in COMPLETED and self.engine is None

    @property
    def is_stalled(self) -> bool:
        """Unattended although it is not paused: something would move if it had an engine."""
        return self.is_unattended and self.status != "paused"


@dataclass(frozen=True, slots=True)
class InquiryView:
    """An inquiry; `result` says what it asks of whom, and holds the answer once there is one.

    `expires_at`: when its time to live runs out, in microseconds since 1970; None when it does not, or has
    been answered. `parent` is the execution whose task it is.
    """

    id: str
    status: str
    task: str | None
    parent: str | None
    result: Mapping[str, Json]
    expires_at: int | None


class Choice(NamedTuple):
    """Which executions are listed: of these statuses, of an action, created since then.

    In the name of the action `*` stands for any text. What is empty is not asked for.
    """

    statuses: tuple[str, ...] = ()
    action: str | None = None
    since: int | None = None
