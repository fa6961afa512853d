"""What a pack holds beside actions, and what is not done with it here: packs of StackStorm bring more."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from orchestrion.actions.metadata import Pack
from orchestrion.actions.metadata_file import read_mapping
from orchestrion.errors import UsageError

_FOLDERS: Final = ("rules", "sensors", "triggers", "aliases", "policies")
_SUFFIXES: Final = (".yaml", ".yml", ".json")
_KEPT_POLICIES: Final = ("action.concurrency", "action.concurrency.attr")


def ignored_in(pack: Pack) -> Mapping[str, int]:
    """Count what is ignored, by its kind; kinds of which there is nothing are left out."""
    counts = {kind: sum(1 for _ in _ignored(kind, pack.folder / kind)) for kind in _FOLDERS}
    return {kind: count for kind, count in counts.items() if count}


def _ignored(kind: str, folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        return
    for file in folder.iterdir():
        if file.suffix in _SUFFIXES and not (kind == "policies" and _is_kept(file)):
            yield file


def _is_kept(policy: Path) -> bool:
    try:
        return read_mapping(policy).get("policy_type") in _KEPT_POLICIES
    except UsageError:
        return False
