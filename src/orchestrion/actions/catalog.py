"""Packs on disk: which actions there are, and where (spec 6.1).

Lazy: `find("pack.action")` reads one pack.yaml and one metadata file when the file is named after the action,
as it nearly always is. A file that changed since is read again, so that an action can be corrected without a
restart; what runs already keeps the `Action` that it has. The built-in pack `core`, which only changes with
the version and so is read once, comes first, then the
folders in their order: the first pack of a name counts.

Safe to use from several threads: every cache entry is replaced whole, and reading one twice does no harm.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from re import fullmatch
from typing import Final

from orchestrion.actions.metadata import Action, Pack, action_of
from orchestrion.actions.metadata_file import line_of, read_mapping
from orchestrion.errors import NotFound, UsageError

BUILT_IN_PACKS: Final = Path(__file__).parents[1] / "packs"
"""The folder of the packs that come with Orchestrion."""

_SUFFIXES: Final = (".yaml", ".yml", ".json")
_LISTED_AT_MOST: Final = 50


@dataclass(frozen=True, slots=True)
class _Read:
    """One file as it was read: `stamp` tells whether it is still the same."""

    stamp: tuple[int, int, int]
    content: Action | Pack | UsageError


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
        self._read: dict[Path, _Read] = {}
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
            action = self._action(known, self._pack(known.parents[1]))
            if action.ref == ref:
                return action
        pack_ref, _, name = ref.partition(".")
        pack = self._find_pack(pack_ref) if name else None
        if pack is None:
            raise self._not_found(ref)
        for suffix in _SUFFIXES:
            file = pack.actions_folder / f"{name}{suffix}"
            if fullmatch(r"\w[\w.-]*", name) and file.is_file():
                action = self._action(file, pack)
                if action.ref == ref:
                    self._file_of[ref] = file
                    if pack.folder.parent == BUILT_IN_PACKS:
                        self._built_in[ref] = action
                    return action
        actions, problems = self._load(pack)
        for action in actions:
            if action.ref == ref:
                self._file_of[ref] = action.metadata_file
                return action
        raise self._not_found(ref, problems)

    def packs(self) -> tuple[Pack, ...]:
        """Give every valid pack, by name. What is not valid is told by `problems`."""
        packs, _ = self._load_packs()
        return tuple(packs[ref] for ref in sorted(packs))

    def refs(self) -> tuple[str, ...]:
        """Give the references of all valid actions, sorted. What is not valid is told by `problems`."""
        return tuple(sorted(action.ref for action in self.actions()))

    def actions(self) -> tuple[Action, ...]:
        """Give all valid actions, by pack and file."""
        return tuple(action for pack in self.packs() for action in self._load(pack)[0])

    def problems(self) -> tuple[str, ...]:
        """Give one text for each file that is not valid: what is wrong, where, and what to do."""
        packs, problems = self._load_packs()
        return (*problems, *(problem for pack in packs.values() for problem in self._load(pack)[1]))

    def _find_pack(self, ref: str) -> Pack | None:
        """Look where the pack is likely to be (a folder of its name) before every pack.yaml is read."""
        known = self._pack_folder_of.get(ref)
        likely = [known] if known else []
        if fullmatch(r"\w+", ref):
            likely += [folder if _is_pack(folder) else folder / ref for folder in self._folders]
        for folder in filter(_is_pack, likely):
            pack = self._pack(folder)
            if pack.ref == ref:
                self._pack_folder_of[ref] = folder
                return pack
        return self._load_packs()[0].get(ref)

    def _load_packs(self) -> tuple[dict[str, Pack], list[str]]:
        packs: dict[str, Pack] = {}
        problems: list[str] = []
        for folder in (found for parent in self._folders for found in _pack_folders_in(parent)):
            try:
                pack = self._pack(folder)
            except UsageError as error:
                problems.append(error.message)
                continue
            packs.setdefault(pack.ref, pack)
        return packs, problems

    def _load(self, pack: Pack) -> tuple[list[Action], list[str]]:
        """Read all metadata files of a pack; a file that is not valid does not stop the others."""
        actions: dict[str, Action] = {}
        problems: list[str] = []
        for file in _metadata_files(pack.actions_folder):
            try:
                action = self._action(file, pack)
            except UsageError as error:
                problems.extend(error.problems or [error.message])
                continue
            if action.ref in actions:
                problems.append(
                    f"{file}:{line_of(file, ['name'])}: {actions[action.ref].metadata_file.name} has the "
                    f"name {action.name!r} too and counts. Give each action of a pack its own name."
                )
            actions.setdefault(action.ref, action)
        return list(actions.values()), problems

    def _action(self, file: Path, pack: Pack) -> Action:
        content = self._cached(file, lambda: action_of(read_mapping(file), pack, file))
        assert isinstance(content, Action)
        return content

    def _pack(self, folder: Path) -> Pack:
        content = self._cached(folder / "pack.yaml", lambda: _read_pack(folder))
        assert isinstance(content, Pack)
        return content

    def _cached(self, file: Path, read: Callable[[], Action | Pack]) -> Action | Pack:
        """Give what the file holds now; read it only when it changed. Raises what reading it raised."""
        try:
            status = file.stat()
        except OSError as error:
            message = f"{file}: The file cannot be read: {error.strerror}."
            raise UsageError(message) from error
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        known = self._read.get(file)
        if known is None or known.stamp != stamp:
            try:
                known = _Read(stamp, read())
            except UsageError as error:
                known = _Read(stamp, error)
            self._read[file] = known
        if isinstance(known.content, UsageError):
            raise UsageError(known.content.message, problems=known.content.problems)
        return known.content

    def _not_found(self, ref: str, problems: Iterable[str] = ()) -> NotFound:
        from difflib import get_close_matches

        pack_ref, _, name = ref.partition(".")
        packs, broken_packs = self._load_packs()
        message = f'Action "{ref}" cannot be found.'
        if not name:
            message += " An action is named PACK.NAME, for example core.local."
        if name and pack_ref not in packs:
            folders = ", ".join(str(folder) for folder in self._folders[1:]) or "no folder (none was given)"
            message += f' There is no pack "{pack_ref}" in {folders}.'
        pack = packs.get(pack_ref)
        candidates = [action.ref for action in self._load(pack)[0]] if pack else list(self.refs())
        near = get_close_matches(ref, candidates, n=1)
        if near:
            message += f' Did you mean "{near[0]}"?'
        if pack:
            listed = f'Pack "{pack_ref}" has {_some(candidates)}.'
        else:
            listed = f"There are the packs {_some(packs)}."
        return NotFound(message, problems=[listed, *broken_packs, *problems])


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


def _metadata_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(
        file
        for file in folder.iterdir()
        if file.suffix in _SUFFIXES
        and file.stem != "config"
        and not file.name.startswith(".")
        and file.is_file()
    )


def _read_pack(folder: Path) -> Pack:
    file = folder / "pack.yaml"
    metadata = read_mapping(file)
    name = metadata.get("name")
    if not isinstance(name, str) or not name:
        message = (
            f"{file}:{line_of(file, ['name'])}: name is missing. Add a line `name: …` with the pack's name."
        )
        raise UsageError(message)
    given = metadata.get("ref")
    if given is not None and not (isinstance(given, str) and _is_reference(given)):
        message = (
            f"{file}:{line_of(file, ['ref'])}: ref may hold lower case letters, digits and underscores only, "
            f"found {given!r}."
        )
        raise UsageError(message)
    ref = next((text for text in (given, name, folder.resolve().name) if text and _is_reference(text)), None)
    if ref is None:
        message = (
            f"{file}:1: Neither the name {name!r} nor the folder {folder.name!r} can be a reference (lower "
            f"case letters, digits, underscores). Add a line `ref: …`."
        )
        raise UsageError(message)
    return Pack(ref=ref, name=name, folder=folder, metadata=metadata)


def _is_reference(text: str) -> bool:
    return fullmatch(r"[a-z0-9_]+", text) is not None


def _some(names: Iterable[str]) -> str:
    known = sorted(names)
    shown = ", ".join(known[:_LISTED_AT_MOST]) or "no actions"
    return shown if len(known) <= _LISTED_AT_MOST else f"{shown} and {len(known) - _LISTED_AT_MOST} more"
