"""The workflow's own status: what a task's event makes of it, and what its end leads to (spec 4.2, 4.3)."""

from typing import Final, Literal

from orchestrion.core.draft import Draft
from orchestrion.core.graph import join_needed
from orchestrion.core.records import Entry, Staged
from orchestrion.core.state import ACTIVE, CANCELED, PAUSED, PENDING, WAITING, in_chain
from orchestrion.core.status import ABENDED, COMPLETED, Status
from orchestrion.core.transitions import IGNORED, REFUSED, WORKFLOW
from orchestrion.core.values import Json

Kind = Literal["ok", "failed", "canceled", "stopped"]


def is_held(draft: Draft) -> bool:
    """Whether nothing new may start: a pause was requested, or an inquiry is open."""
    return draft.pause_requested or draft.phases[PENDING] > 0


def task_event(draft: Draft, kind: Kind, *, commands_left: bool = False) -> str:
    """The workflow's event for a task's event and what the rest of the workflow does (`transitions`)."""
    phases = draft.phases
    at_work = phases[ACTIVE] > 0
    if kind in ("failed", "canceled"):
        return f"{kind}_{'A' if at_work else 'D'}"
    if kind == "ok" and phases[CANCELED] > 0:
        return f"ok_canceled_{'A' if at_work else 'D'}"
    if is_held(draft):
        return f"{kind}_held_{'A' if at_work else 'D'}"
    if at_work:
        return f"{kind}_A"
    if commands_left or draft.ready > 0 or phases[WAITING] > 0:
        return f"{kind}_more"
    return f"{kind}_paused" if phases[PAUSED] > 0 else f"{kind}_done"


def advance(draft: Draft, event: str, *, commands_left: bool = False) -> None:
    """Let the workflow's machine take an event of a task; when that completes it, look at its joins."""
    before = draft.status
    after = WORKFLOW[event][before]
    assert after != REFUSED, (event, before)
    if after == IGNORED:
        return
    _set_status(draft, after)
    if event != "error" and after in COMPLETED and before not in COMPLETED and draft.status != "canceled":
        _check_joins(draft, commands_left=commands_left)


def _set_status(draft: Draft, status: Status) -> None:
    """Give the workflow a status of the table. An end that kept failures impose replaces success."""
    if status == "succeeded" and draft.kept_end is not None:
        draft.status = draft.kept_end
    else:
        draft.status = status


def is_remediated(entry: Entry) -> bool:
    """Whether a failed entry has a satisfied transition other than `continue` (spec 3)."""
    return any(satisfied and edge.rpartition("__t")[0] != "continue" for edge, satisfied in entry.edges)


def is_abended(entry: Entry) -> bool:
    """Whether an entry ended badly and nothing remedied it."""
    return entry.status in ABENDED and not is_remediated(entry)


def _check_joins(draft: Draft, *, commands_left: bool) -> None:
    """Report the joins that something has reached and that can never fire (spec 4.3)."""
    dormant = (
        draft.phases[ACTIVE] == 0 and draft.phases[WAITING] == 0 and draft.ready == 0 and not commands_left
    )
    for staged in sorted(draft.all_staged(), key=lambda staged: _first_arrival(draft, staged)):
        waits = staged.ready_at is None and join_needed(draft.graph, staged.task) is not None
        if waits and (dormant or _all_sources_ran(draft, staged)):
            _report_unreachable(draft, staged)


def _first_arrival(draft: Draft, staged: Staged) -> tuple[int, int]:
    """When a staged task was first arrived at; first tasks were there from the start."""
    numbers = in_chain(staged.arrivals)
    return (draft.arrival(numbers[0]).at, numbers[0]) if numbers else (0, 0)


def _all_sources_ran(draft: Draft, staged: Staged) -> bool:
    return all(draft.latest(source, staged.route) is not None for source in draft.graph.sources[staged.task])


def _report_unreachable(draft: Draft, staged: Staged) -> None:
    where = f"{staged.task}|{staged.route}"
    message = f'UnreachableJoinError: The join task|route "{where}" is partially satisfied but unreachable.'
    content: dict[str, Json] = {
        "type": "error",
        "message": message,
        "task_id": staged.task,
        "route": staged.route,
    }
    draft.add_failure(None, content)
    draft.status = "failed"


WORKABLE: Final = frozenset[Status]({"scheduled", "running", "resuming"})
"""In these statuses of the workflow new work may start."""
