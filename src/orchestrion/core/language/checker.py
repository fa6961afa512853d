"""Checks a JSON value against rules written as a JSON schema, in the wording of draft 4 (spec 1.7).

Only the keywords that `schema.py` uses. The library would do the same, but its import alone takes longer
than a whole inspection, its test for unique elements is quadratic, and it gives up nothing but messages; a
test compares the two.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from orchestrion.core.language.tree import Path
from orchestrion.core.values import Json

Kind: TypeAlias = Literal["object", "array", "string", "integer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What one value may be: keywords of JSON schema, and four fields of our own.

    `pattern` is quoted in messages; where it backtracks without bound, `equivalent` is what the whole text
    must match instead. `is_open` is True where other properties than the named ones are allowed. `names` is
    a pattern that all other property names must match whole; their values then follow `pattern_rule`.
    """

    type: Kind | None = None
    enum: tuple[Json, ...] | None = None
    min_length: int | None = None
    pattern: str | None = None
    equivalent: re.Pattern[str] | None = None
    minimum: int | None = None
    min_items: int | None = None
    unique_items: bool = False
    items: "Rule | None" = None
    min_properties: int | None = None
    max_properties: int | None = None
    required: tuple[str, ...] = ()
    one_of: tuple["Rule", ...] = ()
    properties: Mapping[str, "Rule"] = field(default_factory=dict[str, "Rule"])
    pattern_rule: "Rule | None" = None
    names: str | None = None
    is_open: bool = True


class Violation(NamedTuple):
    """A rule that a value breaks: the message, the value's path and the keyword's path in the rules.

    `key` is set where not the value is wrong but one of its keys, and `allowed` then names those that may
    stand there; one violation for each such key.
    """

    message: str
    path: Path
    schema_path: tuple[str, ...]
    key: str | None = None
    allowed: tuple[str, ...] = ()


@dataclass(slots=True)
class Work:
    """Counts what an inspection does, for tests of how its cost grows."""

    steps: int = 0


def violations(value: Json, rule: Rule, work: Work) -> list[Violation]:
    """List everything in which a value breaks a rule, in no particular order."""
    found: list[Violation] = []
    _check(value, rule, (), (), found, work)
    return found


def _check(
    value: Json, rule: Rule, path: Path, schema_path: tuple[str, ...], found: list[Violation], work: Work
) -> None:
    work.steps += 1
    for keyword, message in _own_violations(value, rule, work):
        keys = _extra(value, rule) if keyword == "additionalProperties" else (None,)
        found.extend(
            Violation(message, path, (*schema_path, keyword), key, tuple(rule.properties)) for key in keys
        )
    if isinstance(value, list):
        if rule.items is not None:
            for index, element in enumerate(value):
                _check(element, rule.items, (*path, index), (*schema_path, "items"), found, work)
    elif isinstance(value, dict):
        _check_members(value, rule, path, schema_path, found, work)


def _check_members(
    value: dict[str, Json],
    rule: Rule,
    path: Path,
    schema_path: tuple[str, ...],
    found: list[Violation],
    work: Work,
) -> None:
    for name, member in value.items():
        named = rule.properties.get(name)
        if named is not None:
            _check(member, named, (*path, name), (*schema_path, "properties", name), found, work)
        elif rule.names is not None:
            if re.fullmatch(rule.names.removeprefix("^").removesuffix("$"), name) is None:
                message = f"{name!r} does not match {_pattern_text(rule.names)}"
                found.append(Violation(message, (*path, name), (*schema_path, "additionalProperties")))
            if rule.pattern_rule is not None:
                below = (*schema_path, "patternProperties", rule.names)
                _check(member, rule.pattern_rule, (*path, name), below, found, work)


def _own_violations(value: Json, rule: Rule, work: Work) -> list[tuple[str, str]]:
    """The keywords that a value breaks by itself, without its parts."""
    found: list[tuple[str, str]] = []
    if rule.type is not None and not _is_kind(value, rule.type):
        found.append(("type", f"{value!r} is not of type {rule.type!r}"))
    if rule.enum is not None and not any(_same(value, each) for each in rule.enum):
        found.append(("enum", f"{value!r} is not one of {list(rule.enum)!r}"))
    if rule.one_of:
        matching = [each for each in rule.one_of if _is_valid(value, each, work)]
        if not matching:
            found.append(("oneOf", f"{value!r} is not valid under any of the given schemas"))
    if isinstance(value, str):
        if rule.min_length is not None and len(value) < rule.min_length:
            found.append(("minLength", f"{value!r} should be non-empty"))
        if rule.pattern is not None and not _matches(value, rule.pattern, rule.equivalent):
            found.append(("pattern", f"{value!r} does not match {_pattern_text(rule.pattern)}"))
    elif isinstance(value, list):
        if rule.min_items is not None and len(value) < rule.min_items:
            found.append(("minItems", f"{value!r} should be non-empty"))
        if rule.unique_items and not _is_unique(value, work):
            found.append(("uniqueItems", f"{value!r} has non-unique elements"))
    elif isinstance(value, dict):
        found.extend(_object_violations(value, rule))
    elif (
        rule.minimum is not None
        and isinstance(value, int | float)
        and not isinstance(value, bool)
        and value < rule.minimum
    ):
        found.append(("minimum", f"{value!r} is less than the minimum of {rule.minimum!r}"))
    return found


def _object_violations(value: dict[str, Json], rule: Rule) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if rule.min_properties is not None and len(value) < rule.min_properties:
        found.append(("minProperties", f"{value!r} should be non-empty"))
    if rule.max_properties is not None and len(value) > rule.max_properties:
        found.append(("maxProperties", f"{value!r} has too many properties"))
    found.extend(
        ("required", f"{name!r} is a required property") for name in rule.required if name not in value
    )
    if not rule.is_open:
        extra = sorted(_extra(value, rule))
        if extra:
            names = ", ".join(repr(name) for name in extra)
            verb = "was" if len(extra) == 1 else "were"
            message = f"Additional properties are not allowed ({names} {verb} unexpected)"
            found.append(("additionalProperties", message))
    return found


def _extra(value: Json, rule: Rule) -> list[str]:
    """The properties that are not allowed."""
    return [name for name in value if name not in rule.properties] if isinstance(value, dict) else []


def _is_valid(value: Json, rule: Rule, work: Work) -> bool:
    found: list[Violation] = []
    _check(value, rule, (), (), found, work)
    return not found


def _is_kind(value: Json, kind: Kind) -> bool:
    match kind:
        case "object":
            return isinstance(value, dict)
        case "array":
            return isinstance(value, list)
        case "string":
            return isinstance(value, str)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)


def _matches(value: str, pattern: str, equivalent: re.Pattern[str] | None) -> bool:
    if equivalent is not None:
        return equivalent.fullmatch(value) is not None
    return re.search(pattern, value) is not None


def _same(one: Json, other: Json) -> bool:
    """Equality of JSON: 1 equals 1.0, but true does not equal 1."""
    return _identity(one) == _identity(other)


def _is_unique(value: Sequence[Json], work: Work) -> bool:
    seen: set[object] = set()
    for element in value:
        work.steps += 1
        identity = _identity(element)
        if identity in seen:
            return False
        seen.add(identity)
    return True


def _identity(value: Json) -> object:
    """A hashable value that two JSON values share when they are equal."""
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, list):
        return ("list", tuple(_identity(element) for element in value))
    if isinstance(value, dict):
        return ("dict", frozenset((name, _identity(member)) for name, member in value.items()))
    return value


def _pattern_text(pattern: str) -> str:
    """A pattern as messages quote it: with single backslashes (spec 1.7)."""
    return f"'{pattern}'"
