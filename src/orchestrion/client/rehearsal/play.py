"""Running a workflow in memory: the core decides, canned results come back, and the clock jumps.

What is to begin begins at once, or when its delay is over; what has begun ends after the time that its result
`takes`, or when its timeout is over. Of what ends at the same moment, what began first ends first.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from typing import Final, NamedTuple

from orchestrion.client.rehearsal.script import Canned, Case
from orchestrion.core.commands import EndEmpty, RunAction, StopAttempt
from orchestrion.core.conductor import Decision, conduct
from orchestrion.core.draft import ExternalKey
from orchestrion.core.events import (
    AttemptBegan,
    AttemptReported,
    EmptyEnded,
    Event,
    Occasion,
    Started,
    TimeExpired,
)
from orchestrion.core.expressions import ExternalError
from orchestrion.core.graph import Graph
from orchestrion.core.state import State
from orchestrion.core.values import Json
from orchestrion.runtime.deadlines import STOPPED, late_after
from orchestrion.runtime.ledger import Execution
from orchestrion.runtime.subworkflows import application_of

MAX_EVENTS: Final = 20_000
"""How many events a rehearsal has, two for each action: a loop that never ends is ended."""

_ID: Final = "0" * 24
_NO_KEY: Final = 'The test has no key "{}".'
_MICROSECONDS: Final = 1_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Ran(NamedTuple):
    """An action that has begun, and the canned result that it gets; None: the test has none for it."""

    name: str
    command: RunAction
    canned: Canned | None


class Play:
    """One run of a workflow. `ran` holds its actions in the order in which they began."""

    def __init__(self, graph: Graph, action: str, case: Case) -> None:
        self.state: Final = State(graph)
        self.ran: Final[list[Ran]] = []
        self.unanswered: Ran | None = None
        """The first action for which the test has no result."""
        self._case: Final = case
        self._now = case.at
        self._events = 0
        self._waiting: Final[list[tuple[int, int, RunAction | AttemptReported | TimeExpired]]] = []
        self._sequence = 0
        self._empty: list[int] = []
        self._withdrawn: Final[set[tuple[int, int | None, int]]] = set()
        self._times: Final[dict[int, tuple[int, int | None]]] = {}
        execution = Execution(_ID, action, "running", {}, case.at)
        self._application: Final = application_of(execution, _ID, case.user)

    def run(self) -> None:
        """Run it to its end, or until an action begins for which there is no result."""
        self._tell(Started(dict(self._case.inputs), self._application))
        limit = self.state.head.time_limit
        if limit is not None and limit.expires_at is not None:
            self._push(limit.expires_at, TimeExpired())
        while (self._empty or self._waiting) and self.unanswered is None and not self.is_endless:
            if self._empty:
                ended, self._empty = self._empty, []
                self._tell(EmptyEnded(tuple(ended)))
                continue
            self._now, _, what = heappop(self._waiting)
            if isinstance(what, RunAction):
                self._begin(what)
            elif isinstance(what, TimeExpired):
                self._tell(what)
            else:
                self._times[what.entry] = (self._times[what.entry][0], self._now)
                self._tell(what)

    @property
    def is_endless(self) -> bool:
        """Whether it was ended because it did not end."""
        return self._events > MAX_EVENTS

    def _tell(self, event: Event) -> bool:
        """Let the core decide about an event, and do what it asks; whether it was taken."""
        self._events += 1
        occasion = Occasion(self._now, self._events)
        answer = conduct(self.state, event, occasion, _Outside(self._case.keys, self._times))
        if not isinstance(answer, Decision):
            return False
        self.state.apply(answer.changes)
        for command in answer.commands:
            match command:
                case RunAction(delay=0):
                    self._begin(command)
                case RunAction(delay=delay):
                    self._push(self._now + delay * _MICROSECONDS, command)
                case EndEmpty(entries):
                    self._empty += entries
                case StopAttempt():
                    self._push(self._now, AttemptReported(*command, "timeout", STOPPED))
                case _:
                    self._withdrawn.add((command.entry, command.item, command.attempt))
        return True

    def _push(self, at: int, what: RunAction | AttemptReported | TimeExpired) -> None:
        self._sequence += 1
        heappush(self._waiting, (at, self._sequence, what))

    def _begin(self, command: RunAction) -> None:
        key = (command.entry, command.item, command.attempt)
        if key in self._withdrawn or not self._tell(AttemptBegan(*key)):
            return
        self._times.setdefault(command.entry, (self._now, None))
        canned: Canned | None = Canned(0)  # a task without an action succeeds with nothing
        if command.action:
            canned = self._canned(command)
        name = command.task if command.item is None else f"{command.task}[{command.item}]"
        self.ran.append(Ran(name, command, canned))
        if canned is None:
            self.unanswered = self.unanswered or self.ran[-1]
        else:
            self._end_later(key, canned)

    def _end_later(self, key: tuple[int, int | None, int], canned: Canned) -> None:
        """An attempt ends with its result, unless its time is over before."""
        seconds = self.state.entries[key[0]].timeout
        if seconds is not None and canned.takes > seconds:
            ended = AttemptReported(*key, "timeout", late_after(seconds))
            self._push(self._now + seconds * _MICROSECONDS, ended)
        else:
            ended = AttemptReported(*key, canned.status, canned.result)
            self._push(self._now + round(canned.takes * _MICROSECONDS), ended)

    def _canned(self, command: RunAction) -> Canned | None:
        lap = self.state.entries[command.entry].lap + 1
        return next(
            (
                one
                for one in self._case.results
                if one.fits(
                    task=command.task,
                    route=command.route,
                    lap=lap,
                    item=command.item,
                    attempt=command.attempt,
                )
            ),
            None,
        )


class _Outside(Mapping[ExternalKey, "Json | Exception"]):
    """The keys of a test, and the made up ids and times of tasks."""

    def __init__(self, keys: Mapping[str, str], times: Mapping[int, tuple[int, int | None]]) -> None:
        self._keys: Final = keys
        self._times: Final = times

    def __getitem__(self, key: ExternalKey) -> "Json | Exception":
        match key:
            case ("st2kv", str(name), bool()):
                return self._keys[name] if name in self._keys else ExternalError(_NO_KEY.format(name))
            case ("task", int(entry)):
                begin, end = self._times.get(entry, (None, None))
                return {
                    "task_execution_id": f"{entry:024x}",
                    "workflow_execution_id": _ID,
                    "start_timestamp": _text_of(begin),
                    "end_timestamp": _text_of(end),
                }
            case _:
                raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        return True

    def __iter__(self) -> Iterator[ExternalKey]:
        return iter(())

    def __len__(self) -> int:
        return 0


def _text_of(microseconds: int | None) -> str | None:
    return None if microseconds is None else str(_EPOCH + timedelta(microseconds=microseconds))
