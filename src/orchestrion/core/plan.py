"""What a re-run from tasks would do: worked out before anything changes, all problems at once (spec 6.5).

Entries form a graph without cycles: each one follows from the entries whose arrivals staged it, so a loop is
unrolled into its passes. A request names the latest entry of a task on a route. What it restarts, and
everything that followed from it, is invalidated; everything else is kept. Work that was cut off before it
began goes on as well.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from orchestrion.core.draft import Draft
from orchestrion.core.events import TaskRequest
from orchestrion.core.language.definition import ENGINE_COMMANDS
from orchestrion.core.records import Entry
from orchestrion.core.state import ACTIVE, PAUSED, PENDING, Key, is_open, phases_of
from orchestrion.core.status import COMPLETED


class KeptItems(NamedTuple):
    """What a with-items entry that runs again keeps of its items: indexes, ascending.

    `ended` keep status and result. `left_out` never began, and stay so: the task had ended by an item that
    failed or was canceled, and that is kept.
    """

    ended: tuple[int, ...]
    left_out: tuple[int, ...]


class Selection(NamedTuple):
    """Which entries a re-run restarts, invalidates and keeps; numbers of entries, ascending.

    `restarted` are the requested entries that run again, `passed` those of which every item is kept, so that
    their kept result goes on, `dropped` those that lie downstream of another request, `continued` are entries
    that began nothing or were cut off, `keep_items` tells of an invalidated with-items entry what it keeps:
    the items that succeeded (a request without reset), all but the chosen ones, or all that have ended (one
    that was cut off).
    """

    restarted: tuple[int, ...]
    passed: tuple[int, ...]
    dropped: tuple[int, ...]
    continued: tuple[int, ...]
    invalidated: tuple[int, ...]
    kept: tuple[int, ...]
    keep_items: dict[int, KeptItems]
    problems: tuple[str, ...]


def select(draft: Draft, requests: Sequence[TaskRequest]) -> Selection:
    """Find out what a re-run of `requests` means for every entry that counts."""
    entries = [entry for entry in draft.all_entries() if entry.counts]
    wanted, problems = _requested(draft, entries, requests)
    restarted: list[int] = []
    passed: dict[int, None] = {}
    dropped: list[int] = []
    continued: list[int] = []
    invalidated: dict[int, Entry] = {}
    again: set[Key] = set()
    later: set[int] = set()
    for entry in entries:
        sources = [draft.arrival(number).source for number in entry.arrivals]
        downstream = any(source in invalidated for source in sources)
        if entry.task not in ENGINE_COMMANDS:  # a command of a kept entry was performed and stays so
            downstream = downstream or any(source in passed for source in sources)
        if entry.id in wanted and not downstream and not wanted[entry.id].reset and _all_succeeded(entry):
            passed[entry.id] = None
            continue
        if (entry.task, entry.route) in again:
            later.add(entry.id)  # an earlier pass runs again first, and this one when that leads to it
        if entry.id in wanted:
            (dropped if downstream or entry.id in later else restarted).append(entry.id)
        elif not downstream and (never_began(entry) or was_cut_off(entry)):
            continued.append(entry.id)
        elif not downstream:
            continue
        invalidated[entry.id] = entry
        again.add((entry.task, entry.route))
    problems += _still_running(invalidated.values())
    keep = {n: _kept(draft, n, wanted[n]) for n in restarted if _keeps_items(draft.entry(n), wanted[n])}
    keep |= {n: _kept(draft, n) for n in continued if n not in later and was_cut_off(draft.entry(n))}
    kept = tuple(entry.id for entry in entries if entry.id not in invalidated)
    return Selection(
        tuple(restarted),
        tuple(passed),
        tuple(dropped),
        tuple(continued),
        tuple(invalidated),
        kept,
        keep,
        tuple(problems),
    )


def never_began(entry: Entry) -> bool:
    """Whether an entry was to start and never did, because its workflow ended first."""
    return (
        not entry.begun and entry.prepared and (entry.withdrawn or entry.status in ("scheduled", "delayed"))
    )


def was_cut_off(entry: Entry) -> bool:
    """Whether a with-items entry ended because its remaining items could not start any more (product)."""
    items = entry.items
    if items is None or not entry.withdrawn or entry.status not in COMPLETED:
        return False
    return items.remaining > 0 and items.own_canceled == 0 and not items.ended_early


def _all_succeeded(entry: Entry) -> bool:
    """Whether a with-items entry has no item left that a re-run without reset would run."""
    return (
        entry.items is not None and entry.status == "succeeded" and entry.items.succeeded == entry.items.total
    )


def _keeps_items(entry: Entry, request: TaskRequest) -> bool:
    return entry.items is not None and (request.items is not None or not request.reset)


def _kept(draft: Draft, number: int, request: TaskRequest | None = None) -> KeptItems:
    """What an entry that a request restarts, or that was cut off, keeps of its items."""
    entry = draft.entry(number)
    assert entry.items is not None
    now = {item.index: item for item in draft.items_of(number) if item.attempt == entry.attempt}
    ended = {index: item.status for index, item in now.items() if item.status in COMPLETED}
    chosen = set(request.items) if request is not None and request.items is not None else None
    if chosen is not None:
        kept = tuple(index for index in ended if index not in chosen)
    else:
        kept = tuple(index for index in ended if request is None or ended[index] == "succeeded")
    if all(ended[index] == "succeeded" for index in kept):
        return KeptItems(kept, ())
    cut_off = was_cut_off(entry)
    others = (index for index in range(entry.items.total) if index not in ended)
    return KeptItems(
        kept,
        tuple(
            index
            for index in others
            if index not in (chosen or ()) and (not cut_off or (index in now and now[index].is_left_out))
        ),
    )


def _requested(
    draft: Draft, entries: Iterable[Entry], requests: Sequence[TaskRequest]
) -> tuple[dict[int, TaskRequest], list[str]]:
    """The latest entry of each requested task and route; problems for those that never ran.

    Chosen items that do not fit are a problem too, and so is a request that names no task: nothing would run.
    """
    if not requests:
        return {}, ["No task to re-run was named."]
    tasks = (entry for entry in entries if entry.task not in ENGINE_COMMANDS)  # nobody re-runs a command
    latest = {(entry.task, entry.route): entry.id for entry in tasks}
    wanted: dict[int, TaskRequest] = {}
    missing: list[str] = []
    for request in requests:
        number = latest.get((request.task, request.route))
        if number is None:
            missing.append(f"{request.task}|{request.route}")
        else:
            wanted.setdefault(number, request)
    problems = [problem for number, request in wanted.items() for problem in _misfits(draft, number, request)]
    if missing:
        problems.append(f"Unable to re-run task|route(s) that never ran: {', '.join(sorted(set(missing)))}.")
    return wanted, problems


def _misfits(draft: Draft, number: int, request: TaskRequest) -> Iterator[str]:
    """What is wrong with the chosen items of a request."""
    if request.items is None:
        return
    where = f'Task "{request.task}" (route {request.route})'
    if not request.reset:
        yield f"{where}: chosen items and a re-run without reset exclude each other."
    items = draft.entry(number).items
    if items is None:
        has_items = draft.graph.definition.tasks[request.task].items is not None
        reason = "could not be rendered: there are no items yet" if has_items else "has no items"
        yield f"{where} {reason} to choose from."
        return
    if not request.items:
        yield f"{where}: no item was chosen."
    unknown = sorted({index for index in request.items if not 0 <= index < items.total})
    if unknown:
        count = f"{items.total} item{'' if items.total == 1 else 's'}, counted from 0"
        yield f"{where} has {count}: there is no item {', '.join(map(str, unknown))}."


def _still_running(entries: Iterable[Entry]) -> list[str]:
    """Problems for entries that are to be invalidated and still have something at work or held."""
    problems: list[str] = []
    for entry in entries:
        items = entry.items
        busy = items is not None and (items.active or items.paused or items.pending)
        if busy or (is_open(entry) and set(phases_of(entry, 0)) & {ACTIVE, PENDING, PAUSED}):
            problems.append(
                f'Task "{entry.task}" (route {entry.route}) is still {entry.status}: '
                "wait for it or end it first."
            )
    return problems
