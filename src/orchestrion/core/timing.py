"""The time of a workflow execution: when it runs, when it stands still, and what its end means.

It is ours, not Orquesta's (product, "timeouts"). The time of a single attempt is the runtime's: it reports
`timeout`, as an action does that knows its time itself.
"""

from typing import Final

from orchestrion.core.attempts import stop_what_runs
from orchestrion.core.draft import Draft
from orchestrion.core.events import TimeExpired
from orchestrion.core.records import TimeLimit
from orchestrion.core.reporting import Unwanted
from orchestrion.core.status import Status
from orchestrion.core.transitions import IGNORED, REFUSED, WORKFLOW

_MICROSECONDS: Final = 1_000_000
_RUNNING: Final = frozenset[Status](("scheduled", "running", "pausing", "resuming"))
"""In these statuses the time runs. A cancellation ends what runs anyway; nothing hurries it."""

_CASCADED: Final = "The workflow execution above this one timed out."


def start_time(draft: Draft, own: int | None, limit: int | None) -> None:
    """The time begins: `own` is the workflow's timeout, `limit` that of the task that it is, in seconds."""
    seconds = min((one for one in (own, limit) if one is not None), default=None)
    if seconds is None:
        draft.time_limit = None
    else:
        draft.time_limit = TimeLimit(own, seconds, left=seconds * _MICROSECONDS)


def keep_time(draft: Draft) -> None:
    """Let the time run, or stand still, as the status wants that an event has led to."""
    limit = draft.time_limit
    if limit is None:
        return
    now = draft.occasion.at
    if draft.status in _RUNNING:
        if limit.expires_at is None and limit.left is not None:
            draft.time_limit = limit._replace(expires_at=now + limit.left, left=None)
    elif draft.status == "paused":
        if limit.expires_at is not None:
            draft.time_limit = limit._replace(expires_at=None, left=max(limit.expires_at - now, 0))
    else:
        draft.time_limit = limit._replace(expires_at=None, left=None)


def expire(draft: Draft, event: TimeExpired) -> None:
    """The time is over: nothing new starts, and what runs ends. Raises Unwanted where it is not."""
    after = WORKFLOW["expire_above" if event.cascaded else "expire"][draft.status]
    if after == IGNORED or not (event.cascaded or _is_over(draft)):
        raise Unwanted
    if draft.status != after:
        assert after != REFUSED  # the rows refuse nothing
        draft.status = after
        draft.add_failure(None, {"type": "error", "message": _message(draft, event)})
    stop_what_runs(draft)


def _is_over(draft: Draft) -> bool:
    limit = draft.time_limit
    return limit is not None and limit.expires_at is not None and limit.expires_at <= draft.occasion.at


def _message(draft: Draft, event: TimeExpired) -> str:
    if event.cascaded or draft.time_limit is None:
        return _CASCADED
    seconds = draft.time_limit.seconds
    return f"The workflow execution timed out after {seconds} second{'' if seconds == 1 else 's'}."
