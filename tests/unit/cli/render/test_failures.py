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
    ],
)
def test_excerpt(result: Any, expected: list[str]) -> None:
    assert excerpt(result) == expected


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
