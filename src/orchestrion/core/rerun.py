"""Re-run from tasks: "re-run is replay" (product; spec 6.5 shows what StackStorm makes of it).

The state after a re-run is the one in which a fresh run would be once every kept task and item has returned
what it returned then, in the original order. It is built by the conductor's own means: what the selection
invalidates stops counting, and then everything that kept entries had sent out arrives again, in its original
order, at targets that are not kept. So joins wait for what is new, surplus arrivals open what they would have
opened, ready work that never began goes on, and routes, laps and the order of the sequence come out as in
that fresh run. Nothing kept is evaluated again.
"""

from itertools import groupby
from operator import itemgetter
from typing import TypeAlias

from orchestrion.core.attempts import conclude, give_up, issue, withdraw
from orchestrion.core.draft import Draft
from orchestrion.core.events import RerunRequested
from orchestrion.core.joins import arrive, due
from orchestrion.core.plan import KeptItems, Selection
from orchestrion.core.preparing import Prepared, PreparingError, prepare_again
from orchestrion.core.records import Entry, Item, Staged
from orchestrion.core.scheduling import new_entry, schedule
from orchestrion.core.state import Key
from orchestrion.core.status import ABENDED, COMPLETED, Status
from orchestrion.core.workflow_status import is_abended

_Keepers: TypeAlias = dict[Key, tuple[Entry, KeptItems]]
"""The with-items entries that keep items, by task and route."""

_START = 1
"""The event that starts an execution; its first tasks are ready from then on."""


def rerun(draft: Draft, event: RerunRequested, selection: Selection) -> None:
    """Bring the draft to where the fresh run would be once all that is kept has returned.

    `selection` has no problems.
    """
    if event.application is not None:
        draft.set_initial(draft.initial._replace(application=event.application))
    draft.status = "resuming"
    draft.since = draft.event
    draft.reruns += 1
    draft.pause_requested = False
    draft.rendered = False
    draft.output = None
    draft.kept_end = next((status for _, status in imposing(draft, selection)), None)
    keepers: _Keepers = {}
    for number, kept in selection.keep_items.items():
        entry = draft.entry(number)
        keepers[entry.task, entry.route] = (entry, kept)
    _invalidate(draft, selection)
    _tidy_kept(draft, selection)
    draft.recount()
    _replay(draft, selection, keepers)
    for number in selection.kept:
        _revive(draft, draft.entry(number))
    schedule(draft)  # the ends of what is kept whole are the first that is new: what is ready starts before
    for number in range(draft.state.head.entries, draft.next_entry):
        _end_if_all_kept(draft, draft.entry(number))


def imposing(draft: Draft, selection: Selection) -> list[tuple[int, Status]]:
    """The kept failures and cancellations, with the end that each would impose; the first one does."""
    ends: list[tuple[int, int, Status]] = []
    for number in selection.kept:
        entry = draft.entry(number)
        if entry.status not in COMPLETED or entry.done is None:
            continue
        if entry.status == "canceled":
            ends.append((entry.done, number, "canceled"))
        elif entry.broken or entry.retry_denied or not entry.prepared or is_abended(entry):
            ends.append((entry.done, number, "failed"))
    return [(number, status) for _, number, status in sorted(ends)]


def _invalidate(draft: Draft, selection: Selection) -> None:
    """The invalidated entries and their errors stop counting; so does what was reported at the old end.

    What they had issued and what has not begun never begins.
    """
    invalidated = set(selection.invalidated)
    for number in selection.invalidated:
        draft.replace(withdraw(draft, draft.entry(number))._replace(counts=False))
    latest: dict[tuple[str, int], int] = {}
    for number in selection.kept:
        entry = draft.entry(number)
        if entry.prepared:
            latest[entry.task, entry.route] = number
    for number in selection.invalidated:
        entry = draft.entry(number)
        draft.set_latest((entry.task, entry.route), latest.get((entry.task, entry.route)))
    for failure in draft.failures():
        if failure.entry is None or failure.entry in invalidated:
            draft.withdraw_failure(failure.id)
    for staged in draft.all_staged():
        draft.unstage((staged.task, staged.route))


def _tidy_kept(draft: Draft, selection: Selection) -> None:
    """An entry that was terminal only because the workflow ended there is so no longer."""
    for number in selection.kept:
        entry = draft.entry(number)
        last = not draft.graph.outgoing[entry.task]
        if entry.prepared and entry.terminal != (last and entry.done is not None):
            draft.replace(entry._replace(terminal=not entry.terminal))


def _replay(draft: Draft, selection: Selection, keepers: _Keepers) -> None:
    """Let everything that kept entries have sent out arrive again, in its original order.

    A with-items task that keeps items becomes an entry again as soon as it is ready.
    """
    kept = set(selection.kept)
    consumed = {number for entry in kept for number in draft.entry(entry).arrivals}
    again = sorted(
        (arrival.at, arrival.id)
        for arrival in draft.all_arrivals()
        if arrival.source in kept and arrival.id not in consumed and leads_on(draft.entry(arrival.source))
    )
    draft.at = _START
    for task in draft.graph.roots:
        if draft.latest(task, 0) is None and not _unprepared_kept(draft, kept, task):
            draft.stage(Staged(task, 0, arrivals=None, sources=0, ready_at=_START))
    for at, together in groupby(again, key=itemgetter(0)):
        _restore_ready(draft, keepers, before=at)
        draft.at = at
        for _, number in together:
            arrive(draft, draft.arrival(number))
    draft.at = draft.event
    _restore_ready(draft, keepers, before=draft.event)


def _unprepared_kept(draft: Draft, kept: set[int], task: str) -> bool:
    return any(draft.entry(number).task == task for number in kept if not draft.entry(number).prepared)


def _restore_ready(draft: Draft, keepers: _Keepers, *, before: int) -> None:
    """Make entries again of those with-items tasks that keep items and were ready before an event."""
    for key in [key for key in draft.newly_ready if key in keepers]:
        staged = draft.staged(key)
        assert staged is not None
        if staged.ready_at is None or staged.ready_at >= before:
            continue
        entry = _restore(draft, staged, *keepers.pop(key))
        draft.touched_items[entry.id] = None


def _restore(draft: Draft, staged: Staged, old: Entry, kept: KeptItems) -> Entry:
    """A new entry with the kept items of an old one: same rendering, same results, retries at zero."""
    assert old.items is not None
    actions = draft.rendered_items(old.id)
    stored = Prepared(
        actions,
        old.items.total,
        old.items.concurrency,
        old.task_delay,
        old.retry_count,
        old.retry_delay,
        old.timeout,
    )
    fresh = new_entry(draft, due(draft, staged), stored)
    counts = fresh.items
    assert counts is not None
    for index in kept.ended:
        item = draft.item(old.id, index)
        assert item is not None
        draft.put_item(item._replace(entry=fresh.id, attempt=1))
        counts = counts.moved(None, item.status)
    for index in kept.left_out:
        draft.put_item(Item(fresh.id, index, None, 1, done=draft.event))
    counts = counts._replace(
        kept_failed=counts.failed, kept_canceled=counts.canceled, left_out=len(kept.left_out)
    )
    _keep_failures(draft, old, fresh.id, kept)
    draft.add_rendered(fresh.id, actions)
    return draft.add(fresh._replace(begun=counts.completed > 0, items=counts, kept=old.id))


def _keep_failures(draft: Draft, old: Entry, fresh: int, kept: KeptItems) -> None:
    """The errors of kept items that failed go on counting.

    Those of the last attempt's items are the last ones that actions reported, in the order in which the items
    ended. What the engine itself reports of an entry names the route.
    """
    items = [item for item in draft.items_of(old.id) if item.attempt == old.attempt]
    failed = sorted((item.done or 0, item.index) for item in items if item.status in ABENDED)
    if not failed:
        return
    reported = (one for one in draft.state.failures.values() if "route" not in one.content)
    failures = [one for one in reported if one.entry == old.id][-len(failed) :]
    stay = set(kept.ended)
    for failure, (_, index) in zip(failures, failed, strict=True):
        if index in stay:
            draft.keep_failure(failure._replace(entry=fresh))


def _revive(draft: Draft, entry: Entry) -> None:
    """A kept entry that waited for its next attempt, or still has items to start, goes on."""
    if not is_held_back(entry):
        return
    entry = draft.put(entry._replace(withdrawn=False))
    if entry.items is not None:
        draft.touched_items[entry.id] = None
        return
    try:
        issue(draft, entry, prepare_again(draft, entry))
    except PreparingError as error:
        give_up(draft, entry, error.message)


def is_held_back(entry: Entry) -> bool:
    """Whether an entry that has begun could not go on when its workflow ended."""
    return entry.withdrawn and entry.status not in COMPLETED and entry.prepared


def _end_if_all_kept(draft: Draft, entry: Entry) -> None:
    """A restored entry of which no item is left to run ends at once: its kept result goes on."""
    items = entry.items
    if items is not None and entry.kept is not None and items.total > 0 and items.succeeded == items.total:
        conclude(draft, draft.put(entry._replace(status="succeeded")))


def leads_on(entry: Entry) -> bool:
    """Whether what a kept entry has sent out goes on.

    Nothing follows from a cancellation that no request covers, nor from a failure that was not the task's
    last word.
    """
    return entry.status != "canceled" and not entry.retry_denied
