"""Texts, types, errors and with-items (spec 2.1 to 2.5, 5.6), as the language shows them."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml

from orchestrion.core.expressions import ExpressionError, MissingValue, compile_template
from orchestrion.core.values import Json, problem_with
from tests.unit.core.expressions.scopes import PlainScope, Task

SCOPE = PlainScope(
    variables={
        "a": "A",
        "b": 1,
        "l": [1, 2],
        "d": {"k": {"v": 1}, "items": 7},
        "none": None,
        "code": "<% ctx(a) %> {{ ctx().a }}",
        "__p": 1,
        "s": "text",
    },
    task=Task(result={"v": 5, "nope": None}),
    item={"x": [1]},
    statuses={"t1": "failed"},
)


@pytest.mark.parametrize(
    "text, value",
    [
        ("plain", "plain"),
        ("<% ctx(l) %>", [1, 2]),
        (" <% ctx(l) %> ", " [1, 2] "),
        ("<% ctx(a) %>-{{x", "A-{{x"),
        ("a <% ctx(none) %> b", "a None b"),
        ("is <% true %>", "is True"),
        ("<% ctx(d) %>!", "{'k': {'v': 1}, 'items': 7}!"),
        ("<% ctx(a)\n %>", "<% ctx(a)\n %>"),
        ("{{ ctx().a ", "{{ ctx().a "),
        ("{{ ctx('l') }}", [1, 2]),
        ("x{{ ctx('l') }}", "x[1, 2]"),
        ("<% ctx(a) %> {{ ctx().a }}", "<% ctx(a) %> A"),
        ("{% if ctx().b %}5{% endif %}", "5"),
        ("{% for x in ctx().l %}{{ x }},{% endfor %}", "1,2,"),
        ("{% raw %}{{ ctx().a }}{% endraw %}", "{{ ctx().a }}"),
        ("{% raw %}{{ x }}{% endraw %} {{ ctx().a }}", "{{ x }} A"),
        ("<% {1 => a, null => b} %>", {"1": "a", "null": "b"}),
        ("{{ {1: (2, 3)} }}", {"1": [2, 3]}),
        ("<% range(3) %>", [0, 1, 2]),
        ("<% ctx(l).select($ * 2) %>", [2, 4]),
        ("<% [3, 1].orderBy($) %>", [1, 3]),
        ("{{ ctx().l | map('string') }}", ["1", "2"]),
        ("<% ctx().d.k.keys().toList() %>", ["v"]),
        ("keys <% ctx().d.keys() %>", "keys {'items', 'k'}"),
        ("keys {{ ctx().d.k.keys() }}", "keys dict_keys(['v'])"),
        ("at <% now() %>", "at 2024-02-29 13:14:15.000016+00:00"),
        ("<% 7 / 2 %>", 3),
        ("{{ 7 / 2 }}", 3.5),
        ("{{ ctx().nope | default('d') }}", "d"),
        ("<% ctx().get(nope, d) %>", "d"),
        ("{{ ctx().d['items'] }}", 7),
        ("<% ctx().d.items %>", 7),
        (["<% ctx(b) %>", {"<% ctx(a) %>": "{{ ctx().b }}", "<% ctx(b) %>": 2}], [1, {"A": 1, "1": 2}]),
    ],
)
def test_a_value_and_its_type(text: Json, value: Json) -> None:
    assert repr(compile_template(text).render(SCOPE)) == repr(value)


WIDE = "An integer does not fit into 64 bits."
HALF = "A text holds half of a surrogate pair, which is no character."


@pytest.mark.parametrize(
    "text, problem",
    [
        ("<% 9223372036854775808 %>", WIDE),
        ("{{ 9223372036854775808 }}", WIDE),
        ("{{ [2 ** 63] }}", WIDE),
        ("<% pow(2, 70) %>", WIDE),
        ("<% [pow(2, 70)].select($) %>", WIDE),
        ("<% range(2).aggregate($1 * pow(2, 40), pow(2, 40)) %>", WIDE),
        (f"<% {'9' * 400}.0 %>", "inf is not a JSON number."),
        ("<% json_parse('1e400') %>", "inf is not a JSON number."),
        ("<% json_parse('\"\\\\ud800\"') %>", HALF),
        ('<% "\\ud800" %>', HALF),
        ("<% {'\\ud800' => 1} %>", HALF),
        ("in a text <% '\\ud800' %>", HALF),
        ("{{ '\\ud800' }}", HALF),
        ("{{ '%c' % 55296 }}", HALF),
        ("{{ {'\\ud800': 1} }}", HALF),
        ("{% if true %}{{ '\\ud800' }}{% endif %}", HALF),
    ],
)
def test_what_is_outside_the_value_domain_is_an_error(text: str, problem: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_template(text).render(SCOPE)
    assert caught.value.message.endswith(problem)


@pytest.mark.parametrize(
    "text, value",
    [
        ("<% 9223372036854775807 %>", 2**63 - 1),
        ("<% -9223372036854775807 - 1 %>", -(2**63)),
        ("{{ 2 ** 63 - 1 }}", 2**63 - 1),
        ("a <% pow(2, 70) %>", "a 1180591620717411303424"),
    ],
)
def test_what_is_just_inside_the_value_domain_is_kept_exactly(text: str, value: Json) -> None:
    assert repr(compile_template(text).render(SCOPE)) == repr(value)


@pytest.mark.parametrize("make", ["[<% ctx(x) %>]", "{a: [<% ctx(x) %>]}", "<% [ctx(x)] %>"])
def test_no_loop_nests_a_value_without_end(make: str) -> None:
    template = compile_template(yaml.safe_load(make))
    value: Json = {}

    def loop() -> None:
        nonlocal value
        for _ in range(300):
            value = template.render(PlainScope({"x": value}))
            assert problem_with(value) is None

    with pytest.raises(ExpressionError, match="MAX_DEPTH"):
        loop()


def test_no_loop_doubles_a_value_without_end() -> None:
    template = compile_template(["<% ctx(x) %>", "<% ctx(x) %>"])

    def loop() -> None:
        value: Json = []
        for _ in range(60):
            value = template.render(PlainScope({"x": value}))

    with pytest.raises(ExpressionError, match="MAX_SIZE"):
        loop()


@pytest.mark.parametrize(
    "text, holds",
    [
        ("<% ctx(d).keys() %>", True),
        ("<% set() %>", False),
        ("<% set(1) %>", True),
        ("<% now() %>", True),
        ("<% [].select($) %>", False),
        ("<% [0].select($) %>", True),
        ("<% [0].orderBy($) %>", True),
        ("<% ctx(l).where($ > 2) %>", False),
        ("<% regex(a) %>", True),
        ("<% pow(2, 100) %>", True),
        ("{{ ctx().d.keys() }}", True),
        ("{{ {}.items() }}", False),
        ("{{ range(0) }}", False),
        ("{{ [] | map('string') }}", False),
        ("{{ 'False' }}", True),
        ("false", True),
        ("", False),
        ("<% ctx(b) %>", True),
    ],
)
def test_anything_can_be_a_condition(text: str, holds: object) -> None:
    assert compile_template(text).holds(SCOPE) is holds


@pytest.mark.parametrize(
    "text", ["<% ctx(nope) %>", "{{ nobody }}", "{{ ctx().nope.nope }}", "<% [1].select(1 / 0) %>"]
)
def test_what_cannot_be_evaluated_is_no_condition(text: str) -> None:
    with pytest.raises(ExpressionError):
        compile_template(text).holds(SCOPE)


def test_what_an_expression_gives_is_never_evaluated() -> None:
    for text in (
        "<% ctx(code) %>",
        "{{ ctx().code }}",
        "{{ ctx('code') | string }}",
        "<% ctx(code).trim() %>",
    ):
        assert compile_template(text).render(SCOPE) == "<% ctx(a) %> {{ ctx().a }}"
    assert compile_template("x <% ctx(code) %>").render(SCOPE) == "x <% ctx(a) %> {{ ctx().a }}"
    assert (
        compile_template("{% if true %}{{ ctx().code }}{% endif %}").render(SCOPE) == SCOPE.variables["code"]
    )


Y, J = "YaqlEvaluationException: ", "JinjaEvaluationException: "
UNABLE = "Unable to evaluate expression '{}'. "


@pytest.mark.parametrize(
    "text, message",
    [
        ("<% ctx(nope) %>", UNABLE + 'VariableUndefinedError: The variable "nope" is undefined.'),
        ("<% ctx().nope %>", "Unable to resolve key 'nope' in expression '{}' from context."),
        ("<% ctx().d.zz %>", "Unable to resolve key 'zz' in expression '{}' from context."),
        ("<% ctx().s.value %>", UNABLE + 'NoFunctionRegisteredException: Unknown function "#property#value"'),
        ("<% 1/0 %>", UNABLE + "ZeroDivisionError: integer division or modulo by zero"),
        (
            "<% ctx('__p') %>",
            UNABLE + 'VariableInaccessibleError: The variable "__p" is for internal use and inaccessible.',
        ),
        (
            "<% ctx(__p) %>",
            UNABLE + "YaqlLexicalException: Lexical error: illegal character '_' at position 4",
        ),
        (
            "<% <% failed() %>",
            UNABLE
            + "YaqlGrammarException: Parse error: unexpected '<' at position 0 of expression '<% failed()'",
        ),
        ("<% item(zz) %>", UNABLE + 'ExpressionEvaluationException: Item does not have key "zz".'),
        ("<% json(1) %>", UNABLE + "TypeError: Given object is not typeof string."),
        (
            "<% set(1) %>",
            UNABLE + 'TypeError: A value of type "set" is not JSON; toList() makes a list of it.',
        ),
        ("<% now() %>", UNABLE + 'TypeError: A value of type "datetime" is not JSON.'),
        ("<% float('nan') %>", UNABLE + "ValueError: nan is not a JSON number."),
        ("{{ ctx('nope') }}", UNABLE + 'VariableUndefinedError: The variable "nope" is undefined.'),
        ("{{ ctx().nope }}", "There are unresolved variables: ctx().nope"),
        ("{{ ctx().__p }}", "There are unresolved variables: ctx().__p"),
        ("x {{ nope }} {{ ctx().zz }} {{ ctx().a }}", "There are unresolved variables: nope, ctx().zz"),
        ("{{ ctx().d.zz.yy }}", UNABLE + "UndefinedError: 'dict object' has no attribute 'zz'"),
        ("{{ ctx().nope.yy }}", UNABLE + "UndefinedError: 'dict object' has no attribute 'nope'"),
        ("{{ ctx().s.x.y > 1 }}", UNABLE + "UndefinedError: 'str object' has no attribute 'x'"),
        ("{{ 1, 2 }}", UNABLE + "TemplateSyntaxError: chunk after expression"),
        (
            "{{ range(3) }}",
            UNABLE + 'TypeError: A value of type "range" is not JSON; the filter list makes a list of it.',
        ),
        ("{{ [ctx().nope] }}", UNABLE + "UndefinedError: 'dict object' has no attribute 'nope'"),
        ("{% if ctx().nope %}{% endif %}", UNABLE + "UndefinedError: 'dict object' has no attribute 'nope'"),
    ],
)
def test_the_text_of_an_error(text: str, message: str) -> None:
    kind = Y if text.startswith("<%") else J
    with pytest.raises(ExpressionError) as caught:
        compile_template(text).render(SCOPE)
    assert caught.value.message == kind + message.replace("{}", text)


@pytest.mark.parametrize(
    "text", ["<% result() %>", "<% succeeded() %>", "<% failed() %>", "<% completed() %>"]
)
def test_without_a_current_task(text: str) -> None:
    message = f"{Y}Unable to evaluate expression '{text}'. ExpressionEvaluationException: "
    with pytest.raises(ExpressionError) as caught:
        compile_template(text).render(PlainScope())
    assert caught.value.message == f"{message}The current task is not set in the context."


@pytest.mark.parametrize(
    "text, items",
    [
        ("<% ctx(l) %>", [1, 2]),
        ("{{ ctx().l }}", [1, 2]),
        ("<% range(2) %>", [0, 1]),
        ("<% ctx(l).select($ + 1) %>", [2, 3]),
        ("{{ ctx().l | map('string') }}", ["1", "2"]),
        ("{{ (1, 2) }}", [1, 2]),
        (["<% ctx(b) %>", 2], [1, 2]),
        ([], []),
    ],
)
def test_items_of_with_items(text: Json, items: list[Json]) -> None:
    assert compile_template(text).render_items(SCOPE) == items


@pytest.mark.parametrize(
    "text",
    [
        "<% ctx(d) %>",
        "<% ctx(s) %>",
        "<% ctx(none) %>",
        "<% set(1, 2) %>",
        "<% ctx(d).keys() %>",
        "<% ctx(d).values() %>",
        "{{ range(3) }}",
        "{{ ctx().d.keys() }}",
        "{{ ctx().d.values() }}",
        "x <% ctx(l) %>",
        "plain",
        "{% if true %}[1]{% endif %}",
    ],
)
def test_what_is_no_list_has_no_items(text: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_template(text).render_items(SCOPE)
    assert caught.value.message == f'TypeError: The value of "{text}" is not type of list.'


def test_items_that_cannot_be_evaluated_say_why() -> None:
    with pytest.raises(ExpressionError, match=r"unresolved variables: ctx\(\)\.nope"):
        compile_template("{{ ctx().nope }}").render_items(SCOPE)


def test_constants() -> None:
    value: Json = ["a", {"b": 1}, None, "{{ open", "{% open"]
    template = compile_template(value)
    assert template.is_constant
    assert template.is_fast
    assert template.value is value
    assert template.render(SCOPE) is value
    assert not compile_template(["<% 1 %>"]).is_constant


def test_a_value_of_the_state_is_shared_not_copied() -> None:
    for text in ("<% ctx(d) %>", "{{ ctx().d }}", "<% ctx(d).get(k) %>", "{{ ctx().d | default(1) }}"):
        value = compile_template(text).render(SCOPE)
        assert any(value is part for part in (SCOPE.variables["d"], {"k": SCOPE.variables["d"]["k"]}["k"]))  # type: ignore[index, call-overload]


def test_a_missing_value_passes_even_where_a_library_would_swallow_it() -> None:
    for text in (
        "<% st2kv(key) %>",
        "x {{ 'key' | st2kv }}",
        "{% if st2kv('key') %}{% endif %}",
        "<% [[a, 1]].groupBy($[0], aggregator => [st2kv(key)]) %>",
    ):
        with pytest.raises(MissingValue) as caught:
            compile_template(text).render(SCOPE)
        assert caught.value.key == ("st2kv", "key", False)


def test_importing_the_package_imports_no_library_of_a_language() -> None:
    program = (
        "import sys, orchestrion.core.expressions as e; e.compile_template('<% ctx().a + 1 %>{% raw %}');"
        "e.grammar_error(e.Expression('jinja', '{{ ctx().a }}'));"
        "print([m for m in ('yaql', 'jinja2', 'regex', 'yaml', 'jsonpath_ng', 'semver') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_threads_do_not_meet() -> None:
    texts = [f"<% ctx(l).select($ + {n}).sum() + {n}.len2() * 0 %>" for n in range(10)]
    texts += [f"<% [1, 2, {n}].where($ > {n % 3}).select([$, {n}]).len() + {n} %>" for n in range(150)]
    texts += [f"{{{{ ctx().l | map('string') | join('{n}') }}}}" for n in range(50)]

    def outcome(text: str) -> str:
        try:
            return repr(compile_template(text).render(SCOPE))
        except ExpressionError as error:
            return error.message

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(outcome, texts))
    assert together == [outcome(text) for text in texts]
