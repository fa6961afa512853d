from typing import Any

import pytest

from orchestrion.cli.render.failures import excerpt


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
