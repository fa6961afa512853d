"""Actions as an API makes, changes and deletes them: their files in packs (stackstorm-api 2.1).

The files are all there is: what is written is known at once, and an execution that runs keeps its revision.
"""

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import mkstemp
from typing import Any, Final

from orchestrion.actions.action_files import may_name_file
from orchestrion.actions.catalog import Catalog
from orchestrion.actions.metadata import Action, Pack, action_of
from orchestrion.actions.metadata_file import read_mapping, read_text
from orchestrion.actions.on_disk import kind_of
from orchestrion.actions.parameters import MASK
from orchestrion.actions.runner_types import RUNNER_TYPES
from orchestrion.core.values import Json, problem_with
from orchestrion.errors import NotFound, Refused, UsageError

SYSTEM_PACKS: Final = frozenset(("core", "packs", "linux", "chatops"))
"""Packs whose actions nobody changes."""

_COMPUTED: Final = frozenset(("id", "uid", "ref", "metadata_file", "pack"))
"""What an action's object has and its file need not."""

_SHOWN: Final = 60
_EMPTY: Final[tuple[Json, ...]] = (None, "", [], {})


class ActionExists(Refused):
    """There is an action of this name already: `ref`."""

    def __init__(self, ref: str) -> None:
        super().__init__(f'Action "{ref}" already exists. Update it, or give the new one another name.')
        self.ref: Final = ref


def create_action(catalog: Catalog, folders: Sequence[Path], document: Mapping[str, Json]) -> Action:
    """Write the metadata file of a new action. Raises UsageError, ActionExists."""
    pack = _pack(catalog, folders, str(document.get("pack") or "default"))
    name = document.get("name")
    if isinstance(name, str):
        _check_name(name)
    file = pack.actions_folder / f"{name}.yaml"
    action = _checked(document, pack, file)
    if _known(catalog, action.ref) is not None:
        raise ActionExists(action.ref)
    try:
        _write(file, _text_of(file, _kept(document)), is_new=True)
    except FileExistsError as error:
        raise ActionExists(action.ref) from error
    return catalog.find(action.ref)


def update_action(catalog: Catalog, before: Action, document: Mapping[str, Json]) -> Action:
    """Write the metadata file of an action anew; where only `enabled` changes, only its line.

    A secret default that comes back as it is shown, which is masked, stays. Raises UsageError.
    """
    _check_pack(before.pack)
    document = {"name": before.name, **document}
    if document["name"] != before.name or document.get("pack") not in (None, "", before.pack.ref):
        raise UsageError(
            f"{before.ref} keeps its name and its pack. Create another action, and delete this one."
        )
    file = before.metadata_file
    document = _with_secrets(document, before)
    after = _checked(document, before.pack, file)
    text = _switched(file, before, enabled=after.enabled) if _is_alike(before, after) else None
    _write(file, text if text is not None else _text_of(file, _kept(document)))
    return catalog.find(before.ref)


def delete_action(catalog: Catalog, action: Action, *, remove_files: bool) -> None:
    """Delete the metadata file of an action; its entry point, too, if no other action has it.

    Raises UsageError.
    """
    _check_pack(action.pack)
    if remove_files and action.entry_point:
        others = (
            one for one in catalog.actions() if one.pack.ref == action.pack.ref and one.ref != action.ref
        )
        if all(one.entry_point != action.entry_point for one in others):
            entry_point_of(action).unlink(missing_ok=True)
    action.metadata_file.unlink(missing_ok=True)


def clone_action(
    catalog: Catalog, folders: Sequence[Path], source: Action, pack: str, name: str, *, overwrite: bool
) -> Action:
    """Copy an action, with its entry point, into a pack under a name. Raises UsageError, ActionExists."""
    _check_name(name)
    target = _pack(catalog, folders, pack)
    known = _known(catalog, f"{target.ref}.{name}")
    if known is not None and not overwrite:
        raise ActionExists(known.ref)
    document: dict[str, Json] = {**read_mapping(source.metadata_file), "name": name, "pack": target.ref}
    content = entry_point_of(source) if source.entry_point else None
    copy = None
    if content is not None:
        entry_point = Path(source.entry_point).with_name(f"{name}{content.suffix}")
        copy = _inside(source.ref, target, str(entry_point))
        if kind_of(copy) is not None and not overwrite:
            raise UsageError(f"{copy}: The file is there already. Give the action another name.")
        document["entry_point"] = str(entry_point)
    action = (
        create_action(catalog, folders, document)
        if known is None
        else update_action(catalog, known, document)
    )
    if content is not None and copy is not None:
        copy.parent.mkdir(parents=True, exist_ok=True)
        _write(copy, read_text(content), mode=content.stat().st_mode & 0o777)
    return action


def entry_point_of(action: Action) -> Path:
    """The file that an action runs. Raises NotFound, UsageError for one outside of the pack."""
    if not action.entry_point:
        raise NotFound(f"Action {action.ref} has no entry point: it is all in {action.metadata_file}.")
    file = _inside(action.ref, action.pack, action.entry_point)
    if kind_of(file) != "file":
        raise NotFound(f"{file}: The entry point of action {action.ref} is not there.")
    return file


def _inside(ref: str, pack: Pack, entry_point: str) -> Path:
    """The file of an entry point in a pack. Raises UsageError when it is outside, also by a link."""
    file = Path(os.path.normpath(pack.actions_folder / entry_point.replace("\0", "")))
    inside = "\0" not in entry_point and file.is_relative_to(os.path.normpath(pack.folder))
    if not inside or not file.resolve().is_relative_to(pack.folder.resolve()):
        raise UsageError(f"The entry point {entry_point!r} of action {ref} leaves its pack.")
    return file


# --- what may be written


def _pack(catalog: Catalog, folders: Sequence[Path], ref: str) -> Pack:
    """A pack whose actions may be changed. Raises UsageError."""
    if ref in SYSTEM_PACKS:
        raise UsageError("Resource belonging to system level packs can't be manipulated")
    pack = catalog.pack(ref)
    if pack is None or not pack.actions_folder.is_dir():
        searched = ", ".join(map(str, folders))
        raise UsageError(
            f'Content pack "{ref}" is not found or doesn\'t contain actions directory. '
            f"Searched in: {searched}"
        )
    _check_pack(pack)
    return pack


def _check_name(name: str) -> None:
    if not may_name_file(name) or name == "config":
        shown = name if len(name) < _SHOWN else f"{name[:_SHOWN]}…"
        raise UsageError(f'An action cannot have the name "{shown}": its file has it, too.')


def _check_pack(pack: Pack) -> None:
    if pack.ref in SYSTEM_PACKS or pack.is_bundled:
        raise UsageError("Resource belonging to system level packs can't be manipulated")


def _known(catalog: Catalog, ref: str) -> Action | None:
    try:
        return catalog.find(ref)
    except NotFound:
        return None


def _checked(document: Mapping[str, Json], pack: Pack, file: Path) -> Action:
    """The action that a document describes. Raises UsageError with every problem, in StackStorm's words."""
    problem = problem_with(dict(document))
    if problem is not None:
        raise UsageError(f"This cannot be kept as metadata: {problem}")
    try:
        action = action_of(_named(document), pack, file)
    except UsageError as error:
        problems = [re.sub(rf"^{re.escape(str(file))}:\d+: ", "", one) for one in error.problems]
        raise UsageError(problems[0] if problems else error.message, problems=problems) from error
    if action.runner is None:
        there = ", ".join(sorted(RUNNER_TYPES))
        raise UsageError(f"RunnerType {action.runner_type} is not found. There are {there}.")
    if action.entry_point:
        _inside(action.ref, pack, action.entry_point)
    return action


def _named(document: Mapping[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in document.items() if name not in ("id", "data_files")}


def _kept(document: Mapping[str, Json]) -> dict[str, Json]:
    """What a file holds of a document: nothing that is empty or computed."""
    return {
        name: value
        for name, value in _named(document).items()
        if name not in _COMPUTED and value not in _EMPTY
    }


def _with_secrets(document: Mapping[str, Json], before: Action) -> dict[str, Json]:
    """A document whose masked defaults are those that the action has."""
    parameters = document.get("parameters")
    if not isinstance(parameters, dict):
        return {**document}
    known = {name: one.default for name, one in before.parameters.items() if one.secret}
    restored: dict[str, Json] = {
        name: {**schema, "default": known[name]}
        if isinstance(schema, dict) and name in known and schema.get("default") == MASK
        else schema
        for name, schema in parameters.items()
    }
    return {**document, "parameters": restored}


# --- how it is written


def _is_alike(before: Action, after: Action) -> bool:
    """Whether two actions differ in nothing but whether they are enabled."""

    def content(action: Action) -> tuple[Any, ...]:
        schemas = {name: one.schema for name, one in action.parameters.items()}
        told = (action.runner_type, action.description, action.entry_point, action.idempotent)
        return (*told, schemas, action.output_schema or None, action.tags, action.notify)

    return content(before) == content(after)


def _switched(file: Path, before: Action, *, enabled: bool) -> str | None:
    """The text of a metadata file with the action enabled or not, and all else as its people wrote it.

    None when that cannot be done by its line.
    """
    text = read_text(file)
    if before.enabled == enabled:
        return text
    if file.suffix == ".json":
        return None
    line = f"enabled: {'true' if enabled else 'false'}"
    changed, count = re.subn(r"(?m)^enabled[ \t]*:[ \t]*\S+", line, text)
    if count == 0:
        changed = f"{text.rstrip()}\n{line}\n"
    return changed if count <= 1 and _read(changed) == {**read_mapping(file), "enabled": enabled} else None


def _read(text: str) -> Json:
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return None


def _text_of(file: Path, document: Mapping[str, Json]) -> str:
    if file.suffix == ".json":
        return f"{json.dumps(document, indent=2, ensure_ascii=False)}\n"
    import yaml

    return yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=True, width=110)


def _write(file: Path, text: str, mode: int = 0o644, *, is_new: bool = False) -> None:
    """Write a file at once, or replace it. Raises UsageError; FileExistsError when it is not new."""
    try:
        descriptor, name = mkstemp(dir=file.parent, prefix=f".{file.name}.")
        beside = Path(name)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
                opened.write(text)
            beside.chmod(mode)
            if is_new:
                os.link(beside, file)
            else:
                beside.replace(file)
        finally:
            beside.unlink(missing_ok=True)
    except FileExistsError:
        raise
    except OSError as error:
        raise UsageError(f"{file}: The file cannot be written: {error.strerror}.") from error
