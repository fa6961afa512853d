"""Inline parameters, with StackStorm's oddities (spec 1.5)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrion.core.language.inline import parse_action, parse_pairs
from orchestrion.core.values import Json


@pytest.mark.parametrize(
    "text, pairs",
    [
        (
            "a=1 b=2.5 c=true d=null e=[1,2] k=TRUE m=-3",
            [("a", 1), ("b", 2.5), ("c", True), ("d", None), ("e", [1, 2]), ("k", True), ("m", -3)],
        ),
        ('n="5"', [("n", "5")]),
        ('j="true"', [("j", "true")]),
        ("o='{\"a\": 1}'", [("o", {"a": 1})]),
        ("o='{broken'", [("o", "{broken")]),
        ("o='[1]'", [("o", "[1]")]),
        ("h=abc", []),
        ("time=1h", [("time", 1)]),
        ("x=<% ctx(a) %>tail", [("x", "<% ctx(a) %>")]),
        ("x={{ ctx().a }}, y=<% 1 %>;z=''", [("x", "{{ ctx().a }}"), ("y", "<% 1 %>"), ("z", "")]),
        ("x=[1] y=[2]", [("x", "[1] y=[2]")]),
        ("x=[1] y=3", [("x", [1]), ("y", 3)]),
        ("x=[1]\ny=[2]", [("x", [1]), ("y", [2])]),
        ("x=1 x=2", [("x", 1), ("x", 2)]),
        ("a=b=1", [("b", 1)]),
        ("x=1y=2", [("x", 1), ("y", 2)]),
        ("x=.5", [("x", 0.5)]),
        ("x=<% a\n %>", []),
        ('x="a\nb"', [("x", "a\nb")]),
        ("x=" + "9" * 50, [("x", "9" * 50)]),
        ("x=[NaN]", [("x", "[NaN]")]),
        ("x=" + "[" * 200 + "]" * 200, [("x", "[" * 200 + "]" * 200)]),
        ("é=1", [("é", 1)]),
    ],
)
def test_pairs(text: str, pairs: list[tuple[str, Json]]) -> None:
    found = [(pair.name, pair.value) for pair in parse_pairs(text)]
    assert found == pairs
    assert [type(value) for _, value in found] == [type(value) for _, value in pairs]


def test_the_name_of_the_action_ends_at_the_first_blank() -> None:
    inline = parse_action('core.local cmd="echo a=1" h=abc n=2')
    assert inline.name == "core.local"
    assert [(pair.name, pair.value) for pair in inline.pairs] == [("cmd", "echo a=1"), ("n", 2)]
    assert inline.dropped == ("h=abc",)


def test_without_a_pair_the_whole_text_is_the_name() -> None:
    assert parse_action("act cmd=abc").name == "act cmd=abc"
    assert parse_action("act cmd=abc").pairs == ()


def test_an_expression_as_the_name_is_not_taken_apart() -> None:
    assert parse_action("<% ctx(a) %>").name == "<% ctx(a) %>"
    inline = parse_action("{{ ctx(x, y=1) }} n=2")
    assert inline.name == "{{ ctx(x, y=1) }}"
    assert [(pair.name, pair.value) for pair in inline.pairs] == [("n", 2)]


@pytest.mark.parametrize("text", ["core.echo\tmessage=1", "core.echo\tmessage='a b'", "a=1", "a=1 b=2"])
def test_parameters_without_a_blank_after_the_name_are_an_error(text: str) -> None:
    assert parse_action(text).error is not None


@given(st.text(alphabet="ab=[]\"'<%>{} \n\t1.-,"))
def test_every_text_can_be_taken_apart(text: str) -> None:
    inline = parse_action(text)
    assert all(text[pair.start :].startswith(pair.name + "=") for pair in inline.pairs)
    assert all(one.end <= other.start for one, other in zip(inline.pairs, inline.pairs[1:], strict=False))


@pytest.mark.parametrize("unit", ["a=[", "a=<%", "a={{", "a", "a=-", "a='", "1.", "a=1", "<%", "{{"])
def test_long_texts_are_scanned_once(unit: str) -> None:
    parse_action(unit * 200_000)  # a quadratic scan would meet the time limit of the test run
