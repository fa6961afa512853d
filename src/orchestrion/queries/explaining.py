"""Why an execution does not move: for everything of it that has not ended, who or what will end it.

A pure function of facts (`facts`). What cannot be explained is named so: that is a bug, or a damaged store,
and `orchestrion doctor` looks for it.
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from orchestrion.core.prospects import PlannedJoin, waiting_joins
from orchestrion.core.records import Entry, Staged
from orchestrion.core.state import PENDING, phases_of
from orchestrion.core.status import COMPLETED
from orchestrion.queries.branches import Branch, place
from orchestrion.queries.facts import AttemptFacts, BranchFacts, Facts, Process
from orchestrion.runtime.peers import INQUIRY, SUBWORKFLOW

Kind = Literal[
    "runs",
    "lost",
    "timer",
    "queued",
    "held",
    "slots",
    "join",
    "pass",
    "inquiry",
    "child",
    "at once",
    "unknown",
]
"""What something waits for: an action that runs (or whose process is gone), a timer, a claim, the end of a
hold, a free slot of its own task, sources of a join, an earlier pass, an answer, a sub-workflow, the engine's
next round; or nobody knows."""

_MICROSECONDS = 1_000_000
_LISTED = 10


class Wait(NamedTuple):
    """One thing that has not ended. `path` leads to its sub-workflow, `task` names it, `why` is a clause.

    `execution` is its action execution, `process` who works on it. It has been so since `since`, and ends, or
    goes on, by `until` at the latest; both in microseconds since 1970. `remedy` is a command without its
    `orchestrion` that ends the waiting.
    """

    path: tuple[str, ...]
    task: str
    kind: Kind
    why: str
    execution: str | None = None
    process: Process | None = None
    since: int | None = None
    until: int | None = None
    remedy: str | None = None


class Explanation(NamedTuple):
    """Why an execution is where it is: reasons for the whole, and what it waits for.

    `process` is the engine of its tree. `remedies` are commands, as in `Wait`. Of a workflow that has a
    timeout: when it is `until`, or how many microseconds are `left` of it while the workflow is paused.
    """

    execution: str
    status: str
    process: Process | None
    reasons: tuple[str, ...]
    remedies: tuple[str, ...]
    waits: tuple[Wait, ...]
    until: int | None = None
    left: int | None = None


def explain(facts: Facts) -> Explanation:
    """Explain why an execution does not move."""
    row = facts.subject.row
    engine = facts.processes.get(facts.subject.root["engine"])
    if row["continued_by"] is not None:
        reason = f"It is continued by {row['continued_by']}, which shows what goes on."
        remedy = f"execution explain {row['continued_by']}"
        return Explanation(row["id"], row["status"], engine, (reason,), (remedy,), ())
    waits = [wait for branch in facts.branches for wait in _waits_of(facts, branch)]
    if row["workflow"] is None:
        waits = [wait for wait in waits if wait.execution == row["id"]]
        reasons, remedies = _of_action(row["status"], waits), ()
    else:
        reasons, remedies = _of_workflow(facts, waits)
    found = Explanation(row["id"], row["status"], engine, reasons, remedies, tuple(waits))
    limit = None if row["workflow"] is None else facts.branches[0].state.head.time_limit
    return found if limit is None else found._replace(until=limit.expires_at, left=limit.left)


# --- the whole


def _of_action(status: str, waits: list[Wait]) -> tuple[str, ...]:
    return (f"It is over: {status}.",) if status in COMPLETED and not waits else ()


def _of_workflow(facts: Facts, waits: list[Wait]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What can be said of the whole, and the commands that help."""
    top = facts.branches[0]
    number, status = facts.subject.row["id"], top.state.head.status
    running = [wait for wait in waits if wait.kind in ("runs", "lost") and wait.execution]
    if status in COMPLETED:
        over = f"It is over: {status}."
        still = f" {_of_it(len(running), 'action', 'still run')}." if running else ""
        return (over + still,), ()
    reasons: list[str] = []
    remedies: list[str] = []
    if status in ("canceling", "pausing"):
        what = _listed([_full_name(wait) for wait in running])
        reasons.append(f"It is {status} until what runs has ended: {what or 'nothing does'}.")
        if status == "canceling":
            remedies += [f"execution cancel {wait.execution}" for wait in running]
    if status == "paused":
        reasons += _holds(top)
        if top.state.head.pause_requested:
            remedies.append(f"execution resume {number}")
    for below in _paused_by_request(facts):
        reasons.append(f"A pause of {'/'.join(below.branch.path)} was requested{_by(below)}.")
        remedies.append(f"execution resume {below.branch.execution}")
    moves = status != "paused" or any(wait.kind in ("runs", "lost", "queued", "timer") for wait in waits)
    nobody = _nobody(facts)
    if moves and nobody is not None:
        reasons.append(nobody)
        if f"execution resume {number}" not in remedies:
            remedies.append(f"execution resume {number}")
    return tuple(reasons), tuple(remedies)


def _paused_by_request(facts: Facts) -> Iterator[BranchFacts]:
    """The sub-workflows that somebody has asked to pause, without those that are paused with one above."""
    paused: set[tuple[str, ...]] = set()
    if facts.branches[0].state.head.pause_requested:
        paused.add(facts.branches[0].branch.path)
    for branch in facts.branches[1:]:
        path, head = branch.branch.path, branch.state.head
        if head.pause_requested and head.status not in COMPLETED:
            if not any(path[:length] in paused for length in range(len(path))):
                yield branch
            paused.add(path)


def _holds(facts: BranchFacts) -> Iterator[str]:
    """Why a workflow is paused."""
    head = facts.state.head
    if head.pause_requested:
        yield f"A pause was requested{_by(facts)}."
    if head.pending:
        yield f"{_counted(head.pending, 'inquiry', 'inquiries')} of it must be answered first."
    if head.paused and not head.pause_requested:
        yield (
            f"{_counted(head.paused, 'sub-workflow')} below it is paused."
            if head.paused == 1
            else (f"{head.paused} sub-workflows below it are paused.")
        )


def _by(facts: BranchFacts) -> str:
    if facts.paused_by is None:
        return ""
    actor, _, reason = facts.paused_by
    return f" by {actor} ({reason})" if reason else f" by {actor}"


def _nobody(facts: Facts) -> str | None:
    """Why nobody works for the tree, if nobody does."""
    name = facts.subject.root["engine"]
    if name is not None:
        return None if facts.processes[name].is_alive else f"The process that worked for it, {name}, is gone."
    services = [one for one in facts.processes.values() if one.is_alive and one.kind != "command"]
    if not services:
        return "No process works for it."
    if all(one.draining for one in services):
        return f"Every process that could work for it drains: {_listed([one.id for one in services])}."
    return None


# --- one by one


def _waits_of(facts: Facts, branch: BranchFacts) -> Iterator[Wait]:
    state, over = branch.state, branch.state.head.status in COMPLETED
    attempts: dict[int, list[AttemptFacts]] = {}
    for attempt in branch.attempts:
        attempts.setdefault(attempt.entry, []).append(attempt)
    for entry in sorted((state.entries[number] for number in state.open), key=lambda one: one.order):
        own = attempts.get(entry.id, [])
        yield from (_of_attempt(facts, branch, entry, attempt) for attempt in own)
        if over or entry.withdrawn:
            continue
        if entry.id in branch.empties:
            yield Wait(
                branch.branch.path, _name(entry), "at once", "it has no items, and ends in the next round"
            )
        elif entry.items is not None and entry.items.remaining:
            yield _of_items(branch, entry, own)
        elif not own and _expects_attempt(entry, state.head.since):
            why = f"it is {entry.status}, and nothing is to end it"
            yield Wait(branch.branch.path, _name(entry), "unknown", why, remedy="doctor --mend")
    if not over:
        for join in waiting_joins(state):
            yield _of_join(branch, join)
        for staged in state.staged.values():
            yield from _of_staged(branch, staged)


def _expects_attempt(entry: Entry, since: int) -> bool:
    return bool(phases_of(entry, since)) and entry.items is None


def _of_attempt(facts: Facts, branch: BranchFacts, entry: Entry, attempt: AttemptFacts) -> Wait:
    number = attempt.execution
    wait = Wait(
        branch.branch.path, _name(entry, attempt.item), "unknown", "", number, since=attempt.started_at
    )
    if attempt.engine == INQUIRY:
        why, remedy = "it waits for an answer", f"inquiry get {number}"
        return wait._replace(kind="inquiry", why=why, until=attempt.expires_at, remedy=remedy)
    if attempt.engine == SUBWORKFLOW:
        status = "" if attempt.child is None else f", which is {attempt.child.status}"
        until = _time_of(facts, attempt.child)
        return wait._replace(kind="child", why=f"it waits for its sub-workflow{status}", until=until)
    if attempt.engine is not None:
        return _at_work(wait, facts.processes[attempt.engine], attempt)
    if attempt.delayed and attempt.due_at > facts.now:
        why = f"attempt {attempt.number} of it is to start" if attempt.number > 1 else "its delay runs"
        held = "; then the pause holds it" if branch.held else ""
        return wait._replace(kind="timer", why=why + held, until=attempt.due_at)
    if branch.held:
        return wait._replace(kind="held", why=_held(branch))
    what = "a free slot" if _nobody(facts) is None else "a process that works for it"
    since = None if attempt.due_at > facts.now else attempt.due_at  # later than now: the date was set back
    return wait._replace(kind="queued", why=f"it waits for {what}", since=since)


def _time_of(facts: Facts, child: Branch | None) -> int | None:
    """When the time of a sub-workflow is over, if it runs."""
    limits = (one.state.head.time_limit for one in facts.branches if one.branch == child)
    return next((limit.expires_at for limit in limits if limit is not None), None)


def _at_work(wait: Wait, process: Process, attempt: AttemptFacts) -> Wait:
    if not process.is_alive:
        why = f"its process was run by {process.id}, which is gone: the attempt is lost"
        return wait._replace(kind="lost", why=why, process=process, remedy="doctor --mend")
    ends = [] if attempt.expires_at is None else [attempt.expires_at]
    if attempt.timeout and wait.since is not None:
        ends.append(wait.since + round(attempt.timeout * _MICROSECONDS))
    why = "it runs" if attempt.started_at is not None else "what its action needs is made ready"
    return wait._replace(kind="runs", why=why, process=process, until=min(ends, default=None))


def _of_items(branch: BranchFacts, entry: Entry, own: list[AttemptFacts]) -> Wait:
    items = entry.items
    assert items is not None
    wait = Wait(branch.branch.path, _name(entry), "slots", "")
    if not items.free_slots:
        taken = [str(one.item) for one in own if one.item is not None]
        waiting = _of_it(items.remaining, "item", "wait")
        slots = items.concurrency or 0
        slot = "its only slot" if slots == 1 else f"one of its {slots} slots"
        return wait._replace(why=f"{waiting} for {slot}, taken by {_listed(taken)}")
    if branch.held:
        return wait._replace(kind="held", why=f"{_counted(items.remaining, 'item')} of it: {_held(branch)}")
    return wait._replace(kind="at once", why=f"{_of_it(items.remaining, 'item', 'start')} in the next round")


def _of_join(branch: BranchFacts, join: PlannedJoin) -> Wait:
    has = f"has {_listed(join.come)}, " if join.come else ""
    if join.can_fire:
        waits = f"waits for {_listed(join.coming)}"
    else:
        waits = f"only {_listed(join.coming)} can still come" if join.coming else "nothing else can come"
    why = f"the join needs {join.needed} of {len(join.sources)}, {has}{waits}"
    return Wait(branch.branch.path, place(join.task, None, join.route), "join", why)


def _of_staged(branch: BranchFacts, staged: Staged) -> Iterator[Wait]:
    path, name = branch.branch.path, place(staged.task, None, staged.route)
    if staged.ready_at is not None:
        kind: Kind = "held" if branch.held else "at once"
        yield Wait(path, name, kind, _held(branch) if branch.held else "it starts in the next round")
    elif staged.task not in branch.state.graph.joins:
        yield Wait(path, name, "pass", "its next pass waits for the end of the one that runs")


def _held(branch: BranchFacts) -> str:
    head = branch.state.head
    if head.pause_requested:
        return f"held by a pause that was requested{_by(branch)}"
    if head.pending:
        inquiries = [
            entry.task
            for entry in map(branch.state.entries.__getitem__, branch.state.open)
            if PENDING in phases_of(entry, head.since)
        ]
        return f"held until {_listed(inquiries)} is answered"
    return f"held, because the workflow is {head.status}"


# --- words


def _name(entry: Entry, item: int | None = None) -> str:
    return place(entry.task, item, entry.route)


def _full_name(wait: Wait) -> str:
    return "/".join((*wait.path, wait.task))


def _counted(number: int, noun: str, plural: str | None = None) -> str:
    return f"1 {noun}" if number == 1 else f"{number} {plural or f'{noun}s'}"


def _of_it(number: int, noun: str, verb: str) -> str:
    return f"{_counted(number, noun)} of it {verb}{'s' if number == 1 else ''}"


def _listed(names: "tuple[str, ...] | list[str]") -> str:
    shown = ", ".join(names[:_LISTED])
    return f"{shown} and {len(names) - _LISTED} more" if len(names) > _LISTED else shown
