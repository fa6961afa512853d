"""What a decision asks the runtime to do."""

from typing import NamedTuple, TypeAlias

from orchestrion.core.values import Json


class RunAction(NamedTuple):
    """Start an attempt: of the task, or of one of its items. (entry, item, attempt) names it for ever.

    Delay in seconds. `action` is None or empty for a task without an action, which succeeds at once with no
    result.
    """

    entry: int
    item: int | None
    attempt: int
    task: str
    route: int
    action: str | None
    input: Json
    delay: int


class WithdrawAttempt(NamedTuple):
    """An attempt that has not begun must never begin."""

    entry: int
    item: int | None
    attempt: int


class StopAttempt(NamedTuple):
    """An attempt that has begun must end now: the time of its workflow is over. Report it as `timeout`."""

    entry: int
    item: int | None
    attempt: int


class CancelAttempt(NamedTuple):
    """An item that is held, whose task has ended or tries again without it. Report it as `canceled`."""

    entry: int
    item: int
    attempt: int


class EndEmpty(NamedTuple):
    """With-items tasks that have no items.

    Deliver `EmptyEnded` for them in the same transaction, after what starts with them has begun.
    """

    entries: tuple[int, ...]


Command: TypeAlias = RunAction | WithdrawAttempt | StopAttempt | CancelAttempt | EndEmpty
