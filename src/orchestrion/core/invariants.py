"""What holds in every state of a workflow execution, whatever happened to it: checks that name what does not.

`check` looks at all the records, which is what tests want after every step. Each invariant is a function of
its own. Numbers are those of section 7 of the semantics, as amended there.
"""

from collections import Counter
from collections.abc import Iterator

from orchestrion.core.context import Context
from orchestrion.core.graph import join_needed
from orchestrion.core.language.definition import ENGINE_COMMANDS
from orchestrion.core.records import ItemCounts
from orchestrion.core.state import WAITING, State, is_open, phases_of
from orchestrion.core.status import ABENDED, COMPLETED
from orchestrion.core.workflow_status import is_abended


def check(state: State) -> list[str]:
    """Every invariant that does not hold; nothing if all is well."""
    return [problem for invariant in INVARIANTS for problem in invariant(state)]


def counters_are_right(state: State) -> Iterator[str]:
    """The head's counters equal a recount."""
    head = state.head
    counted = Counter(phase for entry in state.entries for phase in phases_of(entry, head.since))
    phases = [head.active, head.waiting, head.pending, head.paused, head.canceled]
    if phases != [counted[phase] for phase in range(len(phases))]:
        yield f"phases {phases} but counted {dict(counted)}"
    if head.ready != sum(staged.ready_at is not None for staged in state.staged.values()):
        yield f"ready {head.ready} but staged {state.staged}"
    numbers = (head.entries, head.arrivals, head.routes)
    if numbers != (len(state.entries), len(state.arrivals), len(state.routes)):
        yield f"next numbers {numbers}"
    if any(number >= head.failures for number in state.failures):
        yield f"failure numbers {list(state.failures)} from {head.failures} on"


def indexes_are_right(state: State) -> Iterator[str]:
    """The indexes follow from the records."""
    if set(state.open) != {entry.id for entry in state.entries if is_open(entry)}:
        yield f"open {list(state.open)}"
    if set(state.ready) != {key for key, staged in state.staged.items() if staged.ready_at is not None}:
        yield f"ready {list(state.ready)}"
    latest = {(e.task, e.route): e.id for e in state.entries if e.counts and e.prepared}
    for task, routes in state.latest.items():
        for route, laps in routes.items():
            if (laps[-1] if laps else None) != latest.get((task, route)):
                yield f"latest of {task}|{route} is {laps}"


def outstanding(state: State) -> set[tuple[int, int | None, int]]:
    """The attempts (entry, item, number) that must have been issued, and neither begun nor been withdrawn.

    Every attempt that was asked for is thus followed by its beginning, by its end or by its withdrawal. A
    runtime's queue holds these attempts and no others; none of them belongs to an entry that counts no more.
    """
    attempts: set[tuple[int, int | None, int]] = set()
    for number in state.open:
        entry = state.entries[number]
        if entry.items is None:
            if WAITING in phases_of(entry, state.head.since):
                attempts.add((number, None, entry.attempt))
            continue
        items = state.items.get(number, {}).values()
        attempts.update((number, one.index, one.attempt) for one in items if one.status == "scheduled")
    return attempts


def unfinished(state: State) -> set[tuple[int, int | None, int]]:
    """The attempts (entry, item, number) that were issued, and have neither ended nor been withdrawn.

    A runtime knows these attempts and no others.
    """
    attempts: set[tuple[int, int | None, int]] = set()
    for number in state.open:
        entry = state.entries[number]
        if entry.items is None:
            if phases_of(entry, state.head.since):
                attempts.add((number, None, entry.attempt))
            continue
        for item in state.items.get(number, {}).values():
            if item.attempt == entry.attempt and item.status is not None and item.status not in COMPLETED:
                attempts.add((number, item.index, item.attempt))
    return attempts


def items_are_counted(state: State) -> Iterator[str]:
    """21. The counts of with-items entries equal a recount, and no more than `concurrency` are at work."""
    for entry in state.entries:
        counts = entry.items
        if counts is None:
            continue
        now = [item for item in state.items.get(entry.id, {}).values() if item.attempt == entry.attempt]
        recount = ItemCounts(counts.total, counts.concurrency, counts.next)._replace(
            kept_failed=counts.kept_failed,
            kept_canceled=counts.kept_canceled,
            left_out=sum(item.is_left_out for item in now),
        )
        for item in now:
            recount = recount.moved(None, item.status)
        if recount != counts or min(counts.own_failed, counts.own_canceled) < 0:
            yield f"items of entry {entry.id}: {counts} but counted {recount}"
        at_work = counts.in_flight + counts.paused + counts.pending
        if counts.concurrency is not None and at_work > counts.concurrency:
            yield f"entry {entry.id} has {at_work} items at work"


def is_quiet_where_it_rests(state: State) -> Iterator[str]:
    """2, 13, 40. Nothing is active in `paused`, `canceled`, `succeeded`; nothing is left in `succeeded`.

    But a sub-workflow may be resumed by its own id while the workflow above it is held.
    """
    head = state.head
    held = head.pause_requested or head.pending > 0
    if head.active and (head.status in ("canceled", "succeeded") or (head.status == "paused" and not held)):
        yield f"{head.active} active in {head.status}"
    if head.status == "succeeded" and (head.ready or head.waiting or head.pending or head.paused):
        yield f"something is left in succeeded: {head}"


def is_never_stuck(state: State) -> Iterator[str]:
    """31. Every unfinished status has something that will end it; a resume reaches what is paused below."""
    head = state.head
    if head.status in ("canceling", "pausing") and not head.active:
        yield f"{head.status} with nothing active"
    resumed = head.status == "resuming" and head.paused
    if head.status in ("scheduled", "running", "resuming") and not (head.active or head.waiting or resumed):
        yield f"{head.status} with nothing to do"
    if head.status == "paused" and not (head.pause_requested or head.pending or head.paused):
        yield "paused for no reason"


def time_runs_or_stands_still(state: State) -> Iterator[str]:
    """Only an unfinished execution has time: it runs, or it stands still while the execution is paused."""
    head = state.head
    if head.time_limit is None:
        return
    runs, stands = head.time_limit.expires_at is not None, head.time_limit.left is not None
    counts = head.status in ("scheduled", "running", "pausing", "resuming")
    if runs != counts or stands != (head.status == "paused"):
        yield f"{head.status} with {head.time_limit}"


def entries_are_single(state: State) -> Iterator[str]:
    """8, 9. A task runs once per route and lap; without cycles there is one lap."""
    seen: Counter[tuple[str, int, int]] = Counter()
    for entry in state.entries:
        if entry.counts and entry.prepared and entry.task not in ENGINE_COMMANDS:
            seen[entry.task, entry.route, entry.lap if state.graph.cyclic else 0] += 1
    for (task, route, lap), number in seen.items():
        if number > 1:
            yield f"{number} entries of {task}|{route} in lap {lap}"


def joins_have_their_sources(state: State) -> Iterator[str]:
    """10. A join outside cycles fires only when enough of its sources have a satisfied transition to it."""
    for entry in state.entries:
        needed = join_needed(state.graph, entry.task)
        if (
            not entry.counts
            or needed is None
            or entry.task in state.graph.roots
            or not state.graph.cyclic.isdisjoint(state.graph.sources[entry.task])
        ):
            continue
        sources = {state.entries[state.arrivals[number].source].task for number in entry.arrivals}
        if len(sources) < needed:
            yield f"join {entry.task}|{entry.route} ran after {sources}"


def joins_are_reported(state: State) -> Iterator[str]:
    """11. No workflow succeeds with a partially satisfied join; each is reported at most once."""
    for staged in state.staged.values():
        if state.head.status == "succeeded" and join_needed(state.graph, staged.task) is not None:
            yield f"succeeded, and {staged.task}|{staged.route} is partially satisfied"
    reported = Counter(
        (str(failure.content["message"]), str(failure.content.get("route")))
        for failure in state.failures.values()
        if str(failure.content["message"]).startswith("UnreachableJoinError")
    )
    yield from (f"{message} twice" for (message, _), number in reported.items() if number > 1)


def failures_are_remedied(state: State) -> Iterator[str]:
    """12. A workflow succeeds only if every failed entry has a satisfied transition other than `continue`."""
    if state.head.status == "succeeded":
        yield from (
            f"succeeded with {entry}" for entry in state.entries if entry.counts and is_abended(entry)
        )


def errors_are_listed(state: State) -> Iterator[str]:
    """25, 34. Every unremedied failure has an entry in the errors list, each once, none without cause."""
    listed = {failure.entry for failure in state.failures.values()}
    for entry in state.entries:
        if entry.counts and entry.status in ABENDED and is_abended(entry) and entry.id not in listed:
            yield f"no error for entry {entry.id} of {entry.task}"
    for failure in state.failures.values():
        if failure.entry is not None and not state.entries[failure.entry].counts:
            yield f"failure {failure.id} of entry {failure.entry}, which does not count"
    errors = state.errors()
    if any(error in errors[:index] for index, error in enumerate(errors)):
        yield f"equal errors in {errors}"


def contexts_come_from_ancestors(state: State) -> Iterator[str]:
    """18. A context holds the layers of what led to its entry, each once, and nothing else."""
    layers: dict[int, set[int]] = {}
    for entry in state.entries:
        expected = {0}
        for number in entry.arrivals:
            arrival = state.arrivals[number]
            expected |= layers[arrival.source]
            if arrival.published:
                expected.add(number + 1)
        found = list(_layers(entry.context))
        layers[entry.id] = expected
        if set(found) != expected or len(found) != len(expected):
            yield f"entry {entry.id} sees layers {found}, not {expected}"


def _layers(context: Context) -> Iterator[int]:
    node: Context | None = context
    while node is not None:
        yield node.layer
        node = node.prefix


def published_values_are_read(state: State) -> Iterator[str]:
    """19. What a transition publishes is what its target reads, mappings aside, which merge."""
    for arrival in state.arrivals:
        for name, value in (arrival.published or {}).items():
            if not isinstance(value, dict) and arrival.context.names[name] != value:
                yield f"arrival {arrival.id} published {name} = {value}, reads {arrival.context.names[name]}"


def attempts_are_bounded(state: State) -> Iterator[str]:
    """23. A task is tried at most once more than its retry counts."""
    for entry in state.entries:
        if entry.tally > entry.retry_count or entry.attempt != entry.tally + 1:
            yield f"entry {entry.id}: attempt {entry.attempt}, tally {entry.tally} of {entry.retry_count}"


def ends_are_dated(state: State) -> Iterator[str]:
    """An entry is completed, or has not ended; only what has ended has followed transitions."""
    for entry in state.entries:
        if (entry.status in COMPLETED) != (entry.done is not None):
            yield f"entry {entry.id} is {entry.status} and done at {entry.done}"
        if entry.edges and entry.done is None:
            yield f"entry {entry.id} has not ended, and has transitions"


def all_items_make_a_success(state: State) -> Iterator[str]:
    """22. A with-items task succeeds exactly if all its items do.

    But where a cancellation ended it an item that was held may succeed later, and a retry may fail to be
    evaluated.
    """
    for entry in state.entries:
        if entry.items is not None and entry.status in COMPLETED:
            all_succeeded = entry.items.succeeded == entry.items.total
            excused = all_succeeded and (entry.status == "canceled" or entry.task in state.graph.retries)
            if all_succeeded != (entry.status == "succeeded") and not excused:
                yield f"entry {entry.id} is {entry.status} with {entry.items}"


INVARIANTS = (
    counters_are_right,
    indexes_are_right,
    items_are_counted,
    is_quiet_where_it_rests,
    is_never_stuck,
    time_runs_or_stands_still,
    entries_are_single,
    joins_have_their_sources,
    joins_are_reported,
    failures_are_remedied,
    errors_are_listed,
    contexts_come_from_ancestors,
    published_values_are_read,
    attempts_are_bounded,
    ends_are_dated,
    all_items_make_a_success,
)
"""Every invariant of a state by itself."""
