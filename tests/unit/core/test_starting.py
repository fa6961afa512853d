"""What a workflow shows before anything of it has begun (product, "Pause and resume")."""

import time

import pytest

from orchestrion.core.commands import RunAction
from orchestrion.core.conductor import Decision, conduct
from orchestrion.core.events import Occasion, PauseRequested, Started
from orchestrion.core.graph import build_graph
from orchestrion.core.language import load_definition
from orchestrion.core.language.definition import MAX_DELAY
from orchestrion.core.state import State
from orchestrion.core.values import LARGEST_INTEGER


def started(tasks: str, seed: int = 0) -> State:
    state = State(build_graph(load_definition(f"version: 1.0\ntasks:\n{tasks}")))
    answer = conduct(state, Started({}, {}), Occasion(seed=seed))
    assert isinstance(answer, Decision)
    state.apply(answer.changes)
    return state


def test_it_is_scheduled_until_an_attempt_has_begun() -> None:
    state = started("  a: {action: core.noop, delay: 5}\n  b: {action: core.noop}\n")
    assert state.head.status == "scheduled"
    assert not isinstance(conduct(state, PauseRequested()), Decision)


def test_it_is_running_at_once_where_its_first_tasks_only_wait() -> None:
    state = started("  a: {action: core.noop, delay: 5}\n")
    assert state.head.status == "running"
    answer = conduct(state, PauseRequested())
    assert isinstance(answer, Decision)
    state.apply(answer.changes)
    assert state.head.status == "paused"


@pytest.mark.parametrize(
    "attributes, name",
    [
        ("delay: {}", "value of task delay"),
        ("delay: '<% {} %>'", "value of task delay"),
        ("retry: {{count: 1, delay: {}}}", 'retry delay for task "a"'),
        ("with: {{items: '<% [1] %>'}}, delay: {}", "value of task delay"),
    ],
)
def test_a_delay_ends_at_a_time_that_can_be_stored(attributes: str, name: str) -> None:
    task = f"  a: {{{{action: core.noop, {attributes}}}}}\n"
    failed = started(task.format(MAX_DELAY + 1))
    assert failed.head.status == "failed"
    (failure,) = failed.failures.values()
    assert failure.content == {
        "type": "error",
        "message": f"ValueError: The {name} is greater than 3153600000000 seconds (100,000 years).",
        "task_id": "a",
        "route": 0,
    }
    assert started(task.format(MAX_DELAY)).head.status in {"running", "scheduled"}
    assert time.time_ns() // 1_000 + MAX_DELAY * 1_000_000 < LARGEST_INTEGER


def test_every_draw_of_an_event_is_another_number_and_the_same_in_a_repetition() -> None:
    task = "  {0}: {{action: core.noop, input: {{x: <% random() %>, y: <% random() %>}}}}\n"
    text = "".join(task.format(name) for name in "ab")
    graph = build_graph(load_definition(f"version: 1.0\ntasks:\n{text}"))
    first, again = (conduct(State(graph), Started({}, {}), Occasion(seed=7)) for _ in range(2))
    assert isinstance(first, Decision)
    assert isinstance(again, Decision)
    assert first.commands == again.commands
    inputs = [command.input for command in first.commands if isinstance(command, RunAction)]
    drawn = {str(value) for values in inputs if isinstance(values, dict) for value in values.values()}
    assert len(drawn) == 4
