"""Our checker says what the draft 4 of the schema library says (spec 1.7)."""

from collections.abc import Callable, Iterable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from orchestrion.core.language.checker import Rule, Work, violations
from orchestrion.core.language.schema import ITEMS, ITEMS_PATTERN, WORKFLOW
from orchestrion.core.values import Json
from tests.unit.core.language.shapes import workflows


def as_schema(rule: Rule) -> dict[str, Any]:
    """The rule as a JSON schema."""
    schema: dict[str, Any] = {}
    plain = {
        "type": rule.type,
        "minLength": rule.min_length,
        "pattern": rule.pattern,
        "minimum": rule.minimum,
        "minItems": rule.min_items,
        "minProperties": rule.min_properties,
        "maxProperties": rule.max_properties,
        "required": list(rule.required) or None,
        "enum": None if rule.enum is None else list(rule.enum),
        "uniqueItems": rule.unique_items or None,
    }
    schema.update({key: value for key, value in plain.items() if value is not None})
    if rule.items is not None:
        schema["items"] = as_schema(rule.items)
    if rule.one_of:
        schema["oneOf"] = [as_schema(each) for each in rule.one_of]
    if rule.properties:
        schema["properties"] = {name: as_schema(each) for name, each in rule.properties.items()}
    if rule.pattern_rule is not None:
        schema["patternProperties"] = {rule.names: as_schema(rule.pattern_rule)}
    if not rule.is_open:
        schema["additionalProperties"] = False
    return schema


VALIDATOR: Any = Draft4Validator(as_schema(WORKFLOW))
errors_of: Callable[[Json], Iterable[Any]] = VALIDATOR.iter_errors


def by_library(value: Json) -> set[tuple[str, tuple[str | int, ...], tuple[str | int, ...]]]:
    return {
        (error.message.replace("\\\\", "\\"), tuple(error.absolute_path), tuple(error.absolute_schema_path))
        for error in errors_of(value)
    }


@settings(deadline=None, max_examples=300)
@given(workflows())
def test_the_same_violations_as_the_library(value: Json) -> None:
    ours = {
        (each.message.replace("\\\\", "\\"), each.path, each.schema_path)
        for each in violations(value, WORKFLOW, Work())
        if each.path[:2] != ("tasks", "x-y")  # Orquesta's schema says nothing about names that are no names
    }
    assert ours == by_library(value)


@given(st.text(alphabet="ax_, \n\tin{}<%>", max_size=30) | st.from_regex(ITEMS))
def test_the_linear_pattern_of_items_accepts_what_the_quoted_one_does(text: str) -> None:
    import re

    if len(text) < 40:  # the quoted one takes exponential time
        assert (ITEMS.fullmatch(text) is None) == (re.search(ITEMS_PATTERN, text) is None)
