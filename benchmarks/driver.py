"""A runtime of a few lines, which drives the core through a workflow whose actions all succeed."""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from orchestrion.core.commands import RunAction
from orchestrion.core.conductor import Decision, conduct
from orchestrion.core.events import AttemptBegan, AttemptReported, Event, Started
from orchestrion.core.state import State
from orchestrion.core.values import Json


class Conducted(NamedTuple):
    """An event and what was decided on it; the state has taken it."""

    event: Event
    decision: Decision


def conducted(state: State, inputs: dict[str, Json]) -> Iterator[Conducted]:
    """Run a workflow to its end.

    What is issued begins at once; reports come in the order in which attempts were issued. The result of an
    action is the number of its entry.
    """
    beginning: deque[RunAction] = deque()
    running: deque[RunAction] = deque()
    event: Event = Started(inputs, {})
    while True:
        decision = conduct(state, event)
        assert isinstance(decision, Decision), decision
        state.apply(decision.changes)
        for command in decision.commands:
            assert isinstance(command, RunAction), command
            beginning.append(command)
        yield Conducted(event, decision)
        if beginning:
            action = beginning.popleft()
            running.append(action)
            event = AttemptBegan(action.entry, action.item, action.attempt)
        elif running:
            action = running.popleft()
            event = AttemptReported(action.entry, action.item, action.attempt, "succeeded", action.entry)
        else:
            return


def run(state: State, inputs: dict[str, Json]) -> None:
    """Run a workflow to its end, which must be a success."""
    for _ in conducted(state, inputs):
        pass
    assert state.head.status == "succeeded", state.errors()
