"""A runtime of a few lines: it begins every attempt at once, as the vectors suppose.

And tells what was started.
"""

from typing import Any, NamedTuple

from orchestrion.core.commands import EndEmpty, RunAction
from orchestrion.core.conductor import Answer, Decision, Ignored, NeedValues, Refused, conduct
from orchestrion.core.events import AttemptBegan, AttemptReported, EmptyEnded, Event
from orchestrion.core.graph import build_graph
from orchestrion.core.language import Definition
from orchestrion.core.records import Entry
from orchestrion.core.state import State
from orchestrion.core.workflow_status import WORKABLE

AttemptKey = tuple[int, int | None, int]


class Listing(NamedTuple):
    """A task of which something starts: what `then.tasks` of a vector holds."""

    entry: Entry
    actions: tuple[RunAction, ...]

    def as_vector(self) -> dict[str, Any]:
        """In the vectors' form."""
        listed: dict[str, Any] = {
            "task": self.entry.task,
            "route": self.entry.route,
            "actions": [{"action": a.action, "input": a.input, "item": a.item} for a in self.actions],
        }
        if self.entry.delay:
            listed["delay"] = self.entry.delay
        if self.entry.items is not None:
            listed["items"] = self.entry.items.total
            listed["concurrency"] = self.entry.items.concurrency
        return listed


class Player:
    """One workflow execution: its state, and what was issued and has not begun."""

    def __init__(self, definition: Definition) -> None:
        self.state = State(build_graph(definition))
        self.issued: dict[AttemptKey, RunAction] = {}
        self.empty: list[int] = []

    def tell(self, event: Event) -> tuple[Answer, list[Listing]]:
        """Conduct an event, begin what may begin, and list it in rounds (see the vectors' README)."""
        answer = conduct(self.state, event)
        if not isinstance(answer, Decision):
            return answer, []
        listings = self._round(answer)
        while self.empty:
            ended = conduct(self.state, EmptyEnded(tuple(self.empty)))
            assert isinstance(ended, Decision), ended
            self.empty = []
            listings += self._round(ended)
        return answer, listings

    def take(self, decision: Decision) -> None:
        """Apply a decision and keep its commands."""
        self.state.apply(decision.changes)
        for command in decision.commands:
            if isinstance(command, EndEmpty):
                self.empty += command.entries
            elif isinstance(command, RunAction):
                self.issued[command.entry, command.item, command.attempt] = command
            else:
                self.issued.pop((command.entry, command.item, command.attempt), None)

    def report(self, task: str, route: int, item: int | None, status: Any, result: Any) -> Event:
        """The report of the latest attempt of a task, or of one of its items."""
        entry = self.entry(task, route)
        return AttemptReported(entry.id, item, entry.attempt, status, result)

    def entry(self, task: str, route: int) -> Entry:
        """The latest entry that counts."""
        return self.state.entries[self.state.latest[task][route][-1]]

    @property
    def held(self) -> bool:
        """Whether what was issued must wait."""
        return self.state.head.pause_requested or self.state.head.pending > 0

    def _begin(self) -> list[RunAction]:
        status = self.state.head.status
        if not (status == "failed" or (status in WORKABLE and not self.held)):
            return []
        started: list[RunAction] = []
        for key, command in list(self.issued.items()):
            del self.issued[key]
            answer = conduct(self.state, AttemptBegan(*key))
            assert isinstance(answer, Decision), answer
            self.take(answer)
            started.append(command)
        return started

    def _round(self, decision: Decision) -> list[Listing]:
        """Take a decision, begin what may begin; what has started, sorted."""
        self.take(decision)
        actions: dict[int, list[RunAction]] = {number: [] for number in self.empty}
        for command in self._begin():
            actions.setdefault(command.entry, []).append(command)
        listings = [Listing(self.state.entries[number], tuple(run)) for number, run in actions.items()]
        return sorted(listings, key=lambda one: (one.entry.task, one.entry.route))


def outcome(answer: Answer) -> str | None:
    """Why an event was not taken, or None."""
    match answer:
        case Refused(problems):
            return "; ".join(problems)
        case NeedValues(keys):
            return f"needs {keys}"
        case Ignored() | Decision():
            return None
