"""Packs on disk: which actions there are, and where (spec 6.1).

Lazy: `find("pack.action")` reads one pack.yaml and one metadata file when the file is named after the action,
as it nearly always is. The built-in pack `core` comes first, then the folders in their order: the first pack
of a name counts. An execution that runs already finds its actions in `revisions` instead.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

from orchestrion.actions.action_files import ActionFiles, may_name_file, not_found, some
from orchestrion.actions.metadata import Action, Pack
from orchestrion.core.spelling import nearest
from orchestrion.errors import NotFound, UsageError

BUILT_IN_PACKS: Final = Path(__file__).parents[1] / "packs"
"""The folder of the packs that come with Orchestrion."""


@cache
def built_in_packs() -> frozenset[str]:
    """The names of the packs that come with Orchestrion, and that no other pack replaces."""
    return frozenset(folder.name for folder in _pack_folders_in(BUILT_IN_PACKS))


class Catalog:
    """The actions of the built-in packs and of the given folders.

    `pack_folders`: each is a pack itself (it has a pack.yaml) or the parent of packs. Raises `UsageError`
    when one is not a folder.
    """

    def __init__(self, pack_folders: Sequence[Path] = ()) -> None:
        for folder in pack_folders:
            if not folder.is_dir():
                message = f"{folder}: There is no such folder. Give a folder that holds packs, or a pack."
                raise UsageError(message)
        self._folders = (BUILT_IN_PACKS, *pack_folders)
        self._files = ActionFiles()
        self._pack_folder_of: dict[str, Path] = {}
        self._file_of: dict[str, Path] = {}
        self._built_in: dict[str, Action] = {}

    def find(self, ref: str) -> Action:
        """Give the action `PACK.NAME`.

        Raises `NotFound`, with the nearest spelling and what there is instead; `UsageError` when its metadata
        is not valid.
        """
        built_in = self._built_in.get(ref)
        if built_in is not None:
            return built_in
        known = self._file_of.get(ref)
        if known is not None and known.is_file():
            action = self._files.action(known, self._files.pack(known.parents[1]))
            if action.ref == ref:
                return action
        pack_ref, _, name = ref.partition(".")
        pack = self.pack(pack_ref) if name else None
        if pack is None:
            raise self._not_found(ref)
        action = self._files.find(ref, pack)
        self._file_of[ref] = action.metadata_file
        if pack.folder.parent == BUILT_IN_PACKS:  # which only changes with the version
            self._built_in[ref] = action
        return action

    def pack(self, ref: str) -> Pack | None:
        """Give a pack; None when there is none of this name. Raises UsageError when it is not valid.

        Looks where it is likely to be (a folder of its name) before every pack.yaml is read.
        """
        known = self._pack_folder_of.get(ref)
        likely = [known] if known else []
        if may_name_file(ref):
            likely += [folder if _is_pack(folder) else folder / ref for folder in self._folders]
        for folder in filter(_is_pack, likely):
            pack = self._files.pack(folder)
            if pack.ref == ref:
                self._pack_folder_of[ref] = folder
                return pack
        return self._load_packs()[0].get(ref)

    def packs(self) -> tuple[Pack, ...]:
        """Give every valid pack, by name. What is not valid is told by `problems`."""
        packs, _ = self._load_packs()
        return tuple(packs[ref] for ref in sorted(packs))

    def refs(self) -> tuple[str, ...]:
        """Give the references of all valid actions, sorted. What is not valid is told by `problems`."""
        return tuple(sorted(action.ref for action in self.actions()))

    def actions(self) -> tuple[Action, ...]:
        """Give all valid actions, by pack and file."""
        return tuple(action for pack in self.packs() for action in self._files.all(pack).actions)

    def problems(self) -> tuple[str, ...]:
        """Give one text for each file that is not valid: what is wrong, where, and what to do."""
        packs, problems = self._load_packs()
        return (
            *problems,
            *(problem for pack in packs.values() for problem in self._files.all(pack).problems),
        )

    def _load_packs(self) -> tuple[dict[str, Pack], list[str]]:
        packs: dict[str, Pack] = {}
        problems: list[str] = []
        for folder in (found for parent in self._folders for found in _pack_folders_in(parent)):
            try:
                pack = self._files.pack(folder)
            except UsageError as error:
                problems.append(error.message)
                continue
            packs.setdefault(pack.ref, pack)
        return packs, problems

    def _not_found(self, ref: str) -> NotFound:
        """What to say of an action whose pack is not there."""
        pack_ref, _, name = ref.partition(".")
        packs, broken_packs = self._load_packs()
        folders = ", ".join(str(folder) for folder in self._folders[1:]) or "no folder (none was given)"
        besides = (
            f' There is no pack "{pack_ref}" in {folders}.'
            if name
            else " An action is named PACK.NAME, for example core.local."
        )
        refs = self.refs()
        near = nearest(pack_ref, packs) if name and nearest(ref, refs) is None else None
        if near is not None:
            besides += f' Did you mean the pack "{near}"?'
        message = not_found(ref, refs, besides)
        return NotFound(message, problems=[f"There are the packs {some(packs)}.", *broken_packs])


def _is_pack(folder: Path) -> bool:
    return (folder / "pack.yaml").is_file()


def _pack_folders_in(folder: Path) -> list[Path]:
    if _is_pack(folder):
        return [folder]
    try:
        return sorted(child for child in folder.iterdir() if child.is_dir() and _is_pack(child))
    except OSError as error:
        message = f"{folder}: The folder cannot be read: {error.strerror}."
        raise UsageError(message) from error
