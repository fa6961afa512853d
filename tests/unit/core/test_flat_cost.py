"""The work per event does not grow with history, items, fan-out or context (architecture 2)."""

from collections import deque
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import pytest

from benchmarks import workflows
from benchmarks.driver import Conducted, conducted
from orchestrion.core.commands import RunAction
from orchestrion.core.conductor import Decision, conduct
from orchestrion.core.events import (
    AttemptBegan,
    AttemptReported,
    CancelRequested,
    Event,
    PauseRequested,
    Started,
)
from orchestrion.core.graph import build_graph
from orchestrion.core.language import Definition
from orchestrion.core.language.definition import Assignment, Task, Transition
from orchestrion.core.state import State
from orchestrion.core.values import Json
from tests.unit.core.metering import Meter, Work

SMALL, MIDDLE, LARGE = 40, 80, 160
"""Sizes whose costs are compared."""


def by_choice(length: int) -> Definition:
    """Splits one after another: each is reached by one of two ways, so that the route grows ever longer."""
    tasks: dict[str, Task] = {}
    for number in range(length):
        fork, left, right = f"fork_{number}", f"left_{number}", f"right_{number}"
        ways = (Transition(do=(left,)), Transition(when="<% failed() %>", do=(right,)))
        following = (Transition(do=(f"fork_{number + 1}",)),) if number + 1 < length else ()
        for task in (Task(fork, next=ways), Task(left, next=following), Task(right, next=following)):
            tasks[task.name] = task
    return Definition(tasks=tasks)


def comb(width: int) -> Definition:
    """A fork to tasks each of which leads to one of its own."""
    teeth = tuple(f"tooth_{number}" for number in range(width))
    tasks = {"fork": Task("fork", next=(Transition(do=teeth),))}
    for tooth in teeth:
        tasks[tooth] = Task(tooth, next=(Transition(do=(f"after_{tooth}",)),))
        tasks[f"after_{tooth}"] = Task(f"after_{tooth}")
    return Definition(tasks=tasks)


def forks_in_a_loop(width: int) -> Definition:
    """A loop of three passes, each of which forks and joins."""
    teeth = tuple(f"tooth_{number}" for number in range(width))
    count = (Assignment("count", "<% ctx().count + 1 %>"),)
    again = Transition(when="<% ctx().count < 3 %>", publish=count, do=("fork",))
    tasks = {
        "enter": Task("enter", next=(Transition(publish=count, do=("fork",)),)),
        "fork": Task("fork", next=(Transition(do=teeth),)),
        **{tooth: Task(tooth, next=(Transition(do=("join",)),)) for tooth in teeth},
        "join": Task("join", join="all", next=(again,)),
    }
    return Definition(vars=(Assignment("count", 0),), tasks=tasks)


def items(_: int) -> Definition:
    return workflows.items(concurrency=10)


WORKFLOWS: list[Callable[[int], Definition]] = [
    workflows.chain,
    workflows.names,
    workflows.loop,
    workflows.fanout,
    items,
    by_choice,
    forks_in_a_loop,
]


class Cost(NamedTuple):
    decision: Decision
    work: Work


@cache
def costs(define: Callable[[int], Definition], size: int) -> tuple[Cost, ...]:
    """What each event of a run has cost. What runs was compiled by a run before."""
    graph = build_graph(define(size))
    inputs: dict[str, Json] = {"list": list(range(size))}
    for _ in conducted(State(graph), inputs):
        pass
    meter = Meter()
    events = conducted(meter.state(graph), inputs)
    return tuple(measured(meter, events))


def measured(meter: Meter, events: Iterator[Conducted]) -> Iterator[Cost]:
    while True:
        conducted, work = meter.measure(lambda: next(events, None))
        if conducted is None:
            return
        yield Cost(conducted.decision, work)


def ordinary(define: Callable[[int], Definition], size: int) -> list[Cost]:
    """Start, forks, joins and end may cost what they change; every other event is ordinary."""
    return sorted(costs(define, size), key=lambda cost: cost.work.steps)[:-8]


@pytest.fixture(params=WORKFLOWS, ids=lambda define: define.__name__)
def define(request: pytest.FixtureRequest) -> Callable[[int], Definition]:
    return request.param


def test_no_event_costs_more_because_the_history_is_long(define: Callable[[int], Definition]) -> None:
    small, large = ordinary(define, SMALL), ordinary(define, LARGE)
    for figure in ("steps", "evaluations", "walked"):
        most = [max(getattr(cost.work, figure) for cost in run) for run in (small, large)]
        assert most[1] <= most[0] * 1.02, figure


def test_the_records_that_an_event_touches_do_not_grow(define: Callable[[int], Definition]) -> None:
    small, large = ordinary(define, SMALL), ordinary(define, LARGE)
    touched = [
        max(len(cost.decision.changes) + len(cost.decision.commands) for cost in run)
        for run in (small, large)
    ]
    assert touched[1] <= touched[0]


def test_a_whole_run_costs_in_proportion_to_its_tasks(define: Callable[[int], Definition]) -> None:
    """The tasks by which a run is longer cost the same, whether it is short or long without them."""
    sizes = (SMALL, MIDDLE, LARGE)
    for figure in ("steps", "evaluations", "walked"):
        whole = [sum(getattr(cost.work, figure) for cost in costs(define, size)) for size in sizes]
        a_task = [
            (more - less) / (long - short)
            for (less, more), (short, long) in zip(pairwise(whole), pairwise(sizes), strict=True)
        ]
        assert a_task[1] <= a_task[0] * 1.02, figure


def test_a_large_value_costs_nothing_where_nobody_reads_it() -> None:
    graph = build_graph(workflows.carried(10))
    large: Json = [{"name": str(number)} for number in range(1_000)]
    meter = Meter()
    runs: list[list[int]] = []
    for payload in (None, "small", large):  # the first run compiles
        state = meter.state(graph)
        runs.append([cost.work.steps for cost in measured(meter, conducted(state, {"payload": payload}))])
        assert state.entries[-1].context.names["payload"] is payload
    assert runs[2] == runs[1]


def reports_after(meddle: Event, width: int) -> list[Work]:
    """The cost of each report of a wide fork after an event that stops new work."""
    meter = Meter()
    state = meter.state(build_graph(comb(width)))
    running: deque[RunAction] = deque()
    events: deque[Event] = deque([Started({}, {})])
    while events:
        running += begin(state, events.popleft())
        if len(running) == 1 and running[0].task == "fork":
            fork = running.popleft()
            events.append(AttemptReported(fork.entry, None, 1, "succeeded"))
    begin(state, meddle)
    running.popleft()
    works: list[Work] = []
    for action in running:
        report = AttemptReported(action.entry, None, 1, "succeeded")
        works.append(meter.measure(lambda report=report: begin(state, report))[1])
    return works[:-1]


def begin(state: State, event: Event) -> list[RunAction]:
    decision = conduct(state, event)
    assert isinstance(decision, Decision)
    state.apply(decision.changes)
    issued = [command for command in decision.commands if isinstance(command, RunAction)]
    for action in issued:
        begin(state, AttemptBegan(action.entry, action.item, action.attempt))
    return issued


@pytest.mark.parametrize(
    "meddle",
    [
        pytest.param(PauseRequested(), id="pause"),
        pytest.param(CancelRequested(), id="cancel"),
        pytest.param(AttemptReported(1, None, 1, "failed"), id="failure"),
        pytest.param(AttemptReported(1, None, 1, "pending"), id="inquiry"),
    ],
)
def test_what_is_held_or_will_never_start_is_not_looked_at_again(meddle: Event) -> None:
    small, large = reports_after(meddle, SMALL), reports_after(meddle, LARGE)
    for figure in ("steps", "walked"):
        most = [max(getattr(work, figure) for work in run[2:]) for run in (small, large)]
        assert most[1] <= most[0] * 1.02, figure
