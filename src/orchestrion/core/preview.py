"""The plan of a re-run as a value that people can read: what would run, what is kept, what goes on.

Which joins can fire, and how it can end.

It is worked out by the same selection and the same conducting as the re-run itself, on a copy, so it cannot
disagree with it.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from orchestrion.core.attempts import is_item_set
from orchestrion.core.commands import RunAction
from orchestrion.core.conductor import Answer, Decision, NeedValues, Refused, conduct
from orchestrion.core.draft import Draft, ExternalKey
from orchestrion.core.events import Occasion, RerunRequested, TaskRequest
from orchestrion.core.expressions import ExternalError
from orchestrion.core.graph import join_needed
from orchestrion.core.language.definition import ENGINE_COMMANDS
from orchestrion.core.plan import Selection, select
from orchestrion.core.prospects import PlannedJoin, joins_ahead, planned_join
from orchestrion.core.records import Entry
from orchestrion.core.rerun import imposing, is_held_back
from orchestrion.core.state import Key, State
from orchestrion.core.status import COMPLETED, Status
from orchestrion.core.values import Json


class PlannedTask(NamedTuple):
    """A task on a route in a plan, with the status that it has now.

    `items` are the indexes of the items concerned; None for a task without items.
    """

    task: str
    route: int
    status: Status
    items: tuple[int, ...] | None = None


class Plan(NamedTuple):
    """What a re-run would do (architecture 2).

    `restarts` are the requested tasks that run again, with the items that run; `keeps_items` those of which
    items stay as they ended; `fails_by` are of these the ones that failed or were canceled, with the status
    in which their task ends because of them; `left_out` are items that had not begun and never will;
    `retries` are of the tasks that keep items those that may be tried again: that runs all their items;
    `passes` the requested ones of which every item stays, so that their result goes on;
    `repeats` follow from them and ran before; `continues` were ready, waited for another attempt, or were cut
    off, with the items that are left; `kept` is not run again; `ignored` are requests downstream of another
    one. `starts` is what starts at once. `imposed_end` is the status in which kept failures make the re-run
    end at the best, `imposed_by` are these. `ends_at_once` is its end where nothing is left to run, or where
    what would start cannot be rendered: `problems` tells why.
    """

    restarts: tuple[PlannedTask, ...]
    keeps_items: tuple[PlannedTask, ...]
    fails_by: tuple[PlannedTask, ...]
    left_out: tuple[PlannedTask, ...]
    retries: tuple[PlannedTask, ...]
    passes: tuple[PlannedTask, ...]
    repeats: tuple[PlannedTask, ...]
    continues: tuple[PlannedTask, ...]
    kept: tuple[PlannedTask, ...]
    ignored: tuple[PlannedTask, ...]
    starts: tuple[PlannedTask, ...]
    joins: tuple[PlannedJoin, ...]
    imposed_end: Status | None
    imposed_by: tuple[PlannedTask, ...]
    ends_at_once: Status | None
    problems: tuple[str, ...]


def preview(
    state: State,
    tasks: tuple[TaskRequest, ...],
    external: Mapping[ExternalKey, "Json | Exception"] | None = None,
) -> Plan | Refused:
    """The plan of a re-run from tasks, or why it is refused. The state is not altered.

    `external` gives the values from outside, as for `conduct`; without it there are none.
    """
    event = RerunRequested(tasks)
    answer = _conducted(state, event) if external is None else conduct(state, event, external=external)
    if not isinstance(answer, Decision):
        assert isinstance(answer, Refused)
        return answer
    after = state.copy()
    after.apply(answer.changes)
    draft = Draft(state, Occasion(), {})
    return _Preview(state, after, draft, select(draft, tasks), answer).plan()


def _conducted(state: State, event: RerunRequested) -> Answer:
    """What the conductor answers where no value from outside can be had."""
    external: dict[ExternalKey, Json | Exception] = {}
    while True:
        answer = conduct(state, event, external=external)
        if not isinstance(answer, NeedValues):
            return answer
        external |= {
            key: ExternalError(f"The function {key[0]} is not available here.") for key in answer.keys
        }


class _Preview:
    """The state before and after, the selection, and the decision that leads from one to the other."""

    def __init__(
        self, before: State, after: State, draft: Draft, selection: Selection, decision: Decision
    ) -> None:
        self._before = before
        self._after = after
        self._draft = draft
        self._selection = selection
        self._decision = decision
        self._known = len(before.entries)

    def plan(self) -> Plan:
        """The plan."""
        selection, entries = self._selection, self._before.entries
        listed = {*selection.restarted, *selection.dropped, *selection.continued}
        held_back = [number for number in selection.kept if is_held_back(entries[number])]
        at_rest = {*selection.passed, *held_back}
        ends = imposing(self._draft, selection)
        status = self._after.head.status
        continues = sorted((*selection.continued, *held_back))
        return Plan(
            restarts=tuple(self._with_items(number) for number in selection.restarted),
            keeps_items=tuple(
                _planned(entries[number], kept.ended) for number, kept in selection.keep_items.items()
            ),
            fails_by=tuple(self._fails_by()),
            left_out=tuple(
                _planned(entries[number], kept.left_out)
                for number, kept in selection.keep_items.items()
                if kept.left_out
            ),
            retries=tuple(self._retries()),
            passes=self._tasks(selection.passed),
            repeats=self._tasks(number for number in selection.invalidated if number not in listed),
            continues=(*(self._with_items(number) for number in continues), *self._waiting()),
            kept=self._tasks(number for number in selection.kept if number not in at_rest),
            ignored=self._tasks(selection.dropped),
            starts=self._starts(),
            joins=self._joins(),
            imposed_end=ends[0][1] if ends else None,
            imposed_by=self._tasks(dict.fromkeys(self._cause(number) for number, _ in ends)),
            ends_at_once=status if status in COMPLETED else None,
            problems=self._problems(),
        )

    def _tasks(self, numbers: Iterable[int]) -> tuple[PlannedTask, ...]:
        entries = (self._before.entries[number] for number in numbers)
        return tuple(_planned(entry) for entry in entries if entry.task not in ENGINE_COMMANDS)

    def _cause(self, number: int) -> int:
        """The task that a failure is put down to: the one that leads to `fail`, or the one that failed."""
        entry = self._before.entries[number]
        return self._before.arrivals[entry.arrivals[0]].source if entry.task in ENGINE_COMMANDS else number

    def _with_items(self, number: int) -> PlannedTask:
        """A task that runs, with the items that do; how many, if they are rendered anew, is not known yet."""
        entry = self._before.entries[number]
        if entry.items is None:
            return _planned(entry)
        done: set[int] = set()
        if number in self._selection.kept:
            items = self._before.items.get(number, {}).values()
            done = {item.index for item in items if is_item_set(item, entry)}
        elif number in self._selection.keep_items:
            kept = self._selection.keep_items[number]
            done = {*kept.ended, *kept.left_out}
        return _planned(entry, tuple(index for index in range(entry.items.total) if index not in done))

    def _fails_by(self) -> Iterator[PlannedTask]:
        """The tasks that end badly at the best, because of items that they keep."""
        for number, kept in self._selection.keep_items.items():
            entry = self._before.entries[number]
            statuses = {index: self._before.items[number][index].status for index in kept.ended}
            bad = tuple(index for index, status in statuses.items() if status != "succeeded")
            if bad:
                end: Status = "canceled" if "canceled" in statuses.values() else "failed"
                yield PlannedTask(entry.task, entry.route, end, bad)

    def _retries(self) -> Iterator[PlannedTask]:
        """The tasks that keep items, until a retry runs all of them."""
        fresh = {(entry.task, entry.route): entry for entry in self._after.entries[self._known :]}
        for number in self._selection.keep_items:
            entry = self._before.entries[number]
            again = fresh.get((entry.task, entry.route))
            if entry.items is not None and again is not None and again.retry_count > 0:
                yield _planned(entry, tuple(range(entry.items.total)))

    def _waiting(self) -> list[PlannedTask]:
        """What had been ready and never became an entry."""
        gone = {self._key(number) for number in self._selection.invalidated}
        fresh = self._after.entries[self._known :]
        sources = {
            (entry.task, entry.route): [self._after.arrivals[number].source for number in entry.arrivals]
            for entry in fresh
            if entry.task not in ENGINE_COMMANDS
        }
        sources |= {key: [] for key in self._after.ready}
        return [
            PlannedTask(*key, "requested")
            for key in sorted(sources)
            if key not in gone and all(source < self._known for source in sources[key])
        ]

    def _starts(self) -> tuple[PlannedTask, ...]:
        starts: dict[int, list[int]] = {}
        for command in self._decision.commands:
            if isinstance(command, RunAction):
                items = starts.setdefault(command.entry, [])
                items += [] if command.item is None else [command.item]
        entries = ((self._after.entries[number], items) for number, items in sorted(starts.items()))
        return tuple(
            _planned(entry, None if entry.items is None else tuple(items)) for entry, items in entries
        )

    def _joins(self) -> tuple[PlannedJoin, ...]:
        """The joins ahead, those that run at once, and those that ran and can do so no more.

        One that is itself requested, or continues, needs nobody to come.
        """
        selection = self._selection
        after = Draft(self._after, self._draft.occasion, {})
        by_themselves = {self._key(number) for number in (*selection.restarted, *selection.continued)}
        by_themselves |= {(one.task, one.route) for one in self._waiting()}
        joins = joins_ahead(after) if self._after.head.status not in COMPLETED else []
        for entry in self._after.entries[self._known :]:
            key = (entry.task, entry.route)
            if join_needed(after.graph, entry.task) is not None and key not in by_themselves:
                come = {after.entry(after.arrival(number).source).task for number in entry.arrivals}
                joins.append(planned_join(after, key, come, set()))
        known = {join.task for join in joins}
        for number in selection.invalidated:
            key = self._key(number)
            if (
                join_needed(after.graph, key[0]) is not None
                and key[0] not in known
                and key not in by_themselves
            ):
                joins.append(planned_join(after, key, set(), set()))
        return tuple(sorted(joins, key=lambda join: join.task))

    def _key(self, number: int) -> Key:
        entry = self._before.entries[number]
        return (entry.task, entry.route)

    def _problems(self) -> tuple[str, ...]:
        """Why it ends at once: what could not be evaluated."""
        if self._after.head.status not in COMPLETED:
            return ()
        known = self._before.head.failures
        failures = (one for number, one in self._after.failures.items() if number >= known)
        return tuple(dict.fromkeys(str(failure.content["message"]) for failure in failures))


def _planned(entry: Entry, items: tuple[int, ...] | None = None) -> PlannedTask:
    return PlannedTask(entry.task, entry.route, entry.status, items)
