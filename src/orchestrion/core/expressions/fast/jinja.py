"""The fast subset of Jinja (spec 2.1, 2.2): precedence and literals as the real grammar has them."""

import re
from collections.abc import Callable

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
      | (?P<number>(?<![\w.])(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?![\w.]))
      | (?P<name>(?<!\w)[^\W\d]\w*)
      | (?P<string>'[^'\\]*'|"[^"\\]*")
      | (?P<operator>//|\*\*|==|!=|>=|<=|[-+*/%~<>.()\[\],])
    """,
    re.VERBOSE,
)
_LITERALS = {"true": True, "True": True, "false": False, "False": False, "none": None, "None": None}
_COMPARISONS = frozenset(("==", "!=", "<", "<=", ">", ">="))


def compile_fast(text: str) -> Fast | None:
    """The fast form of an expression without its delimiters, or None."""
    try:
        cursor = Cursor(_TOKENS, text)
        fast = _or(cursor)
    except NotFast:
        return None
    return fast if cursor.kind == "end" else None


def _take_word(cursor: Cursor, word: str) -> bool:
    if cursor.kind == "name" and cursor.text == word:
        cursor.next()
        return True
    return False


def _or(cursor: Cursor) -> Fast:
    cursor.deeper()
    left = _and(cursor)
    while _take_word(cursor, "or"):
        left = either(left, _and(cursor))
    cursor.depth -= 1
    return left


def _and(cursor: Cursor) -> Fast:
    left = _not(cursor)
    while _take_word(cursor, "and"):
        left = both(left, _not(cursor))
    return left


def _not(cursor: Cursor) -> Fast:
    if _take_word(cursor, "not"):
        cursor.deeper()
        return negation(_not(cursor))
    return _comparison(cursor)


def _comparison(cursor: Cursor) -> Fast:
    """One comparison; several in a row mean something else, and are left to the evaluator."""
    left = _sum(cursor)
    name = _comparing(cursor)
    if name is None:
        return left
    compared = operators.binary(operators.JINJA[name], left, _sum(cursor))
    if _comparing(cursor) is not None:
        raise NotFast
    return compared


def _comparing(cursor: Cursor) -> str | None:
    if cursor.kind in _COMPARISONS:
        return cursor.next().kind
    if _take_word(cursor, "in"):
        return "in"
    if _take_word(cursor, "not"):
        if not _take_word(cursor, "in"):
            raise NotFast
        return "not in"
    return None


def _chain(names: tuple[str, ...], operand: Callable[[Cursor], Fast]) -> Callable[[Cursor], Fast]:
    def parse(cursor: Cursor) -> Fast:
        left = operand(cursor)
        while cursor.kind in names:
            name = cursor.next().kind
            left = operators.binary(operators.JINJA[name], left, operand(cursor))
        return left

    return parse


def _signed(cursor: Cursor) -> Fast:
    if cursor.kind in ("-", "+"):
        cursor.deeper()
        return operators.signed(cursor.next().kind, _signed(cursor), booleans=True)
    return _postfixed(cursor)


_product = _chain(("*", "/", "//", "%"), _signed)
_concatenation = _chain(("~",), _product)
_sum = _chain(("+", "-"), _concatenation)


def _postfixed(cursor: Cursor) -> Fast:
    value = _primary(cursor)
    while True:
        if cursor.take("."):
            value = member(value, _attribute(cursor))
        elif cursor.take("["):
            value = _indexed(value, cursor)
        else:
            return value


def _attribute(cursor: Cursor) -> str:
    """A key after a dot. Names of a mapping's methods mean these (spec 2.1): left to the evaluator."""
    name = cursor.expect("name")
    if name.startswith("_") or hasattr(dict, name) or not name.isidentifier():
        raise NotFast
    return name


def _string(cursor: Cursor) -> str:
    text = cursor.expect("string")[1:-1]
    if cursor.kind == "string":
        raise NotFast
    return text


def _indexed(value: Fast, cursor: Cursor) -> Fast:
    if cursor.kind == "number":
        number = cursor.next().text
        if "." in number:
            raise NotFast
        value = element(value, int(number))
    else:
        value = member(value, _string(cursor))
    cursor.expect("]")
    return value


def _primary(cursor: Cursor) -> Fast:
    kind = cursor.kind
    if kind == "name":
        name = cursor.next().text
        if name in _LITERALS:
            return constant(_LITERALS[name])
        return _call(cursor, name)
    if kind == "number":
        return constant(number_of(cursor.next().text))
    if kind == "string":
        return constant(_string(cursor))
    cursor.next()
    if kind == "(":
        inner = _or(cursor)
        cursor.expect(")")
        return inner
    if kind == "[":
        return _list(cursor)
    raise NotFast


def _list(cursor: Cursor) -> Fast:
    members: list[Fast] = []
    if not cursor.take("]"):
        members.append(_or(cursor))
        while cursor.take(","):
            members.append(_or(cursor))
        cursor.expect("]")
    return listing(members)


def _call(cursor: Cursor, function: str) -> Fast:
    cursor.expect("(")
    if not cursor.take(")"):
        argument = _string(cursor)
        cursor.expect(")")
        return call(function, argument)
    if function != "ctx":
        return call(function, None)
    if cursor.take("."):
        return variable(_attribute(cursor))
    cursor.expect("[")
    name = _string(cursor)
    cursor.expect("]")
    return variable(name)
