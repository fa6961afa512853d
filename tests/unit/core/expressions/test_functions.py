"""The one table of functions (spec 2.2; stackstorm-api 3.2), in both languages."""

from datetime import UTC, datetime

import pytest

from orchestrion.core.expressions import ExpressionError, ExternalError, compile_template
from orchestrion.core.expressions.functions import CORE, FUNCTIONS
from orchestrion.core.values import Json
from tests.unit.core.expressions.scopes import PlainScope, Task

SCOPE = PlainScope(
    variables={
        "doc": {"a": [{"b": 1}, {"b": 2}], "c": "é"},
        "xs": [1, 2, 3],
        "text": 'a "b"\\\n',
        "json": '{"a": [1, null]}',
        "yaml": "a:\n- 1\n- null\n",
        "none": None,
    },
    task=Task(name="t1", status="failed", result=[1]),
    statuses={"t1": "failed"},
    outside={
        ("st2kv", "key", False): "value",
        ("st2kv", "secret", True): {"deep": [1]},
        ("st2kv", "gone", False): ExternalError("The key is gone."),
        ("st2kv", "broken", True): ExternalError("It cannot be decrypted.", missing=False),
        ("task", "t1", None): {"task_name": "t1", "result": {"v": 1}},
        ("task", None, None): {"task_name": "current"},
        ("task", "t2", 3): ExternalError('Unable to find task execution for "t2".'),
    },
    dice=0.75,
)


def both(call: str, value: Json) -> None:
    """The same call means the same in both languages."""
    for text in (f"<% {call.replace('=', '=>')} %>", f"{{{{ {call} }}}}"):
        assert repr(compile_template(text).render(SCOPE)) == repr(value), text


def test_the_nine_functions_of_the_language() -> None:
    assert sorted(CORE) == sorted(
        "ctx item result task_status succeeded failed completed json zip".split()  # noqa: SIM905
    )


@pytest.mark.parametrize(
    "call, value",
    [
        ("task_status('t1')", "failed"),
        ("task_status('t2')", "null"),
        ("result()", [1]),
        ("succeeded()", False),
        ("failed()", True),
        ("completed()", True),
        ("json('[1, 2]')", [1, 2]),
        ("json(ctx('doc'))", SCOPE.variables["doc"]),
        ("zip([1, 2], [3])", [[1, 3], [2, None]]),
        ("zip([1, 2], [3], pad=0)", [[1, 3], [2, 0]]),
        ("zip([1, 2])", [1, 2]),
        ("zip(ctx('none'), [1])", [[None, 1]]),
        ("basename('/a/b.c')", "b.c"),
        ("dirname('/a/b.c')", "/a"),
        ("from_json_string(ctx('json'))", {"a": [1, None]}),
        ("json_parse(ctx('json'))", {"a": [1, None]}),
        ("from_yaml_string(ctx('yaml'))", {"a": [1, None]}),
        ("yaml_parse('&x [1]')", [1]),
        ("yaml_parse('[&x [1], *x]')", [[1], [1]]),
        ("to_json_string(ctx('doc'))", '{"a": [{"b": 1},{"b": 2}],"c": "\\u00e9"}'),
        ("json_dump([1], indent=1)", "[\n 1\n]"),
        ("to_yaml_string(ctx('doc'))", "a:\n- b: 1\n- b: 2\nc: é\n"),
        ("yaml_dump([1])", "- 1\n"),
        ("json_escape(ctx('text'))", 'a \\"b\\"\\\\\\n'),
        ("jsonpath_query(ctx('doc'), '$.a[*].b')", [1, 2]),
        ("jsonpath_query(ctx('doc'), '$..b')", [1, 2]),
        ("jsonpath_query(ctx('doc'), '$.z')", None),
        ("regex_match('abc', 'b')", False),
        ("regex_match('abc', 'A', true)", True),
        ("regex_search('abc', '(?!x)b')", True),
        ("regex_replace('abcabc', '(b)c', '<\\\\1>')", "a<b>a<b>"),
        ("regex_substring('a1b22', '[0-9]+', 1)", "22"),
        ("regex_substring('a1b22', '([a-z])([0-9])')", ["a", "1"]),
        ("to_human_time_from_seconds(12345)", "3h25m45s"),
        ("to_human_time_from_seconds(0)", "0s"),
        ("to_human_time_from_seconds(59.6)", "1m0s"),
        ("to_human_time_from_seconds(31536000)", "1y0d0h0m0s"),
        ("use_none(ctx('none'))", "%*****__%NONE%__*****%"),
        ("use_none(0)", 0),
        ("version_compare('0.10.1', '0.9.0')", 1),
        ("version_more_than('1.0.0', '1.0.0')", False),
        ("version_less_than('1.0.0-rc.1', '1.0.0')", True),
        ("version_equal('1.0.0', '1.0.0')", True),
        ("version_bump_major('0.10.1')", "1.0.0"),
        ("version_bump_minor('0.10.1')", "0.11.0"),
        ("version_bump_patch('0.10.1')", "0.10.2"),
        ("version_strip_patch('0.10.1')", "0.10"),
        ("st2kv('key')", "value"),
        ("st2kv('secret', decrypt=true)", {"deep": [1]}),
        ("st2kv('gone', default='d')", "d"),
        ("st2kv('gone', default=ctx('none'))", None),
        ("task('t1')", {"task_name": "t1", "result": {"v": 1}}),
        ("task()", {"task_name": "current"}),
    ],
)
def test_a_function_in_both_languages(call: str, value: Json) -> None:
    both(call, value)


def test_version_match() -> None:
    for text in ("<% version_match('0.10.1', '>=0.10.0') %>", "{{ version_match('0.10.1', '>=0.10.0') }}"):
        assert compile_template(text).render(SCOPE) is True


def test_every_function_is_a_filter() -> None:
    from orchestrion.core.expressions.jinja_dialect import environment

    assert set(FUNCTIONS) <= set(environment().filters) & set(environment().globals)
    assert (
        compile_template("{{ 'doc' | ctx | to_json_string | json_parse }}").render(SCOPE)
        == SCOPE.variables["doc"]
    )
    assert compile_template("{{ '1.2.3' | version_bump_major }}").render(SCOPE) == "2.0.0"


@pytest.mark.parametrize(
    "call, message",
    [
        ("st2kv('gone')", "ExpressionEvaluationException: The key is gone."),
        ("st2kv('broken', true, 'd')", "ExpressionEvaluationException: It cannot be decrypted."),
        ("st2kv(1)", "TypeError: Given key is not typeof string."),
        ("task('t2', 3)", 'ExpressionEvaluationException: Unable to find task execution for "t2".'),
        ("item('x')", "ExpressionEvaluationException: Item is not type of collections.abc.Mapping."),
        ("json([1])", "TypeError: Given object is not typeof string."),
    ],
)
def test_the_errors_of_functions(call: str, message: str) -> None:
    for text in (f"<% {call} %>", f"{{{{ {call} }}}}"):
        with pytest.raises(ExpressionError) as caught:
            compile_template(text).render(SCOPE)
        assert caught.value.message.endswith(f"Unable to evaluate expression '{text}'. {message}")


@pytest.mark.parametrize(
    "text, value",
    [
        ("<% now() %>!", "2024-02-29 13:14:15.000016+00:00!"),
        ("<% now(timespan(hours => 2)).hour %>", 15),
        ("<% datetime('10:30').day %>", 29),
        ("<% datetime('2020-01-02 03:04').year %>", 2020),
        ("<% localtz().hours %>", 0.0),
        ("<% random() %>", 0.75),
        ("<% random(1, 4) %>", 4),
        ("{{ [1, 2, 3, 4] | random }}", 4),
        ("{{ lipsum(1, false, 2, 2) }}", "Nibh nibh."),
    ],
)
def test_time_and_dice_are_the_scopes(text: str, value: Json) -> None:
    assert SCOPE.now == datetime(2024, 2, 29, 13, 14, 15, 16, UTC)
    assert compile_template(text).render(SCOPE) == value


@pytest.mark.parametrize(
    "text, value",
    [
        ("<% 'a1b2' =~ '[0-9]' %>", True),
        ("<% 'a1b2' !~ '^[0-9]' %>", True),
        ("<% regex('[a-z]').searchAll('a1b2') %>", ["a", "b"]),
        ("<% regex('([a-z])([0-9])').search('a1b2', $.value + $2.value + $3.value) %>", "a1a1"),
        ("<% regex('(?P<n>[0-9])').search('a1b2', $n.value) %>", "1"),
        ("<% regex(',').split('a,b') %>", ["a", "b"]),
        ("<% 'a,b'.split(regex(',')) %>", ["a", "b"]),
        ("<% 'a1b2'.replace(regex('[0-9]'), x) %>", "axbx"),
        ("<% 'a1b2'.replaceBy(regex('[0-9]'), '<' + $.value + '>', 1) %>", "a<1>b2"),
        ("<% escapeRegex('a.b') %>", "a\\.b"),
        ("<% isRegex(regex(a)) %>", True),
        ("<% regex(A, ignoreCase => true).matches(a) %>", True),
        ("<% 'a b'.split().join('-') %>", "a-b"),
        ("<% 'a'.join([1, true]) %>", "1atrue"),
        ("<% abc.replace({a => 1, b => null}) %>", "1nullc"),
        ("<% [1, 2].join([2, 3], $1 = $2, $1 * 10) %>", [20]),
        ("<% ctx(xs).groupBy($ mod 2, aggregator => $.sum()).toList() %>", [[1, 4], [0, 2]]),
        ("<% ctx(doc).a.b %>", [1, 2]),
        ("<% ctx(doc).a.select($.b).sum() %>", 3),
        ("<% ctx(doc).a.distinct().len() %>", 2),
        ("<% set(ctx(doc), ctx(doc)).len() %>", 1),
        ("<% ctx(doc) = ctx(doc) %>", True),
        ("<% ctx().doc.set(z, 1).keys().len() %>", 3),
        ("<% let(x => 2) -> $x + 1 %>", 3),
        ("<% ctx(none)?.foo %>", None),
        ("<% range(3).select(str($)) %>", ["0", "1", "2"]),
        ("{{ '{0}-{a}'.format(1, a=2) }}", "1-2"),
        ("{{ '%s' | format('a') }}", "a"),
        ("{{ 'b,a'.split(',') | sort | join('-') }}", "a-b"),
        ("{{ ctx().doc.a | map(attribute='b') | sum }}", 3),
        ("{{ ctx().doc.a | selectattr('b', 'gt', 1) | list }}", [{"b": 2}]),
        ("{{ ctx() | length }}", 6),
        ("{{ 'xs' in ctx() and ctx().get('xs')[1:] == [2, 3] }}", True),
        ("{{ ctx().items() | list | length }}", 6),
        ("{{ ctx() | dictsort | first | first }}", "doc"),
        ("{{ 1 < 2 < 3 }}", True),
        ("{{ 'a' if 1 else 'b' }}", "a"),
        ("{{ ctx().doc | tojson }}", '{"a": [{"b": 1}, {"b": 2}], "c": "\\u00e9"}'),
        (
            "{% for x in ctx().xs %}{{ loop.index }}/{{ loop.length }} {% else %}none{% endfor %}",
            "1/3 2/3 3/3 ",
        ),
        ("{% macro m(x) %}<{{ x }}>{% endmacro %}{{ m(1) }}{{ m(2) }}", "<1><2>"),
    ],
)
def test_the_libraries_work_as_they_do_elsewhere(text: str, value: Json) -> None:
    assert compile_template(text).render(SCOPE) == value


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__ }}",
        "{{ ctx.__globals__ }}",
        "{{ ctx().xs.append(1) }}",
        "{{ ctx().doc.update({}) }}",
        "{{ '{0.__class__}'.format(1) }}",
        "{{ ctx | string }}",
        "{{ cycler('a').__init__.__globals__ }}",
        "{% include 'x' %}",
        "{% import '/etc/passwd' as x %}",
        "<% ctx(xs).__class__ %>",
        "<% ctx(xs).append.foo %>",
    ],
)
def test_nothing_leads_out_of_an_expression(text: str) -> None:
    with pytest.raises(ExpressionError):
        compile_template(text).render(SCOPE)
    assert SCOPE.variables["xs"] == [1, 2, 3]
