"""Definitions are loaded from texts, every short form expanded (spec 1.1 to 1.5)."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrion.core.language import (
    Assignment,
    Definition,
    DefinitionError,
    Items,
    Retry,
    Task,
    Transition,
    load_definition,
)

WORKFLOW = """\
version: 1.0
description: A demonstration.
tags: [x]
input:
  - plain
  - n: 1
vars:
  - m: {k: <% ctx(n) %>}
timeout: 3600
tasks:
  t1:
    action: demo.run cmd="x y" n=2
    input: {gone: 1}
    delay: <% ctx(n) %>
    timeout: <% ctx(n) + 1 %>
    next:
      - when: <% succeeded() %>
        publish: a=1 b=<% result() %> a=2
        do: t2, u u ,t2
      - publish:
          - c: [1]
  t2:
    join: all
    with: x, y in <% zip(ctx(a), ctx(b)) %>
    action: core.echo
    input: {message: <% item(x) %>}
    retry: {count: 2, delay: 1, when: <% failed() %>}
    next:
      - do: [noop, retry]
  t3:
    with: {items: ' {{ ctx().a }} ', concurrency: 2}
    action: a.b
    input: text
output:
  - out: <% ctx(m) %>
"""

DEFINITION = Definition(
    version="1.0",
    description="A demonstration.",
    tags=("x",),
    inputs=(Assignment("plain", None), Assignment("n", 1)),
    vars=(Assignment("m", {"k": "<% ctx(n) %>"}),),
    timeout=3600,
    tasks={
        "t1": Task(
            "t1",
            action="demo.run",
            input={"cmd": "x y", "n": 2},
            delay="<% ctx(n) %>",
            timeout="<% ctx(n) + 1 %>",
            next=(
                Transition(
                    when="<% succeeded() %>",
                    publish=(Assignment("a", 1), Assignment("b", "<% result() %>"), Assignment("a", 2)),
                    do=("t2", "u u"),
                ),
                Transition(publish=(Assignment("c", [1]),)),
            ),
        ),
        "t2": Task(
            "t2",
            action="core.echo",
            input={"message": "<% item(x) %>"},
            join="all",
            items=Items("x, y in <% zip(ctx(a), ctx(b)) %>", "<% zip(ctx(a), ctx(b)) %>", ("x", "y")),
            retry=Retry(2, 1, "<% failed() %>"),
            next=(Transition(do=("noop", "retry")),),
        ),
        "t3": Task(
            "t3",
            action="a.b",
            input="text",
            items=Items(" {{ ctx().a }} ", "{{ ctx().a }}", (), 2),
        ),
    },
    output=(Assignment("out", "<% ctx(m) %>"),),
)


def test_every_short_form_is_expanded() -> None:
    assert load_definition(WORKFLOW) == DEFINITION


def test_json_text_is_accepted() -> None:
    definition = load_definition('{"version": 1.0,\n\t"tasks": {"t1": {"action": "core.noop", "next": []}}}')
    assert definition == Definition(version="1.0", tasks={"t1": Task("t1", action="core.noop")})


def test_an_undefined_target_does_not_keep_a_definition_from_being_built() -> None:
    definition = load_definition("tasks: {t1: {next: [{do: nowhere}]}}")
    assert definition.tasks["t1"].next == (Transition(do=("nowhere",)),)


@pytest.mark.parametrize(
    "text, problem",
    [
        ("", "line 1, column 1: The spec cannot be type of None."),
        ("[]", "line 1, column 1: The spec cannot be type of None."),
        ("{}", "line 1, column 1: The spec cannot be type of None."),
        ("text", "line 1, column 1: 'text' is not of type 'object'"),
        ("tasks:\n  t1:\n", "tasks.t1 (line 2, column 6): None is not of type 'object'"),
        ("tasks:\n  t1: {}\n", "tasks.t1 (line 2, column 3): {} should be non-empty"),
        ("tasks: {}\n", "tasks (line 1, column 1): {} should be non-empty"),
        (
            "tasks:\n  t1:\n    action: a.b\n    next:\n      - {}",
            "tasks.t1.next[0] (line 5, column 9): {} should be non-empty",
        ),
        (
            "tasks:\n  t1:\n    next: {do: t1}\n    action:\tcore.noop\tx=1",
            "tasks.t1.next (line 3, column 5): {'do': 't1'} is not of type 'array' (and 1 more problem)",
        ),
        (
            "tasks:\n  t-x:\n    action: a.b",
            r"tasks.t-x (line 2, column 3): 't-x' does not match '^\w+$'",
        ),
        (
            "tasks: {t1: {action: a.b}}\ntasks: {t2: {action: a.b}}",
            (
                "tasks (line 2, column 1): Failed to load workflow definition because"
                ' found duplicate key "tasks".'
            ),
        ),
    ],
)
def test_what_cannot_be_loaded_names_the_first_problem(text: str, problem: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        load_definition(text)
    assert str(caught.value) == problem
    assert caught.value.problems


def test_task_names_that_orquesta_cannot_bear_are_names_like_others() -> None:
    definition = load_definition("tasks: {items: {action: a.b}, keys: {action: a.b}, 1: {action: a.b}}")
    assert list(definition.tasks) == ["items", "keys", "1"]


@settings(deadline=None)
@given(st.integers(0, len(WORKFLOW) - 1), st.integers(0, 12), st.text(max_size=4))
def test_a_damaged_workflow_is_loaded_or_refused(at: int, cut: int, inserted: str) -> None:
    caught: DefinitionError | None = None
    try:
        load_definition(WORKFLOW[:at] + inserted + WORKFLOW[at + cut :])
    except DefinitionError as error:
        caught = error
    assert caught is None or (caught.problems and str(caught))


def test_loading_imports_neither_graph_nor_expression_languages() -> None:
    code = (
        "import sys; from orchestrion.core.language import load_definition;"
        "load_definition('tasks: {t: {action: a.b}}');"
        "heavy = ('yaql', 'jinja2', 'jsonschema', 'orchestrion.core.graph');"
        "sys.exit(any(name in sys.modules for name in heavy))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
