"""`timeout` of a workflow and of a task, our addition to the language: inspected as every other attribute."""

import pytest

from orchestrion.core.language import inspect

TASKS = "tasks:\n  t: {action: core.noop}\n"


def found(text: str) -> list[tuple[str, str | None, str]]:
    return [(one.category, one.spec_path, one.message) for one in inspect(text).problems]


@pytest.mark.parametrize("value", ["5", "<% ctx(n) * 2 %>", "'{{ ctx().n }}'"])
def test_a_number_or_an_expression_is_right_in_both_places(value: str) -> None:
    text = f"input: [n]\ntimeout: {value}\ntasks:\n  t: {{action: core.noop, timeout: {value}}}\n"
    inspection = inspect(text)
    assert (inspection.problems, inspection.warnings) == ((), ())


@pytest.mark.parametrize("value, shown", [("0", "0"), ("-1", "-1"), ("1.5", "1.5"), ("[1]", "[1]")])
def test_a_workflow_s_is_checked_as_a_task_s(value: str, shown: str) -> None:
    problem = ("syntax", "timeout", f"{shown} is not valid under any of the given schemas")
    assert found(f"timeout: {value}\n{TASKS}") == [problem]


def test_a_workflow_s_sees_inputs_and_vars_and_nothing_that_a_task_publishes() -> None:
    text = (
        "input: [n]\nvars: [{m: <% ctx(n) %>}]\ntimeout: <% ctx(n) + ctx(m) + ctx(x) %>\n"
        "tasks:\n  t:\n    action: core.noop\n    next: [{publish: x=1}]\n"
    )
    assert found(text) == [("context", "timeout", 'Variable "x" is referenced before assignment.')]


def test_a_task_s_sees_what_its_action_sees() -> None:
    text = "tasks:\n  t: {action: core.noop, timeout: <% ctx(x) %>}\n"
    assert found(text) == [("context", "tasks.t.timeout", 'Variable "x" is referenced before assignment.')]


def test_an_expression_that_cannot_be_read_is_a_problem_of_its_own_place() -> None:
    text = "timeout: <% 1 + %>\ntasks:\n  t: {action: core.noop, timeout: '<% 2 + %>'}\n"
    assert [(one[0], one[1]) for one in found(text)] == [
        ("expressions", "timeout"),
        ("expressions", "tasks.t.timeout"),
    ]


def test_a_text_that_is_no_expression_is_warned_of() -> None:
    (warning,) = inspect(f"timeout: soon\n{TASKS}").warnings
    assert (warning.spec_path, warning.message) == (
        "timeout",
        "'soon' is a text, not an integer: the workflow fails when it starts.",
    )
