"""Give values the types that parameters declare: texts of a command line, and values for an action.

What is given here is in the value domain: nothing else comes in by this way.
`from_text` does what the StackStorm client does (spec 2.2 "Parameter typing"); `cast_value` what its server
does (spec 6.3). A value that cannot be cast is a `CastError`, or is left as it is where the validation says
it better.
"""

import json
from collections.abc import Sequence
from typing import Any, Final, NoReturn, cast

from orchestrion.actions.metadata import Parameter
from orchestrion.core.values import TOO_DEEP, Json, problem_with

NONE_TEXT: Final = "%*****__%NONE%__*****%"
"""The text by which the expression function `use_none` says null."""


class CastError(Exception):
    """A value cannot have the declared type; the text says why."""


def from_text(parameter: Parameter, texts: Sequence[str]) -> Json:
    """Give the value for the texts of one parameter: the last one counts, those of an array are put together.

    Raises `CastError` when a text cannot be read as the declared type, or gives no value of the domain.
    """
    value = _read(parameter, texts)
    problem = problem_with(value)
    if problem:
        raise CastError(f"cannot be kept as it is: {problem.removesuffix('.')}")
    return value


def _read(parameter: Parameter, texts: Sequence[str]) -> Json:
    if parameter.type == "array":
        lists = [_array(text) for text in texts]
        if len(lists) == 1:
            return lists[0]
        return [item for part in lists for item in (part if isinstance(part, list) else [part])]
    text = texts[-1]
    match parameter.type:
        case "boolean":
            return _boolean(text)
        case "integer":
            return _integer(text)
        case "number":
            return _number(text)
        case "object":
            return _object(text)
        case _:
            return text


def cast_value(parameter: Parameter, value: Json) -> Json:
    """Give a value the declared type where StackStorm's server does.

    Raises `CastError` for a string parameter that gets something else; any other value that cannot be cast
    comes back unchanged, for the validation to refuse.
    """
    if value is None or value == NONE_TEXT:
        return None
    match parameter.type:
        case "string" if not isinstance(value, str):
            raise CastError(f'Value "{value}" must either be a string or None. Got "{type(value).__name__}".')
        case "boolean" if isinstance(value, str):
            return {"true": True, "false": False}.get(value.lower(), value)
        case "integer" if isinstance(value, (str, float)):
            return _unless_refused(int, value)
        case "number" if isinstance(value, (str, int)) and not isinstance(value, bool):
            return _unless_refused(_finite, value)
        case "array" if isinstance(value, str):
            found = _literal(value)
            return found if isinstance(found, list) else value
        case "object" if isinstance(value, str):
            found = _literal(value)
            return found if isinstance(found, dict) else value
        case _:
            return value


def _unless_refused(kind: Any, value: Json) -> Json:
    try:
        result = kind(value)
    except (ValueError, OverflowError):
        return value
    return value if problem_with(result) else result


def _finite(value: Any) -> float:
    number = float(value)
    if number - number != 0:
        message = "not a finite number"
        raise ValueError(message)
    return number


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(constant)


def _from_json(text: str) -> Json:
    """Parse JSON proper, without NaN. Raises `ValueError`, and `CastError` for what is too deep to tell."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise CastError(f"cannot be kept as it is: {TOO_DEEP.removesuffix('.')}") from error


def _literal(text: str) -> Json:
    """Read JSON, else a Python literal; None when the text is neither, or no value of the domain."""
    try:
        value = _from_json(text)
    except (ValueError, CastError):
        value = _python_literal(text)
    return None if problem_with(value) else value


def _python_literal(text: str) -> Json:
    import ast

    try:
        return _only_json(ast.literal_eval(text))
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return None


def _only_json(value: object) -> Json:
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return _finite(value)
    if isinstance(value, (list, tuple)):
        return [_only_json(item) for item in cast("list[object]", value)]
    if isinstance(value, dict):
        return {str(key): _only_json(item) for key, item in cast("dict[object, object]", value).items()}
    message = "not a JSON value"
    raise ValueError(message)


def _array(text: str) -> Json:
    try:
        return [int(text)]
    except ValueError:
        pass
    try:
        return _from_json(text)
    except ValueError:
        return [part.strip() for part in text.split(",")]


def _boolean(text: str) -> Json:
    words: dict[str, bool | None] = {"true": True, "false": False, "none": None}
    if text.lower() not in words:
        raise CastError(f'must be true or false, found "{text}"')
    return words[text.lower()]


def _integer(text: str) -> Json:
    try:
        return int(text)
    except ValueError as error:
        raise CastError(f'must be a whole number, found "{text}"') from error


def _number(text: str) -> Json:
    try:
        return _finite(text)
    except ValueError as error:
        raise CastError(f'must be a number, found "{text}"') from error


def _object(text: str) -> Json:
    if text.startswith("{"):
        try:
            return _from_json(text)
        except ValueError as error:
            raise CastError(f"is not valid JSON: {error}") from error
    values: dict[str, Json] = {}
    for part in text.split(","):
        key, equals, value = part.partition("=")
        if not equals:
            raise CastError(f'must be JSON or name=value,name=value, found "{text}"')
        values[key.strip()] = value
    return values
