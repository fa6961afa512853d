"""Thousands of seeded runs: what fails is made smaller and printed with its seed."""

from collections.abc import Callable, Iterable, Sequence
from random import Random

import pytest

from orchestrion.core.language import Definition
from tests.model.smaller import described, shrink
from tests.model.strategies import Shape, definition

Run = Callable[[Random, Definition], None]
"""One run: asserts what must hold."""


def each_seed(seeds: Iterable[int], run: Run, shapes: Sequence[Shape] = (Shape(), Shape(items=0.6))) -> None:
    """Run every seed with a definition of its own; fail with the smallest definition found that fails."""
    for seed in seeds:
        if _failure(seed, run, shapes, None) is not None:
            pytest.fail(_smallest(seed, run, shapes))


def drawn(seed: int, shapes: Sequence[Shape]) -> tuple[Random, Definition]:
    """The chance of a seed, and the definition that it gives."""
    chance = Random(seed)
    return chance, definition(chance, chance.choice(shapes))


def _failure(seed: int, run: Run, shapes: Sequence[Shape], given: Definition | None) -> str | None:
    chance, own = drawn(seed, shapes)
    try:
        run(chance, given or own)
    except AssertionError as error:
        return f"{type(error).__name__}: {error}"
    return None


def _smallest(seed: int, run: Run, shapes: Sequence[Shape]) -> str:
    seeds = (seed, *range(1_000_000, 1_000_004))
    small = shrink(
        drawn(seed, shapes)[1],
        lambda one: any(_failure(other, run, shapes, one) for other in seeds),
        attempts=200,
    )
    found = next((other for other in seeds if _failure(other, run, shapes, small)), seed)
    return (
        f"seed {seed}, smallest with seed {found}:\n{described(small)}\n{_failure(found, run, shapes, small)}"
    )
