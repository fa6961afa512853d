"""Where expressions stand in a text, and what they refer to (spec 2.1, 1.7).

Needs neither language's library.
"""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from orchestrion.core.expressions.fast import compile_fast

Language = Literal["yaql", "jinja"]

YAQL = ("<%", "%>")
JINJA = ("{{", "}}")
BLOCK = ("{%", "%}")
"""The delimiters: an opening and a closing one, the shortest way, on one line."""

_RAW_TAG = re.compile(r"\{%[-+]?\s*(raw|endraw)\s*[-+]?%\}")

_REFERENCE = re.compile(
    r"""\bctx\(\s*(?:(\w+)|'([^'\\]*)'|"([^"\\]*)")\s*\)   # ctx(x), ctx('x'), ctx("x")
      | \bctx\(\s*\)\.(\w+)(?!\w*\()                       # ctx().x, not a method as ctx().get(x)
    """,
    re.VERBOSE,
)
_NAME = re.compile(r"\w+\Z")


class Expression(NamedTuple):
    """An expression as it stands in a definition, with its delimiters.

    A Jinja template with blocks as a whole.
    """

    language: Language
    text: str


def spans(text: str, delimiters: tuple[str, str]) -> Iterator[tuple[int, int]]:
    """Where expressions begin and end, in time linear in the text, however many delimiters stay open."""
    opening, closing = delimiters
    start = text.find(opening)
    end = -1
    while start >= 0:
        if end < start + 2:
            end = text.find(closing, start + 2)
        if end < 0:
            return
        line_end = text.find("\n", start, end)
        if line_end < 0:
            yield start, end + 2
        start = text.find(opening, end + 2 if line_end < 0 else line_end)


def holds(text: str, delimiters: tuple[str, str]) -> bool:
    """Whether a text has an expression with these delimiters."""
    return next(spans(text, delimiters), None) is not None


def is_whole(text: str, delimiters: tuple[str, str]) -> bool:
    """Whether a text begins and ends with these delimiters, on one line."""
    opening, closing = delimiters
    inside = text[len(opening) : -len(closing)]
    return text == f"{opening}{inside}{closing}" and "\n" not in text


def _without_raw(text: str) -> str:
    """The text with blanks in place of what `{% raw %}` keeps out of evaluation."""
    pieces: list[str] = []
    kept_from, opened = 0, None
    for tag in _RAW_TAG.finditer(text):
        if opened is None and tag.group(1) == "raw":
            opened = tag.start()
        elif opened is not None and tag.group(1) == "endraw":
            pieces += [text[kept_from:opened], " " * (tag.end() - opened)]
            kept_from, opened = tag.end(), None
    return "".join([*pieces, text[kept_from:]])


def expressions_in(text: str) -> tuple[Expression, ...]:
    """All expressions of a text, in order (spec 2.1).

    A text with Jinja blocks is one more, after its expressions.
    """
    if "<%" not in text and "{{" not in text and "{%" not in text:
        return ()
    outside = _without_raw(text) if "{%" in text else text
    found = [(start, Expression("yaql", outside[start:end])) for start, end in spans(outside, YAQL)]
    found += [(start, Expression("jinja", outside[start:end])) for start, end in spans(outside, JINJA)]
    if holds(outside, BLOCK):
        found.append((len(text), Expression("jinja", text)))
    return tuple(expression for _, expression in sorted(found, key=lambda pair: pair[0]))


def grammar_error(expression: Expression) -> str | None:
    """The parser's own text about what it cannot read, as StackStorm shows it (spec 1.7), or None."""
    language, text = expression
    if language == "yaql":
        inner = text[2:-2].strip()
        if compile_fast("yaql", inner) is not None:
            return None
        from orchestrion.core.expressions import yaql_dialect

        return yaql_dialect.grammar_error(inner)
    if is_whole(text, JINJA) and compile_fast("jinja", text[2:-2].strip()) is not None:
        return None
    from orchestrion.core.expressions import jinja_dialect

    return jinja_dialect.grammar_error(text)


def referenced_variables(expression: Expression) -> tuple[str, ...]:
    """The variables that an expression names in a recognised form (spec 1.7), in order, each once."""
    if expression.language == "jinja" and not is_whole(expression.text, JINJA):
        return ()
    names = (next(filter(None, match.groups()), "") for match in _REFERENCE.finditer(expression.text))
    return tuple(dict.fromkeys(name for name in names if _NAME.match(name)))
