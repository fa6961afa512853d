"""A runtime for tests: it holds the attempts of one workflow execution, and notes what happens.

The test decides what begins and reports, and when. Attempts and entries get names that do not depend on
numbers, so that two executions can be compared: an entry is its task, the path of splits that its route
stands for, and its rank among the entries of that task and route that count.
"""

from random import Random
from typing import NamedTuple, TypeAlias

from orchestrion.core.commands import EndEmpty, RunAction, StopAttempt
from orchestrion.core.conductor import Answer, Decision, Ignored, Refused, conduct
from orchestrion.core.events import (
    AttemptBegan,
    AttemptReported,
    AttemptReturned,
    CancelRequested,
    EmptyEnded,
    Event,
    Occasion,
    PauseRequested,
    RerunRequested,
    ResumeRequested,
    Started,
    TimeExpired,
)
from orchestrion.core.graph import build_graph
from orchestrion.core.language import Definition
from orchestrion.core.records import Entry
from orchestrion.core.state import State
from orchestrion.core.status import COMPLETED, Status
from orchestrion.core.values import Json
from orchestrion.core.workflow_status import WORKABLE
from tests.model.strategies import Luck, Outcome, outcome

AttemptKey: TypeAlias = tuple[int, int | None, int]
"""(entry, item, attempt)."""
Path: TypeAlias = tuple[tuple[str, str, int], ...]
"""The splits that lead to a route: (split, edge, rank of the entry that sent)."""
Identity: TypeAlias = tuple[str, Path, int]
"""(task, path, rank)."""
Name: TypeAlias = tuple[Identity, int | None, int]
"""An attempt by its entry's identity: (entry, item, attempt)."""


class Report(NamedTuple):
    """An accepted report, and the event that it was; or the end of a with-items task without items."""

    at: int
    key: AttemptKey
    status: Status
    result: Json


class World:
    """One workflow execution and everything around it."""

    def __init__(self, definition: Definition) -> None:
        self.state = State(build_graph(definition))
        self.now = 0
        self.issued: dict[AttemptKey, RunAction] = {}
        self.running: dict[AttemptKey, Status] = {}
        self.empty: list[int] = []
        self.stopped: list[AttemptKey] = []
        self.log: list[Report] = []
        self.started: list[RunAction] = []
        self.failed_while_held: set[int] = set()
        """With-items entries of which an item failed during a pause, when no further item could start."""
        self.inherited: set[tuple[int, int]] = set()
        """Items (entry, index) that a re-run kept as they had ended."""
        self.left_out: dict[tuple[int, int], int] = {}
        """Items (entry, index) that had never begun, and the event of the re-run that left them so."""

    def tell(self, event: Event) -> Answer:
        """Conduct an event and take its decision. With-items tasks without items end at once.

        So does what runs when the time is over.
        """
        answer = self.conduct(event)
        while self.stopped:
            self.report(self.stopped.pop(0), "timeout", {"error": "stopped"})
        self.end_empty()
        return answer

    def end_empty(self) -> None:
        """Let with-items tasks without items end."""
        while self.empty:
            ended, self.empty = tuple(self.empty), []
            assert isinstance(self.conduct(EmptyEnded(ended)), Decision)
            for number in ended:
                self.log.append(Report(self.state.head.event, (number, None, 1), "succeeded", None))

    def conduct(self, event: Event) -> Answer:
        """Conduct one event and take its decision."""
        answer = conduct(self.state, event, Occasion(self.now))
        if isinstance(answer, Decision):
            known = self.state.head.entries
            self.state.apply(answer.changes)
            self._take_commands(answer)
            if isinstance(event, RerunRequested):
                self._inherit(known)
        return answer

    def _inherit(self, first: int) -> None:
        """Entries that a re-run has made hold the reports of the items that they keep."""
        for entry in self.state.entries[first:]:
            if entry.kept is not None:
                for item in self.state.items.get(entry.id, {}).values():
                    if item.is_left_out:
                        self.left_out[entry.id, item.index] = self.state.head.event
                    elif item.status in COMPLETED:
                        assert item.status is not None
                        assert item.done is not None
                        self.inherited.add((entry.id, item.index))
                        self.log.append(
                            Report(item.done, (entry.id, item.index, 1), item.status, item.result)
                        )

    def _take_commands(self, decision: Decision) -> None:
        for command in decision.commands:
            if isinstance(command, EndEmpty):
                self.empty += command.entries
            elif isinstance(command, RunAction):
                self.issued[command.entry, command.item, command.attempt] = command
            elif isinstance(command, StopAttempt):
                self.stopped.append((command.entry, command.item, command.attempt))
            else:
                self.issued.pop((command.entry, command.item, command.attempt), None)

    # --- attempts

    @property
    def status(self) -> Status:
        return self.state.head.status

    @property
    def may_begin(self) -> bool:
        """Whether a worker may claim what was issued."""
        head = self.state.head
        held = head.pause_requested or head.pending > 0
        return head.status == "failed" or (head.status in WORKABLE and not held)

    def begin(self, key: AttemptKey) -> Answer:
        """A worker claims an attempt."""
        command = self.issued.pop(key)
        answer = self.tell(AttemptBegan(*key))
        if isinstance(answer, Decision):
            self.started.append(command)
            self.running[key] = "running"
        return answer

    def give_back(self, key: AttemptKey) -> Answer:
        """A worker has claimed an attempt, and gives it back before anything of it has started."""
        command = next(run for run in self.started if (run.entry, run.item, run.attempt) == key)
        self.issued[key] = command
        answer = self.tell(AttemptReturned(*key))
        if isinstance(answer, Decision):
            del self.running[key]
            self.started.remove(command)
        else:
            del self.issued[key]
        return answer

    def begin_all(self) -> None:
        """Claim everything that may be claimed."""
        while self.issued and self.may_begin:
            self.begin(next(iter(self.issued)))

    def report(self, key: AttemptKey, status: Status, result: Json) -> Answer:
        """A running attempt reports."""
        at = self.state.head.event + 1
        if (
            key[1] is not None
            and status not in ("succeeded", "running")
            and self.status in ("pausing", "paused")
        ):
            self.failed_while_held.add(key[0])
        answer = self.tell(AttemptReported(*key, status, result))
        if status in COMPLETED:
            self.running.pop(key, None)
        elif isinstance(answer, Decision):
            self.running[key] = status
        if isinstance(answer, Decision):
            self.log.append(Report(at, key, status, result))
        return answer

    # --- names that do not depend on numbers

    def path(self, route: int) -> Path:
        """The splits that a route stands for."""
        if not route:
            return ()
        record = self.state.routes[route]
        made_by = next(arrival for arrival in self.state.arrivals if arrival.route == route)
        source = self.state.entries[made_by.source]
        return (*self.path(record.parent), (made_by.target, record.edge, self.rank(source)))

    def rank(self, entry: Entry) -> int:
        """How many earlier entries of the same task and route count."""
        laps = self.state.latest.get(entry.task, {}).get(entry.route, ())
        return sum(self.state.entries[number].counts for number in laps if number < entry.id)

    def identity(self, number: int) -> Identity:
        """The name of an entry that counts."""
        entry = self.state.entries[number]
        return (entry.task, self.path(entry.route), self.rank(entry))

    def name(self, key: AttemptKey) -> Name:
        """The name of an attempt."""
        return (self.identity(key[0]), key[1], key[2])


def outcome_of(
    chance: Random, luck: Luck, plans: dict[AttemptKey, Outcome], key: AttemptKey, number: int
) -> Outcome:
    """What an attempt has in store; drawn when it is first asked for."""
    if key not in plans:
        plans[key] = outcome(chance, luck, number)
    return plans[key]


class Habits(NamedTuple):
    """How a random run goes: chances for each step."""

    luck: Luck = Luck()
    pause: float = 0.0
    cancel: float = 0.0
    expire: float = 0.0
    lazy: float = 0.0
    """That an attempt is not claimed yet."""
    stop_running: float = 0.0
    """To stop where the workflow has completed although something still runs."""
    steps: int = 80


def habits(chance: Random) -> Habits:
    """Random habits: half of the runs are undisturbed."""
    luck = Luck(
        *chance.choice(
            ((0.2, 0.02, 0.03, 0.03), (0.1, 0.0, 0.0, 0.0), (0.35, 0.0, 0.05, 0.0), (0.0, 0.0, 0.0, 0.1))
        )
    )
    disturbed = chance.random() < 0.5
    return Habits(
        luck,
        pause=chance.choice((0.0, 0.1)) if disturbed else 0.0,
        cancel=chance.choice((0.0, 0.05)) if disturbed else 0.0,
        expire=chance.choice((0.0, 0.0, 0.05)) if disturbed else 0.0,
        lazy=chance.choice((0.0, 0.0, 0.5)),
        stop_running=chance.choice((0.0, 0.0, 0.5)),
    )


def start(definition: Definition) -> World:
    """A world whose execution has started."""
    world = World(definition)
    world.tell(Started({}, {}))
    return world


def play(world: World, chance: Random, habits: Habits) -> None:
    """Let the execution go on at random until it is completed and quiet (or, by habit, only completed).

    A run that takes too many steps is canceled.
    """
    plans: dict[AttemptKey, Outcome] = {}
    for step in range(habits.steps * 4):
        done = world.status in COMPLETED
        if done and not world.running and not (world.issued and world.may_begin):
            return
        if done and chance.random() < habits.stop_running:
            return
        if step == habits.steps:
            world.tell(CancelRequested())
        elif chance.random() < habits.pause:
            world.tell(PauseRequested())
        elif chance.random() < habits.cancel:
            world.tell(CancelRequested())
        elif chance.random() < habits.expire:
            world.tell(TimeExpired(cascaded=True))
        for key in list(world.issued):
            if world.may_begin and key in world.issued and chance.random() >= habits.lazy:
                world.begin(key)
        if world.running:
            step_attempt(world, chance, habits.luck, plans)
        elif world.issued and world.may_begin:
            world.begin(next(iter(world.issued)))
        elif world.status in ("pausing", "paused"):
            assert not isinstance(world.tell(ResumeRequested()), Refused)
        if world.state.head.pause_requested and chance.random() < 0.3:
            world.tell(ResumeRequested())
    raise AssertionError(f"stuck in {world.status}")


def step_attempt(world: World, chance: Random, luck: Luck, plans: dict[AttemptKey, Outcome]) -> None:
    """One running attempt reports what it has in store next."""
    key = chance.choice(list(world.running))
    plan = outcome_of(chance, luck, plans, key, len(world.log))
    now = world.running[key]
    stages: tuple[Status, ...] = (*plan.holds, plan.status)
    if now == "running" and plan.holds == ("paused", "running"):
        stages = (plan.status,) if chance.random() < 0.5 else stages
    status = stages[stages.index(now) + 1] if now in stages and now != "running" else stages[0]
    answer = world.report(key, status, plan.result if status in COMPLETED else None)
    assert not isinstance(answer, Refused), answer
    if isinstance(answer, Ignored) and status not in COMPLETED:  # what was canceled can only end
        answer = world.report(key, plan.status, plan.result)
    if isinstance(answer, Ignored):
        world.running.pop(key, None)
