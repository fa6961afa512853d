"""Definitions at run time: read, inspected against the packs, compiled once for each content."""

from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

from orchestrion.core.graph import Graph, build_graph
from orchestrion.core.language import load_definition


def hash_of(text: str) -> str:
    """The name of a content."""
    return blake2b(text.encode(), digest_size=16).hexdigest()


@lru_cache(maxsize=256)
def graph_of(text: str) -> Graph:
    """The compiled graph of a definition's text. Raises DefinitionError."""
    return build_graph(load_definition(text))


def read_definition(path: Path) -> str:
    """The text of a workflow file. Raises UsageError when it cannot be read."""
    from orchestrion.actions.metadata_file import read_text

    return read_text(path)
