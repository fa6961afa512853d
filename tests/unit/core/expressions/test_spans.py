"""Finding expressions: as the patterns of the specification find them, in linear time (spec 2.1)."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrion.core.expressions import expressions_in
from orchestrion.core.expressions.syntax import BLOCK, JINJA, YAQL, spans

PATTERNS = {YAQL: r"<%.*?%>", JINJA: r"\{\{.*?\}\}", BLOCK: r"\{%.*?%\}"}


@given(
    st.lists(st.sampled_from(["<%", "%>", "{{", "}}", "{%", "%}", "a", " ", "\n", "%", ">", "{", "}"])).map(
        "".join
    )
)
def test_spans_are_what_the_patterns_match(text: str) -> None:
    for delimiters, pattern in PATTERNS.items():
        assert list(spans(text, delimiters)) == [match.span() for match in re.finditer(pattern, text)]


@pytest.mark.timeout(30)
def test_texts_full_of_open_delimiters_are_read_before_anyone_notices() -> None:
    for piece in ("<% ", "{{ ", "{% ", "{% raw %} ", "<%\n", "{% raw %}\n"):
        assert [one.text for one in expressions_in(piece * 200_000)] in ([], [piece * 200_000])
