from time import process_time
from typing import Any

import pytest

from orchestrion.cli.render.failures import excerpt, failures_of
from orchestrion.client.views import ExecutionView


@pytest.mark.parametrize(
    "result, expected",
    [
        (None, []),
        ("it broke", ["it broke"]),
        ({"succeeded": True, "stderr": "only a warning"}, []),
        ({"failed": True, "stderr": "a\n\nb\nc\nd\n"}, ["b", "c", "d"]),
        ({"failed": True, "stderr": "", "stdout": {"why": 1}}, ['{"why": 1}']),
        ({"failed": True, "stderr": "", "stdout": "", "return_code": 3}, ["The command ended with code 3."]),
        ({"error": "timed out", "stderr": "noise"}, ["timed out"]),
        ([{"succeeded": True}, None, {"stderr": "second"}], ["second"]),
        ({"items": [{"status": "failed", "result": {"stderr": "inner"}}]}, ["inner"]),
        (
            {"output": None, "errors": [{"task_id": "t", "message": "m", "result": {"stderr": "deep"}}]},
            ["t: deep"],
        ),
        ({"output": None, "errors": [{"message": "no value"}]}, ["workflow: no value"]),
        ({"stderr": "a\x1b[2Jb"}, ["a\\x1b[2Jb"]),
        ({"result": "boom", "exit_code": 0, "stdout": "", "stderr": "a log"}, ["boom"]),
        ({"result": "None", "exit_code": 1, "stdout": "", "stderr": "no module"}, ["no module"]),
        ({"stderr": "x" * 300}, ["x" * 300]),
        ({"stderr": "x" * 301}, [f"{'x' * 299}…"]),
        ({"stderr": "first\nlast" + "\n" * 1_000_000}, ["first", "last"]),
        ({"stderr": "first\n" + "\n" * 1_000_000 + "last"}, ["…last"]),
    ],
)
def test_excerpt(result: Any, expected: list[str]) -> None:
    assert excerpt(result) == expected


_MANY = 8 * 1024 * 1024
_NULS = "\\x00" * 100


@pytest.mark.parametrize(
    "result, expected",
    [
        ({"stdout": "\0" * _MANY}, [f"…{_NULS}"[:299] + "…"]),
        ({"stdout": "ä" * _MANY}, [f"…{'ä' * 298}…"]),
        ({"stdout": "\u0301" * _MANY}, ["…" + "\u0301" * 1199 + "…"]),  # marks that take no room of their own
        ({"stdout": {"all": ["\0" * _MANY] * 100}}, ['{"all": ["' + "\\u0000" * 48 + "\\…"]),
        ({"stdout": [0] * _MANY}, [f"[{'0, ' * 100}"[:299] + "…"]),
    ],
)
def test_the_excerpt_of_a_large_result_is_as_small_and_as_quick_as_any(
    result: Any, expected: list[str]
) -> None:
    began = process_time()
    assert excerpt(result) == expected
    assert process_time() - began < 1


@pytest.mark.parametrize(
    "status, places", [("failed", ["a", "b", "mine.flow"]), ("timeout", ["mine.flow", "a", "b"])]
)
def test_what_no_task_has_caused_is_told_beside_the_tasks(status: str, places: list[str]) -> None:
    errors: list[Any] = [
        {"message": "no such variable"},
        *({"task_id": name, "message": "it broke"} for name in "aab"),
    ]
    view = ExecutionView("1", "mine.flow", status, {}, {"output": None, "errors": errors}, 0, None, None)
    assert [place for place, _ in failures_of(view)] == places
