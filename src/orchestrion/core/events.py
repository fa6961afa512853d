"""What can happen to a workflow execution, and when."""

from typing import NamedTuple, TypeAlias

from orchestrion.core.status import Status
from orchestrion.core.values import Json


class Occasion(NamedTuple):
    """When an event happens, and its dice.

    `at` is the time in microseconds since 1970 (UTC), `seed` feeds `random()`; both come from outside, so
    that the same event always gives the same decision.
    """

    at: int = 0
    seed: int = 0


class Started(NamedTuple):
    """The execution starts.

    `inputs` are the run-time inputs, `application` what is in the context before them (`st2`, `parent`).
    `limit` is the timeout of the task that it is, in seconds.
    """

    inputs: dict[str, Json]
    application: dict[str, Json]
    limit: int | None = None


class AttemptBegan(NamedTuple):
    """A worker has begun an attempt. `item` is None for a task without items."""

    entry: int
    item: int | None
    attempt: int


class AttemptReturned(NamedTuple):
    """A worker gives back an attempt that it has begun, and of which nothing has started: it waits again."""

    entry: int
    item: int | None
    attempt: int


class AttemptReported(NamedTuple):
    """An attempt reports a status.

    That is its end (succeeded, failed, timeout, abandoned, canceled), that it is held (paused, pending), or
    that it goes on (running).
    """

    entry: int
    item: int | None
    attempt: int
    status: Status
    result: Json = None


class EmptyEnded(NamedTuple):
    """With-items tasks without any items succeed (see `commands.EndEmpty`)."""

    entries: tuple[int, ...]


class PauseRequested(NamedTuple):
    """A pause. `cascaded`: a workflow above is paused, which also holds what has not started yet."""

    cascaded: bool = False


class ResumeRequested(NamedTuple):
    """A request to go on, which undoes a pause."""


class CancelRequested(NamedTuple):
    """A request to end: what runs ends, nothing new starts."""


class TaskRequest(NamedTuple):
    """One task on one route to re-run.

    Without `reset` the succeeded items of a with-items task are kept. `items` chooses the items that run
    again: all others stay as they are, status and result. One excludes the other.
    """

    task: str
    route: int
    reset: bool = True
    items: tuple[int, ...] | None = None


class RerunRequested(NamedTuple):
    """Re-run from tasks (spec 6.5, product).

    `application` replaces the values that belong to the execution (`st2`). `limit` is as in `Started`: the
    time counts from the beginning again.
    """

    tasks: tuple[TaskRequest, ...]
    application: dict[str, Json] | None = None
    limit: int | None = None


class TimeExpired(NamedTuple):
    """The time of the workflow execution is over. `cascaded`: that of one above it, which ends it, too."""

    cascaded: bool = False


Event: TypeAlias = (
    Started
    | AttemptBegan
    | AttemptReturned
    | AttemptReported
    | EmptyEnded
    | PauseRequested
    | ResumeRequested
    | CancelRequested
    | RerunRequested
    | TimeExpired
)
