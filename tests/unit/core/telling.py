"""A workflow execution in a few words: its state, what it is told, and how its attempts end."""

from orchestrion.core.commands import RunAction
from orchestrion.core.conductor import Decision, conduct
from orchestrion.core.events import AttemptBegan, AttemptReported, Event, Started
from orchestrion.core.graph import build_graph
from orchestrion.core.invariants import check
from orchestrion.core.language import load_definition
from orchestrion.core.state import State
from orchestrion.core.status import Status


def state_of(text: str, application: dict[str, object] | None = None) -> State:
    """The state of an execution that has started."""
    state = State(build_graph(load_definition(text)))
    told(state, Started({}, application or {}))  # type: ignore[arg-type]  # JSON
    return state


def told(state: State, event: Event) -> Decision:
    """Conduct an event that must be accepted."""
    answer = conduct(state, event)
    assert isinstance(answer, Decision), answer
    state.apply(answer.changes)
    assert check(state) == []
    return answer


def end(state: State, entry: int, status: Status, item: int | None = None) -> Decision:
    """An attempt begins and reports its end."""
    attempt = state.entries[entry].attempt
    told(state, AttemptBegan(entry, item, attempt))
    return told(state, AttemptReported(entry, item, attempt, status))


def runs(decision: Decision) -> list[RunAction]:
    """The attempts that a decision asks for."""
    return [one for one in decision.commands if isinstance(one, RunAction)]
