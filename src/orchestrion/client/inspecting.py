"""Everything that is wrong with a workflow file: the language's problems, and the actions that it names."""

from pathlib import Path
from typing import NamedTuple, Self

from orchestrion.actions.catalog import Catalog
from orchestrion.actions.content import ContentProblem, inspect_content
from orchestrion.core.language import Problem, as_stackstorm, inspect
from orchestrion.core.values import Json


class Finding(NamedTuple):
    """A problem or a warning, and where it stands."""

    line: int
    column: int
    message: str

    @classmethod
    def of(cls, problem: Problem | ContentProblem) -> Self:
        """A problem for people: with what may have been meant, and the place in the definition."""
        message = problem.message
        if isinstance(problem, Problem) and problem.key is not None:
            message = f"Additional properties are not allowed ({problem.key!r} was unexpected)"
        hint = f" {problem.hint}" if problem.hint else ""
        place = f" ({problem.spec_path})" if problem.spec_path else ""
        return cls(problem.line, problem.column, f"{message}{hint}{place}")

    def text(self, path: Path) -> str:
        """In one line, with its file."""
        return f"{path}:{self.line}:{self.column}: {self.message}"


class Report(NamedTuple):
    """What an inspection of a file has found. `stackstorm` is StackStorm's list, with line and column.

    `unable` are those of the warnings that tell of actions that cannot run here.
    """

    path: Path
    problems: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    unable: tuple[Finding, ...]
    stackstorm: tuple[dict[str, Json], ...]


def report_of(text: str, path: Path, catalog: Catalog) -> Report:
    """Inspect the text of a workflow file; everything in the order of the text."""
    inspection = inspect(text)
    content = inspect_content(text, catalog)
    unable = tuple(Finding.of(one) for one in content.warnings)
    return Report(
        path,
        tuple(sorted(Finding.of(one) for one in (*inspection.problems, *content.problems))),
        tuple(sorted((*(Finding.of(one) for one in inspection.warnings), *unable))),
        unable,
        tuple(
            sorted(
                (*as_stackstorm(inspection), *(one.as_stackstorm() for one in content.problems)),
                key=_order,
            )
        ),
    )


def _order(entry: dict[str, Json]) -> tuple[str, str]:
    """StackStorm's order: by type, then by schema path (stackstorm-api 3.1)."""
    return str(entry["type"]), str(entry["schema_path"] or "")
