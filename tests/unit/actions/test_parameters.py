from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrion.actions.casting import NONE_TEXT
from orchestrion.actions.parameters import Surroundings, cast_text, examine, masked, resolve, warnings_for
from orchestrion.core.values import Json
from orchestrion.errors import UsageError
from tests.unit.actions.packs import action

TYPED = action("demo.typed")
RENDERED = action("demo.rendered")
SURROUNDINGS = Surroundings(
    action_context={"user": "ada"}, config={"region": "north"}, keys={"system": {"door": "open"}, "user": {}}
)

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


def problems_of(ref: str, values: dict[str, Json]) -> tuple[str, ...]:
    found = examine(action(ref), values)
    assert isinstance(found, list)
    return tuple(problem.text for problem in found)


HALF = "half of a surrogate pair"
WIDE = "does not fit into 64 bits"


class TestTextsOfACommandLine:
    @pytest.mark.parametrize(
        "name,text,reason",
        [
            ("a_string", "\udcff", HALF),
            ("untyped", "\udcff", HALF),
            ("nowhere", "\udcff", HALF),
            ("an_integer", "99999999999999999999", WIDE),
            ("an_array", "99999999999999999999", WIDE),
            ("an_array", '["\\ud800"]', HALF),
            ("an_array", "[1e400]", "inf is not a JSON number"),
            ("an_object", '{"a": 1e400}', "inf is not a JSON number"),
            ("an_object", "k=\udcff", HALF),
        ],
    )
    def test_that_cannot_be_kept_as_they_are_are_refused(self, name: str, text: str, reason: str) -> None:
        values, problems = cast_text(TYPED.all_parameters, {name: text})
        assert values == {}
        (problem,) = problems.values()
        assert name in problem
        assert reason in problem

    @pytest.mark.parametrize(
        "name,text,value",
        [
            ("a_string", "5", "5"),
            ("a_string", "{{ x }}", "{{ x }}"),
            ("an_integer", "5", 5),
            ("an_integer", "-5", -5),
            ("a_number", "5", 5.0),
            ("a_number", "1e3", 1000.0),
            ("a_boolean", "true", True),
            ("a_boolean", "False", False),
            ("a_boolean", "TRUE", True),
            ("an_array", "51", [51]),
            ("an_array", '[1, "a", null]', [1, "a", None]),
            ("an_array", "a, b,c", ["a", "b", "c"]),
            ("an_array", "", [""]),
            ("an_object", '{"a": {"b": 1}}', {"a": {"b": 1}}),
            ("an_object", "k=v,k2=v=2", {"k": "v", "k2": "v=2"}),
            ("untyped", "5", "5"),
            ("nowhere", "5", "5"),
        ],
    )
    def test_are_typed_as_the_client_does(self, name: str, text: str, value: Json) -> None:
        found = cast_text(TYPED.all_parameters, {name: text}).values[name]
        assert found == value
        assert type(found) is type(value)

    def test_that_are_repeated_make_one_array(self) -> None:
        assert cast_text(TYPED.all_parameters, {"an_array": ["1", "a,b"]}).values == {
            "an_array": [1, "a", "b"]
        }

    def test_that_would_be_lost_are_refused(self, tmp_path: Path) -> None:
        texts = {
            "a_string": ["x", "y"],
            "an_array": "1",
            "@an_array": str(tmp_path / "no"),
            "an_object": '{"a": {"b": 1, "b": 2}}',
        }
        assert cast_text(TYPED.all_parameters, texts) == (
            {},
            {
                "a_string": 'Parameter "a_string" is given more than once: give it once.',
                "an_array": 'Parameter "an_array" is given more than once: give it once.',
                "an_object": 'Parameter "an_object" has the key "b" more than once.',
            },
        )

    def test_that_cannot_be_read_are_all_told(self) -> None:
        texts = {
            "an_integer": "x",
            "a_number": "nan",
            "a_boolean": "yes",
            "an_object": "x",
            "a_string": "fine",
        }
        _, problems = cast_text(TYPED.all_parameters, texts | {"@untyped": "/nowhere/at/all"})
        assert tuple(problems.values()) == (
            'Parameter "an_integer" must be a whole number, found "x".',
            'Parameter "a_number" must be a number, found "nan".',
            'Parameter "a_boolean" must be true or false, found "yes".',
            'Parameter "an_object" must be JSON or name=value,name=value, found "x".',
            "/nowhere/at/all: The file cannot be read: No such file or directory.",
        )

    def test_bad_json_is_told(self) -> None:
        _, problems = cast_text(TYPED.all_parameters, {"an_object": '{"a": NaN}'})
        assert '"an_object" is not valid JSON' in problems["an_object"]

    def test_may_come_from_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "x.json").write_text('{"a": 1}', encoding="utf-8")
        found = cast_text(TYPED.all_parameters, {"@an_object": str(tmp_path / "x.json")})
        assert found == ({"an_object": {"a": 1}}, {})


class TestValues:
    def test_problems_name_their_parameters_for_people(self) -> None:
        with pytest.raises(UsageError) as caught:
            resolve(TYPED, {"choice": "z", "a_string": 5, "answer": {}, "zz": 1})
        assert caught.value.problems == (
            'Parameter "a_string": Value "5" must either be a string or None. Got "int".',
            "Parameter \"choice\": 'z' is not one of ['a', 'b']",
            "Parameter \"answer\": 'name' is a required property",
            "Additional properties are not allowed ('zz' was unexpected)",
        )

    def test_nothing_is_said_of_what_could_not_be_read(self) -> None:
        assert examine(action("core.local"), {}, unread=["cmd"]) == []

    @pytest.mark.parametrize(
        "name,given,value",
        [
            ("an_integer", "5", 5),
            ("an_integer", 5.0, 5),
            ("a_number", 5, 5.0),
            ("a_number", "2.5", 2.5),
            ("a_boolean", "true", True),
            ("an_array", "[1, 2]", [1, 2]),
            ("an_array", "['a', ('b',)]", ["a", ["b"]]),
            ("an_object", '{"a": 1}', {"a": 1}),
            ("an_object", "{'a': None}", {"a": None}),
            ("an_integer", NONE_TEXT, None),
            ("a_string", "", ""),
            ("untyped", [1], [1]),
            ("choice", None, "a"),
            ("level", None, 5),
        ],
    )
    def test_are_cast_as_the_server_does(self, name: str, given: Json, value: Json) -> None:
        found = resolve(TYPED, {name: given}).all[name]
        assert found == value
        assert type(found) is type(value)

    @pytest.mark.parametrize(
        "ref,values,problems",
        [
            ("core.local", {}, ["'cmd' is a required property"]),
            ("core.local", {"cmd": None}, ["None is not of type 'string'"]),
            ("demo.typed", {"a_string": 5}, ['Value "5" must either be a string or None. Got "int".']),
            ("demo.typed", {"an_integer": "x"}, ["'x' is not of type 'integer', 'null'"]),
            (
                "demo.typed",
                {"an_integer": f"1{'0' * 19}"},
                [f"'1{'0' * 19}' is not of type 'integer', 'null'"],
            ),
            (
                "demo.typed",
                {"an_object": '{"a": 1e400}'},
                ["'{\"a\": 1e400}' is not of type 'object', 'null'"],
            ),
            ("demo.typed", {"a_number": "inf"}, ["'inf' is not of type 'number', 'null'"]),
            ("demo.typed", {"a_boolean": 1}, ["1 is not of type 'boolean', 'null'"]),
            ("demo.typed", {"level": "x"}, ["'x' is not of type 'integer'"]),
            ("demo.typed", {"level": 0}, ["0 is less than the minimum of 1"]),
            ("demo.typed", {"an_array": "a"}, ["'a' is not of type 'array', 'null'"]),
            ("demo.typed", {"an_array": "{1, 2}"}, ["'{1, 2}' is not of type 'array', 'null'"]),
            ("demo.typed", {"choice": "z"}, ["'z' is not one of ['a', 'b']"]),
            ("demo.typed", {"answer": {}}, ["'name' is a required property"]),
            ("demo.typed", {"zz": 1}, ["Additional properties are not allowed ('zz' was unexpected)"]),
            (
                "core.echo",
                {"message": "m", "cmd": "x"},
                ["Override of immutable parameter(s) ['cmd'] is unsupported."],
            ),
            (
                "core.local",
                {"cmd": "m", "sudo": True},
                ["Override of immutable parameter(s) ['sudo'] is unsupported."],
            ),
        ],
    )
    def test_are_refused_in_stackstorms_words(
        self, ref: str, values: dict[str, Json], problems: list[str]
    ) -> None:
        assert list(problems_of(ref, values)) == problems

    def test_all_problems_are_told_at_once(self) -> None:
        assert problems_of("core.echo", {"message": 5, "cmd": "x", "timeout": "soon", "zz": 1}) == (
            "Override of immutable parameter(s) ['cmd'] is unsupported.",
            'Value "5" must either be a string or None. Got "int".',
            "'soon' is not of type 'integer'",
            "Additional properties are not allowed ('zz' was unexpected)",
        )

    def test_an_optional_one_without_a_default_is_passed_as_null(self) -> None:
        resolved = resolve(action("demo.deploy"), {"hosts": ["a"]})
        assert resolved.action_parameters == {"hosts": ["a"], "retries": 3, "note": None}
        assert resolved.runner_parameters == {"notify": ["deploy"]}
        assert resolved.shown == {"hosts": ["a"]}

    def test_secrets_can_be_masked(self) -> None:
        values: dict[str, Json] = {"token": "s3cret", "a_string": "x", "other": 1}
        assert masked(TYPED.all_parameters, values) == {"token": "********", "a_string": "x", "other": 1}
        assert masked(TYPED.all_parameters, {"token": None}) == {"token": None}

    def test_that_are_secret_do_not_show_in_problems(self) -> None:
        (problem,) = problems_of("demo.typed", {"token": ["s3cret"]})
        assert problem == 'Value "********" must either be a string or None. Got "list".'

    @given(json_values)
    def test_of_no_declared_type_arrive_as_they_are(self, value: Json) -> None:
        expected = None if value == NONE_TEXT else value
        assert resolve(TYPED, {"untyped": value}).all["untyped"] == expected

    @given(st.sampled_from(sorted(TYPED.all_parameters)), json_values)
    def test_are_valid_or_refused_and_never_anything_else(self, name: str, value: Json) -> None:
        try:
            found = resolve(TYPED, {name: value}).all[name]
        except UsageError:
            return
        assert resolve(TYPED, {name: found}).all[name] == found


class TestDefaults:
    def test_are_rendered_in_the_order_of_what_they_refer_to(self) -> None:
        resolved = resolve(RENDERED, {"name": "Ada"}, SURROUNDINGS)
        assert resolved.all == {
            "name": "Ada",
            "greeting": "Hello Ada",
            "loud": "Hello Ada!",
            "hosts": ["a"],
            "targets": ["a"],
            "count": 1,
            "body": {"who": "Ada", "all": ["a"], "n": 1},
            "region": "north",
            "owner": "ada",
            "key": "open",
            "fixed": "fixed Ada",
        }
        assert set(resolved.shown) == set(resolved.all) - {"hosts", "fixed"}

    def test_are_not_used_where_a_value_was_supplied(self) -> None:
        resolved = resolve(RENDERED, {"name": "Ada", "greeting": "Hi", "hosts": ["x", "y"]}, SURROUNDINGS)
        assert (resolved.all["loud"], resolved.all["count"]) == ("Hi!", 2)

    @pytest.mark.parametrize(
        "text", ["{{ 7 * 7 }}", "{% raw %}", "<% 1 + 1 %>", "}}{{", '"', "$HOME `id`", "{{ name }}"]
    )
    def test_never_evaluate_what_was_supplied(self, text: str) -> None:
        resolved = resolve(RENDERED, {"name": text}, SURROUNDINGS)
        assert resolved.all["greeting"] == f"Hello {text}"
        assert resolved.all["loud"] == f"Hello {text}!"
        assert resolved.all["body"] == {"who": text, "all": ["a"], "n": 1}
        assert resolve(action("core.echo"), {"message": text}).all["cmd"] == f'echo "{text}"'

    def test_that_refer_to_what_is_not_there_are_told(self) -> None:
        with pytest.raises(UsageError) as caught:
            resolve(RENDERED, {"name": "Ada"})
        assert caught.value.problems == (
            "Failed to render parameter \"region\": 'dict object' has no attribute 'region'",
            "Failed to render parameter \"owner\": 'dict object' has no attribute 'user'",
            "Failed to render parameter \"key\": 'dict object' has no attribute 'system'",
        )

    @given(st.text())
    def test_take_any_text_as_it_is(self, text: str) -> None:
        expected = "None" if text == NONE_TEXT else text
        assert (
            resolve(action("core.echo"), {"message": text}).all["cmd"] == f'echo "{expected}"'
            or text == NONE_TEXT
        )


class TestWarnings:
    @pytest.mark.parametrize(
        "value,mark",
        [("a {{ x }} b", "{{ }}"), ("<% ctx().x %>", "<% %>"), (["a", {"b": "{% if x %}"}], "{% %}")],
    )
    def test_an_expression_stays_text_and_that_is_said(self, value: Any, mark: str) -> None:
        assert warnings_for({"message": value, "plain": "x"}) == [
            f'Parameter "message" holds "{mark}": it stays text, supplied values are not evaluated.'
        ]

    def test_what_only_looks_similar_is_passed_over(self) -> None:
        assert warnings_for({"a": "{x}", "b": "%> <%", "c": 5, "d": "{{"}) == []
