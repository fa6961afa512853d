"""What inspection sees of a text (spec 1.7, 2.1)."""

import pytest

from orchestrion.core.expressions import Expression, expressions_in, grammar_error, referenced_variables


@pytest.mark.parametrize(
    "text, found",
    [
        ("plain", []),
        ("<% a %> and <% b %>", [("yaql", "<% a %>"), ("yaql", "<% b %>")]),
        ("{{ a }}<% b %>", [("jinja", "{{ a }}"), ("yaql", "<% b %>")]),
        ("<% a\n %>", []),
        ("{{ ctx().a ", []),
        ("<% '%>' %>", [("yaql", "<% '%>")]),
        ("{% raw %}{{ a }}{% endraw %}", []),
        ("{% if a %}{{ b }}{% endif %}", [("jinja", "{{ b }}"), ("jinja", "{% if a %}{{ b }}{% endif %}")]),
    ],
)
def test_expressions_in_a_text(text: str, found: list[tuple[str, str]]) -> None:
    assert [tuple(expression) for expression in expressions_in(text)] == found


@pytest.mark.parametrize(
    "text, message",
    [
        ("<% ctx(a) %>", None),
        ("<% ctx().a.select($ + 1) %>", None),
        ("<% ctx(__a) %>", "Lexical error: illegal character '_' at position 4"),
        ("<% ctx(a %>", "Parse error: unexpected end of statement"),
        ("<%  %>", "Parse error: unexpected end of statement"),
        ("<% <% a %>", "Parse error: unexpected '<' at position 0 of expression '<% a'"),
        ("{{ ctx().a | upper }}", None),
        ("{{ succeeded( }}", "unexpected '}', expected ')'"),
        ("{{ }}", "Expected an expression, got 'end of print statement'"),
        ("{{ a b }}", "expected token 'end of print statement', got 'b'"),
        ("{{ ctx( ) ) }}", "unexpected ')'"),
        ("{% if %}{% endif %}", "Expected an expression, got 'end of statement block'"),
    ],
)
def test_the_parsers_own_text(text: str, message: str | None) -> None:
    expression = Expression("yaql" if text.startswith("<%") else "jinja", text)
    assert grammar_error(expression) == message


@pytest.mark.parametrize(
    "text, names",
    [
        ("<% ctx(x) + ctx('y') + ctx(\"z\") + ctx().w.v + ctx(x) %>", ("x", "y", "z", "w")),
        ("<% ctx().get(x) %>", ()),
        ("<% ctx()['x'] %>", ()),
        ('<% ctx("k-e y") %>', ()),
        ("<% ctx('__p') %>", ("__p",)),
        ("{{ ctx().a ~ ctx('b') }}", ("a", "b")),
        ("<% actx(x) %>", ()),
        ("{% if ctx().a %}{% endif %}", ()),
        ("<% ctx().größe %>", ("größe",)),
    ],
)
def test_the_variables_that_an_expression_names(text: str, names: tuple[str, ...]) -> None:
    assert referenced_variables(Expression("yaql" if text.startswith("<%") else "jinja", text)) == names
