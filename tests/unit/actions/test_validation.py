"""Patterns of schemas match within a time, in whichever keyword they stand."""

import pytest

from orchestrion.actions.validation import problems_with_answer
from orchestrion.core.values import Json

HARD = "^(a|a)*$"
TEXT = "a" * 40 + "!"


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"p": {"pattern": HARD}}},
        {"properties": {"p": {"patternProperties": {HARD: {}}}}},
        {"properties": {"p": {"patternProperties": {HARD: {}}, "additionalProperties": False}}},
    ],
)
def test_a_pattern_that_takes_too_long_is_a_problem(schema: Json) -> None:
    answers: list[Json] = [{"p": TEXT}, {"p": {TEXT: 1}}]
    problems = [problem for answer in answers for problem in problems_with_answer(schema, answer)]
    assert problems
    assert all("takes too long to match" in problem for problem in problems)


def test_patterns_decide_as_they_did() -> None:
    schema: Json = {"patternProperties": {"^x": {"pattern": "^a"}}, "additionalProperties": False}
    assert problems_with_answer(schema, {"x1": "abc"}) == []
    assert problems_with_answer(schema, {"x1": "b"}) == ["'b' does not match '^a'"]
    assert problems_with_answer(schema, {"y": "a"}) != []
