"""What a process counts of its own work, for whoever asks for its metrics.

Counting is cheap, because it is done whether anybody asks or not: a few additions a commit. One thread writes
each number; who reads them may see a moment that is some additions old.
"""

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of durations, in seconds."""


@dataclass(slots=True)
class Durations:
    """How many durations lay below each of the bounds (the last number: above all), and their sum."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    total: float = 0.0

    def note(self, seconds: float) -> None:
        """One more."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds


@dataclass(slots=True)
class Measures:
    """The numbers of one process on one store.

    `transitions`: from the report of an action to the commit of all that follows. `operations` counts what
    was asked for, by kind and outcome; `lost_processes` those that have died, or let their lease run out.
    `round_at` is when the engine has last ended a round, in seconds of the monotonic clock.
    """

    transitions: Durations = field(default_factory=Durations)
    operations: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    lost_processes: int = 0
    round_at: float | None = None
