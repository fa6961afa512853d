"""What the small parsers of both languages share: tokens, a cursor, and the functions of the state."""

import re
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from orchestrion.core.expressions.scope import Scope
from orchestrion.core.status import COMPLETED
from orchestrion.core.values import Json, problem_with_scalar

Fast: TypeAlias = Callable[[Scope], Json]
"""An expression as a closure."""

MAX_TOKENS = 80
_LONGEST_NUMBER = 100
MAX_DEPTH = 20
"""Longer or deeper expressions are left to the real evaluators, which have limits of their own."""


class NotFast(Exception):  # noqa: N818  # not an error: the expression is for the real evaluator
    """The text, or a value that came up, is outside the fast subset."""


class Token(NamedTuple):
    """A piece of an expression; `kind` is the group of the pattern, for operators the operator itself."""

    kind: str
    text: str


END = Token("end", "")


class Cursor:
    """The tokens of one expression, read from left to right."""

    __slots__ = ("_at", "_tokens", "depth")

    def __init__(self, pattern: re.Pattern[str], text: str) -> None:
        tokens: list[Token] = []
        end = 0
        while end < len(text):
            match = pattern.match(text, end)
            if match is None or len(tokens) > MAX_TOKENS:
                raise NotFast
            end = match.end()
            kind = match.lastgroup or ""
            if kind != "blank":
                tokens.append(Token(match.group() if kind == "operator" else kind, match.group()))
        self._tokens = [*tokens, END]
        self._at = 0
        self.depth = 0

    @property
    def kind(self) -> str:
        """The kind of the next token."""
        return self._tokens[self._at].kind

    @property
    def text(self) -> str:
        """The text of the next token."""
        return self._tokens[self._at].text

    def next(self) -> Token:
        """Take the next token."""
        token = self._tokens[self._at]
        self._at += 1
        return token

    def take(self, kind: str) -> bool:
        """Take the next token if it is of that kind."""
        if self._tokens[self._at].kind != kind:
            return False
        self._at += 1
        return True

    def expect(self, kind: str) -> str:
        """Take the next token, which must be of that kind; gives its text."""
        token = self._tokens[self._at]
        if token.kind != kind:
            raise NotFast
        self._at += 1
        return token.text

    def deeper(self) -> None:
        """Count one more level of nesting."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise NotFast


def number_of(text: str) -> int | float:
    """A literal; one that no value may have is left to the evaluators."""
    if len(text) > _LONGEST_NUMBER:
        raise NotFast
    number = float(text) if "." in text else int(text)
    if problem_with_scalar(number):
        raise NotFast
    return number


def constant(value: Json) -> Fast:
    """A literal."""
    return lambda _: value


def variable(name: str) -> Fast:
    """`ctx(name)`, `ctx().name`."""
    if name.startswith("__"):
        raise NotFast
    return lambda scope: scope.variable(name)


def task_status(name: str) -> Fast:
    """`task_status(name)`."""
    return lambda scope: scope.task_status(name, None) or "null"


def member(owner: Fast, key: str) -> Fast:
    """The value of a key of a mapping."""

    def read(scope: Scope) -> Json:
        value = owner(scope)
        if type(value) is dict:
            return value[key]
        raise NotFast

    return read


def element(owner: Fast, index: int) -> Fast:
    """An element of a list."""

    def read(scope: Scope) -> Json:
        value = owner(scope)
        if type(value) is list:
            return value[index]
        raise NotFast

    return read


def listing(members: list[Fast]) -> Fast:
    """A list literal; one that holds containers is for the evaluators, which bound its depth."""

    def build(scope: Scope) -> Json:
        parts = [part(scope) for part in members]
        if any(isinstance(part, (list, dict)) for part in parts):
            raise NotFast
        return parts

    return build


def both(left: Fast, right: Fast) -> Fast:
    """`and`, which gives one of its operands."""
    return lambda scope: left(scope) and right(scope)


def either(left: Fast, right: Fast) -> Fast:
    """`or`, which gives one of its operands."""
    return lambda scope: left(scope) or right(scope)


def negation(operand: Fast) -> Fast:
    """`not`."""
    return lambda scope: not operand(scope)


def _item(scope: Scope) -> Json:
    return scope.item


def _result(scope: Scope) -> Json:
    return scope.task.result  # type: ignore[union-attr]  # without a task it raises


def _succeeded(scope: Scope) -> Json:
    return scope.task.status == "succeeded"  # type: ignore[union-attr]


def _failed(scope: Scope) -> Json:
    return scope.task.status == "failed"  # type: ignore[union-attr]


def _completed(scope: Scope) -> Json:
    return scope.task.status in COMPLETED  # type: ignore[union-attr]


_WITHOUT_ARGUMENT = {
    "item": _item,
    "result": _result,
    "succeeded": _succeeded,
    "failed": _failed,
    "completed": _completed,
}


def call(name: str, argument: str | None) -> Fast:
    """A call of a function of the state, with a name as its argument or without one."""
    if argument is None:
        if name in _WITHOUT_ARGUMENT:
            return _WITHOUT_ARGUMENT[name]
    elif name == "ctx":
        return variable(argument)
    elif name == "item":
        return member(_item, argument)
    elif name == "task_status":
        return task_status(argument)
    raise NotFast
