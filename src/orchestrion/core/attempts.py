"""Attempts: issuing them, taking back those that have not begun, and trying again (spec 5.6, 5.7)."""

from typing import Final

from orchestrion.core.commands import (
    CancelAttempt,
    EndEmpty,
    RunAction,
    StopAttempt,
    WithdrawAttempt,
)
from orchestrion.core.draft import Draft
from orchestrion.core.expressions import ExpressionError
from orchestrion.core.preparing import PreparingError, prepare_again
from orchestrion.core.progress import finish, record_error
from orchestrion.core.records import Entry, Item, ItemCounts, RenderedAction
from orchestrion.core.scope import DraftScope, TaskView
from orchestrion.core.state import WAITING, phases_of
from orchestrion.core.status import ABENDED, COMPLETED
from orchestrion.core.transitions import IGNORED, ITEMS_TASK, PLAIN_TASK
from orchestrion.core.workflow_status import advance, task_event

_FAILED: Final = ("failed", "timeout")
"""Ends of a workflow after which what never began stays as it is: a re-run lets it go on."""


def issue(draft: Draft, entry: Entry, action: RenderedAction) -> None:
    """Ask for the current attempt of a task without items."""
    draft.commands.append(
        RunAction(
            entry.id, None, entry.attempt, entry.task, entry.route, action.action, action.input, entry.delay
        )
    )


def issue_items(draft: Draft, entry: Entry) -> Entry:
    """Ask for as many items as there are free slots, lowest index first."""
    counts = entry.items
    assert counts is not None
    free = counts.free_slots
    if not free:
        return entry
    actions = draft.rendered_items(entry.id)
    index = counts.next
    left = free
    while left:
        if not is_item_set(draft.item(entry.id, index), entry):
            delay = entry.delay if counts.concurrency is None or index < counts.concurrency else 0
            draft.put_item(Item(entry.id, index, "scheduled", entry.attempt))
            draft.commands.append(
                RunAction(entry.id, index, entry.attempt, entry.task, entry.route, *actions[index], delay)
            )
            left -= 1
        index += 1
    return draft.put(entry._replace(items=counts._replace(next=index, scheduled=counts.scheduled + free)))


def is_item_set(item: Item | None, entry: Entry) -> bool:
    """Whether an item has started, is kept or left out, in the entry's current attempt."""
    if item is None or item.attempt != entry.attempt:
        return False
    return item.status is not None or item.is_left_out


def conclude(draft: Draft, entry: Entry) -> None:
    """An attempt has brought an entry to an end: try again if its retry wants that, or finish (spec 5.3)."""
    _cancel_held(draft, entry)
    try:
        wanted = _wants_retry(draft, entry)
    except ExpressionError as error:
        if draft.status in COMPLETED:
            finish(draft, entry)
        else:
            give_up(draft, entry, error.message)
        return
    if not wanted:
        finish(draft, entry)
    elif draft.status in COMPLETED:
        finish(draft, entry._replace(retry_denied=entry.status in ABENDED))
    elif draft.status == "canceling":
        draft.put(entry._replace(status="canceled", done=draft.at, withdrawn=True))
        advance(draft, task_event(draft, "canceled"))
    else:
        _try_again(draft, entry)


def _cancel_held(draft: Draft, entry: Entry) -> None:
    """What is held of a task that ends without it must not be held for ever."""
    if entry.items is None or not (entry.items.paused or entry.items.pending):
        return
    for item in draft.items_of(entry.id):
        if item.attempt == entry.attempt and item.status in ("paused", "pending"):
            draft.commands.append(CancelAttempt(entry.id, item.index, item.attempt))


def _wants_retry(draft: Draft, entry: Entry) -> bool:
    retry = draft.graph.compiled.task(entry.task).retry
    if retry is None or entry.tally >= entry.retry_count or entry.status == "canceled":
        return False
    if retry.when is None:
        return entry.status in ABENDED
    view = TaskView(draft, entry.task, entry.route, entry)
    return retry.when.holds(DraftScope(draft, entry.context, view))


def give_up(draft: Draft, entry: Entry, message: str) -> None:
    """The retry itself cannot be evaluated: the task fails, and the workflow with it (spec 5.7)."""
    draft.put(entry._replace(status="failed", done=draft.at, broken=True, terminal=True))
    record_error(draft, entry.id, message, task_id=entry.task, route=entry.route)
    advance(draft, task_event(draft, "failed"))


def _try_again(draft: Draft, entry: Entry) -> None:
    after = (PLAIN_TASK if entry.items is None else ITEMS_TASK)["retry"][entry.status]
    assert after != IGNORED  # a canceled attempt is never tried again
    again = entry._replace(
        status=after, tally=entry.tally + 1, attempt=entry.attempt + 1, delay=entry.retry_delay
    )
    if again.items is not None:
        again = draft.put(again._replace(items=ItemCounts(again.items.total, again.items.concurrency)))
        issue_items(draft, again)
        if again.items is not None and again.items.total == 0:
            draft.commands.append(EndEmpty((again.id,)))
    else:
        draft.put(again)
        try:
            issue(draft, again, prepare_again(draft, again))
        except PreparingError as error:
            give_up(draft, again, error.message)
            return
    advance(draft, task_event(draft, "stopped"))


def withdraw_waiting(draft: Draft) -> None:
    """The workflow has ended or is to end: nothing that waits ever begins, except beside `fail`."""
    canceled = draft.status not in _FAILED
    for entry in draft.open_entries():
        if entry.run_on_fail and draft.status == "failed":
            continue
        if entry.items is not None:
            cut_if_quiet(draft, draft.put(withdraw(draft, entry)._replace(withdrawn=True)))
        elif WAITING in phases_of(entry, draft.since):
            left = withdraw(draft, entry)._replace(withdrawn=True)
            if canceled:
                after = PLAIN_TASK["stop"][entry.status]
                assert after != IGNORED  # it is open
                left = left._replace(status=after, done=draft.at)
            draft.put(left)


def withdraw(draft: Draft, entry: Entry) -> Entry:
    """Take back the attempts of an entry that were issued and have not begun.

    Returns the entry as it then is.
    """
    counts = entry.items
    if counts is None:
        if WAITING in phases_of(entry, draft.since):
            draft.commands.append(WithdrawAttempt(entry.id, None, entry.attempt))
        return entry
    first = counts.next
    if counts.scheduled:
        for item in draft.items_of(entry.id):
            if item.status == "scheduled" and item.attempt == entry.attempt:
                draft.put_item(item._replace(status=None))
                draft.commands.append(WithdrawAttempt(entry.id, item.index, entry.attempt))
                first = min(first, item.index)
    return entry._replace(items=counts._replace(next=first, scheduled=0))


def cut_if_quiet(draft: Draft, entry: Entry) -> None:
    """End a with-items entry whose other items never start, once its active ones have ended (product).

    It was cut off, so its transitions are not followed: a re-run lets it go on.
    """
    counts = entry.items
    assert counts is not None
    if counts.in_flight or counts.paused or counts.pending:
        return
    if not entry.begun:
        if draft.status not in _FAILED:
            draft.put(entry._replace(status="canceled", done=draft.at))
        return
    failed = counts.failed > 0 and not counts.canceled
    after = ITEMS_TASK["cut_failed" if failed else "cut"][entry.status]
    assert after != IGNORED  # the entry is open
    draft.put(entry._replace(status=after, done=draft.at))


def stop(draft: Draft) -> None:
    """The workflow was asked to cancel: with-items tasks end or are canceling at once (spec 4.5)."""
    for entry in draft.open_entries():
        if entry.items is not None:
            after = ITEMS_TASK["stop_A" if entry.items.active else "stop_D"][entry.status]
            assert after != IGNORED  # the entry is open
            done = draft.at if after in COMPLETED else None
            draft.put(withdraw(draft, entry)._replace(withdrawn=True, status=after, done=done))
    withdraw_waiting(draft)


def stop_what_runs(draft: Draft) -> None:
    """Ask for the end of every attempt that has begun, held ones included."""
    for entry in draft.open_entries():
        if entry.items is None:
            if any(phase != WAITING for phase in phases_of(entry, draft.since)):
                draft.commands.append(StopAttempt(entry.id, None, entry.attempt))
            continue
        for item in draft.items_of(entry.id):
            if item.attempt == entry.attempt and item.status not in (None, "scheduled", *COMPLETED):
                draft.commands.append(StopAttempt(entry.id, item.index, item.attempt))


def hold(draft: Draft) -> None:
    """Nothing new may start: with-items tasks are pausing, or paused where no item is at work (spec 4.5)."""
    _ask_items(draft, "pause_A", "pause_D")


def release(draft: Draft) -> None:
    """The hold is over: with-items tasks go on, and start further items where slots are free (product)."""
    _ask_items(draft, "resume", "resume")


def _ask_items(draft: Draft, at_work: str, idle: str) -> None:
    for entry in draft.open_entries():
        if entry.items is not None:
            event = at_work if entry.items.active else idle
            after = ITEMS_TASK[event][entry.status]
            stays = (
                event == "resume"
                and (entry.items.paused or entry.items.pending)
                and not entry.items.in_flight
            )
            if after != IGNORED and not (stays or after == entry.status):
                draft.put(entry._replace(status=after))
            draft.touched_items[entry.id] = None
