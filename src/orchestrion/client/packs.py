"""Which packs there are: the built-in one, those of the given folders, and the examples that come along."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from orchestrion.actions.catalog import Catalog
from orchestrion.core.values import is_unicode
from orchestrion.errors import UsageError

EXAMPLES: Final = Path(__file__).parents[1] / "examples"
"""The pack of examples. It comes last, so that a pack of one's own with the same name counts."""


@dataclass(frozen=True, slots=True)
class PackFolders:
    """Where a command looks for packs: in the folders `given` with it, else in the `default` ones."""

    given: tuple[Path, ...] = ()
    default: tuple[Path, ...] = ()

    def for_new(self) -> tuple[Path, ...]:
        """The folders for something that starts."""
        return self.given or self.default

    def for_known(self, recorded: Sequence[str]) -> tuple[Path, ...]:
        """The folders for what has started already: those in which it found its packs, if they are there.

        So an execution goes on alike from whichever folder its operator gives the command.
        """
        return self.given or tuple(filter(Path.is_dir, map(Path, recorded))) or self.default


def catalog_of(folders: Sequence[Path]) -> Catalog:
    """The actions of all packs. Raises UsageError when a folder is not there, or its name is no text.

    The same one for the same folders: it remembers the files that it has read.
    """
    for folder in folders:
        if not is_unicode(str(folder.resolve())):
            raise UsageError(f"{folder.resolve()}: The name of a folder of packs must be UTF-8. Rename it.")
    return _catalog_of(tuple(folders), Path.cwd())


@lru_cache(maxsize=64)
def _catalog_of(folders: tuple[Path, ...], _where: Path) -> Catalog:
    return Catalog((*folders, EXAMPLES))
