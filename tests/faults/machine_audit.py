"""What must hold after every commit, found out from the rows of the store and from nothing else.

The audit knows what was asked (the rows of `operation`), what was started on the stage and how that ended,
and all rows as they were after the commit before. It collects what is wrong: an error that it raised within
an engine's commit would be taken for the engine's own.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple, cast

from orchestrion.core.invariants import check, unfinished
from orchestrion.core.status import COMPLETED
from orchestrion.core.transitions import IGNORED, ITEMS_TASK, PLAIN_TASK, REFUSED, WORKFLOW
from orchestrion.runtime.definitions import graph_of
from orchestrion.runtime.peers import Kind
from orchestrion.store import rows
from orchestrion.store.sqlite import Store
from orchestrion.store.states import load_state
from tests.faults.machine_world import Start, World

Row = Mapping[str, Any]
Place = tuple[str, int, int | None]

_CLAIMLESS: Final = frozenset({"requested", "scheduled", "delayed"})


def _pairs(*tables: Mapping[str, Mapping[Any, str]]) -> set[tuple[str | None, str]]:
    """The steps that tables allow, one after the other."""
    return {
        (before, after)
        for table in tables
        for cells in table.values()
        for before, after in cells.items()
        if after not in (IGNORED, REFUSED)
    }


_OF_WORKFLOW: Final = _pairs(WORKFLOW)
_OF_TASK: Final = _pairs(PLAIN_TASK, ITEMS_TASK)
_ENDED_AND_RETRIED: Final = {
    (before, "retrying") for before, ended in _OF_TASK if (ended, "retrying") in _OF_TASK
}
"""An attempt ends and its task is tried again, by one event: that is one step."""
_THROUGH_RESUMING: Final = {
    (before, after)
    for before, _ in filter(lambda pair: pair[1] == "resuming", _OF_WORKFLOW)
    for middle, after in _OF_WORKFLOW
    if middle == "resuming"
}
_RESUMES: Final = ("ResumeRequested", "RerunRequested")
"""Whoever asks to go on and has only waits, or nothing, to go on with."""


def _is_allowed(row: Row, before: str, after: str) -> bool:
    """Whether a step of the history follows from the tables."""
    step = (before, after)
    if row["entry"] is not None:
        return step in _OF_TASK or step in _ENDED_AND_RETRIED
    if step in _OF_WORKFLOW or (row["cause"] in _RESUMES and step in _THROUGH_RESUMING):
        return True
    # In place of success: an end that kept failures impose, or a join that cannot fire.
    return after in ("failed", "canceled") and (before, "succeeded") in _OF_WORKFLOW


class Seen(NamedTuple):
    """All rows at one moment that tell how executions stand."""

    workflows: dict[str, Row]
    executions: dict[str, Row]
    attempts: dict[str, Row]
    entries: dict[tuple[str, int], tuple[Any, ...]]
    items: dict[Place, tuple[Any, ...]]

    def root_of(self, execution: str) -> str | None:
        """The root of the tree that an execution belongs to."""
        row = self.executions.get(execution)
        workflow = None if row is None else self.workflows.get(row["workflow"] or row["of_workflow"])
        return None if workflow is None else workflow["root"]

    def tree(self, root: str) -> set[str]:
        """The workflow executions of a tree."""
        return {number for number, row in self.workflows.items() if row["root"] == root}

    def subtree(self, workflow: str) -> set[str]:
        """A workflow execution and all below it, found by the parents."""
        found = {workflow}
        while more := {n for n, row in self.workflows.items() if row["parent"] in found} - found:
            found |= more
        return found

    def above(self, workflow: str) -> set[str]:
        """The workflow executions above one."""
        found: set[str] = set()
        parent = self.workflows[workflow]["parent"]
        while parent is not None:
            found.add(parent)
            parent = self.workflows[parent]["parent"]
        return found

    def records(self, numbers: set[str]) -> list[Any]:
        """What some workflow executions consist of."""
        return [
            [(n, self.workflows[n]["version"], self.workflows[n]["status"]) for n in sorted(numbers)],
            [row for (n, _), row in sorted(self.entries.items()) if n in numbers],
            [row for place, row in sorted(self.items.items(), key=repr) if place[0] in numbers],
            [tuple(one.values()) for _, one in sorted(self.attempts.items()) if one["workflow"] in numbers],
        ]


_NOTHING: Final = Seen({}, {}, {}, {}, {})


class Audit:
    """Looks at the store after each commit; `problems` are what it has found."""

    def __init__(self, world: World) -> None:
        self.problems: Final[list[str]] = []
        self.seen = _NOTHING
        self._world: Final = world
        self._store: Final = Store(world.path)
        self._rows: Final = sqlite3.connect(world.path, isolation_level=None)
        self._rows.row_factory = sqlite3.Row
        self._paused: set[str] = set()
        self._canceled: set[str] = set()
        self._long_held: set[str] = set()
        self._started: set[str] = set()
        self._requeued: Counter[str] = Counter()
        self._ends: dict[str, tuple[Any, ...]] = {}
        self._statuses: dict[Any, str | None] = {}
        self._history = 0
        self._operations = 0
        world.after_commit = self.look
        world.on_start = self.begin

    def close(self) -> None:
        self._rows.close()
        self._store.close()

    # --- reading

    def read(self, text: str, *parameters: Any) -> list[dict[str, Any]]:
        """Rows of the store, by a connection of the audit's own."""
        return [dict(row) for row in self._rows.execute(text, parameters)]

    def _read_all(self) -> Seen:
        entries = self.read("SELECT workflow, id, task, route, status, counts, record FROM entry")
        items = self.read("SELECT workflow, entry, idx, status, attempt, result, done FROM item")
        return Seen(
            {row["id"]: row for row in self.read("SELECT * FROM workflow")},
            {row["id"]: row for row in self.read("SELECT * FROM execution")},
            {row["execution"]: row for row in self.read("SELECT * FROM attempt")},
            {(row["workflow"], row["id"]): tuple(row.values()) for row in entries},
            {(row["workflow"], row["entry"], row["idx"]): tuple(row.values()) for row in items},
        )

    def look(self, kind: Kind) -> None:
        """Compare the store with what it was, and with itself.

        An operation is alone in the commit of a command; that of a service has other things beside it.
        """
        before, now = self.seen, self._read_all()
        operations = self.read("SELECT rowid, * FROM operation WHERE rowid > ?", self._operations)
        found: list[str] = []
        for operation in operations:
            self._operations = max(self._operations, operation["rowid"])
            self._note(operation, before, now)
            if kind == "command":
                found += self._others_are_unaffected(operation, before, now)
        self._long_held &= self._paused | self._canceled
        found += self._steps_follow_the_tables()
        found += self._claims_are_allowed(before, now)
        found += self._fences_hold(now)
        found += self._is_consistent(before, now)
        self.problems.extend(found)
        self.seen = now

    # --- what was asked

    def stand_still(self) -> None:
        """For longer than a job may be late nothing has happened."""
        self._long_held = self._paused | self._canceled

    def begin(self, execution: str) -> None:
        """An action begins: never long after its workflow was paused or canceled, unless it begins again."""
        attempt = self.seen.attempts[execution]
        if attempt["workflow"] in self._long_held and not attempt["repeatable"]:
            self.problems.append(f"{execution} has begun long after a pause or cancellation was accepted")

    def _note(self, operation: Row, before: Seen, now: Seen) -> None:
        """What an accepted operation forbids, or allows again."""
        execution = now.executions[operation["execution"]]
        workflow, kind = execution["workflow"], operation["kind"]
        if workflow is None or workflow not in before.workflows or kind == "respond":
            return
        was, is_now = (seen.workflows[workflow]["status"] for seen in (before, now))
        if kind in ("pause", "cancel") and (was in COMPLETED or (kind == "pause" and is_now in COMPLETED)):
            return  # to take the tree over was all that the request could do, and its answer says so
        open_before = {n for n, row in before.workflows.items() if row["status"] not in COMPLETED}
        below = now.subtree(workflow)
        if kind == "pause":
            self._paused |= below & open_before
        elif kind == "resume":
            self._paused -= below
        elif kind == "cancel":
            self._canceled |= now.tree(now.workflows[workflow]["root"]) & open_before
        else:
            ended = {workflow} | (below - open_before)
            self._paused -= ended
            self._canceled -= ended

    def _others_are_unaffected(self, operation: Row, before: Seen, now: Seen) -> Iterator[str]:
        """Nothing outside of what an operation concerns has changed in its commit."""
        number, kind = operation["execution"], operation["kind"]
        concerned = {before.root_of(number), now.root_of(number)}
        outside = {n for n, row in before.workflows.items() if row["root"] not in concerned}
        workflow = now.executions[number]["workflow"]
        root = before.root_of(number)
        lapsed = self.read("SELECT id FROM engine WHERE alive_until < ?", self._world.time)
        alive = {life.id for life in self._world.awake} - {row["id"] for row in lapsed}
        alive |= {None, "subworkflow", "inquiry"}
        lost = any(one["root"] == root and one["engine"] not in alive for one in before.attempts.values())
        if kind in ("pause", "resume") and workflow in before.workflows and root is not None and not lost:
            outside |= before.tree(root) - before.subtree(workflow) - before.above(workflow)
        if before.records(outside) != now.records(outside):
            yield f"{kind} of {number} has changed something outside of it"

    # --- steps

    def _steps_follow_the_tables(self) -> Iterator[str]:
        """Each status comes from the one before it by the tables; what has ended does so once."""
        for row in self.read(
            "SELECT history.rowid AS at, history.*, entry.record FROM history LEFT JOIN entry "
            "ON entry.workflow = history.workflow AND entry.id = history.entry WHERE history.rowid > ? "
            "ORDER BY history.rowid",
            self._history,
        ):
            self._history = row["at"]
            key = (row["workflow"], row["entry"], row["item"])
            if row["entry"] is not None and row["item"] is None and row["status"] is None:
                continue  # a re-run has invalidated it
            before, after = self._statuses.get(key), row["status"]
            self._statuses[key] = after
            if before is None:
                continue
            if row["item"] is not None:
                if before in COMPLETED and after in COMPLETED:
                    yield f"the item {key} has ended as {before} and as {after}"
                continue
            if not _is_allowed(row, before, after):
                yield f"{key} went from {before} to {after} by {row['cause']}, which no table allows"

    # --- claims

    def _claims_are_allowed(self, before: Seen, now: Seen) -> Iterator[str]:
        """Nothing is claimed that is held, and nothing before it is due; what has begun starts again only
        after it was given up."""
        for number, execution in now.executions.items():
            if execution["of_workflow"] is None:
                continue
            attempt, earlier = now.attempts.get(number), before.attempts.get(number)
            engine = None if attempt is None else attempt["engine"]
            was = None if earlier is None else earlier["engine"]
            has_started = execution["started_at"] is not None
            if was is not None and attempt is not None and engine is None and not has_started:
                self._started.discard(number)  # it was given back
                if any(start.execution == number for start in self._world.starts):
                    yield f"{number} was given back although it had begun"
            elif was is not None and attempt is not None and engine != was:
                self._requeued[number] += 1
                if not earlier or not earlier["repeatable"]:
                    yield f"{number} was taken from {was} and is not to be repeated"
            began = engine is not None or has_started
            if not began or number in self._started:
                continue
            self._started.add(number)
            workflow = now.workflows[execution["of_workflow"]]
            if workflow["id"] in self._paused and workflow["status"] != "failed":
                yield f"{number} ({execution['task']}) began in {workflow['id']}, which is paused"
            if workflow["id"] in self._canceled:
                yield f"{number} ({execution['task']}) began in {workflow['id']}, which is canceled"
            is_late = earlier is not None and earlier["delayed"] and earlier["due_at"] > self._world.date
            if is_late or (earlier is None and attempt is not None and attempt["due_at"] > self._world.date):
                yield f"{number} began before it was due"

    # --- ends

    def _fences_hold(self, now: Seen) -> Iterator[str]:
        """What has ended stays as it is; it ended by its own start, not by one that was given up."""
        for start in self._world.starts:
            if not start.over:
                self._look_at(start, now)
        counts = Counter(start.execution for start in self._world.starts)
        for number, count in counts.items():
            if count > 1 + self._requeued[number]:
                yield f"{number} was started {count} times"
        for number, row in now.executions.items():
            if row["status"] not in COMPLETED or row["workflow"] is not None:
                continue
            end = (row["status"], row["result"], row["ended_at"])
            known = self._ends.get(number)
            if known is not None:
                if known != end:
                    yield f"{number} had ended as {known}, and is {end}"
                continue
            self._ends[number] = end
            yield from self._ended_rightly(number, row)

    def _look_at(self, start: Start, now: Seen) -> None:
        attempt = now.attempts.get(start.execution)
        if attempt is None or attempt["engine"] != start.life.id:
            start.over = True
            start.fenced = (
                attempt is not None or _result(now.executions[start.execution]).get("no") != start.serial
            )

    def _ended_rightly(self, number: str, row: Row) -> Iterator[str]:
        result = _result(row)
        if "no" not in result:
            return
        start = self._world.starts[int(result["no"])]
        if start.execution != number or start.fenced or "again" in result:
            yield f"{number} ended by a late or repeated result: {result}"
        if start.outcome is None or start.outcome.status != row["status"]:
            yield f"{number} ended as {row['status']}, and its action did so as {start.outcome}"

    # --- the store

    def _is_consistent(self, before: Seen, now: Seen) -> Iterator[str]:
        """Each workflow execution agrees with its records, its attempts, and the execution that shows it."""
        of_workflow: dict[str, set[tuple[int, int | None, int]]] = {}
        for one in now.attempts.values():
            token = (one["entry"], one["item"], one["number"])
            if token in of_workflow.setdefault(one["workflow"], set()):
                yield f"two attempts {token} in {one['workflow']}"
            of_workflow[one["workflow"]].add(token)
            if one["root"] != now.workflows[one["workflow"]]["root"]:
                yield f"the attempt {one['execution']} is of another tree than its workflow"
        for number, row in now.workflows.items():
            shown = now.executions[row["execution"]]
            if shown["status"] != row["status"]:
                yield f"{row['execution']} shows {shown['status']}, and is {row['status']}"
            if before.workflows.get(number, {}).get("version") == row["version"]:
                continue
            with self._store.reading() as transaction:
                loaded = transaction.one("load_workflow", id=number)
                assert loaded is not None
                text = transaction.value("definition_text", hash=row["definition"])
                head = rows.head_of(loaded["head"])
                state = load_state(transaction, number, head, graph_of(text))
            yield from (f"{number}: {problem}" for problem in check(state))
            if unfinished(state) != of_workflow.get(number, set()):
                yield f"{number} waits for {unfinished(state)}, and has {of_workflow.get(number)}"
            if head.status != row["status"]:
                yield f"{number} is listed as {row['status']}, and is {head.status}"


def _result(row: Row) -> dict[str, Any]:
    """The result of an execution, if it is a mapping."""
    found: Any = rows.from_json(row["result"] or "null")
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}
