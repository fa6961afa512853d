"""Differences that are meant: `expected_differences.toml`, a list that can only shrink."""

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tests.conformance.replay import Difference

EXPECTED = Path(__file__).with_name("expected_differences.toml")


class Verdict(NamedTuple):
    """How many vectors passed, and a line for each that did not."""

    passed: int
    failures: tuple[str, ...]


def expected_differences() -> dict[str, str]:
    """The ids that may differ, with the row of the decisions that explains each."""
    entries = tomllib.loads(EXPECTED.read_text()).get("difference", [])
    return {entry["id"]: f"{entry['row']}: {entry['why']}" for entry in entries}


def judge(results: Iterable[tuple[str, Difference | None]]) -> Verdict:
    """Compare what differs with what may differ; an entry that no longer differs is a failure too."""
    expected = expected_differences()
    passed = 0
    failures: list[str] = []
    for vector, difference in results:
        if (difference is None) == (vector not in expected):
            passed += 1
        elif difference is not None:
            failures.append(str(difference))
        else:
            failures.append(f"{vector}: no longer differs; take it out of {EXPECTED.name}")
    return Verdict(passed, tuple(failures))
