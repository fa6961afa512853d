"""Which packs there are: the built-in one, those of the given folders, and the examples that come along."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from orchestrion.actions.catalog import Catalog

EXAMPLES: Final = Path(__file__).parents[1] / "examples"
"""The pack of examples. It comes last, so that a pack of one's own with the same name counts."""


def catalog_of(folders: Sequence[Path]) -> Catalog:
    """The actions of all packs. Raises UsageError when a folder is not there."""
    return Catalog((*folders, EXAMPLES))
