"""The fast subset of YAQL (spec 2.1, 2.2): precedence and literals as the real grammar has them."""

import re

from orchestrion.core.expressions.fast import operators
from orchestrion.core.expressions.fast.parsing import (
    Cursor,
    Fast,
    NotFast,
    both,
    call,
    constant,
    either,
    element,
    listing,
    member,
    negation,
    number_of,
    variable,
)

_TOKENS = re.compile(
    r"""(?P<blank>[ \t\n]+)
      | (?P<number>(?<!\w)[0-9]+(?:\.[0-9]+)?(?!\w))
      | (?P<function>(?<!\w)[^\W\d]\w*\()
      | (?P<name>(?<!\w)(?!__)[^\W\d]\w*)
      | (?P<string>'[^'\\]*'|"[^"\\]*"|`[^`\\]*`)
      | (?P<operator><=|>=|!=|=>|=~|!~|->|[-+*/<>=.()\[\],])
    """,
    re.VERBOSE,
)
_WORDS = frozenset(("mod", "in", "not", "and", "or"))
_LITERALS = {"true": True, "false": False, "null": None}
_LEVELS = {
    "or": 1,
    "and": 2,
    "in": 4,
    "=": 4,
    "!=": 4,
    "<": 4,
    "<=": 4,
    ">": 4,
    ">=": 4,
    "+": 5,
    "-": 5,
    "*": 6,
    "/": 6,
    "mod": 6,
}
_NOT = 3


def compile_fast(text: str) -> Fast | None:
    """The fast form of an expression without its delimiters, or None."""
    try:
        cursor = Cursor(_TOKENS, text)
        fast = _expression(cursor, 0)
    except NotFast:
        return None
    return fast if cursor.kind == "end" else None


def _operator(cursor: Cursor) -> str:
    return cursor.text if cursor.kind == "name" else cursor.kind


def _expression(cursor: Cursor, level: int) -> Fast:
    """Operators that bind tighter than `level`, from left to right."""
    cursor.deeper()
    left = _prefixed(cursor, level)
    while (bound := _LEVELS.get(_operator(cursor), 0)) > level:
        name = cursor.next().text
        right = _expression(cursor, bound)
        if name == "and":
            left = both(left, right)
        elif name == "or":
            left = either(left, right)
        else:
            left = operators.binary(operators.YAQL[name], left, right)
    cursor.depth -= 1
    return left


def _prefixed(cursor: Cursor, level: int) -> Fast:
    if cursor.kind == "name" and cursor.text == "not":
        if level > _NOT:
            raise NotFast
        cursor.next()
        return negation(_expression(cursor, _NOT))
    if cursor.kind in ("-", "+"):
        return operators.signed(cursor.next().kind, _postfixed(cursor), booleans=False)
    return _postfixed(cursor)


def _postfixed(cursor: Cursor) -> Fast:
    value = _primary(cursor)
    while True:
        if cursor.take("."):
            value = member(value, _word(cursor))
        elif cursor.take("["):
            value = _indexed(value, cursor)
        else:
            return value


def _indexed(value: Fast, cursor: Cursor) -> Fast:
    if cursor.kind == "number":
        number = cursor.next().text
        if "." in number:
            raise NotFast
        value = element(value, int(number))
    else:
        value = member(value, _name(cursor))
    cursor.expect("]")
    return value


def _word(cursor: Cursor) -> str:
    """A bare word, which is a text."""
    word = cursor.expect("name")
    if word in _WORDS or word in _LITERALS:
        raise NotFast
    return word


def _name(cursor: Cursor) -> str:
    """A text: quoted or a bare word."""
    return cursor.next().text[1:-1] if cursor.kind == "string" else _word(cursor)


def _primary(cursor: Cursor) -> Fast:
    kind = cursor.kind
    if kind == "function":
        return _call(cursor)
    if kind == "number":
        return constant(number_of(cursor.next().text))
    if kind == "name" and cursor.text in _LITERALS:
        return constant(_LITERALS[cursor.next().text])
    if kind in ("name", "string"):
        return constant(_name(cursor))
    cursor.next()
    if kind == "(":
        inner = _expression(cursor, 0)
        cursor.expect(")")
        return inner
    if kind == "[":
        return _list(cursor)
    raise NotFast


def _list(cursor: Cursor) -> Fast:
    members: list[Fast] = []
    if not cursor.take("]"):
        members.append(_expression(cursor, 0))
        while cursor.take(","):
            members.append(_expression(cursor, 0))
        cursor.expect("]")
    return listing(members)


def _call(cursor: Cursor) -> Fast:
    function = cursor.next().text[:-1]
    if not cursor.take(")"):
        argument = _name(cursor)
        cursor.expect(")")
        return call(function, argument)
    if function != "ctx":
        return call(function, None)
    if cursor.take("."):
        return variable(_word(cursor))
    cursor.expect("[")
    name = _name(cursor)
    cursor.expect("]")
    return variable(name)
