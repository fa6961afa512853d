"""Where expressions stand in a text, and what they refer to (spec 2.1, 1.7).

Needs neither language's library.
"""

import re
from typing import Literal, NamedTuple

from orchestrion.core.expressions.fast import compile_fast

Language = Literal["yaql", "jinja"]

YAQL = re.compile(r"<%.*?%>")
JINJA = re.compile(r"\{\{.*?\}\}")
BLOCK = re.compile(r"\{%.*?%\}")
RAW = re.compile(r"\{%[-+]?\s*raw\s*[-+]?%\}.*?\{%[-+]?\s*endraw\s*[-+]?%\}", re.DOTALL)

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


def expressions_in(text: str) -> tuple[Expression, ...]:
    """All expressions of a text, in order (spec 2.1).

    A text with Jinja blocks is one more, after its expressions.
    """
    if "<%" not in text and "{{" not in text and "{%" not in text:
        return ()
    outside = RAW.sub(lambda raw: " " * len(raw.group()), text) if "{%" in text else text
    found = [(match.start(), Expression("yaql", match.group())) for match in YAQL.finditer(outside)]
    found += [(match.start(), Expression("jinja", match.group())) for match in JINJA.finditer(outside)]
    if BLOCK.search(outside):
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
    if JINJA.fullmatch(text) and compile_fast("jinja", text[2:-2].strip()) is not None:
        return None
    from orchestrion.core.expressions import jinja_dialect

    return jinja_dialect.grammar_error(text)


def referenced_variables(expression: Expression) -> tuple[str, ...]:
    """The variables that an expression names in a recognised form (spec 1.7), in order, each once."""
    if expression.language == "jinja" and not JINJA.fullmatch(expression.text):
        return ()
    names = (next(filter(None, match.groups()), "") for match in _REFERENCE.finditer(expression.text))
    return tuple(dict.fromkeys(name for name in names if _NAME.match(name)))
