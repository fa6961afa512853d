"""Workflow files as they stand: what is wrong with them, and their graph. Needs no store."""

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from orchestrion.actions.catalog import Catalog
from orchestrion.actions.content import ContentProblem, content_problems
from orchestrion.actions.metadata import workflow_path
from orchestrion.actions.metadata_file import read_text
from orchestrion.client.targets import check_workflow, is_file
from orchestrion.core.graph import Graph, build_graph
from orchestrion.core.language import DefinitionError, Problem, as_stackstorm, inspect, load_definition
from orchestrion.core.values import Json
from orchestrion.errors import UsageError


class Finding(NamedTuple):
    """A problem or a warning, and where it stands."""

    line: int
    column: int
    message: str
    place: str | None


class Report(NamedTuple):
    """What an inspection of a file has found. `stackstorm` is StackStorm's list, with line and column."""

    path: Path
    problems: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    stackstorm: tuple[dict[str, Json], ...]


def inspect_workflow(word: str, packs: Sequence[Path]) -> Report:
    """Everything that is wrong with a workflow file, or with a pack's workflow, in the order of the text.

    Raises NotFound; UsageError when the file cannot be read.
    """
    catalog = Catalog(packs)
    path = _path_of(word, catalog)
    text = read_text(path)
    inspection = inspect(text)
    content: tuple[ContentProblem, ...] = ()
    with contextlib.suppress(DefinitionError):  # without a definition no task can be asked for its action
        content = content_problems(text, load_definition(text), catalog)
    problems = sorted((_finding(one) for one in (*inspection.problems, *content)), key=lambda one: one[:2])
    return Report(
        path,
        tuple(problems),
        tuple(_finding(one) for one in inspection.warnings),
        (*as_stackstorm(inspection), *(one.as_stackstorm() for one in content)),
    )


def graph_of_workflow(word: str, packs: Sequence[Path]) -> Graph:
    """The graph of a workflow file, or of a pack's. Raises NotFound, UsageError with every problem."""
    path = _path_of(word, Catalog(packs))
    try:
        return build_graph(load_definition(read_text(path)))
    except DefinitionError as error:
        problems = [f"{path}:{one.line}:{one.column}: {one.message}" for one in error.problems]
        raise UsageError(f"{path}: This is not a workflow. Mend this:", problems=problems) from error


def _finding(problem: Problem | ContentProblem) -> Finding:
    return Finding(problem.line, problem.column, problem.message, problem.spec_path)


def _path_of(word: str, catalog: Catalog) -> Path:
    if is_file(word):
        return Path(word)
    action = catalog.find(word)
    check_workflow(action)
    return workflow_path(action)
