"""What a benchmark yields: figures, and how steeply they grow."""

import math
from collections.abc import Callable, Iterable
from typing import NamedTuple


class Figure(NamedTuple):
    """One measurement. `n` is the size at which it was taken; None where it belongs to no single size."""

    figure: str
    n: int | None
    value: float
    unit: str


Benchmark = Callable[[], Iterable[Figure]]
"""What the registry holds: it measures and yields its figures, slopes last."""


def slope_of(figures: Iterable[Figure]) -> float:
    """The slope of log(value) over log(n), by least squares: 0 is flat, 1 grows as n does."""
    points = [(math.log(figure.n), math.log(figure.value)) for figure in figures if figure.n is not None]
    middle_x = sum(x for x, _ in points) / len(points)
    middle_y = sum(y for _, y in points) / len(points)
    rise = sum((x - middle_x) * (y - middle_y) for x, y in points)
    return rise / sum((x - middle_x) ** 2 for x, _ in points)
