"""The files of packs as they were last read: pack.yaml and the metadata of actions (spec 6.1).

A file that changed since is read again, so that an action can be corrected without a restart; what runs
already keeps the `Action` that it has.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from re import fullmatch
from typing import Final, NamedTuple

from orchestrion.actions.metadata import Action, Pack, action_of
from orchestrion.actions.metadata_file import line_of, read_mapping
from orchestrion.core.spelling import did_you_mean
from orchestrion.errors import NotFound, UsageError

_SUFFIXES: Final = (".yaml", ".yml", ".json")
_LISTED_AT_MOST: Final = 50
_LONGEST_NAME: Final = 200
"""In bytes: file systems have 255 for a name."""


@dataclass(frozen=True, slots=True)
class _Read:
    """One file as it was read: `stamp` tells whether it is still the same."""

    stamp: tuple[int, int, int]
    content: Action | Pack | UsageError


class Found(NamedTuple):
    """The actions of a pack, and one text for each of its files that is not valid."""

    actions: tuple[Action, ...]
    problems: tuple[str, ...]


class ActionFiles:
    """Reads the files of packs.

    Safe to use from several threads: every cache entry is replaced whole, and reading one twice does no harm.
    """

    def __init__(self) -> None:
        self._read: dict[Path, _Read] = {}

    def pack(self, folder: Path) -> Pack:
        """The pack in a folder. Raises UsageError."""
        content = self._cached(folder / "pack.yaml", lambda: _read_pack(folder))
        assert isinstance(content, Pack)
        return content

    def action(self, file: Path, pack: Pack) -> Action:
        """The action of a metadata file. Raises UsageError."""
        content = self._cached(file, lambda: action_of(read_mapping(file), pack, file))
        assert isinstance(content, Action)
        return content

    def find(self, ref: str, pack: Pack) -> Action:
        """Give an action of a pack: its file has its name, as nearly always, or is looked for.

        Raises NotFound, with the nearest spelling and what there is instead; UsageError when its metadata is
        not valid.
        """
        _, _, name = ref.partition(".")
        for suffix in _SUFFIXES:
            file = pack.actions_folder / f"{name}{suffix}"
            if may_name_file(name) and file.is_file():
                action = self.action(file, pack)
                if action.ref == ref:
                    return action
        actions, problems = self.all(pack)
        for action in actions:
            if action.ref == ref:
                return action
        listed = f'Pack "{pack.ref}" has {some(action.ref for action in actions)}.'
        message = not_found(ref, [action.ref for action in actions])
        raise NotFound(message, problems=[listed, *problems])

    def all(self, pack: Pack) -> Found:
        """Read all metadata files of a pack; a file that is not valid does not stop the others."""
        actions: dict[str, Action] = {}
        problems: list[str] = []
        for file in _metadata_files(pack.actions_folder):
            try:
                action = self.action(file, pack)
            except UsageError as error:
                problems.extend(error.problems or [error.message])
                continue
            if action.ref in actions:
                problems.append(
                    f"{file}:{line_of(file, ['name'])}: {actions[action.ref].metadata_file.name} has the "
                    f"name {action.name!r} too and counts. Give each action of a pack its own name."
                )
            actions.setdefault(action.ref, action)
        return Found(tuple(actions.values()), tuple(problems))

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


def may_name_file(name: str) -> bool:
    """Whether a file of a pack can have this name, with a suffix: no path, and short enough everywhere."""
    return fullmatch(r"\w[\w.-]*", name) is not None and len(name.encode()) <= _LONGEST_NAME


def not_found(ref: str, candidates: Iterable[str], besides: str = "") -> str:
    """The sentence about an action that is not there, with the nearest of those that are."""
    return f'Action "{ref}" cannot be found.{besides}{did_you_mean(ref, candidates)}'


def some(names: Iterable[str]) -> str:
    """The first of some names, sorted, and how many more there are."""
    known = sorted(names)
    shown = ", ".join(known[:_LISTED_AT_MOST]) or "no actions"
    return shown if len(known) <= _LISTED_AT_MOST else f"{shown} and {len(known) - _LISTED_AT_MOST} more"


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
