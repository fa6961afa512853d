"""Reads inline parameters: `action: pack.act k1=v1 k2=v2` and `publish: a=1 b=<% ... %>` (spec 1.5).

The results are StackStorm's, oddities included: text that is no pair is dropped (the caller warns of it), a
list runs to the last bracket of its line, and bare words are no values. Every scan is linear in the text.
"""

import json
import re
from dataclasses import dataclass
from typing import Final, NamedTuple

from orchestrion.core.language.tree import problem_of_scalar
from orchestrion.core.values import Json

_PAIR_START: Final = re.compile(r"(\w++)=(?=[\[\"'.\-0-9tTfFn<{])")
_NEXT_PAIR_START: Final = re.compile(r"(?<!\w)" + _PAIR_START.pattern)
_PLAIN: Final = re.compile(r"(-?\d*\.\d+)|(-?\d++)|((?i:true|false))|(null)")
_BLANK: Final = re.compile(r"[\s,;]*+")
_OPENING: Final = re.compile(r"\s*(?:<%.*?%>|\{\{.*?\}\})")
_QUOTES: Final = ('"', "'")
_LONGEST_NUMBER: Final = 100
_DEEPEST: Final = 50


class Pair(NamedTuple):
    """One `name=value`, and where it stands in the text."""

    name: str
    value: Json
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class InlineAction:
    """The text of `action` taken apart.

    `dropped` is text that means nothing to StackStorm; `error` says why the text cannot be taken apart.
    """

    name: str
    pairs: tuple[Pair, ...] = ()
    dropped: tuple[str, ...] = ()
    error: str | None = None


def parse_action(text: str) -> InlineAction:
    """Take the text of `action` apart: the name up to the first blank, then pairs.

    Without pairs all of it is the name.
    """
    if "=" not in text:
        return InlineAction(text)
    opening = _OPENING.match(text)
    begin = opening.end() if opening is not None else 0
    pairs = parse_pairs(text, begin)
    if not pairs:
        return InlineAction(text)
    blank = text.find(" ", begin)
    if blank < 0 or blank > pairs[0].start:
        error = "The name of the action must be followed by a blank before its first parameter."
        return InlineAction(text, error=error)
    return InlineAction(text[:blank].strip(), pairs, dropped_text(text, pairs, blank))


def parse_pairs(text: str, begin: int = 0) -> tuple[Pair, ...]:
    """List every pair that the text holds, in order; a name may occur twice."""
    values = _Values(text)
    pairs: list[Pair] = []
    position = begin
    while True:
        match = _PAIR_START.match(text, position) or _NEXT_PAIR_START.search(text, position)
        if match is None:
            return tuple(pairs)
        found = values.at(match.end())
        if found is None:
            position = match.end()
            continue
        value, position = found
        pairs.append(Pair(match.group(1), value, match.start(), position))


def dropped_text(text: str, pairs: tuple[Pair, ...], begin: int = 0) -> tuple[str, ...]:
    """List the pieces of text between pairs that are more than separators."""
    pieces: list[str] = []
    position = begin
    for start, end in (*((pair.start, pair.end) for pair in pairs), (len(text), len(text))):
        piece = text[position:start]
        if _BLANK.fullmatch(piece) is None:
            pieces.append(piece.strip(" \t\n,;"))
        position = end
    return tuple(pieces)


class _Values:
    """Reads the value at a position.

    Remembers which closing marks do not occur, so that no text is scanned twice.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._missing: dict[str, int] = {}

    def at(self, position: int) -> tuple[Json, int] | None:
        """The value that begins at `position` and its end; None when none begins there."""
        text = self._text
        first = text[position : position + 1]
        if first == "[":
            end = self._last(position, "]")
            return None if end is None else (_json_or_text(text[position:end]), end)
        if first in _QUOTES:
            end = self._first(position + 1, first, len(text))
            if end is None:
                return None
            inner = text[position + 1 : end - 1]
            return (_json_or_text(inner) if inner.startswith("{") else inner), end
        for opening, closing in (("<%", "%>"), ("{{", "}}")):
            if text.startswith(opening, position):
                end = self._first(position + 2, closing, self._line_end(position))
                return None if end is None else (text[position:end], end)
        return self._plain(position)

    def _plain(self, position: int) -> tuple[Json, int] | None:
        match = _PLAIN.match(self._text, position)
        if match is None:
            return None
        decimal, integer, boolean, _ = match.groups()
        value: Json = None
        if decimal is not None or integer is not None:
            number = decimal or integer
            if len(number) > _LONGEST_NUMBER:
                return number, match.end()
            value = float(number) if decimal is not None else int(number)
            if problem_of_scalar(value) is not None:
                value = number
        elif boolean is not None:
            value = boolean.lower() == "true"
        return value, match.end()

    def _line_end(self, position: int) -> int:
        cached = self._missing.get("line end", -1)
        if cached < position:
            cached = self._text.find("\n", position)
            cached = len(self._text) if cached < 0 else cached
            self._missing["line end"] = cached
        return cached

    def _first(self, position: int, closing: str, limit: int) -> int | None:
        if position < self._missing.get(closing, 0):
            return None
        found = self._text.find(closing, position, limit)
        if found < 0:
            self._missing[closing] = limit
            return None
        return found + len(closing)

    def _last(self, position: int, closing: str) -> int | None:
        limit = self._line_end(position)
        if position < self._missing.get(closing, 0):
            return None
        found = self._text.rfind(closing, position, limit)
        if found < 0:
            self._missing[closing] = limit
            return None
        return found + len(closing)


def _json_or_text(text: str) -> Json:
    """The JSON value of a text; the text itself where it is none, or none that can be stored."""
    try:
        value: Json = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if _is_storable(value) else text


def _is_storable(value: Json) -> bool:
    layer: list[Json] = [value]
    for _ in range(_DEEPEST):
        if not layer:
            return True
        below: list[Json] = []
        for each in layer:
            if isinstance(each, dict):
                below.extend(each.values())
                below.extend(each)
            elif isinstance(each, list):
                below.extend(each)
            elif problem_of_scalar(each) is not None:
                return False
        layer = below
    return False
