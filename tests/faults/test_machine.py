"""Everything that can happen to executions, in random orders: no invariant is ever broken."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test  # pyright: ignore[reportUnknownVariableType]

from tests.faults.machine import Machine

LEAST: int = 2_000


@pytest.mark.timeout(3_600)
def test_the_machine_never_breaks_an_invariant(
    tmp_path: Path, count: Callable[[int, int], int], evidence: Callable[[str], None]
) -> None:
    Machine.steps.clear()
    run_state_machine_as_test(
        cast("type[Machine]", lambda: Machine(tmp_path)),  # what makes a machine will do
        settings=settings(
            max_examples=count(90, 4_000),
            stateful_step_count=60,
            phases=[Phase.generate],  # to shrink takes minutes; delete calls from what is printed
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
    steps = Machine.steps
    evidence(f"stateful machine: {steps.total()} steps: {dict(sorted(steps.items()))}")
    assert steps.total() >= LEAST
