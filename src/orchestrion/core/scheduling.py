"""What starts now: staged tasks that are ready, and free slots of with-items tasks (spec 5.2, 5.6)."""

from typing import Final

from orchestrion.core.attempts import issue, issue_items
from orchestrion.core.commands import EndEmpty
from orchestrion.core.draft import Draft
from orchestrion.core.joins import Due, due, take
from orchestrion.core.preparing import Prepared, PreparingError, prepare
from orchestrion.core.progress import record_error
from orchestrion.core.records import Entry, ItemCounts, Staged
from orchestrion.core.state import is_open
from orchestrion.core.workflow_status import WORKABLE, is_held


def schedule(draft: Draft) -> None:
    """Start everything that may start now.

    A with-items task without items ends in an event of its own, right after what starts with it has begun.
    """
    if draft.touched_items:
        _fill_slots(draft)
    if draft.ready:
        _start(draft, _startable(draft))


def _may_start(draft: Draft, *, run_on_fail: bool) -> bool:
    """Whether the workflow lets something start; beside `fail` it may although the workflow has failed."""
    if draft.status == "failed":
        return run_on_fail
    return draft.status in WORKABLE and not is_held(draft)


def _startable(draft: Draft) -> list[Staged]:
    if _may_start(draft, run_on_fail=False):
        return draft.ready_tasks()
    if draft.status == "failed":
        fresh = (draft.staged(key) for key in sorted(draft.newly_ready))
        return [staged for staged in fresh if staged is not None and staged.run_on_fail]
    return []


def _fill_slots(draft: Draft) -> None:
    """Start further items where this event may have freed a slot."""
    for number in sorted(draft.touched_items):
        entry = draft.entry(number)
        if is_open(entry) and not entry.withdrawn and _may_start(draft, run_on_fail=entry.run_on_fail):
            issue_items(draft, entry)
    draft.touched_items.clear()


def _start(draft: Draft, batch: list[Staged]) -> None:
    """Render the batch, then start all of it.

    If anything cannot be rendered nothing of the batch starts, every error is recorded, and the workflow
    fails (spec 5.8).
    """
    prepared: list[tuple[Due, Prepared]] = []
    errors: list[tuple[Due, str]] = []
    for staged in batch:
        what = due(draft, staged)
        try:
            prepared.append((what, prepare(draft, staged.task, staged.route, what.context)))
        except PreparingError as error:
            errors.append((what, error.message))
    if errors:
        for what, message in errors:
            entry = new_entry(draft, what, _UNPREPARED)
            draft.add(entry._replace(status="failed", prepared=False, done=draft.at))
            record_error(draft, entry.id, message, task_id=entry.task, route=entry.route)
        return
    entries = [_start_entry(draft, what, ready) for what, ready in prepared]
    empty = tuple(entry.id for entry in entries if entry.items is not None and entry.items.total == 0)
    if empty:
        draft.commands.append(EndEmpty(empty))


def new_entry(draft: Draft, due: Due, prepared: Prepared) -> Entry:
    """The entry that a ready task becomes; it is not in the sequence yet. The task is not staged any more."""
    staged = due.staged
    assert staged.ready_at is not None
    take(draft, due)
    before = draft.latest(staged.task, staged.route)
    items = prepared.items
    return Entry(
        id=draft.next_entry,
        task=staged.task,
        route=staged.route,
        status="delayed" if prepared.delay else "scheduled",
        order=(staged.ready_at, 1, staged.task, staged.route),
        arrivals=due.arrivals,
        context=due.context,
        lap=0 if before is None else before.lap + 1,
        delay=prepared.delay,
        task_delay=prepared.delay,
        retry_count=prepared.retry_count,
        retry_delay=prepared.retry_delay,
        timeout=prepared.timeout,
        items=None if items is None else ItemCounts(items, prepared.concurrency),
        run_on_fail=staged.run_on_fail,
    )


def _start_entry(draft: Draft, due: Due, prepared: Prepared) -> Entry:
    """Take a new entry into the sequence and ask for its first attempt, or for its first items."""
    entry = draft.add(new_entry(draft, due, prepared))
    if entry.items is None:
        issue(draft, entry, prepared.actions[0])
        return entry
    draft.add_rendered(entry.id, prepared.actions)
    return issue_items(draft, entry)


_UNPREPARED: Final = Prepared(())
"""What is known of a task that could not be rendered."""
