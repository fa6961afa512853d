"""What inspection finds: problems, warnings, and the error for a text that is no definition (spec 1.7).

Only records; how they are shown to a StackStorm or Orquesta client is `reports.py`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from orchestrion.core.values import Json

Category: TypeAlias = Literal["syntax", "semantics", "expressions", "context"]
"""The four kinds of problems (spec 1.7)."""

Language: TypeAlias = Literal["yaql", "jinja"]
"""The language of an expression."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a definition, or, as a warning, that its author would want to know.

    `spec_path` names the place in the definition (`tasks.t1.next[0].publish[2]`), None at its root;
    `schema_path` names the rule. `language` and `expression` are set for `expressions` and `context` only,
    and `language` is None where two are mixed. `line` and `column` count from 1. For people only: `key`,
    which of the attributes that the message names stands at this place, and `hint`, what may be meant.
    """

    category: Category
    message: str
    spec_path: str | None = None
    schema_path: str | None = None
    language: Language | None = None
    expression: str | None = None
    line: int = 1
    column: int = 1
    key: str | None = None
    hint: str = ""

    def as_dict(self) -> dict[str, Json]:
        """Everything as JSON; `language` and `expression` only where the category has them."""
        entry: dict[str, Json] = {"category": self.category, "message": self.message}
        if self.category in ("expressions", "context"):
            entry["language"] = self.language
            entry["expression"] = self.expression
        entry["spec_path"] = self.spec_path
        entry["schema_path"] = self.schema_path
        entry["line"] = self.line
        entry["column"] = self.column
        return entry


@dataclass(frozen=True, slots=True)
class Inspection:
    """The answer of `inspect`: every problem, and warnings that never fail a workflow."""

    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


def in_reading_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Each distinct problem once, in the order of the text."""
    return tuple(dict.fromkeys(sorted(problems, key=lambda problem: (problem.line, problem.column))))


class DefinitionError(Exception):
    """A text from which no definition can be built; the author of the workflow must act.

    `problems` holds all of them, in the order of `inspect`.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(tuple(problems))
        self.problems: tuple[Problem, ...] = tuple(problems)

    def __str__(self) -> str:
        if not self.problems:
            return "The definition cannot be used."
        first = self.problems[0]
        where = f"line {first.line}, column {first.column}"
        if first.spec_path is not None:
            where = f"{first.spec_path} ({where})"
        more = len(self.problems) - 1
        tail = f" (and {more} more problem{'s' if more > 1 else ''})" if more else ""
        return f"{where}: {first.message}{tail}"
