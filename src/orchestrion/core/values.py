"""The value domain: JSON that every store and client keeps exactly, and nothing else (spec 2.5).

Everything that a workflow carries (inputs, contexts, results, outputs) is a `Json` value. Values are treated
as immutable everywhere: they are shared between contexts and never copied, so nobody may change one in place.
What comes from outside is checked once, where it comes in, and never after that.
"""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

if TYPE_CHECKING:
    Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
else:
    Json = Any  # for what reads annotations at the edge, and cannot build a type that holds itself
"""A JSON value. Mappings have string keys, numbers are finite, integers have 64 bits, texts are Unicode."""

SMALLEST_INTEGER: Final = -(2**63)
LARGEST_INTEGER: Final = 2**63 - 1
MAX_DEPTH: Final = 200
"""Containers inside each other in a value."""
TOO_DEEP: Final = f"A value is nested too deeply: more than {MAX_DEPTH} lists and mappings inside each other."


def is_unicode(text: str) -> bool:
    """Whether a text can be written: it holds no half of a surrogate pair."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def problem_with_scalar(value: object) -> str | None:
    """Say why a value that is no container is outside the domain; None when it is in it."""
    if isinstance(value, str):
        return None if is_unicode(value) else "A text holds half of a surrogate pair, which is no character."
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int):
        fits = SMALLEST_INTEGER <= value <= LARGEST_INTEGER
        return None if fits else "An integer does not fit into 64 bits."
    if isinstance(value, float):
        return None if math.isfinite(value) else f"{value!r} is not a JSON number."
    return f'A value of type "{type(value).__name__}" is not JSON.'


def problem_with(value: object) -> str | None:
    """Say in a sentence why a value is outside the domain; None when it is in it.

    Level by level, so that no depth exhausts the stack.
    """
    level: list[object] = [[value]]
    for _ in range(MAX_DEPTH + 1):
        deeper: list[object] = []
        for container in level:
            if isinstance(container, dict):
                members = cast("dict[object, object]", container)
                for key in members:
                    if problem := _problem_with_key(key):
                        return problem
                parts = members.values()
            else:
                parts = cast("list[object]", container)
            for part in parts:
                if part is None or part is True or part is False:
                    continue
                if isinstance(part, (dict, list)):
                    deeper.append(cast("object", part))
                elif problem := problem_with_scalar(part):
                    return problem
        if not deeper:
            return None
        level = deeper
    return TOO_DEEP


def _problem_with_key(key: object) -> str | None:
    if isinstance(key, str) and key.isascii():
        return None
    return problem_with_scalar(key) if isinstance(key, str) else f"The key {key!r} is no text."


def texts_in(value: Json) -> Iterator[str]:
    """Every text in a value, but for the keys of its mappings."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from texts_in(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts_in(item)
