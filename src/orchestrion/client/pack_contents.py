"""Packs as people look them up, make them known and set them up. Needs no store."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from orchestrion.actions.catalog import Catalog
from orchestrion.actions.environments import Environments, EnvironmentState
from orchestrion.actions.ignored import ignored_in
from orchestrion.actions.metadata import Pack
from orchestrion.actions.on_disk import kind_of
from orchestrion.actions.pack_files import listing_of
from orchestrion.actions.revisions import SHOWN, name_of_now
from orchestrion.actions.runners.registry import check_runnable
from orchestrion.client.packs import PackFolders, catalog_of
from orchestrion.core.spelling import did_you_mean
from orchestrion.errors import NotFound, Refused, UsageError
from orchestrion.settings import current

_FOLDER: Final = Path("packs")


class PackView(NamedTuple):
    """A pack. `unable` are its actions that cannot run here, `ignored` counts what is no action, by kind.

    `revision` is what an execution that starts now would use; empty where it needs no copy, or has no room.
    """

    ref: str
    version: str
    revision: str
    description: str
    folder: Path
    actions: int
    unable: tuple[str, ...]
    ignored: Mapping[str, int]
    environment: EnvironmentState


class PackList(NamedTuple):
    """Packs by name, and what is wrong with files of theirs that do not count."""

    packs: tuple[PackView, ...]
    problems: tuple[str, ...]


def list_packs(folders: PackFolders) -> PackList:
    """All packs. Raises UsageError."""
    catalog = catalog_of(folders.for_new())
    views: list[PackView] = []
    problems = [*catalog.problems()]
    for pack in catalog.packs():
        try:
            views.append(_view(catalog, pack, _revision_of(pack)))
        except UsageError as error:
            problems.append(error.message)
            views.append(_view(catalog, pack, ""))
    return PackList(tuple(views), tuple(problems))


def register_pack(folders: PackFolders, path: Path) -> PackView:
    """Make a folder known as a pack, by a link in the folder of packs, unless it is there already.

    Raises UsageError with everything that is wrong with it, and changes nothing then.
    """
    if kind_of(path / "pack.yaml") != "file":
        raise UsageError(f"{path}: This is no pack: a pack is a folder with a file pack.yaml.")
    alone = Catalog([path])
    if alone.problems():
        raise UsageError(f"{path}: The pack is not registered.", problems=alone.problems())
    found = next((pack for pack in alone.packs() if pack.folder == path), None)
    if found is None:
        raise UsageError(f"{path}: There is a built-in pack of this name. Give this one another name or ref.")
    known = {pack.ref: pack for pack in catalog_of(folders.for_new()).packs()}.get(found.ref)
    if known is not None and known.folder.resolve() == path.resolve():
        return _view(alone, known, _revision_of(known))
    if known is not None:
        raise UsageError(
            f"{path}: There is a pack {found.ref} in {known.folder} already. Remove that one, or give "
            "this one another ref in its pack.yaml."
        )
    revision = _revision_of(found)
    place = next(iter(folders.for_new()), _FOLDER) / found.ref
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(os.path.relpath(path.resolve(), place.parent.resolve()))
    except OSError as error:
        raise UsageError(f"{place}: The pack cannot be linked there: {error.strerror}.") from error
    return _view(alone, found, revision)._replace(folder=place)


def set_up_pack(folders: PackFolders, ref: str, say: Callable[[str], None]) -> PackView:
    """Install what the Python actions of a pack need. `say` is told what is being done.

    Raises NotFound, UsageError.
    """
    catalog = catalog_of(folders.for_new())
    packs = {pack.ref: pack for pack in catalog.packs()}
    if ref not in packs:
        raise NotFound(
            f'There is no pack "{ref}".{did_you_mean(ref, [*packs])} There are {", ".join(packs)}.'
        )
    _environments().set_up(packs[ref], say)
    return _view(catalog, packs[ref], _revision_of(packs[ref]))


def files_of(pack: Pack) -> tuple[str, ...]:
    """The files of a pack, relative to its folder, sorted. Raises UsageError when it cannot be read."""
    listing = listing_of(pack.home, current().database)
    return tuple(sorted(entry.path for entry in listing.entries if entry.kind == "file"))


def _revision_of(pack: Pack) -> str:
    """The revision that a pack is now. Raises UsageError when no execution could use it."""
    return "" if pack.is_bundled else name_of_now(pack, current().database)[:SHOWN]


def _environments() -> Environments:
    return Environments(lambda: current().virtualenvs)


def _view(catalog: Catalog, pack: Pack, revision: str) -> PackView:
    actions = [action for action in catalog.actions() if action.pack.ref == pack.ref]
    unable: list[str] = []
    for action in actions:
        try:
            check_runnable(action)
        except Refused:
            unable.append(action.ref)
    return PackView(
        ref=pack.ref,
        version=str(pack.metadata.get("version") or ""),
        revision=revision,
        description=str(pack.metadata.get("description") or ""),
        folder=pack.folder,
        actions=len(actions),
        unable=tuple(unable),
        ignored=ignored_in(pack),
        environment=_environments().state_of(pack),
    )
