"""The operators of both languages for values of the usual types; for any other they raise NotFast.

What is tested here is what the real evaluators were seen to do (the tests compare them on random
expressions).
"""

import operator
from collections.abc import Callable
from typing import Any, cast

from orchestrion.core.expressions.fast.parsing import Fast, NotFast
from orchestrion.core.expressions.scope import Scope
from orchestrion.core.values import Json

_NUMBERS = frozenset((int, float))
_NUMBERS_AND_BOOLEANS = frozenset((int, float, bool))
_SCALARS = frozenset((int, float, bool, str, type(None)))
_GREATEST = 2**62
_LONGEST_TEXT = 100_000
_LONGEST_LIST = 1_000
_LONGEST_SUM = 10_000

Binary = Callable[[Json, Json], Json]


def _number(value: float) -> Json:
    """A result of arithmetic; great numbers and what is not finite are left to the evaluators."""
    if -_GREATEST < value < _GREATEST:
        return value
    raise NotFast


def arithmetic(apply: Callable[[int | float, int | float], int | float], numbers: frozenset[type]) -> Binary:
    """An operator on two numbers."""

    def operate(left: Json, right: Json) -> Json:
        if type(left) in numbers and type(right) in numbers:
            return _number(apply(left, right))  # type: ignore[arg-type]
        raise NotFast

    return operate


def _adding(numbers: frozenset[type]) -> Binary:
    def add(left: Json, right: Json) -> Json:
        kind, other = type(left), type(right)
        if kind in numbers and other in numbers:
            return _number(left + right)  # type: ignore[operator]
        same = (kind is str and other is str) or (kind is list and other is list)
        if same and len(left) + len(right) <= _LONGEST_SUM:  # type: ignore[arg-type]
            return left + right  # type: ignore[operator]
        raise NotFast

    return add


def _ordering(compare: Callable[[Any, Any], bool], numbers: frozenset[type], *, nulls: bool) -> Binary:
    def ordered(left: Json, right: Json) -> Json:
        kind, other = type(left), type(right)
        if (kind in numbers and other in numbers) or (kind is str and other is str):
            return compare(left, right)
        if nulls and (left is None or right is None):
            return compare(left is not None, right is not None)  # null is less than anything else
        raise NotFast

    return ordered


def equal(left: Json, right: Json) -> Json:
    """Whether two values are equal."""
    if type(left) in _SCALARS or type(right) in _SCALARS or not left or not right:
        return left == right
    raise NotFast


def _unequal(left: Json, right: Json) -> Json:
    return not equal(left, right)


def _contained(left: Json, right: Json) -> Json:
    kind, other = type(left), type(right)
    if other is list and kind in _SCALARS and len(right) <= _LONGEST_LIST:  # type: ignore[arg-type]
        return left in right  # type: ignore[operator]
    if other is str and kind is str and len(right) <= _LONGEST_TEXT:  # type: ignore[arg-type]
        return left in right  # type: ignore[operator]
    raise NotFast


def _contained_in_any(left: Json, right: Json) -> Json:
    if type(right) is dict and type(left) is str:
        return left in right  # type: ignore[operator]
    return _contained(left, right)


def _not_contained(left: Json, right: Json) -> Json:
    return not _contained_in_any(left, right)


def _quotient(left: float, right: float) -> int | float:
    """YAQL's division: of whole numbers a whole number."""
    if type(left) is int and type(right) is int:
        return left // right
    return left / right


def _joined(left: Json, right: Json) -> Json:
    if type(left) in _SCALARS and type(right) in _SCALARS:
        text = str(left) + str(right)
        if len(text) <= _LONGEST_TEXT:
            return text
    raise NotFast


_Numeric = Callable[[int | float, int | float], int | float]
_TRUE_DIVISION = cast("_Numeric", operator.truediv)  # pyright: ignore[reportUnknownMemberType]
_FLOOR_DIVISION = cast("_Numeric", operator.floordiv)  # pyright: ignore[reportUnknownMemberType]

YAQL: dict[str, Binary] = {
    "+": _adding(_NUMBERS),
    "-": arithmetic(operator.sub, _NUMBERS),
    "*": arithmetic(operator.mul, _NUMBERS),
    "/": arithmetic(_quotient, _NUMBERS),
    "mod": arithmetic(operator.mod, _NUMBERS),
    "<": _ordering(operator.lt, _NUMBERS, nulls=True),
    "<=": _ordering(operator.le, _NUMBERS, nulls=True),
    ">": _ordering(operator.gt, _NUMBERS, nulls=True),
    ">=": _ordering(operator.ge, _NUMBERS, nulls=True),
    "=": equal,
    "!=": _unequal,
    "in": _contained,
}
"""YAQL's operators; its numbers are not booleans."""

JINJA: dict[str, Binary] = {
    "+": _adding(_NUMBERS_AND_BOOLEANS),
    "-": arithmetic(operator.sub, _NUMBERS_AND_BOOLEANS),
    "*": arithmetic(operator.mul, _NUMBERS_AND_BOOLEANS),
    "/": arithmetic(_TRUE_DIVISION, _NUMBERS_AND_BOOLEANS),
    "//": arithmetic(_FLOOR_DIVISION, _NUMBERS_AND_BOOLEANS),
    "%": arithmetic(operator.mod, _NUMBERS_AND_BOOLEANS),
    "~": _joined,
    "<": _ordering(operator.lt, _NUMBERS_AND_BOOLEANS, nulls=False),
    "<=": _ordering(operator.le, _NUMBERS_AND_BOOLEANS, nulls=False),
    ">": _ordering(operator.gt, _NUMBERS_AND_BOOLEANS, nulls=False),
    ">=": _ordering(operator.ge, _NUMBERS_AND_BOOLEANS, nulls=False),
    "==": equal,
    "!=": _unequal,
    "in": _contained_in_any,
    "not in": _not_contained,
}
"""Jinja's operators, which are Python's."""


def binary(operate: Binary, left: Fast, right: Fast) -> Fast:
    """An operator with its operands."""
    return lambda scope: operate(left(scope), right(scope))


def signed(sign: str, operand: Fast, *, booleans: bool) -> Fast:
    """A number with a sign before it."""
    numbers = _NUMBERS_AND_BOOLEANS if booleans else _NUMBERS
    apply: Callable[[int | float], int | float] = operator.neg if sign == "-" else operator.pos

    def operate(scope: Scope) -> Json:
        value = operand(scope)
        if type(value) in numbers:
            return _number(apply(value))  # type: ignore[arg-type]
        raise NotFast

    return operate
