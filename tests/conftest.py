"""How large the suite is: `make test` is short and repeatable, `make soak` (ORCHESTRION_SOAK=1) is large."""

import os
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings

SOAK = os.environ.get("ORCHESTRION_SOAK") == "1"

# No deadline in either: a busy machine is not a bug. CI draws the same examples each time.
settings.register_profile("ci", derandomize=True, deadline=None, max_examples=100)
settings.register_profile(
    "soak", deadline=None, max_examples=5_000, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("soak" if SOAK else "ci")


@pytest.fixture
def evidence(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Give `evidence(text)`: a line shown at the end of the run, for counts that are part of a proof."""
    return lambda text: record_property("evidence", text)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the evidence of the tests that passed."""
    reports: list[pytest.TestReport] = terminalreporter.getreports("passed")
    lines = [str(text) for report in reports for name, text in report.user_properties if name == "evidence"]
    if lines:
        terminalreporter.section("evidence")
        for line in lines:
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def count() -> Callable[[int, int], int]:
    """Give `count(ci, soak)`: how often or how many, at the size of this run."""
    return lambda ci, soak: soak if SOAK else ci
