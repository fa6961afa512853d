# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false, reportUnknownArgumentType=false
"""What an evaluation costs is counted, and the count stops it (architecture, section 2).

A step is worth about a microsecond. Here stand the worst expressions that could be found, and ordinary work
that must stay possible.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import cast

import pytest
import yaql
from yaql.language.factory import YaqlFactory

from orchestrion.core.expressions import ExpressionError, compile_template
from orchestrion.core.expressions.bounds import MAX_STEPS
from orchestrion.core.expressions.errors import ExpressionLimitExceeded
from orchestrion.core.expressions.evaluation import Evaluation
from orchestrion.core.expressions.jinja_dialect import compile_text
from orchestrion.core.expressions.yaql_dialect import compile_expression
from orchestrion.core.expressions.yaql_library import finalize
from orchestrion.core.values import Json
from tests.unit.core.expressions.scopes import PlainScope, Task

BIG = "a" * 1_000_000
RECORDS: list[Json] = [
    {"id": number, "name": f"n{number}", "tags": ["a", number]} for number in range(10_000)
]
SCOPE = PlainScope(
    variables={
        "big": BIG,
        "other": BIG[:-1] + "b",
        "words": "ab cd " * 160_000,
        "list": list(range(10_000)),
        "long": list(range(100_000)),
        "records": [*RECORDS],
        "mapping": {f"k{number}": number for number in range(10_000)},
        "json": json.dumps(RECORDS),
    },
    task=Task(),
)


def looped(body: str) -> str:
    return f"{{% for i in range(100000) %}}{{% for j in range(10) %}}{body}{{% endfor %}}{{% endfor %}}"


HOSTILE = [
    "<% range(0, 100000000).sum() %>",
    "<% range(100000000).where($ < 0).len() %>",
    "<% generateMany(1, [$, $ + 1]).len() %>",
    "<% generate(1, true, $ + 1).len() %>",
    "<% range(10000).select(range(10000).select($ * 2).sum()).sum() %>",
    "<% range(10000).join(range(10000), $1 = $2, $1).len() %>",
    "<% range(10000).select(ctx().long.orderBy(-$).toList().len()).len() %>",
    "<% ctx().long.orderBy([$]).toList().len() %>",
    "<% range(10000).select(ctx().records.distinct().len()).len() %>",
    "<% range(1000).select(ctx().list.toSet().len()).len() %>",
    "<% range(1000).select(ctx().list.insert(1, 2).len()).len() %>",
    "<% ctx().long.select(ctx().long + ctx().long).len() %>",
    "<% ctx().mapping.keys().select(ctx().mapping.set($, 1).len()).len() %>",
    "<% range(100).select(ctx().mapping.mergeWith(ctx().mapping).len()).len() %>",
    "<% range(1000).select(json_parse(ctx().json).len()).len() %>",
    "<% range(1000).select(to_json_string(ctx().records).len()).len() %>",
    "<% range(1000).select(to_yaml_string(ctx().records).len()).len() %>",
    "<% range(1000).select(ctx().words.split(' ').len()).len() %>",
    "<% range(1000).select(ctx().big.toCharArray().len()).len() %>",
    "<% range(100000).select('aaab' in ctx().big).len() %>",
    "<% range(100000).select(ctx().big = ctx().other).len() %>",
    "<% range(1000).select(regex('(' + 'a|' * 1000 + str($) + ')')).len() %>",
    "<% range(100000).select(datetime('2020-01-01')).len() %>",
    "<% range(100000).select(pow(7, 300)).len() %>",
    "<% def(f, switch($ < 2 => $, true => f($ - 1) + f($ - 2))) -> f(40) %>",
    f"<% range(1000).select(dict({', '.join(f'a{number} => 1' for number in range(2000))}).len()).len() %>",
    f"<% range(1000).select([{', '.join('1' * 10_000)}].len()).len() %>",
    looped("{{ i }}"),
    looped("{% if j > 5 and j < 10 or j == 3 %}{% endif %}"),
    looped("{% set x = j %}" * 2_000),
    looped("{{ loop.cycle(1, 2) }}"),
    looped("{{ ctx().mapping.k5 }}"),
    looped("{{ ctx().long.index(99999) }}"),
    looped("{{ ctx().long.count(99999) }}"),
    looped("{{ ctx().words | title | length }}"),
    looped("{{ ctx().words | wordcount }}"),
    looped("{{ ctx().words | striptags | length }}"),
    looped("{{ ctx().words | urlize | length }}"),
    looped("{{ ctx().words | wordwrap | length }}"),
    looped("{{ ctx().words.split() | length }}"),
    looped("{{ ctx().big.find('aaab') }}"),
    looped("{{ ctx().records | string | length }}"),
    looped("{{ ctx().records | pprint | length }}"),
    looped("{{ ctx().records | tojson | length }}"),
    looped("{{ ctx().records | sum(attribute='id') }}"),
    looped("{{ ctx().records | sort(attribute='name') | length }}"),
    looped("{{ ctx().records | groupby('name') | length }}"),
    looped("{{ ctx().long | sort | length }}"),
    looped("{{ ctx().long | join(',') | length }}"),
    looped("{{ ctx().long[5:] | length }}"),
    looped("{{ ctx().mapping.copy() | length }}"),
    looped("{{ (7 ** 300) // (7 ** 170) }}"),
    looped("{{ '{} {}'.format(i, i) }}"),
    looped("{{ '1: 2' | from_yaml_string }}"),
    looped("{{ {'a': 1} | jsonpath_query('$.a' ~ j ~ i) }}"),
    looped("{{ '1.2.3' | version_compare('1.2.4') }}"),
    "{% macro f(n) %}{% if n > 0 %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(30) }}",
    f"{{% macro f(j) %}}{'{% set x = j %}' * 2_000}{{% endmacro %}}{looped('{{ f(i) }}')}",
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:90])
def test_the_worst_that_was_found_is_stopped_by_the_count(text: str) -> None:
    evaluation = Evaluation(SCOPE, frozen=text.startswith("<%"))
    compiled = compile_expression(text[2:-2].strip()) if evaluation.frozen else compile_text(text).evaluate
    with pytest.raises(ExpressionLimitExceeded, match=r"MAX_STEPS|MAX_BUILT"):
        evaluation.run(lambda: plain(compiled()))
    assert evaluation.budget.steps < 2.5 * MAX_STEPS


def test_regular_expressions_share_one_patience() -> None:
    text = "<% range(1000).select('aaaaaaaaaaaaaaaaa!' =~ '^(a|a)*$').len() %>"
    with pytest.raises(ExpressionError, match="REGEX_SECONDS"):
        compile_template(text).render(SCOPE)


@pytest.mark.parametrize(
    "text",
    [
        "<% ctx().list.where($ > 10).select($ * 2 + 1).orderByDescending($).toList() %>",
        "<% ctx().records.where($.id > 1 and $.name != n5).select({a => $.id, b => $.name}).orderBy($.b) %>",
        "<% ctx().records.where(not $.id in [1, 2, 3]).select($.name).distinct().len() %>",
        "<% ctx().records.select($.name.toUpper()).len() %>",
        "<% ctx().records.where($.name =~ '^n1').len() %>",
        "<% ctx().records.groupBy($.id mod 10).toDict($[0], $[1].len()) %>",
        "<% json_parse(ctx().json).select($.id).sum() %>",
        "<% to_json_string(ctx().records).len() %>",
        "<% to_yaml_string(ctx().records).len() %>",
        "<% ctx().words.split(' ').take(10000).select($ + x).join(',') %>",
        "<% ctx().words.replace(ab, abc).toUpper().len() %>",
        "<% regex('ab').searchAll(ctx().words).len() %>",
        "<% range(10000).sum() + ctx().list.sum() + ctx().list.max() %>",
        "{% for r in ctx().records %}{% if r.id % 2 %}{{ r.id }}{{ r.tags | join }}{% endif %}{% endfor %}",
        "{{ ctx().records | selectattr('id', '>', 10) | map(attribute='name') | sort | list | length }}",
        "{{ ctx().words.split(' ') | unique | list }}",
        "{{ ctx().records | tojson | length }}",
        "{{ ctx().list | map('string') | map('regex_replace', '1', '2') | join(',') | length }}",
        "{{ ctx().words | title | length }}",
    ],
)
def test_ordinary_work_on_ten_thousand_records_or_a_megabyte_is_done(text: str) -> None:
    compile_template(text).render(SCOPE)


SAME = [
    *["1 = 1", "1 = '1'", "null = null", "a != b", "true = 1", "[1] = [1]", "{a => 1} = dict(a => 1)"],
    *["null < 1", "1 < null", "a < b", "a < 1", "1 + a", "a + b", "[1] + [2]", "'a' * 3", "7 / 2", "7 / 2.0"],
    *["-7 mod 3", "1 / 0", "1 in [1, 2]", "a in abc", "1 in dict(a => 1)", "[1] in [[1]]", "1 in range(3)"],
    *["not null", "not []", "not [0]", "null and a", "[] or 5", "1 and (2 or 3)", "$", "$x", "null.len()"],
    *[
        "null.a",
        "[1].a",
        "[dict(a => 1)].a",
        "dict(a => 1).a",
        "dict(a => 1).b",
        "dict([[a, 1]]).a",
        "dict().a",
    ],
    *[
        "{a => 1, 2 => b}",
        "{a => range(2)}",
        "{[1] => 2}",
        "{$ => 1}",
        "[range(2), 3]",
        "[a => 1]",
        "[]",
        "{}",
    ],
    *["'ab'.len()", "'ab'.toUpper()", "ab.nope()", "5.len()", "def(dict, 5) -> dict(a => 1)", "abc?.len()"],
    *["[3, 1, 2].orderBy($)", "[3, 1, 2].orderByDescending($)", "[a, 1].orderBy($)", "[b, a].orderBy($)"],
    *["[null, 1].orderBy($)", "[1, 2.0, 1.5].orderBy($)", "[true, 1].orderBy($)", "[].orderBy($)"],
    *[
        "[[1, b], [0, a], [1, a]].orderBy($[0]).thenBy($[1])",
        "[[1, b], [0, a]].orderBy($[0]).thenByDescending($[1])",
    ],
    *["[2, 1].orderBy($).thenBy(1 / 0)", "[1, 1].orderBy($).thenBy(1 / 0)", "[[2], [1]].orderBy($)"],
    *[
        "[1, 2].sum()",
        "[a, b].sum()",
        "[1, a].sum()",
        "[[1], [2]].sum()",
        "[].sum()",
        "[].sum(0)",
        "[1, 3, 2].max()",
    ],
    *["[b, c, a].min()", "[null, 1].max()", "[a, 1].max()", "[1, null, true].join('-')", "[a, b].join('-')"],
    *["range(4).where($ > 1).select($ * $)", "[dict(a => 1), dict(a => 2)].where($.a = 2).select($.a)"],
    *["[1, 2].select([$, $ + 1]).selectMany($)", "let(x => 2) -> $x + 1", "with(1, 2) -> $1 + $2"],
]


def plain(value: object) -> object:
    """What YAQL gives, with everything lazy worked out."""
    if isinstance(value, Mapping):
        return {key: plain(part) for key, part in cast("Mapping[object, object]", value).items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [plain(part) for part in cast("Iterable[object]", value)]
    return value


def outcome(evaluate: Callable[[], object]) -> str:
    try:
        return repr(plain(evaluate()))
    except Exception as error:  # noqa: BLE001  # errors are compared, too
        return re.sub(r"<.* object at 0x\w+>", "<an object>", f"{type(error).__name__}: {error}")


@pytest.mark.parametrize("text", SAME)
def test_what_is_quick_is_what_the_library_gives(text: str) -> None:
    library = YaqlFactory().create()(text)
    evaluation = Evaluation(SCOPE, frozen=True)
    ours = evaluation.run(lambda: outcome(compile_expression(text)))
    assert ours == outcome(lambda: library.evaluate(context=yaql.create_context(finalizer=finalize)))
