"""A world that looks at everything after every event: the invariants of a state, and those of a step.

Numbers are those of section 7 of the semantics.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from orchestrion.core.commands import RunAction
from orchestrion.core.conductor import Answer, Decision, Refused, conduct
from orchestrion.core.draft import Draft
from orchestrion.core.events import Event, Occasion, RerunRequested
from orchestrion.core.graph import build_graph
from orchestrion.core.invariants import check, outstanding
from orchestrion.core.language import Definition
from orchestrion.core.plan import Selection, select
from orchestrion.core.records import Entry
from orchestrion.core.state import Key, State
from orchestrion.core.status import COMPLETED, Status
from orchestrion.core.transitions import ITEMS_TASK, PLAIN_TASK, WORKFLOW
from orchestrion.core.values import Json
from tests.model.plain import plain, plains, snapshot
from tests.model.world import AttemptKey, World


def _reachable(*tables: Mapping[str, Mapping[Any, Any]]) -> dict[str, set[str]]:
    """For each status, those that any number of events lead to."""
    steps: dict[str, set[str]] = {}
    for table in tables:
        for cells in table.values():
            for status, after in cells.items():
                steps.setdefault(status, {status}).update({after} - {".", "!"})
    for _ in steps:
        for found in steps.values():
            found.update(*(steps.get(status, set()) for status in tuple(found)))
    return steps


_WITHOUT_RERUN: Final = {event: cells for event, cells in WORKFLOW.items() if event != "rerun"}
WORKFLOW_STEPS: Final = _reachable(_WITHOUT_RERUN)
TASK_STEPS: Final = _reachable(PLAIN_TASK, ITEMS_TASK)


class CheckedWorld(World):
    """Asserts after every event what must hold whatever the event was."""

    def __init__(self, definition: Definition) -> None:
        super().__init__(definition)
        self.twin = State(build_graph(definition))
        self.events: list[tuple[Event, Occasion]] = []
        self.published: dict[int, str] = {}
        self.ended: set[AttemptKey] = set()

    def conduct(self, event: Event) -> Answer:
        before = snapshot(self.state)
        entries, status = list(self.state.entries), self.status
        selection = self._selection(event)
        waiting = {task for task, _ in self.state.ready}
        first = conduct(self.state, event, Occasion(self.now))
        second = conduct(self.state, event, Occasion(self.now))
        assert snapshot(self.state) == before, "conduct altered the state"
        _assert_equal(first, second)
        answer = super().conduct(event)
        _assert_equal(first, answer)
        if not isinstance(answer, Decision):
            assert snapshot(self.state) == before, "a refused or ignored event changed something"
            assert (
                selection is None
                or not isinstance(answer, Refused)
                or status not in COMPLETED
                or selection.problems
            )
            return answer
        self.events.append((event, Occasion(self.now)))
        self.twin.apply(answer.changes)
        assert snapshot(self.twin) == snapshot(self.state), "the changes are not the state"
        problems = check(self.state)
        assert not problems, problems
        assert set(self.issued) == outstanding(self.state), "the queue is not what the state waits for"
        self._check_statuses(entries, status, event)
        self._check_commands(answer, len(entries))
        self._check_published()
        if selection is not None:
            assert isinstance(event, RerunRequested)
            chosen = {(request.task, request.route): request.items for request in reversed(event.tasks)}
            self._check_rerun(selection, entries, answer, waiting, chosen)
        return answer

    def report(self, key: AttemptKey, status: Status, result: Json) -> Answer:
        """36. Every attempt is completed at most once."""
        answer = super().report(key, status, result)
        if isinstance(answer, Decision) and status in COMPLETED:
            assert key not in self.ended, f"{key} ended twice"
            self.ended.add(key)
        return answer

    def _selection(self, event: Event) -> Selection | None:
        if not isinstance(event, RerunRequested):
            return None
        return select(Draft(self.state, Occasion(), {}), event.tasks)

    def _check_statuses(self, before: list[Entry], status: Status, event: Event) -> None:
        """1, 27. Statuses follow the tables; what is completed stays so; canceling ends in canceled."""
        now = self.status
        rerun = isinstance(event, RerunRequested)
        assert now in WORKFLOW_STEPS["resuming" if rerun else status], f"{status} -> {now} at {event}"
        if status in COMPLETED and not rerun:
            assert now == status or (status == "succeeded" and now == "failed"), f"{status} -> {now}"
        for old in before:
            new = self.state.entries[old.id]
            assert new.status in TASK_STEPS[old.status], f"entry {old.id}: {old.status} -> {new.status}"
            if old.status in COMPLETED:
                assert new.status == old.status, f"completed entry {old.id}: {old.status} -> {new.status}"
                assert new.result == old.result

    def _check_commands(self, decision: Decision, known: int) -> None:
        """3, 4, 7, 21, 24. What starts may start, once, in order."""
        runs = [command for command in decision.commands if isinstance(command, RunAction)]
        keys = [(run.entry, run.item, run.attempt) for run in runs]
        assert len(set(keys)) == len(keys), f"started twice: {keys}"
        fresh = [(run.task, run.route, run.item or 0) for run in runs if run.entry >= known]
        kept = {entry.id for entry in self.state.entries[known:] if entry.kept is not None}
        if not kept:
            assert fresh == sorted(fresh), f"out of order: {fresh}"
        for run in runs:
            entry = self.state.entries[run.entry]
            assert entry.counts
            if self.status in ("canceling", "canceled", "succeeded"):
                raise AssertionError(f"started in {self.status}: {run}")
            if self.status in ("pausing", "paused"):
                assert entry.status == "retrying", f"started in {self.status}: {run}"
            if self.status == "failed":
                assert entry.run_on_fail, f"started in failed: {run}"

    def _check_published(self) -> None:
        """20. What was published is never modified."""
        for arrival in self.state.arrivals:
            text = json.dumps(arrival.published, sort_keys=True)
            assert self.published.setdefault(arrival.id, text) == text, f"arrival {arrival.id} was modified"

    def _check_rerun(
        self,
        selection: Selection,
        before: list[Entry],
        decision: Decision,
        waiting: set[str],
        chosen: Mapping[Key, tuple[int, ...] | None],
    ) -> None:
        """28, 33 to 35, and that the plan is what happens; `waiting` was ready and had not started."""
        entries = self.state.entries
        for number in selection.kept:
            old, new = before[number], entries[number]
            assert new.counts
            same = new._replace(terminal=old.terminal, withdrawn=old.withdrawn, items=old.items)
            assert plain(same) == plain(old), f"kept entry {number} was changed"
        assert not any(entries[number].counts for number in selection.invalidated)
        runs = [command for command in decision.commands if isinstance(command, RunAction)]
        planned = waiting | {before[n].task for n in (*selection.restarted, *selection.continued)}
        for number in selection.restarted:
            old = before[number]
            self._check_restarted(old, selection, runs, len(before), chosen[old.task, old.route])
        for run in runs:
            if run.entry >= len(before) and not entries[run.entry].arrivals:
                assert run.task in planned, f"{run.task} starts and is not in the plan"

    def _check_restarted(
        self,
        old: Entry,
        selection: Selection,
        runs: list[RunAction],
        known: int,
        chosen: tuple[int, ...] | None,
    ) -> None:
        """33 to 35. A restarted task has its route and context, no retries used, its kept items."""
        new = next(
            (e for e in self.state.entries[known:] if (e.task, e.route) == (old.task, old.route)), None
        )
        if new is None or self.state.graph.cyclic:
            return
        assert new.arrivals == old.arrivals
        assert new.tally == 0
        if old.id in selection.keep_items and new.items is not None:
            items = self.state.items.get(new.id, {}).values()
            kept = {i.index: (i.status, i.result, i.done) for i in items if i.status in COMPLETED}
            left_out = {i.index for i in items if i.is_left_out}
            old_items = self.state.items.get(old.id, {}).values()
            now = {i.index: i for i in old_items if i.status in COMPLETED and i.attempt == old.attempt}
            stays = {
                index: (item.status, item.result, item.done)
                for index, item in now.items()
                if (item.status == "succeeded" if chosen is None else index not in chosen)
            }
            assert kept == stays
            assert not left_out & {*now, *(chosen or ())}
            begun = {run.item for run in runs if run.entry == new.id}
            assert not begun & {*kept, *left_out}
            if new.items.concurrency is None and self.status in ("resuming", "running"):
                assert begun == set(range(new.items.total)) - {*kept, *left_out}


def _assert_equal(first: Answer, second: Answer) -> None:
    """15. The same state and the same event give the same decision."""
    assert type(first) is type(second)
    if isinstance(first, Decision) and isinstance(second, Decision):
        assert first.commands == second.commands
        assert plains(first.changes) == plains(second.changes)
    else:
        assert first == second
