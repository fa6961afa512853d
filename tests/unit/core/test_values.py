"""The value domain: what every store and client keeps exactly, and why anything else is refused."""

from collections.abc import Mapping

import pytest

from orchestrion.core.values import LARGEST_INTEGER, MAX_DEPTH, SMALLEST_INTEGER, problem_with


def nested(levels: int) -> object:
    value: object = {}
    for level in range(levels - 1):
        value = [value] if level % 2 else {"a": value}
    return value


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        "",
        "grüße \N{GRINNING FACE}",
        LARGEST_INTEGER,
        SMALLEST_INTEGER,
        1.5e308,
        [],
        {},
        {"a": [1, {"b": None}]},
        nested(MAX_DEPTH),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_json_of_64_bits_is_in_the_domain(value: object) -> None:
    assert problem_with(value) is None


HALF = "A text holds half of a surrogate pair, which is no character."
WIDE = "An integer does not fit into 64 bits."
OUTSIDE: Mapping[object, str] = {
    "\udcff": HALF,
    LARGEST_INTEGER + 1: WIDE,
    SMALLEST_INTEGER - 1: WIDE,
    float("inf"): "inf is not a JSON number.",
    float("nan"): "nan is not a JSON number.",
    b"": 'A value of type "bytes" is not JSON.',
    (1,): 'A value of type "tuple" is not JSON.',
}


@pytest.mark.parametrize("value, problem", OUTSIDE.items(), ids=ascii)
def test_anything_else_is_refused_wherever_it_stands(value: object, problem: str) -> None:
    assert problem_with(value) == problem
    assert problem_with([1, {"a": [value]}]) == problem


def test_keys_are_texts_that_can_be_written() -> None:
    assert problem_with([{1: 2}]) == "The key 1 is no text."
    assert problem_with([{"\ud800": 2}]) == HALF


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 100_000])
def test_depth_is_bounded(depth: int) -> None:
    assert problem_with(nested(depth)) == (
        "A value is nested too deeply: more than 200 lists and mappings inside each other."
    )
