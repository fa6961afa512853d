"""Figures of many single measurements: the middle of them, and what one in a hundred exceeds."""

import statistics
from collections.abc import Iterator, Sequence

from benchmarks.figures import Figure


def spread(name: str, seconds: Sequence[float]) -> Iterator[Figure]:
    """The figures `NAME.p50` and `NAME.p99`, in milliseconds."""
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    yield Figure(f"{name}.p50", len(seconds), cuts[49] * 1_000, "ms")
    yield Figure(f"{name}.p99", len(seconds), cuts[98] * 1_000, "ms")
