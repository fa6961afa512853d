"""What a re-run keeps of an execution, read from its records, apart from the re-run's own code."""

from collections.abc import Sequence
from typing import NamedTuple

from orchestrion.core.events import TaskRequest
from orchestrion.core.language import ENGINE_COMMANDS
from orchestrion.core.records import Entry
from orchestrion.core.state import State
from orchestrion.core.status import ABENDED, COMPLETED, Status


class Kept(NamedTuple):
    """What a re-run keeps of an execution; numbers of entries there."""

    entries: frozenset[int]
    items: dict[int, frozenset[int]]
    """Entries that run again with items that stay as they ended."""
    left_out: dict[int, frozenset[int]]
    """Of these entries the items that had not begun and never do."""
    spoiled: bool
    """Some of the items that they keep failed or were canceled."""
    end: Status | None
    """The end that kept failures and cancellations impose."""
    busy: bool
    """Something that would have to run again has not ended: the re-run must be refused."""
    missing: bool
    """A requested task never ran: the re-run must be refused."""


def keep(state: State, requests: Sequence[TaskRequest]) -> Kept:
    """What a re-run of `requests` keeps (product, "Re-run from tasks")."""
    entries = [entry for entry in state.entries if entry.counts]
    wanted: dict[int, TaskRequest] = {}
    missing = False
    for request in requests:
        ran = [e.id for e in entries if (e.task, e.route) == (request.task, request.route)]
        missing = missing or not ran
        if ran:
            wanted.setdefault(ran[-1], request)
    passed = {n for n, request in wanted.items() if not request.reset and _all_done(state.entries[n])}
    again: set[int] = set()
    laps: set[tuple[str, int]] = set()
    """Where an earlier lap runs again: a later one follows it, and nothing of it is kept."""
    items: dict[int, frozenset[int]] = {}
    left_out: dict[int, frozenset[int]] = {}
    for entry in entries:
        sources = {state.arrivals[arrival].source for arrival in entry.arrivals}
        follows = bool(sources & again) or (bool(sources & passed) and entry.task not in ENGINE_COMMANDS)
        if entry.id in passed and not follows:
            continue
        passed.discard(entry.id)
        cut = _was_cut_off(entry)
        if not (follows or entry.id in wanted or cut or _never_began(entry)):
            continue
        again.add(entry.id)
        is_first = (entry.task, entry.route) not in laps
        laps.add((entry.task, entry.route))
        if is_first and not follows and entry.items is not None:
            request = wanted.get(entry.id)
            if cut if request is None else not request.reset or request.items is not None:
                items[entry.id] = _kept_items(state, entry, request)
                left_out[entry.id] = _left_out(state, entry, request, items[entry.id])
    kept = frozenset(entry.id for entry in entries) - again
    return Kept(
        kept,
        items,
        left_out,
        any(
            state.items[number][item].status != "succeeded" for number, kept in items.items() for item in kept
        ),
        _end(state, kept),
        any(_is_busy(state.entries[number]) for number in again),
        missing,
    )


def _all_done(entry: Entry) -> bool:
    return entry.items is not None and entry.status == "succeeded"


def _never_began(entry: Entry) -> bool:
    return entry.prepared and not entry.begun


def _was_cut_off(entry: Entry) -> bool:
    """Whether a with-items entry ended only because its workflow had: items are left that never started.

    An item that is held has started. None was canceled; and none failed where items run one by one, for that
    would have ended it anyway (what an earlier re-run has kept did not).
    """
    items = entry.items
    if items is None or entry.status not in COMPLETED or not entry.withdrawn:
        return False
    alone = items.concurrency == 1 and items.failed > items.kept_failed
    begun = items.completed + items.active + items.paused + items.pending + items.left_out
    return begun < items.total and items.canceled == items.kept_canceled and not alone


def _kept_items(state: State, entry: Entry, request: TaskRequest | None) -> frozenset[int]:
    """The items that stay as they ended: all, the succeeded ones, or all that were not chosen."""
    items = state.items.get(entry.id, {}).values()
    ended = {one.index: one for one in items if one.attempt == entry.attempt and one.status in COMPLETED}
    if request is not None and request.items is not None:
        return frozenset(ended) - set(request.items)
    return frozenset(n for n, item in ended.items() if request is None or item.status == "succeeded")


def _left_out(
    state: State, entry: Entry, request: TaskRequest | None, kept: frozenset[int]
) -> frozenset[int]:
    """The items that never began, and never do: what ended their task before, and no cut, is kept."""
    items = state.items.get(entry.id, {})
    if entry.items is None or all(items[index].status == "succeeded" for index in kept):
        return frozenset()
    now = {index: item for index, item in items.items() if item.attempt == entry.attempt}
    ended = {index for index, item in now.items() if item.status in COMPLETED}
    again = set(request.items or ()) if request is not None else set[int]()
    before = {index for index, item in now.items() if item.status is None and item.done is not None}
    never = set(range(entry.items.total)) - ended - again
    return frozenset(never & before if _was_cut_off(entry) else never)


def _is_busy(entry: Entry) -> bool:
    if entry.items is not None:
        return entry.items.active + entry.items.paused + entry.items.pending > 0
    return entry.begun and entry.status not in COMPLETED and entry.status != "retrying"


def _end(state: State, kept: frozenset[int]) -> Status | None:
    ends: list[tuple[int, int, Status]] = []
    for number in kept:
        entry = state.entries[number]
        assert entry.done is not None or entry.status not in COMPLETED
        if entry.done is not None and entry.status == "canceled":
            ends.append((entry.done, number, "canceled"))
        elif entry.done is not None and spoils(entry):
            ends.append((entry.done, number, "failed"))
    return min(ends)[2] if ends else None


def spoils(entry: Entry) -> bool:
    """Whether an entry makes its workflow fail."""
    remedied = any(sent and not edge.startswith("continue__") for edge, sent in entry.edges)
    failed = entry.status in ABENDED and not remedied
    return failed or entry.broken or entry.retry_denied or not entry.prepared
