"""What starts now: staged tasks that are ready, and free slots of with-items tasks (spec 5.2, 5.6)."""

from orchestrion.core.attempts import issue, issue_items
from orchestrion.core.commands import EndEmpty
from orchestrion.core.draft import Draft, is_open
from orchestrion.core.joins import consumable, context_of, discount_source, take
from orchestrion.core.preparing import Prepared, PreparingError, prepare
from orchestrion.core.progress import record_error
from orchestrion.core.records import Entry, ItemCounts, Staged
from orchestrion.core.workflow_status import WORKABLE, is_held


def schedule(draft: Draft) -> None:
    """Start everything that may start now.

    A with-items task without items ends in an event of its own, right after what starts with it has begun.
    """
    _fill_slots(draft)
    batch = _startable(draft)
    if batch:
        _start(draft, batch)


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
    prepared: list[tuple[Staged, Prepared]] = []
    errors: list[tuple[Staged, str]] = []
    for staged in batch:
        task = draft.graph.definition.tasks[staged.task]
        try:
            context = context_of(draft, consumable(draft, staged))
            prepared.append((staged, prepare(draft, task, staged.route, context)))
        except PreparingError as error:
            errors.append((staged, error.message))
    if errors:
        for staged, message in errors:
            entry = new_entry(draft, staged)._replace(status="failed", prepared=False, done=draft.at)
            draft.add(entry)
            record_error(draft, entry.id, message, task_id=staged.task, route=staged.route)
        return
    entries = [start_entry(draft, new_entry(draft, staged), ready) for staged, ready in prepared]
    empty = tuple(entry.id for entry in entries if entry.items is not None and entry.items.total == 0)
    if empty:
        draft.commands.append(EndEmpty(empty))


def new_entry(draft: Draft, staged: Staged) -> Entry:
    """The entry that a ready task becomes. The task is not staged any more."""
    assert staged.ready_at is not None
    arrivals = take(draft, staged)
    before = draft.latest(staged.task, staged.route)
    entry = Entry(
        id=draft.next_entry,
        task=staged.task,
        route=staged.route,
        status="scheduled",
        order=(staged.ready_at, 1, staged.task, staged.route),
        arrivals=arrivals,
        context=context_of(draft, arrivals),
        lap=0 if before is None else before.lap + 1,
        run_on_fail=staged.run_on_fail,
    )
    if entry.lap:
        discount_source(draft, entry)
    return entry


def start_entry(draft: Draft, entry: Entry, prepared: Prepared) -> Entry:
    """Take a new entry into the sequence and ask for its first attempt, or for its first items."""
    entry = entry._replace(
        status="delayed" if prepared.delay else "scheduled",
        delay=prepared.delay,
        task_delay=prepared.delay,
        retry_count=prepared.retry_count,
        retry_delay=prepared.retry_delay,
    )
    if prepared.items is None:
        draft.add(entry)
        issue(draft, entry, prepared.actions[0])
        return entry
    entry = draft.add(entry._replace(items=ItemCounts(prepared.items, prepared.concurrency)))
    draft.add_rendered(entry.id, prepared.actions)
    return issue_items(draft, entry)
