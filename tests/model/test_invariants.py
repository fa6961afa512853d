"""The invariants of section 7 of the semantics, as amended there, over random runs of events and operations.

What holds after every event is in `orchestrion.core.invariants` (numbers 2, 8 to 13, 18, 19, 21 to 23, 25,
31, 34, 40) and in `checked.py` (1, 3 to 7, 15, 20, 24, 27, 28, 30, 33, 35, 36): the walks below go through
every one of them at every step. 29 and 32 are in `test_rerun_is_replay`; 37 is tested with the inspection.
"""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from orchestrion.core.conductor import Decision, Ignored, conduct
from orchestrion.core.events import (
    AttemptBegan,
    AttemptReported,
    AttemptReturned,
    CancelRequested,
    Event,
    PauseRequested,
    RerunRequested,
    ResumeRequested,
    Started,
    TimeExpired,
)
from orchestrion.core.graph import build_graph
from orchestrion.core.invariants import check
from orchestrion.core.language import Definition
from orchestrion.core.state import State
from orchestrion.core.status import COMPLETED
from tests.model.checked import CheckedWorld
from tests.model.plain import plain, records_of, snapshot
from tests.model.seeded import each_seed
from tests.model.strategies import Luck, Outcome, Shape, outcome, requests
from tests.model.world import AttemptKey, Habits, Name, World, habits, play, start, step_attempt

Count = Callable[[int, int], int]
DISJOINT = Shape(disjoint=True, loop=0.0, command=0.0, partial_join=0.0, error=0.0, items=0.2)
CALM = Luck(failed=0.0, canceled=0.0, odd=0.0, held=0.0)


def wander(world: World, chance: Random) -> None:
    """Events of every kind, wanted or not, at any moment; then the run is let go to its end."""
    for _ in range(chance.randint(1, 60)):
        world.now += chance.choice((0, 0, 300_000, 3_000_000))
        draw = chance.random()
        if draw < 0.04 or _is_overdue(world):
            _expire(world, cascaded=chance.random() < 0.2)
        elif draw < 0.3 and world.issued and world.may_begin:
            world.begin(chance.choice(list(world.issued)))
        elif draw < 0.4 and world.running:
            give_back(world, chance.choice(list(world.running)))
        elif draw < 0.65 and world.running:
            one = outcome(chance, Luck(), len(world.log))
            status = chance.choice((*one.holds, one.status))
            world.report(chance.choice(list(world.running)), status, one.result)
        elif draw < 0.75:
            late(world, chance)
        else:
            world.tell(operation(world, chance))
    play(world, chance, Habits(CALM))


def give_back(world: World, key: AttemptKey) -> None:
    """An attempt that is at work and not held is given back, unless nothing that waits may ever begin."""
    wanted = world.running[key] == "running" and world.status not in ("canceling", *COMPLETED)
    answer = world.give_back(key)
    assert isinstance(answer, Decision if wanted else Ignored), f"{answer} for {key} in {world.status}"


def _is_overdue(world: World) -> bool:
    limit = world.state.head.time_limit
    return limit is not None and limit.expires_at is not None and limit.expires_at <= world.now


def _expire(world: World, *, cascaded: bool) -> None:
    """The time of the workflow, or of one above it, is said to be over: its own must be so indeed."""
    due, unfinished = _is_overdue(world), world.status not in COMPLETED
    answer = world.tell(TimeExpired(cascaded))
    assert isinstance(answer, Decision) == (unfinished if cascaded else due), f"{answer} in {world.status}"
    if isinstance(answer, Decision):
        assert world.status in ("timeout", "canceled"), world.status
        assert not world.running or world.status == "canceled"
        assert not world.issued, f"{world.issued} still waits"


def operation(world: World, chance: Random) -> Event:
    """Any operation, allowed or not."""
    rerun = RerunRequested(requests(chance, world.state)[: chance.randint(1, 3)])
    calm = (PauseRequested(), ResumeRequested(), PauseRequested(), ResumeRequested(), CancelRequested())
    return rerun if world.status in COMPLETED or chance.random() < 0.1 else chance.choice(calm)


def late(world: World, chance: Random) -> None:
    """A report or a start that nobody waits for: of an attempt that has ended, was given up, or never was."""
    entries = world.state.entries
    if not entries:
        return
    entry = chance.choice(entries)
    item = chance.choice((None, 0, 1, 7))
    attempt = entry.attempt + chance.choice((-1, 0, 0, 1))
    key = (entry.id, item, attempt)
    if key in world.running or key in world.issued:
        return
    status = chance.choice(("succeeded", "failed", "running", "pending", "canceled"))
    before = snapshot(world.state)
    answers = [conduct(world.state, event(*key)) for event in (AttemptBegan, AttemptReturned)]
    if (entry.id, item, entry.attempt) not in world.running:
        answers.append(conduct(world.state, AttemptReported(*key, status, {"late": True})))
    assert all(isinstance(answer, Ignored) for answer in answers), f"late {key} {status} was taken: {entry}"
    assert snapshot(world.state) == before


@pytest.mark.timeout(1200)
def test_every_event_keeps_every_invariant(count: Count) -> None:
    """All that holds after every event; every accepted operation comes to its end."""

    def run(chance: Random, definition: Definition) -> None:
        world = CheckedWorld(definition)
        world.tell(Started({}, {}))
        wander(world, chance)
        assert world.status in COMPLETED
        tasks = requests(chance, world.state)
        if tasks:
            world.tell(RerunRequested(tasks))
            wander(world, chance)

    each_seed(range(count(800, 50_000)), run)


def test_a_state_loaded_from_its_records_has_the_same_future(count: Count) -> None:
    """14. Serialise and deserialise at any point; records of different kinds may come in any order."""

    def run(chance: Random, definition: Definition) -> None:
        world = start(definition)
        for _ in range(chance.randint(0, 20)):
            world.begin_all()
            if world.running and chance.random() < 0.9:
                step_attempt(world, chance, Luck(), {})
            elif chance.random() < 0.3:
                world.tell(operation(world, chance))
        records = records_of(world.state)
        kinds = sorted({type(record).__name__ for record in records})
        chance.shuffle(kinds)
        records.sort(key=lambda record: kinds.index(type(record).__name__))
        twin = World(definition)
        twin.state.apply(records)
        assert snapshot(twin.state) == snapshot(world.state)
        tasks = requests(chance, world.state)
        for event in (PauseRequested(), CancelRequested(), RerunRequested(tasks)):
            first, second = conduct(world.state, event), conduct(twin.state, event)
            assert type(first) is type(second)
            if isinstance(first, Decision) and isinstance(second, Decision):
                assert [plain(one) for one in first.changes] == [plain(one) for one in second.changes]
                assert first.commands == second.commands

    each_seed(range(count(200, 10_000)), run)


def test_the_same_events_give_the_same_state(count: Count) -> None:
    """15. Replaying the events of a run on a fresh state gives that state."""

    def run(chance: Random, definition: Definition) -> None:
        world = CheckedWorld(definition)
        world.tell(Started({}, {}))
        wander(world, chance)
        state = State(build_graph(definition))
        for event, occasion in world.events:
            answer = conduct(state, event, occasion)
            assert isinstance(answer, Decision)
            state.apply(answer.changes)
        assert snapshot(state) == snapshot(world.state)
        assert check(state) == []

    each_seed(range(count(100, 5_000)), run)


def test_paused_and_resumed_at_any_moment_is_not_paused(count: Count) -> None:
    """17, 26. For one order of completions: when attempts begin, and pauses in between, change nothing."""

    def run(chance: Random, definition: Definition) -> None:
        undisturbed = start(definition)
        order: list[tuple[Name, Outcome, bool]] = []
        for _ in range(60):
            undisturbed.begin_all()
            if not undisturbed.running:
                break
            key = chance.choice(list(undisturbed.running))
            one = outcome(chance, Luck(held=0.0, canceled=0.0), len(order))
            name = undisturbed.name(key)
            undisturbed.report(key, one.status, one.result)
            order.append((name, one, one.status != "succeeded" or undisturbed.status == "failed"))
        paused = start(definition)
        for name, one, calm in order:
            _bring_to_work(paused, name, chance, calm=calm)
            key = next((key for key in paused.running if paused.name(key) == name), None)
            assert key is not None, f"{name} does not run: {paused.status}"
            paused.report(key, one.status, one.result)
        paused.tell(ResumeRequested())
        paused.begin_all()
        assert _end(paused) == _end(undisturbed)
        assert _started(paused) == _started(undisturbed)

    each_seed(range(count(300, 20_000)), run)


def _bring_to_work(world: World, name: Name, chance: Random, *, calm: bool) -> None:
    """Begin what is to report next; a pause is asked for at random, and undone where it is in the way.

    In a pause an attempt may be given back.

    A failure must not meet a pause (26 as amended), so with `calm` there is none.
    """
    if chance.random() < 0.4:
        world.tell(PauseRequested())
        if world.running and chance.random() < 0.5:
            give_back(world, chance.choice(list(world.running)))
    if calm:
        world.tell(ResumeRequested())
        world.begin_all()
    if not any(world.name(key) == name for key in world.running):
        if not any(world.name(key) == name for key in world.issued) or not world.may_begin:
            world.tell(ResumeRequested())
        key = next((key for key in world.issued if world.name(key) == name), None)
        if key is not None:
            world.begin(key)


def _end(world: World) -> tuple[Any, ...]:
    return (world.status, world.state.head.output, world.state.errors())


def _started(world: World) -> list[str]:
    """What was issued or begun, by names."""
    runs = (*world.started, *world.issued.values())
    return sorted(str((world.name((r.entry, r.item, r.attempt)), r.action, r.input)) for r in runs)


def test_independent_branches_may_finish_in_any_order(count: Count) -> None:
    """16. With disjoint names the order of completions does not matter."""

    def run(chance: Random, definition: Definition) -> None:
        outcomes: dict[Name, Outcome] = {}
        ends: list[tuple[Any, ...]] = []
        for _ in range(2):
            world = start(definition)
            while world.issued or world.running:
                world.begin_all()
                key = chance.choice(list(world.running))
                name = world.name(key)
                one = outcomes.setdefault(
                    name, Outcome((), "succeeded", {"v": len(str(name)), "name": str(name)})
                )
                world.report(key, one.status, one.result)
            ends.append((world.status, world.state.head.output))
        assert ends[0] == ends[1]

    each_seed(range(count(150, 10_000)), run, (DISJOINT,))


def test_acyclic_workflows_start_a_bounded_number_of_actions(count: Count) -> None:
    """23, 39. At most entries x (retries + 1) x items, and each attempt once."""

    def run(chance: Random, definition: Definition) -> None:
        world = start(definition)
        play(world, chance, habits(chance))
        keys = [(run.entry, run.item, run.attempt) for run in world.started]
        assert len(keys) == len(set(keys))
        bound = sum(
            (entry.retry_count + 1) * (entry.items.total if entry.items is not None else 1)
            for entry in world.state.entries
        )
        assert len(keys) <= bound

    each_seed(range(count(200, 10_000)), run, (Shape(loop=0.0),))


def test_each_request_sent_twice_is_sent_once(count: Count) -> None:
    """5. A repeated request is refused or changes no status."""

    def run(chance: Random, definition: Definition) -> None:
        world = start(definition)
        world.begin_all()
        for event in (PauseRequested(), ResumeRequested(), CancelRequested()):
            world.tell(event)
            once = world.status
            world.tell(event)
            assert world.status == once
            if world.running and chance.random() < 0.5:
                world.report(chance.choice(list(world.running)), "succeeded", {"v": 1})

    each_seed(range(count(150, 5_000)), run)
