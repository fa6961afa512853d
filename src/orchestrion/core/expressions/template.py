"""Values with expressions in them, compiled once and rendered often (spec 2.1).

A text that is exactly one expression keeps the type of its value; in any other text each expression becomes
the text of its value. Only the text of a definition is compiled: what an expression gives is data, and never
evaluated again (product, "data is never code").
"""

from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias, TypeVar, cast

from orchestrion.core.expressions.bounds import MAX_SIZE, Budget, refuse
from orchestrion.core.expressions.errors import ExpressionError, ExpressionLimitExceeded, evaluation_error
from orchestrion.core.expressions.parts import BlockPart, Part, Unresolved, not_a_list, unresolved
from orchestrion.core.expressions.scope import Scope
from orchestrion.core.expressions.syntax import BLOCK, JINJA, YAQL, Language, holds, spans
from orchestrion.core.values import Json

_CACHED_TEXTS = 4_096
_CACHED_LENGTH = 4_096
_CONTAINER = "ExpressionEvaluationException"

T = TypeVar("T")
Render: TypeAlias = Callable[[Scope], Json]


class Template:
    """A value in which every expression has been compiled. Made by `compile_template`."""

    __slots__ = ("holds", "is_constant", "is_fast", "items", "render", "value")

    def __init__(
        self,
        value: Json,
        render: Render,
        items: Render,
        holds: Callable[[Scope], bool] | None = None,
        *,
        is_constant: bool,
        is_fast: bool,
    ) -> None:
        self.value = value
        """The value as it was written; if `is_constant`, what it renders to."""
        self.render = render
        """Its value in a scope. Raises ExpressionError; lets MissingValue pass."""
        self.items = items
        self.holds: Callable[[Scope], bool] = holds or (lambda scope: bool(render(scope)))
        """Whether its value holds as a condition, which need not be JSON. Raises as `render` does."""
        self.is_constant = is_constant
        """It holds no expression."""
        self.is_fast = is_fast
        """No expression of it needs the library of its language, for values of the usual types."""

    def render_items(self, scope: Scope) -> list[Json]:
        """Its value as the items of with-items (spec 5.6).

        Raises ExpressionError, with that section's text, for what is no list. That holds for sets, views
        and Jinja's `range()`, too, which never become lists.
        """
        value = self.items(scope)
        if not isinstance(value, list):
            raise not_a_list(str(self.value))
        return value


def compile_template(value: Json) -> Template:
    """Compile a value: a text, or a container with expressions in keys and values; the rest is constant."""
    if isinstance(value, str):
        return _cached(value) if len(value) <= _CACHED_LENGTH else _text(value)
    return _bounded(_container(value)) if isinstance(value, (list, dict)) else _constant(value)


def _part(value: Json) -> Template:
    return _container(value) if isinstance(value, (list, dict)) else compile_template(value)


def _container(value: "list[Json] | dict[str, Json]") -> Template:
    return _list(value) if isinstance(value, list) else _mapping(value)


def _bounded(template: Template) -> Template:
    """A container around what expressions give may be neither too deep nor too large, as what they give.

    Without this a loop could nest or double a variable without end.
    """
    if template.is_constant:
        return template
    inner = template.render

    def render(scope: Scope) -> Json:
        value = inner(scope)
        parts = value.values() if isinstance(value, dict) else cast("list[Json]", value)
        for part in parts:
            if isinstance(part, (dict, list)):
                return _weighed(value, template)
        return value

    return Template(template.value, render, render, is_constant=False, is_fast=template.is_fast)


def _weighed(value: Json, template: Template) -> Json:
    try:
        Budget().weight(value)
    except ExpressionLimitExceeded as error:
        raise evaluation_error(_CONTAINER, str(template.value), error) from None
    return value


def _constant(value: Json) -> Template:
    def render(_: Scope) -> Json:
        return value

    return Template(value, render, render, is_constant=True, is_fast=True)


def _text(text: str) -> Template:
    if "<%" not in text and "{{" not in text and "{%" not in text:
        return _constant(text)
    if holds(text, BLOCK):
        block = BlockPart(text).text_of
        return Template(text, block, block, is_constant=False, is_fast=False)
    # One language wins where a text mixes both (spec 2.1): the other's expressions stay text.
    if holds(text, JINJA):
        return _with_parts(text, JINJA, "jinja")
    return _with_parts(text, YAQL, "yaql")


_cached = lru_cache(maxsize=_CACHED_TEXTS)(_text)


def _with_parts(text: str, delimiters: tuple[str, str], language: Language) -> Template:
    pieces: list[str | Part] = []
    end = 0
    for start, stop in spans(text, delimiters):
        if start > end:
            pieces.append(text[end:start])
        pieces.append(Part(language, text[start:stop]))
        end = stop
    if not pieces:
        return _constant(text)
    if end < len(text):
        pieces.append(text[end:])
    if len(pieces) == 1 and isinstance(pieces[0], Part):
        return _single(pieces[0])
    render = _joined(text, pieces)
    is_fast = all(part.fast is not None for part in pieces if isinstance(part, Part))
    return Template(text, render, render, is_constant=False, is_fast=is_fast)


def _single(part: Part) -> Template:
    """A text that is exactly one expression keeps the type of its value."""
    evaluated, items, holds = _resolved(part.value), _resolved(part.items), _resolved(part.holds)
    fast = part.fast
    if fast is None:
        return Template(part.text, evaluated, items, holds, is_constant=False, is_fast=False)

    def render(scope: Scope) -> Json:
        try:
            return fast(scope)
        except Exception:  # noqa: BLE001  # whatever it is: the real evaluator has the last word
            return evaluated(scope)

    def truth(scope: Scope) -> bool:
        try:
            return bool(fast(scope))
        except Exception:  # noqa: BLE001
            return holds(scope)

    return Template(part.text, render, items, truth, is_constant=False, is_fast=True)


def _resolved(evaluate: Callable[[Scope], T]) -> Callable[[Scope], T]:
    """The same, but that a value is missing is an error (spec 2.3)."""

    def resolved(scope: Scope) -> T:
        try:
            return evaluate(scope)
        except Unresolved as missing:
            raise unresolved([missing.inner]) from None

    return resolved


def _joined(text: str, pieces: list[str | Part]) -> Render:
    """A text with expressions: all are evaluated, then those without a value are named (spec 2.3)."""

    def render(scope: Scope) -> Json:
        texts: list[str] = []
        missing: list[str] = []
        for piece in pieces:
            try:
                texts.append(piece if isinstance(piece, str) else piece.text_of(scope))
            except Unresolved as error:
                missing.append(error.inner)
        if missing:
            raise unresolved(missing)
        if sum(map(len, texts)) > MAX_SIZE:
            raise _too_large(text)
        return "".join(texts)

    return render


def _too_large(text: str) -> ExpressionError:
    return evaluation_error(_CONTAINER, text, refuse("gives a text that is too large", "MAX_SIZE"))


def _list(value: list[Json]) -> Template:
    members = [_part(part) for part in value]
    if all(member.is_constant for member in members):
        return _constant(value)
    renders = [member.render for member in members]

    def render(scope: Scope) -> Json:
        return [member(scope) for member in renders]

    return Template(
        value, render, render, is_constant=False, is_fast=all(member.is_fast for member in members)
    )


def _mapping(value: dict[str, Json]) -> Template:
    pairs = [(compile_template(key), _part(part)) for key, part in value.items()]
    if all(key.is_constant and part.is_constant for key, part in pairs):
        return _constant(value)
    renders = [(key.render if not key.is_constant else key.value, part.render) for key, part in pairs]

    def render(scope: Scope) -> Json:
        rendered: dict[str, Json] = {}
        for key, part in renders:
            name = key(scope) if callable(key) else key
            rendered[name if isinstance(name, str) else _key(name)] = part(scope)
        return rendered

    is_fast = all(key.is_fast and part.is_fast for key, part in pairs)
    return Template(value, render, render, is_constant=False, is_fast=is_fast)


def _key(name: Json) -> str:
    """A key that an expression gave, as JSON writes it (spec 2.5)."""
    if isinstance(name, (list, dict)):
        raise ExpressionError(f'TypeError: A key of type "{type(name).__name__}" is not JSON.')
    return (
        {None: "null", True: "true", False: "false"}[name]
        if name is None or name is True or name is False
        else str(name)
    )
