from pathlib import Path

import pytest

from orchestrion.actions.catalog import Catalog
from orchestrion.actions.metadata import Action
from orchestrion.actions.parameters import Surroundings, examine, resolve
from orchestrion.actions.rendering import RenderingError, in_order, names_in, render
from orchestrion.errors import UsageError
from tests.unit.actions.packs import write_pack

CYCLE = "Cyclic dependency found in the following variables: a, b. Likely the variable is referencing itself"


def action_with(folder: Path, parameters: str) -> Action:
    text = f"name: a\nrunner_type: noop\nparameters:\n{parameters}"
    return Catalog([write_pack(folder / "p", {"pack.yaml": "name: p", "actions/a.yaml": text})]).find("p.a")


def test_names_are_ordered_by_what_they_need() -> None:
    assert in_order({"c": ["b", "x"], "b": ["a"], "a": []}) == (["a", "b", "c"], [])
    assert in_order({"a": ["b"], "b": ["a"], "c": ["c"], "d": []}) == (["d"], ["a", "b", "c"])


def test_the_names_of_a_template_are_found_at_any_depth() -> None:
    assert names_in(["{{ a }}", {"k": "{% for x in b %}{{ x }}{% endfor %}"}, 5]) == {"a", "b"}
    assert names_in("{{ shout(a) | shout }}", {"shout": str.upper}) == {"a"}


@pytest.mark.parametrize(
    "template,keep_type,value",
    [
        ("{{ n }}", False, "5"),
        ("{{ n }}", True, 5),
        ("{{- n -}}", True, 5),
        ("{{ n }}{{ n }}", True, "55"),
        ("{{ n + 1 }}", True, 6),
        (" {{ n }}", True, " 5"),
        ("{{ {'a': [n]} }}", True, {"a": [5]}),
        ("{{ none }}", True, None),
        ("{{ none }}", False, "None"),
        (["{{ n }}", "x{{ n }}"], False, [5, "x5"]),
        ("{{ n }}{# five #}", True, "5"),
        ("{{ '}}' }}", True, "}}"),
        ("a\n", False, "a\n"),
        ("{{ n }}\n", False, "5\n"),
        ("{% if n > 3 %}many{% else %}few{% endif %}", True, "many"),
    ],
)
def test_a_whole_expression_keeps_its_type(template: object, keep_type: bool, value: object) -> None:  # noqa: FBT001
    assert render(template, {"n": 5}, keep_type=keep_type) == value  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "template",
    [
        "{{ missing }}",
        "{{ n.missing }}",
        "{{ ''.__class__ }}",
        "{{ n.__class__.__mro__ }}",
        "{{ 'a' * 10 ** 9 }}",
        "{{ [n] * 100000000 }}",
        "{{ 9 ** (9 ** 9) }}",
        "{{ '%999999999d' % n }}",
        "{{ '%*d' % (999999999, n) }}",
        "{% for a in range(99999) %}{{ 'x' * 1000 }}{% endfor %}",
        "{% for a in range(999999999) %}{% endfor %}",
        "{{ n / 0 }}",
    ],
)
@pytest.mark.timeout(20)
def test_what_a_template_may_not_do_is_a_problem_and_quick(template: str) -> None:
    for keep_type in (True, False):
        with pytest.raises(RenderingError):
            render(template, {"n": 5}, keep_type=keep_type)


def test_small_use_of_the_same_operators_is_allowed() -> None:
    assert render("{{ 'ab' * 2 }} {{ 2 ** 10 }} {{ '%05d' % n }} {{ 7 % 4 }}", {"n": 5}, keep_type=False) == (
        "abab 1024 00005 3"
    )


def test_functions_and_filters_are_those_that_are_given(tmp_path: Path) -> None:
    action = action_with(tmp_path, "  x: {type: string, default: \"{{ 'a' | shout }}{{ shout('b') }}\"}\n")
    surroundings = Surroundings(functions={"shout": str.upper})
    assert resolve(action, {}, surroundings).all == {"x": "AB"}
    with pytest.raises(UsageError) as caught:
        resolve(action, {})
    assert caught.value.problems[0].startswith('Failed to render parameter "x": No filter named')


@pytest.mark.parametrize(
    "parameters,problems",
    [
        ('  x: {default: "{{ y }}"}\n', ('Dependency unsatisfied in variable "y"',)),
        (
            '  a: {default: "{{ b }}"}\n  b: {default: "{{ a }}"}\n',
            (CYCLE,),
        ),
        ("  n: {type: string, default: 5}\n", ('Value "5" must either be a string or None. Got "int".',)),
        ("  n: {type: integer, default: \"{{ 'x' }}\"}\n", ("'x' is not of type 'integer'",)),
    ],
)
def test_defaults_that_cannot_be_used_are_told(
    tmp_path: Path, parameters: str, problems: tuple[str, ...]
) -> None:
    found = examine(action_with(tmp_path, parameters), {})
    assert isinstance(found, list)
    assert tuple(problem.text for problem in found) == problems


def test_bad_syntax_is_told_by_the_parameter(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        resolve(action_with(tmp_path, '  x: {default: "{{ y"}\n'), {})
    assert caught.value.problems[0].startswith('Failed to render parameter "x": ')


def test_an_optional_parameter_without_value_is_known_to_defaults(tmp_path: Path) -> None:
    action = action_with(
        tmp_path, "  y: {type: string}\n  x: {type: string, default: \"{{ y or 'none' }}\"}\n"
    )
    assert resolve(action, {}).all == {"x": "none", "y": None}
    assert resolve(action, {"y": "{{ z }}"}).all["x"] == "{{ z }}"


def test_required_may_stand_at_an_object_and_as_a_list_within(tmp_path: Path) -> None:
    schema = (
        "{type: object, required: true, minProperties: 1, properties: {in: {type: object, required: true}}}"
    )
    action = action_with(tmp_path, f"  x: {schema}\n")
    assert resolve(action, {"x": {"in": {}}}).all == {"x": {"in": {}}}
    with pytest.raises(UsageError, match="'in' is a required property"):
        resolve(action, {"x": {"out": 1}})
    action = action_with(tmp_path, "  x: {type: object, allOf: [{required: [a]}]}\n")
    with pytest.raises(UsageError, match="'a' is a required property"):
        resolve(action, {"x": {"b": 1}})


def test_a_bad_schema_is_told_and_does_not_raise(tmp_path: Path) -> None:
    action = action_with(tmp_path, '  x: {type: string, pattern: "("}\n')
    with pytest.raises(UsageError, match="The schema cannot be used"):
        resolve(action, {"x": "a"})


def test_a_loop_that_writes_nothing_is_stopped() -> None:
    endless = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"
    with pytest.raises(RenderingError, match="MAX_STEPS"):
        render(endless, {}, keep_type=False)
