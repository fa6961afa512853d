"""The zygotes of one engine: one for each environment, started before the first action needs it.

A zygote loads the standard library before it can fork, which takes a tenth of a second or more. The engine
starts an action only when its zygote `is_ready`, and `prepare` starts one without waiting for it.
"""

from collections.abc import Callable
from pathlib import Path
from threading import Lock, Thread, current_thread
from time import monotonic
from typing import Final, NamedTuple

from orchestrion.actions.runners.environment import NotStartable
from orchestrion.actions.runners.zygote import Zygote

_TOLD_SECONDS: Final = 1.0
"""For how long a start that failed fails the actions that have waited for it. Later ones try anew."""


class Environment(NamedTuple):
    """What a zygote is for: an interpreter, and the engine whose actions it starts."""

    interpreter: Path
    engine: str


class _Failure(NamedTuple):
    at: float
    reason: str


class Zygotes:
    """Usable from any thread. `close` it at the end.

    `door` gives the descriptor that actions get, if any; `clock` seconds that only grow.
    """

    def __init__(self, door: Callable[[], int | None], clock: Callable[[], float] = monotonic) -> None:
        self._door: Final = door
        self._clock: Final = clock
        self._choosing: Final = Lock()
        self._found: Final[dict[Environment, Zygote]] = {}
        self._failed: Final[dict[Environment, _Failure]] = {}
        self._waiting: Final[set[Thread]] = set()
        self._starting: Final[set[Environment]] = set()

    def is_ready(self, environment: Environment) -> bool:
        """Whether an action would begin at once; or fail at once, because its zygote has just failed."""
        found = self._found.get(environment)
        if found is not None and found.is_up and not found.is_gone:
            return True
        return self._failure(environment) is not None

    def prepare(self, environment: Environment, on_ready: Callable[[], None]) -> None:
        """Start the zygote of an environment, unless it is up or starting, and return.

        `on_ready` is called in any thread when `is_ready` has become true.
        """
        with self._choosing:
            found = self._found.get(environment)
            if environment in self._starting or (found is not None and not found.is_gone):
                return
            self._failed.pop(environment, None)
            try:
                zygote = self._start(environment)
            except NotStartable as error:
                self._failed[environment] = _Failure(self._clock(), str(error))
                on_ready()
                return
            thread = Thread(
                target=self._wait, args=(environment, zygote, on_ready), name="zygote", daemon=True
            )
            self._waiting.add(thread)
            self._starting.add(environment)
            thread.start()

    def take(self, environment: Environment) -> Zygote:
        """Give the zygote of an environment; one that nobody has prepared may not be up yet.

        Raises `NotStartable`.
        """
        with self._choosing:
            failure = self._failure(environment)
            if failure is not None:
                raise NotStartable(failure.reason)
            found = self._found.get(environment)
            return self._start(environment) if found is None or found.is_gone else found

    def close(self) -> None:
        """End the zygotes, with all that they have started, and those that are still starting."""
        with self._choosing:
            zygotes, waiting = [*self._found.values()], [*self._waiting]
        for zygote in zygotes:
            zygote.close()
        for thread in waiting:
            thread.join()

    def _start(self, environment: Environment) -> Zygote:
        """Start another zygote than the one that was lost, if there was one. Raises `NotStartable`."""
        lost = self._found.pop(environment, None)
        if lost is not None:
            lost.close()
        zygote = self._found[environment] = Zygote(*environment, self._door())
        return zygote

    def _wait(self, environment: Environment, zygote: Zygote, on_ready: Callable[[], None]) -> None:
        """Wait in a thread of its own until a zygote is up, or is not going to be."""
        is_up = zygote.wait()
        with self._choosing:
            self._starting.discard(environment)
            if not is_up:
                self._failed[environment] = _Failure(self._clock(), zygote.reason())
        on_ready()
        with self._choosing:
            self._waiting.discard(current_thread())

    def _failure(self, environment: Environment) -> _Failure | None:
        """Why the last start failed, if that was just now."""
        failure = self._failed.get(environment)
        return failure if failure is not None and self._clock() - failure.at < _TOLD_SECONDS else None
