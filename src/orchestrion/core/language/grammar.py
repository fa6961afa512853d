"""The third category of an inspection: can every expression be parsed (spec 1.7, 2.1).

Asks the expression languages and remembers what they answer, because most workflows repeat a few expressions.
"""

from collections.abc import Iterator
from typing import NamedTuple

from orchestrion.core.expressions import Expression, expressions_in, grammar_error, referenced_variables
from orchestrion.core.language.attributes import Attribute
from orchestrion.core.language.checker import Work
from orchestrion.core.language.context import Reference
from orchestrion.core.language.problems import Language
from orchestrion.core.language.tree import Path

_MIXED = "Expression with multiple types is not supported."


class GrammarDefect(NamedTuple):
    """An expressions problem before it is given its place in the text."""

    message: str
    language: Language | None
    expression: str
    path: Path
    schema_path: tuple[str, ...]
    at: Path


class Grammar:
    """What the expression languages say about the texts of one definition."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._errors: dict[Expression, str | None] = {}
        self._variables: dict[Expression, tuple[str, ...]] = {}
        self._expressions: dict[str, tuple[Expression, ...]] = {}

    def defects(self, attribute: Attribute) -> Iterator[GrammarDefect]:
        """Yield what is wrong with the expressions of one attribute."""
        for text, at in attribute.texts:
            found = self._found_in(text)
            if len({expression.language for expression in found}) > 1:
                yield GrammarDefect(_MIXED, None, text, attribute.path, attribute.schema_path, at)
                continue
            for expression in found:
                message = self._error_of(expression)
                if message is not None:
                    yield GrammarDefect(
                        message,
                        expression.language,
                        expression.text,
                        attribute.path,
                        attribute.schema_path,
                        at,
                    )

    def references(self, attribute: Attribute) -> Iterator[Reference]:
        """Yield the variables that the expressions of one attribute read."""
        for text, at in attribute.texts:
            for expression in self._found_in(text):
                for name in self._variables_of(expression):
                    yield Reference(name, expression, attribute, at)

    def _found_in(self, text: str) -> tuple[Expression, ...]:
        self._work.steps += 1
        found = self._expressions.get(text)
        if found is None:
            found = self._expressions[text] = expressions_in(text)
        return found

    def _error_of(self, expression: Expression) -> str | None:
        if expression not in self._errors:
            self._errors[expression] = grammar_error(expression)
        return self._errors[expression]

    def _variables_of(self, expression: Expression) -> tuple[str, ...]:
        found = self._variables.get(expression)
        if found is None:
            found = self._variables[expression] = tuple(dict.fromkeys(referenced_variables(expression)))
        return found
