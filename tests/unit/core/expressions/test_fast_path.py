"""The fast path gives what the evaluators of the languages give: value, type, and whether there is one."""

import math
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrion.core.expressions import Expression, ExpressionError, compile_template, grammar_error
from orchestrion.core.expressions.fast import compile_fast
from orchestrion.core.expressions.parts import Part, Unresolved
from orchestrion.core.expressions.results import to_json, to_text
from orchestrion.core.values import Json
from tests.unit.core.expressions import generated
from tests.unit.core.expressions.scopes import PlainScope, Task

scopes = st.builds(
    PlainScope,
    variables=generated.variables,
    task=st.one_of(st.none(), st.builds(Task, status=generated.statuses, result=generated.values)),
    item=generated.values,
    statuses=st.dictionaries(generated.names, st.sampled_from(["succeeded", "failed"]), max_size=3),
)
many = settings(max_examples=8 * settings().max_examples, suppress_health_check=[HealthCheck.too_slow])


def typed(value: Json) -> object:
    """A value with the types of all its parts, so that 1, 1.0 and True differ, and 0.0 and -0.0."""
    if isinstance(value, dict):
        return {key: typed(part) for key, part in value.items()}
    if isinstance(value, list):
        return [typed(part) for part in value]
    sign = math.copysign(1, value) if isinstance(value, float) else None
    return (type(value), value, sign)


def same_as_the_evaluator(language: Literal["yaql", "jinja"], inner: str, scope: PlainScope) -> bool:
    """Compare where there is a fast form and it gives a value; gives whether that was so."""
    opened, closed = ("<%", "%>") if language == "yaql" else ("{{", "}}")
    part = Part(language, f"{opened} {inner} {closed}")
    if part.fast is None:
        return False
    try:
        fast = part.fast(scope)
    except Exception:  # noqa: BLE001  # whatever it is, the evaluator has the last word
        return False
    assert typed(fast) == typed(part.evaluate(scope, to_json))
    assert part.text_of(scope) == part.evaluate(scope, to_text)
    return True


@many
@given(generated.yaql, scopes)
def test_yaql_gives_the_same_with_and_without_the_fast_path(inner: str, scope: PlainScope) -> None:
    same_as_the_evaluator("yaql", inner, scope)


@many
@given(generated.jinja, scopes)
def test_jinja_gives_the_same_with_and_without_the_fast_path(inner: str, scope: PlainScope) -> None:
    same_as_the_evaluator("jinja", inner, scope)


@many
@given(generated.yaql)
def test_what_is_fast_is_yaql(inner: str) -> None:
    from orchestrion.core.expressions import yaql_dialect

    if compile_fast("yaql", inner) is not None:
        assert yaql_dialect.grammar_error(inner) is None


@many
@given(generated.jinja)
def test_what_is_fast_is_jinja(inner: str) -> None:
    from orchestrion.core.expressions import jinja_dialect

    if compile_fast("jinja", inner) is not None:
        assert jinja_dialect.grammar_error(f"{{{{ {inner} }}}}") is None
        jinja_dialect.compile_expression(inner)


FULL = PlainScope(
    variables={"n": 5, "s": "abc", "m": {"k": 2, "a b": 3}, "xs": [1, 2, 3], "none": None, "größe": 7},
    task=Task(status="succeeded", result={"v": 9, "deep": {"er": [1]}}),
    item={"y": 1},
    statuses={"t1": "failed"},
)


@pytest.mark.parametrize(
    "inner, value",
    [
        ("ctx(n)", 5),
        ("ctx('n')", 5),
        ('ctx("n")', 5),
        ("ctx().n", 5),
        ("ctx().m.k", 2),
        ("ctx()['m']['a b']", 3),
        ("ctx(xs)[1]", 2),
        ("ctx().größe", 7),
        ("result()", {"v": 9, "deep": {"er": [1]}}),
        ("result().deep.er[0]", 1),
        ("item()", {"y": 1}),
        ("item(y)", 1),
        ("succeeded() and result().v > 4", True),
        ("failed() or completed()", True),
        ("not failed()", True),
        ("task_status(t1) = failed", True),
        ("task_status(t2)", "null"),
        ("ctx().n / 2", 2),
        ("ctx().n mod 2 = 1", True),
        ("2 + 3 * -1", -1),
        ("(2 + 3) * 4", 20),
        ("(0 - 7) / 2", -4),
        ("(0 - 7) mod 3", 2),
        ("-7 / 2", -4),
        ("7.0 / 2", 3.5),
        ("1 - 2 - 3", -4),
        ("8 / 4 / 2", 1),
        ("1 < 2 = true", True),
        ("not 1 = 2", True),
        ("not true or true", True),
        ("1 or 0 and 0", 1),
        ("0 or 0.0", 0.0),
        ("ctx(s) + 'd'", "abcd"),
        ("ctx(none) < 5", True),
        ("ctx(n) in [1, 5]", True),
        ("ctx(xs) + [4]", [1, 2, 3, 4]),
        ("ctx(none)", None),
    ],
)
def test_common_yaql_is_fast(inner: str, value: Json) -> None:
    assert compile_template(f"<% {inner} %>").is_fast
    assert same_as_the_evaluator("yaql", inner, FULL)
    assert typed(compile_template(f"<% {inner} %>").render(FULL)) == typed(value)


@pytest.mark.parametrize(
    "inner, value",
    [
        ("ctx('n')", 5),
        ('ctx("n")', 5),
        ("ctx().n", 5),
        ("ctx().m.k", 2),
        ("ctx()['m']['a b']", 3),
        ("ctx('xs')[1]", 2),
        ("ctx().größe", 7),
        ("result().deep.er[0]", 1),
        ("item('y')", 1),
        ("succeeded() and result().v > 4", True),
        ("not (failed() or not completed())", True),
        ("task_status('t1') == 'failed'", True),
        ("ctx().n / 2", 2.5),
        ("ctx().n // 2", 2),
        ("ctx().n % 2 == 1", True),
        ("ctx('s') ~ 1 ~ none", "abc1None"),
        ("1 ~ 2 * 3", "16"),
        ("-ctx().n + 1", -4),
        ("true + 1", 2),
        ("(0 - 7) // 2", -4),
        ("-7 % 3", 2),
        ("1 - 2 - 3", -4),
        ("8 / 4 / 2", 1.0),
        ("not 1 == 2", True),
        ("1 or 0 and 0", 1),
        ("'' or []", []),
        ("ctx('n') in [1, 5]", True),
        ("'k' not in ctx().m", False),
    ],
)
def test_common_jinja_is_fast(inner: str, value: Json) -> None:
    assert compile_template(f"{{{{ {inner} }}}}").is_fast
    assert same_as_the_evaluator("jinja", inner, FULL)
    assert typed(compile_template(f"{{{{ {inner} }}}}").render(FULL)) == typed(value)


@pytest.mark.parametrize(
    "language, inner",
    [
        ("yaql", "ctx(x).items()"),
        ("yaql", "ctx(__x)"),
        ("yaql", "ctx('__x')"),
        ("yaql", "ctx()"),
        ("yaql", "ctx(n) and(1)"),
        ("yaql", "a = not b"),
        ("yaql", "ctx(n) =~ '('"),
        ("yaql", "'a\\x41'"),
        ("yaql", "[,1]"),
        ("yaql", "$"),
        ("yaql", ""),
        ("jinja", "ctx().items"),
        ("jinja", "ctx().m.keys"),
        ("jinja", "ctx()._x"),
        ("jinja", "1 < 2 < 3"),
        ("jinja", "ctx('n') is defined"),
        ("jinja", "ctx('n') | upper"),
        ("jinja", "1 if true else 2"),
        ("jinja", "(1, 2)"),
        ("jinja", "'a' 'b'"),
        ("jinja", "2 ** 3"),
        ("jinja", ""),
    ],
)
def test_what_is_not_certain_is_left_to_the_evaluator(language: Literal["yaql", "jinja"], inner: str) -> None:
    assert compile_fast(language, inner) is None


@pytest.mark.parametrize(
    "text",
    [
        "{{ 1 + 2 ~ 3 }}",
        "<% true + 1 %>",
        "<% ctx(nope) %>",
        "<% ctx().m.nope %>",
        "<% 1/0 %>",
        "<% ctx(s) < 1 %>",
        "{{ ctx().nope }}",
        "{{ 1 // 0 }}",
    ],
)
def test_a_fast_form_without_a_value_has_the_evaluators_error(text: str) -> None:
    template = compile_template(text)
    assert template.is_fast
    with pytest.raises(ExpressionError) as fast:
        template.render(FULL)
    part = Part("yaql" if text.startswith("<") else "jinja", text)
    with pytest.raises((ExpressionError, Unresolved)) as real:
        part.evaluate(FULL, to_json)
    assert str(real.value) in str(fast.value)


def test_grammar_of_fast_expressions_needs_no_library() -> None:
    assert grammar_error(Expression("yaql", "<% ctx().n + 1 %>")) is None
    assert grammar_error(Expression("jinja", "{{ ctx().n + 1 }}")) is None
