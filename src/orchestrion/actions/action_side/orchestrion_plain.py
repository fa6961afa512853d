"""Make what an action returned a value that can be kept: JSON, and what JSON has not as its text."""

import enum
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, cast

INTEGERS = range(-(2**63), 2**63)
DEEPEST = 250
"""Deeper than any value may be: what is below is never looked at."""


def plain(value: Any, depth: int = 0) -> Any:
    """Give the value for the reply; never raises.

    Mappings, lists, tuples and sets become JSON's, dates their ISO form, bytes and half characters UTF-8,
    members of an enumeration their value, and all else (so NaN and integers beyond 64 bits) what `str` says.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, enum.Enum):
        return plain(value.value, depth + 1) if depth < DEEPEST else None
    if isinstance(value, str):
        return _written(value)
    if isinstance(value, int) and value in INTEGERS:
        return int(value)
    if isinstance(value, float) and value - value == 0:
        return float(value)
    if isinstance(value, (bytes, bytearray)):
        return value.decode("utf-8", "replace")
    if isinstance(value, (Mapping, list, tuple, AbstractSet)):
        return None if depth > DEEPEST else _container(cast("Iterable[Any]", value), depth + 1)
    return _text(value)


def _container(value: Iterable[Any], depth: int) -> Any:
    if isinstance(value, Mapping):
        members = cast("Mapping[Any, Any]", value)
        return {_key(key): plain(member, depth) for key, member in members.items()}
    members = _ordered(value) if isinstance(value, AbstractSet) else value
    return [plain(member, depth) for member in members]


def _ordered(value: AbstractSet[Any]) -> Iterable[Any]:
    """Give a set in an order that is the same every time, where its members have one."""
    try:
        return sorted(value)
    except TypeError:
        return value


def _key(key: Any) -> str:
    """Give a key as JSON has it."""
    if isinstance(key, bool):
        return "true" if key else "false"
    if key is None:
        return "null"
    found = plain(key, DEEPEST)
    return found if isinstance(found, str) else _text(key)


def _text(value: Any) -> str:
    written = getattr(value, "isoformat", None)
    try:
        return _written(str(written() if callable(written) else value))
    except Exception:  # noqa: BLE001  # code of the pack; the result must not be lost for it
        return _written(object.__repr__(value))


def _written(text: str) -> str:
    """Give a text without halves of characters, which cannot be written."""
    return str(text) if text.isascii() else text.encode("utf-8", "replace").decode()
