"""Validate values as StackStorm does: draft 4, but `required` is a boolean at each property (spec 6.2, 6.4).

The texts of the problems are those of jsonschema, which StackStorm's clients know.
"""

from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any, cast

from orchestrion.actions.metadata import Parameter
from orchestrion.core.expressions.regexes import found
from orchestrion.core.values import Json


def problems_of(
    declared: Mapping[str, Parameter], values: Mapping[str, Json], missing: Collection[str]
) -> list[tuple[str | None, str]]:
    """Give all problems of the values of an action's parameters, in the order of the parameters.

    Each with the name of its parameter, where the text alone would not tell it; the text is jsonschema's.
    `missing` names those that were not supplied: null is then no value. A null that was supplied is accepted
    by an optional parameter, and by one whose default is null. A schema that is not valid itself gives one
    problem that says so.
    """
    from jsonschema.exceptions import SchemaError, ValidationError

    schema: dict[str, Json] = {
        "type": "object",
        "properties": {name: _with_null(parameter) for name, parameter in declared.items()},
        "additionalProperties": False,
    }
    instance = {name: value for name, value in values.items() if value is not None or name not in missing}
    kind = _validator()
    try:
        errors = cast("Iterator[ValidationError]", kind(schema).iter_errors(instance))
        return [(str(error.path[0]) if error.path else None, error.message) for error in errors]
    except SchemaError as error:
        return [(None, f"The schema is not valid: {error.message}")]
    except Exception as error:  # noqa: BLE001  # an unresolvable $ref, a pattern that is no regular expression
        return [(None, f"The schema cannot be used: {error}")]


def problems_with_answer(schema: Json, answer: Json) -> list[str]:
    """Give all problems of an answer to an inquiry, in the words of jsonschema."""
    from jsonschema.exceptions import ValidationError

    try:
        errors = cast("Iterator[ValidationError]", _validator()(schema).iter_errors(answer))
        return [error.message for error in errors]
    except Exception as error:  # noqa: BLE001  # an unknown type, an unresolvable $ref, a wrong pattern
        return [f"The schema cannot be used: {error}"]


def _with_null(parameter: Parameter) -> Json:
    schema = dict(parameter.schema)
    if not parameter.accepts_null:
        return schema
    kind, choices = schema.get("type"), schema.get("enum")
    if isinstance(kind, str) and kind != "null":
        schema["type"] = [kind, "null"]
    if isinstance(choices, list) and None not in choices:
        schema["enum"] = [*choices, None]
    for alternatives in ("anyOf", "oneOf"):
        options = schema.get(alternatives)
        if isinstance(options, list) and {"type": "null"} not in options:
            schema[alternatives] = [*options, {"type": "null"}]
    return schema


@lru_cache(maxsize=1)
def _validator() -> Any:
    from jsonschema import Draft4Validator, validators
    from jsonschema.exceptions import ValidationError

    extend = cast("Any", validators).extend
    of_draft_4 = cast("Any", Draft4Validator).VALIDATORS

    def properties(validator: Any, schemas: Any, instance: Any, _schema: Any) -> Iterator[ValidationError]:
        if not validator.is_type(instance, "object"):
            return
        for name, schema in schemas.items():
            if name in instance:
                yield from validator.descend(instance[name], schema, path=name, schema_path=name)
            elif isinstance(schema, dict) and cast("dict[str, Any]", schema).get("required") is True:
                yield ValidationError(f"{name!r} is a required property")

    def required(validator: Any, names: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        if isinstance(names, list):  # a list is draft 4 proper; a boolean is the business of `properties`
            yield from of_draft_4["required"](validator, names, instance, schema)

    return extend(Draft4Validator, {"properties": properties, "required": required, **_of_patterns()})


def _of_patterns() -> dict[str, Any]:
    """The keywords that match patterns: the library's own expressions have no time limit."""
    from jsonschema import Draft4Validator
    from jsonschema.exceptions import ValidationError

    additional_of_draft_4 = cast("Any", Draft4Validator).VALIDATORS["additionalProperties"]

    def pattern(validator: Any, text: str, instance: Any, _schema: Any) -> Iterator[ValidationError]:
        if validator.is_type(instance, "string") and not found(text, instance):
            yield ValidationError(f"{instance!r} does not match {text!r}")

    def of_patterns(validator: Any, schemas: Any, instance: Any, _schema: Any) -> Iterator[ValidationError]:
        if not validator.is_type(instance, "object"):
            return
        for text, schema in schemas.items():
            for name in (name for name in instance if found(text, name)):
                yield from validator.descend(instance[name], schema, path=name, schema_path=text)

    def additional(validator: Any, allowed: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        """The library looks for the names of `patternProperties` itself; here they are taken out before."""
        patterns = schema.get("patternProperties")
        if patterns and validator.is_type(instance, "object"):
            instance = {
                name: value
                for name, value in instance.items()
                if not any(found(text, name) for text in patterns)
            }
            schema = {name: value for name, value in schema.items() if name != "patternProperties"}
        yield from additional_of_draft_4(validator, allowed, instance, schema)

    return {"pattern": pattern, "patternProperties": of_patterns, "additionalProperties": additional}
