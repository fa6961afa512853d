"""What attempts tell: that they have begun, or have not after all; how they stand, how they ended.

Spec 4.4, 4.5.
"""

from orchestrion.core.attempts import conclude, is_item_set
from orchestrion.core.draft import Draft
from orchestrion.core.events import AttemptBegan, AttemptReported, AttemptReturned, EmptyEnded
from orchestrion.core.progress import record_failure
from orchestrion.core.records import Entry, ItemCounts
from orchestrion.core.state import is_open
from orchestrion.core.status import ABENDED, COMPLETED, Status
from orchestrion.core.transitions import IGNORED, ITEMS_TASK, PLAIN_TASK
from orchestrion.core.workflow_status import advance, is_held, task_event


class Unwanted(Exception):  # noqa: N818  # an answer, not an error
    """The attempt is not wanted any more (given up, withdrawn, ended): its report changes nothing."""


def began(draft: Draft, event: AttemptBegan) -> None:
    """An attempt has begun. Raises Unwanted when it must not run any more."""
    entry = _entry(draft, event)
    if event.item is not None:
        item = draft.item(entry.id, event.item)
        counts = entry.items
        if item is None or counts is None or item.status != "scheduled" or item.attempt != event.attempt:
            raise Unwanted
        after = ITEMS_TASK["running"][entry.status]
        assert after != IGNORED  # an entry that has ended has no scheduled items
        draft.put_item(item._replace(status="running"))
        draft.put(entry._replace(status=after, begun=True, items=counts.moved("scheduled", "running")))
    elif entry.status in ("scheduled", "delayed", "retrying") and not entry.withdrawn:
        draft.put(entry._replace(status="running", begun=True))
    else:
        raise Unwanted
    _tell_running(draft)


def returned(draft: Draft, event: AttemptReturned) -> None:
    """An attempt has not begun after all: it waits again, with its number.

    Raises Unwanted when it is not at work, or when its workflow has ended or is to end, so that nothing that
    waits ever begins.
    """
    entry = _entry(draft, event)
    if draft.status == "canceling" or draft.status in COMPLETED:
        raise Unwanted
    if event.item is not None:
        _item_returned(draft, entry, event.item)
    else:
        after = PLAIN_TASK["returned"][entry.status]
        if after == IGNORED:
            raise Unwanted
        draft.put(entry._replace(status=after, begun=entry.attempt > 1))
    advance(draft, task_event(draft, "stopped"))


def _item_returned(draft: Draft, entry: Entry, index: int) -> None:
    item, counts = draft.item(entry.id, index), entry.items
    if item is None or counts is None or item.attempt != entry.attempt or item.status != "running":
        raise Unwanted
    counts = counts.moved("running", "scheduled")
    begun = entry.attempt > 1 or counts.active + counts.paused + counts.pending + counts.completed > 0
    after = ITEMS_TASK[f"returned_{'A' if counts.active else 'D' if begun else 'new'}"][entry.status]
    if after == IGNORED:
        raise Unwanted
    draft.put_item(item._replace(status="scheduled"))
    draft.put(entry._replace(status=after, begun=begun, items=counts))


def reported(draft: Draft, event: AttemptReported) -> None:
    """An attempt reports. Raises Unwanted when the report comes too late to change anything."""
    entry = _entry(draft, event)
    if draft.status in ("canceled", "timeout") and event.status not in COMPLETED:
        raise Unwanted  # what was held when its workflow was canceled or timed out can only end
    if event.item is not None:
        _item_reported(draft, entry, event)
        return
    after = PLAIN_TASK[event.status][entry.status]
    if after == IGNORED or entry.withdrawn:
        raise Unwanted
    if after in COMPLETED:
        entry = draft.put(entry._replace(status=after, begun=True, result=event.result))
        record_failure(draft, entry, event.status, event.result)
        conclude(draft, entry)
    else:
        draft.put(entry._replace(status=after, begun=True))
        _tell(draft, event.status)
        _mark_if_over(draft, entry.id)


def empty_ended(draft: Draft, event: EmptyEnded) -> None:
    """With-items tasks without any items succeed, one after the other (spec 5.6)."""
    for number in event.entries:
        entry = draft.entry(number)
        if is_open(entry):
            conclude(draft, draft.put(entry._replace(status="succeeded", begun=True)))


def _entry(draft: Draft, event: AttemptBegan | AttemptReturned | AttemptReported) -> Entry:
    """The entry that an attempt belongs to, if it still is its current attempt."""
    if not 0 <= event.entry < draft.next_entry:
        raise Unwanted
    entry = draft.entry(event.entry)
    if not entry.counts or not entry.prepared or entry.attempt != event.attempt:
        raise Unwanted
    if (event.item is None) != (entry.items is None):
        raise Unwanted
    return entry


def _mark_if_over(draft: Draft, number: int) -> None:
    """An entry that hears something once the workflow is completed becomes terminal (spec 4.5, 5.3)."""
    if draft.status in COMPLETED:
        draft.put(draft.entry(number)._replace(terminal=True))


def _tell_running(draft: Draft) -> None:
    advance(draft, "running_held" if is_held(draft) else "running")


def _tell(draft: Draft, status: Status) -> None:
    """Tell the workflow that a task is at work again, or stopped for now."""
    if status in ("running", "resuming"):
        _tell_running(draft)
    elif status in ("paused", "pending"):
        advance(draft, task_event(draft, "stopped"))


def _item_reported(draft: Draft, entry: Entry, event: AttemptReported) -> None:
    assert event.item is not None
    item = draft.item(entry.id, event.item)
    counts = entry.items
    if item is None or counts is None or not is_item_set(item, entry):
        raise Unwanted
    before, after = item.status, event.status
    if before is None or before in COMPLETED or before == after:
        raise Unwanted
    counts = counts.moved(before, after)
    done = draft.at if after in COMPLETED else None
    draft.put_item(item._replace(status=after, result=event.result, done=done))
    was_open = is_open(entry)
    entry = draft.put(entry._replace(items=counts, begun=True))
    record_failure(draft, entry, after, event.result)
    if not was_open:
        _mark_if_over(draft, entry.id)
        return
    _move_task(draft, entry, after)


def _move_task(draft: Draft, entry: Entry, reported: Status) -> None:
    """Let the task's machine take an item's report, and tell the workflow what became of the task."""
    event = items_event(draft, entry, reported)
    after = ITEMS_TASK[event][entry.status]
    if after == IGNORED:
        raise Unwanted
    changed = after != entry.status
    if changed:
        entry = draft.put(entry._replace(status=after))
    draft.touched_items[entry.id] = None
    counts = entry.items
    assert counts is not None
    if event in ("cut", "cut_failed") and not counts.ended_early:
        draft.put(entry._replace(done=draft.at))
        advance(draft, task_event(draft, "canceled"))
    elif after in COMPLETED:
        conclude(draft, entry)
    else:
        # A cancellation in a pause with only items left that have not begun: nothing else would be heard of.
        _tell_of_item(draft, reported, changed=changed or counts.active == 0)
    _mark_if_over(draft, entry.id)


def _tell_of_item(draft: Draft, reported: Status, *, changed: bool) -> None:
    """Tell the workflow of an item's report after which its task goes on; `changed`: in another status."""
    if reported in ("paused", "pending"):
        advance(draft, task_event(draft, "stopped"))
    elif reported == "canceled" and changed:
        advance(draft, task_event(draft, "canceled"))
    elif reported in ("running", "resuming") and changed:
        _tell_running(draft)
    elif reported in COMPLETED and reported != "canceled":
        advance(draft, task_event(draft, "ok"))


def items_event(draft: Draft, entry: Entry, reported: Status) -> str:
    """The event of the with-items machine: the report, and what the other items do (see `transitions`)."""
    counts = entry.items
    assert counts is not None
    if reported in ("running", "resuming", "pausing", "canceling"):
        return "running"
    kind = "failed" if reported in ABENDED else "stopped" if reported in ("paused", "pending") else reported
    if kind == "canceled":
        return "canceled_A" if counts.in_flight else "canceled_D"
    return f"{kind}_A" if counts.in_flight else _dormant_event(draft, entry, counts, kind)


def _dormant_event(draft: Draft, entry: Entry, counts: ItemCounts, kind: str) -> str:
    """The same for a report after which no item is at work.

    Items that a re-run has kept as they failed, or were canceled, do not end their task before the others.
    """
    spoiled = counts.own_failed > 0 or counts.own_canceled > 0
    startable = counts.free_slots > 0 and not entry.withdrawn
    holding = counts.pending > 0 or (counts.paused > 0 and not startable) or (is_held(draft) and startable)
    if kind == "stopped":
        if counts.paused + counts.pending == 1 and spoiled:
            return "stopped_canceled" if counts.canceled else "stopped_failed"
        return "stopped_more" if startable and not holding else "stopped_held"
    if entry.withdrawn and counts.remaining and not (counts.paused or counts.pending or counts.own_canceled):
        return "cut_failed" if counts.failed and not counts.canceled else "cut"
    if holding:
        return f"{kind}_held"
    if kind == "succeeded" and startable and not spoiled:
        return "succeeded_more"
    if counts.canceled:
        return f"{kind}_canceled"
    if counts.failed and kind == "succeeded":
        return "succeeded_failed"
    if counts.failed > 1:
        return "failed_failed"
    return f"{kind}_more" if counts.remaining else f"{kind}_done"
