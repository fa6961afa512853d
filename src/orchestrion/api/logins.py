"""How often somebody may try a password: a few times a minute for each user, and for each address.

A try counts before the password is looked at, so that many at once count as well; one that succeeds counts no
more. In memory: it is forgotten when the server stops.
"""

from collections import OrderedDict
from collections.abc import Callable, Generator
from contextlib import contextmanager
from threading import BoundedSemaphore, Lock
from typing import Final

from orchestrion.runtime.clock import monotonic_clock
from orchestrion.wire.bounds import TRIES_OF_ADDRESS, TRIES_OF_USER, TRIES_SECONDS

_WINDOW: Final = TRIES_SECONDS * 1_000_000
_REMEMBERED: Final = 10_000
"""Of so many users and addresses the latest tries are known; then the oldest are forgotten."""

_AT_ONCE: Final = 2
"""How many passwords are looked at together: each takes a core and 32 MiB."""


class Logins:
    """The latest tries of one server. Times are in microseconds of a clock that never goes back."""

    def __init__(self, clock: Callable[[], int] = monotonic_clock) -> None:
        self._clock: Final = clock
        self._lock: Final = Lock()
        self._looking: Final = BoundedSemaphore(_AT_ONCE)
        self._tries: Final[OrderedDict[tuple[str, str], list[int]]] = OrderedDict()

    def seconds_to_wait(self, user: str, address: str) -> int:
        """Count one more try; 0, or in how many seconds it may be made: then it is not counted."""
        now = self._clock()
        limits = ((("user", user), TRIES_OF_USER), (("address", address), TRIES_OF_ADDRESS))
        with self._lock:
            waits = [self._wait(key, limit, now) for key, limit in limits]
            if not any(waits):
                for key, _ in limits:
                    self._tries.setdefault(key, []).append(now)
                    self._tries.move_to_end(key)
                while len(self._tries) > _REMEMBERED:
                    self._tries.popitem(last=False)
        return max(waits)

    def succeeded(self, user: str, address: str) -> None:
        """The last try was right: it is not counted, and those of the user before it neither."""
        with self._lock:
            self._tries.pop(("user", user), None)
            of_address = self._tries.get(("address", address))
            if of_address:
                of_address.pop()

    @contextmanager
    def looking(self) -> Generator[None]:
        """While a password is looked at."""
        with self._looking:
            yield

    def _wait(self, key: tuple[str, str], limit: int, now: int) -> int:
        tries = [at for at in self._tries.get(key, ()) if at > now - _WINDOW]
        if key in self._tries:
            self._tries[key] = tries
        if len(tries) < limit:
            return 0
        return max(1, -(-(tries[-limit] + _WINDOW - now) // 1_000_000))
