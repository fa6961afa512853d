"""How much the result of an action may be, whatever it is made of."""

from time import process_time
from typing import Any, Final

import orjson
import pytest

from orchestrion.actions.runners.base import Outcome, OutcomeStatus
from orchestrion.actions.runners.shell import shell_result
from orchestrion.runtime.results import MAX_JSON_BYTES, kept

MANY: Final = 60_000_000
FITS: Final[list[Any]] = [
    None,
    {},
    "a" * (MAX_JSON_BYTES - 2),
    "ä" * (MAX_JSON_BYTES // 2 - 1),
    shell_result("succeeded", 0, b"a" * MANY, b""),
    {"result": [1] * 3_000_000},
    {"": {"": ["\0"]}},
]
DOES_NOT: Final[list[Any]] = [
    "a" * (MAX_JSON_BYTES - 1),
    "ä" * (MAX_JSON_BYTES // 2),
    "\0" * (MAX_JSON_BYTES // 6 + 1),
    '"' * (MAX_JSON_BYTES // 2),
    {"result": [1e15] * 4_000_000},
    {"result": {"a" * MAX_JSON_BYTES: 1}},
    {str(host): "\0" * 60_000 for host in range(1_000)},
]


def test_a_result_that_fits_stays_as_it_is() -> None:
    for result in FITS:
        outcome = Outcome("succeeded", result)
        assert kept(outcome) is outcome


def test_one_that_does_not_fails_its_action_and_says_why() -> None:
    for result in DOES_NOT:
        status, short = kept(Outcome("succeeded", result))
        assert status == "failed"
        assert isinstance(short, dict)
        assert "at most 64 MiB are kept" in str(short["error"])
        assert len(orjson.dumps(short)) < MAX_JSON_BYTES / 50


@pytest.mark.parametrize("status, expected", [("succeeded", "failed"), ("timeout", "timeout")])
def test_the_beginning_of_what_a_command_wrote_is_kept(status: OutcomeStatus, expected: str) -> None:
    result = shell_result(status, 0, b"first" + b"\0" * MANY, b"a warning", "It took too long.")
    began = process_time()
    ended, short = kept(Outcome(status, result))
    assert process_time() - began < 2
    assert ended == expected
    assert short == {
        "failed": True,
        "succeeded": False,
        "return_code": 0,
        "stdout": "first" + "\0" * (64 * 1024 - 5) + "…",
        "stderr": "a warning",
        "error": "It took too long. The result of the action cannot be kept as a whole: as JSON it has "
        "343.3 MiB, and at most 64 MiB are kept. Write large output to a file and give its path.",
    }


def test_a_part_that_is_no_text_is_left_out() -> None:
    result: dict[str, Any] = {"result": [1e15] * 4_000_000, "exit_code": 0, "stdout": "seen", "stderr": ""}
    status, short = kept(Outcome("succeeded", result))
    assert status == "failed"
    assert isinstance(short, dict)
    assert {**short, "error": ""} == {**result, "result": None, "error": ""}
