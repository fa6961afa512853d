"""Inspection never raises, whatever it is given (spec 7, number 37)."""

import json

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrion.core.graph import build_graph
from orchestrion.core.language import (
    DefinitionError,
    Inspection,
    Problem,
    as_orquesta,
    as_stackstorm,
    inspect,
    load_definition,
)
from orchestrion.core.values import Json
from tests.unit.core.language.shapes import ANYTHING, workflows
from tests.unit.core.language.test_loading import WORKFLOW


def check(text: str) -> None:
    inspection = inspect(text)
    assert isinstance(inspection, Inspection)
    json.dumps(
        [as_orquesta(inspection), as_stackstorm(inspection), [each.as_dict() for each in inspection.warnings]]
    )
    assert all(each.line >= 1 and each.column >= 1 for each in (*inspection.problems, *inspection.warnings))
    refused: tuple[Problem, ...] = ()
    try:
        build_graph(load_definition(text))
    except DefinitionError as error:
        refused = error.problems
    assert refused == tuple(each for each in inspection.problems if each.category == "syntax")


@settings(deadline=None, max_examples=300)
@given(workflows(), st.booleans())
def test_workflow_like_values(value: Json, as_json: bool) -> None:  # noqa: FBT001
    check(json.dumps(value) if as_json else yaml.safe_dump(value))


@settings(deadline=None)
@given(ANYTHING)
def test_any_value(value: Json) -> None:
    check(yaml.safe_dump(value))


@settings(deadline=None)
@given(st.text())
def test_any_text(text: str) -> None:
    check(text)


@settings(deadline=None, max_examples=200)
@given(
    st.lists(
        st.tuples(
            st.integers(0, len(WORKFLOW)),
            st.integers(0, 20),
            st.sampled_from(
                [
                    "",
                    "\n",
                    "  ",
                    ": ",
                    "- ",
                    "{",
                    "}",
                    "[",
                    "]",
                    "&a ",
                    "*a",
                    "<<: ",
                    "'",
                    "<%",
                    "t1",
                    "\t",
                    "1",
                ]
            ),
        ),
        max_size=4,
    )
)
def test_damaged_workflows(edits: list[tuple[int, int, str]]) -> None:
    text = WORKFLOW
    for at, cut, inserted in edits:
        text = text[:at] + inserted + text[at + cut :]
    check(text)


def test_long_blanks_in_items_do_not_backtrack() -> None:
    check("tasks: {t: {action: a.b, with: '" + " " * 50_000 + "x'}}")
