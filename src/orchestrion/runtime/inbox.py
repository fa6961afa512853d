"""How what people ask for gets into a unit: one of its own, or the next one of an engine (architecture 3).

A command that is alone with its store takes a unit of its own. Where an engine works all the time, in a
thread of its own, the others put their requests into its inbox: the engine takes them up before the reports
of actions, all in one commit, and answers after it.
"""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final, Protocol, TypeVar

from orchestrion.errors import Unavailable
from orchestrion.runtime.dispatcher import Dispatcher
from orchestrion.runtime.recovery import end_leftovers
from orchestrion.runtime.unit import Claimer, Unit

T = TypeVar("T")


class Performer(Protocol):
    """Gets work done on a store; what the work raises is raised, and then nothing has happened."""

    def perform(self, work: Callable[[Unit], T], claimer: Claimer | None = None) -> T:
        """Do some work in a unit, for an engine of this process if one is to claim; return once committed."""
        ...

    def rehearse(self, work: Callable[[Unit], T]) -> T:
        """Do some work in a unit that is never committed."""
        ...


class OwnUnits:
    """Does each work in a unit of its own, in the thread that asks."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher: Final = dispatcher

    def perform(self, work: Callable[[Unit], T], claimer: Claimer | None = None) -> T:
        """Do some work; what processes it has given up are ended then."""
        with self._dispatcher.unit(claimer) as unit:
            answer = work(unit)
        end_leftovers(self._dispatcher)
        return answer

    def rehearse(self, work: Callable[[Unit], T]) -> T:
        """Do some work in a unit that is never committed."""
        with self._dispatcher.rehearsal() as unit:
            return work(unit)


class RequestError(Exception):
    """What was asked for cannot be done, for a `reason`. The unit is not to be committed."""

    def __init__(self, reason: Exception) -> None:
        super().__init__(str(reason))
        self.reason: Final = reason


@dataclass(slots=True)
class Request:
    """Work that somebody waits for, on its way into a unit."""

    work: Callable[[Unit], Any]
    is_rehearsal: bool = False
    answer: Future[Any] = field(default_factory=Future[Any])
    _outcome: Any = None

    def perform(self, unit: Unit) -> None:
        """Do the work. Raises RequestError."""
        try:
            self._outcome = unit.perform(self.work)
        except Exception as error:
            raise RequestError(error) from error

    def rehearse(self, dispatcher: Dispatcher) -> None:
        """Do the work in a unit that is never committed, and answer."""
        try:
            with dispatcher.rehearsal() as unit:
                self._outcome = self.work(unit)
        except Exception as error:  # noqa: BLE001  # whoever asked is told, whatever it is
            self.refuse(error)
        else:
            self.acknowledge()

    def acknowledge(self) -> None:
        """The unit is committed: tell who waits what came of it."""
        self.answer.set_result(self._outcome)

    def refuse(self, error: BaseException) -> None:
        """Tell who waits why nothing came of it."""
        self.answer.set_exception(error)


class Inbox:
    """Where the threads of a process put what its engine is to do; `wake` wakes the engine."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake: Final = wake
        self._waiting: Final[deque[Request]] = deque()
        self._lock: Final = Lock()
        self._is_closed = False

    def __len__(self) -> int:
        return len(self._waiting)

    def perform(self, work: Callable[[Unit], T], claimer: Claimer | None = None) -> T:  # noqa: ARG002  # the engine claims
        """Have the engine do some work in its next unit. Raises Unavailable when it has left."""
        return self._answer_to(Request(work))

    def rehearse(self, work: Callable[[Unit], T]) -> T:
        """Have the engine do some work in a unit that is never committed. Raises Unavailable likewise."""
        return self._answer_to(Request(work, is_rehearsal=True))

    def _answer_to(self, request: Request) -> Any:
        self.submit(request)
        return request.answer.result()

    def submit(self, request: Request) -> None:
        """Leave a request for the engine, which answers it. Raises Unavailable when the engine has left."""
        with self._lock:
            if self._is_closed:
                raise Unavailable("The server is about to stop. Ask again when it is back.")
            self._waiting.append(request)
        self._wake()

    # --- for the engine

    def take(self) -> list[Request]:
        """All that waits, in the order in which it came."""
        return [self._waiting.popleft() for _ in range(len(self._waiting))]

    def put_back(self, requests: Sequence[Request]) -> None:
        """What was taken, and is to wait for the next unit."""
        self._waiting.extendleft(reversed(requests))

    def close(self) -> None:
        """The engine takes up nothing more; who still waits is told so."""
        with self._lock:
            self._is_closed = True
        for request in self.take():
            request.refuse(
                Unavailable("The server has stopped before it could do this. Nothing was changed.")
            )
