"""Workflow files as they stand: what is wrong with them, and their graph. Needs no store."""

from collections.abc import Sequence
from pathlib import Path

from orchestrion.actions.catalog import Catalog
from orchestrion.actions.metadata import workflow_path
from orchestrion.actions.metadata_file import read_text
from orchestrion.client.files import is_file
from orchestrion.client.inspecting import Finding, Report, report_of
from orchestrion.client.packs import catalog_of
from orchestrion.client.targets import workflow_action
from orchestrion.core.graph import Graph, build_graph
from orchestrion.core.language import DefinitionError, load_definition
from orchestrion.errors import UsageError

__all__ = ["Finding", "Report", "graph_of_text", "graph_of_workflow", "inspect_workflow"]


def inspect_workflow(word: str, packs: Sequence[Path]) -> Report:
    """Everything that is wrong with a workflow file, or with a pack's workflow, in the order of the text.

    Raises NotFound; UsageError when the file cannot be read.
    """
    catalog = catalog_of(packs)
    path = _path_of(word, catalog)
    return report_of(read_text(path), path, catalog)


def graph_of_workflow(word: str, packs: Sequence[Path]) -> Graph:
    """The graph of a workflow file, or of a pack's. Raises NotFound, UsageError with every problem."""
    path = _path_of(word, catalog_of(packs))
    return graph_of_text(read_text(path), path)


def graph_of_text(text: str, path: Path) -> Graph:
    """The graph of the text of a workflow file. Raises UsageError with every problem."""
    try:
        return build_graph(load_definition(text))
    except DefinitionError as error:
        problems = [Finding.of(one).text(path) for one in error.problems]
        raise UsageError(f"{path}: This is not a workflow. Mend this:", problems=problems) from error


def _path_of(word: str, catalog: Catalog) -> Path:
    if is_file(word):
        return Path(word)
    return workflow_path(workflow_action(word, catalog))
