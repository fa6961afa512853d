"""What a workflow shows before anything of it has begun (product, "Pause and resume")."""

from orchestrion.core.commands import RunAction
from orchestrion.core.conductor import Decision, conduct
from orchestrion.core.events import Occasion, PauseRequested, Started
from orchestrion.core.graph import build_graph
from orchestrion.core.language import load_definition
from orchestrion.core.state import State


def started(tasks: str, seed: int = 0) -> State:
    state = State(build_graph(load_definition(f"version: 1.0\ntasks:\n{tasks}")))
    answer = conduct(state, Started({}, {}, Occasion(seed=seed)))
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


def test_every_draw_of_an_event_is_another_number_and_the_same_in_a_repetition() -> None:
    task = "  {0}: {{action: core.noop, input: {{x: <% random() %>, y: <% random() %>}}}}\n"
    text = "".join(task.format(name) for name in "ab")
    graph = build_graph(load_definition(f"version: 1.0\ntasks:\n{text}"))
    first, again = (conduct(State(graph), Started({}, {}, Occasion(seed=7))) for _ in range(2))
    assert isinstance(first, Decision)
    assert isinstance(again, Decision)
    assert first.commands == again.commands
    inputs = [command.input for command in first.commands if isinstance(command, RunAction)]
    drawn = {str(value) for values in inputs if isinstance(values, dict) for value in values.values()}
    assert len(drawn) == 4
