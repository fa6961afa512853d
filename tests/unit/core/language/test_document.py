"""Texts become JSON values with places: YAML 1.1, JSON, keys, aliases, limits (spec 1.1)."""

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from orchestrion.core.language.document import Document, read_document
from orchestrion.core.values import Json


def value_of(text: str) -> Json:
    document = read_document(text)
    assert document.is_complete
    assert document.findings == ()
    return document.value


def failure_of(text: str) -> str:
    document = read_document(text)
    assert len(document.findings) == 1, document
    message = document.findings[0].message
    assert message.startswith("Failed to load workflow definition because ")
    return message.removeprefix("Failed to load workflow definition because ").removesuffix(".")


@pytest.mark.parametrize(
    "text, value",
    [
        ("yes", True),
        ("off", False),
        ("12:30", 750),
        ("0o17", "0o17"),
        ("017", 15),
        ("0x1F", 31),
        ("1_000", 1000),
        ("~", None),
        ("", None),
        ("1.5", 1.5),
        ("1e3", "1e3"),
        ("2020-01-01", "2020-01-01"),
        ("2001-12-14 21:59:43", "2001-12-14T21:59:43"),
        ("2020-13-45", "2020-13-45"),
        ("'1'", "1"),
        ("!!str 1", "1"),
        ("! 1", 1),
        ("=", "="),
        ("- <<", ["<<"]),
        ('{"a":\t[1e3, "\\ud83d\\ude00\\/"]}', {"a": [1000.0, "😀/"]}),
        ("[1,]", [1]),
        ("{a: 1}", {"a": 1}),
    ],
)
def test_values(text: str, value: Json) -> None:
    found = value_of(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "text, reason",
    [
        ("a: 1\na: 2", 'found duplicate key "a"'),
        ('{"a": 1, "a": 2}', 'found duplicate key "a"'),
        ("1: x\n'1': y", 'found duplicate key "1"'),
        ("a: .nan", "nan is not a JSON value"),
        ("a: -.inf", "-inf is not a JSON value"),
        ("a: 1.0e+999", "inf is not a JSON value"),
        ("a: 9223372036854775808", "an integer does not fit into 64 bits; quote it to make it a text"),
        ("a: " + "9" * 5000, "a number is too long; quote it to make it a text"),
        ('{"a": ' + "9" * 5000 + "}", "an integer does not fit into 64 bits; quote it to make it a text"),
        ("a: !!int x", "'x' is no int"),
        ("a: !!binary YQ==", "the tag 'tag:yaml.org,2002:binary' does not give a JSON value"),
        ("a: !!set {x}", "the tag 'tag:yaml.org,2002:set' does not give a JSON value"),
        ("a: !thing {}", "the tag '!thing' does not give a JSON value"),
        ("? [1]\n: 2", "found unhashable key"),
        ("a: *b", 'found undefined alias "b"'),
        ("a: &b [*b]", 'the alias "b" stands inside the value that it repeats'),
        ("--- 1\n--- 2", "expected a single document in the stream, but found another one"),
        ("<<: 1", "expected a mapping or list of mappings for merging"),
        ("[" * 101, "it is nested more than 100 levels deep"),
        ("[" * 100_000, "it is nested more than 100 levels deep"),
        ("- " * 100_000, "it is nested more than 100 levels deep"),
        ('{"a":' * 200 + "1" + "}" * 200, "it is nested more than 100 levels deep"),
        ('a: "\\ud800"', "invalid Unicode character escape code"),
        ("\ud800", "surrogates not allowed"),
        ("a\0b", "control characters are not allowed"),
        ("x" * (16 * 1024 * 1024 + 1), "it is longer than 16777216 characters"),
    ],
)
def test_what_is_no_json_value_is_a_finding(text: str, reason: str) -> None:
    assert reason in failure_of(text)


def test_a_lone_surrogate_in_json_is_refused() -> None:
    assert "surrogate" in failure_of('{"a": "\\ud800"}')


def test_aliases_are_shared_and_counted_as_often_as_they_appear() -> None:
    value = value_of("a: &x {k: 1}\nb: *x")
    assert isinstance(value, dict)
    assert value["a"] is value["b"]
    bomb = "a0: &a0 [x, x]\n" + "".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 20)
    )
    assert failure_of(bomb) == "it is too large once its aliases are expanded"


def test_aliases_do_not_nest_deeper_than_the_limit() -> None:
    text = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 200))
    assert failure_of(text) == "it is nested more than 100 levels deep"


def test_merge_keys() -> None:
    text = "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz: {c: 3, <<: [*x, *y]}"
    value = value_of(text)
    assert isinstance(value, dict)
    assert value["z"] == {"a": 1, "b": 1, "c": 3}


def test_keys_that_are_no_texts_become_texts_with_a_note() -> None:
    document = read_document("on: 1\n2: 1\n~: 1\n1.5: 1")
    assert document.value == {"true": 1, "2": 1, "null": 1, "1.5": 1}
    assert (
        document.notes[0].message == "The key is the boolean true, not a string; it becomes the text 'true'."
    )
    assert len(document.notes) == 4


PLACES = """\
tasks:
  t1:
    action: core.noop
    next:
      - when: x
        do:  [a,
              b]
"""


@pytest.mark.parametrize(
    "path, mark",
    [
        ((), (1, 1)),
        (("tasks",), (1, 1)),
        (("tasks", "t1"), (2, 3)),
        (("tasks", "t1", "action"), (3, 13)),
        (("tasks", "t1", "next", 0), (5, 9)),
        (("tasks", "t1", "next", 0, "do", 1), (7, 15)),
        (("tasks", "t1", "next", 7, "do"), (4, 5)),
        (("tasks", "t1", "absent", "x"), (2, 3)),
    ],
)
def test_places(path: tuple[str | int, ...], mark: tuple[int, int]) -> None:
    assert read_document(PLACES).locate(path) == mark


def test_places_in_json() -> None:
    document = read_document('{"tasks": {\n\t"a": [1,\n  2]}}')
    assert document.locate(("tasks", "a")) == (2, 2)
    assert document.locate(("tasks", "a", 1)) == (3, 3)


@given(st.lists(st.sampled_from("019.:_-+xobeE~yYnNoOfFtT<=-TZ ")).map("".join))
def test_plain_scalars_are_what_the_library_makes_of_them(text: str) -> None:
    document = read_document(f"- {text}")
    try:
        expected: object = yaml.safe_load(f"- {text}")
    except (yaml.YAMLError, ValueError, IndexError):
        return
    if document.findings or document.notes or "date" in repr(expected):
        return
    assert document.value == expected
    assert repr(document.value) == repr(expected)


JSON_VALUES: st.SearchStrategy[Json] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@given(JSON_VALUES, st.sampled_from([None, 2, "\t"]))
def test_every_json_text_is_read_as_json_reads_it(value: Json, indent: int | str | None) -> None:
    text = json.dumps({"value": value}, indent=indent)
    assert value_of(text) == {"value": value}


@given(st.text())
def test_every_text_is_read_without_an_exception(text: str) -> None:
    assert isinstance(read_document(text), Document)


@given(
    st.lists(
        st.sampled_from(
            [
                "a",
                ": ",
                "- ",
                "\n",
                "  ",
                "[",
                "]",
                "{",
                "}",
                ",",
                "&x ",
                "*x",
                "<<",
                "? ",
                "'",
                '"',
                "!!",
                "1",
                "|",
                ">",
            ]
        )
    )
)
def test_every_yaml_like_text_is_read_without_an_exception(parts: list[str]) -> None:
    assert isinstance(read_document("".join(parts)), Document)
