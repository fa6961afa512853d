"""The time and the ids of the runtime; both are passed in, so that tests can set them."""

import os
import time
from collections.abc import Callable
from typing import Final

Clock = Callable[[], int]
"""Gives the time in microseconds since 1970, UTC."""


def system_clock() -> int:
    """The time of the system."""
    return time.time_ns() // 1_000


def monotonic_clock() -> int:
    """The machine's monotonic time in microseconds, alike in all processes, whatever the date."""
    return time.monotonic_ns() // 1_000


_TIME_DIGITS: Final = 14


class Ids:
    """Ids of 24 hexadecimal digits that sort by time.

    14 digits are microseconds, which never repeat or go back within a process, nor behind the `newest` id of
    the store when it began; 10 are chance of the process.
    """

    def __init__(self, clock: Clock, newest: str | None = None, entropy: bytes | None = None) -> None:
        self._clock = clock
        self._last = int(newest[:_TIME_DIGITS], 16) if newest else 0
        self._entropy = (entropy or os.urandom(5)).hex()

    def next(self, after: str | None = None) -> str:
        """A new id; it sorts behind `after`, which another process may have made when the date was later."""
        least = 0 if after is None else int(after[:_TIME_DIGITS], 16) + 1
        self._last = max(self._last + 1, self._clock(), least)
        return f"{self._last:014x}{self._entropy}"
