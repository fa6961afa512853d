"""What the options of a command stand for: the store's file, the folders of packs, who asks."""

import argparse
import os
import pwd
from pathlib import Path
from typing import NamedTuple

from orchestrion.cli.hints import Again, again_of
from orchestrion.client.local import LocalClient
from orchestrion.client.packs import PackFolders
from orchestrion.errors import NotFound
from orchestrion.settings import current

_DEFAULT_PACKS = Path("packs")


class Location(NamedTuple):
    """Where the executions and the packs are; `again` says so in a command that is shown."""

    database: Path
    packs: PackFolders
    again: Again


def location_of(options: argparse.Namespace) -> Location:
    """What `--db` and `--packs` say, or the settings."""
    given: str | None = options.db
    database = Path(given) if given else current().database
    packs = pack_folders(options)
    return Location(database, packs, again_of(options))


def pack_folders(options: argparse.Namespace) -> PackFolders:
    """The folders that hold packs, besides those that are built in."""
    given: list[str] = getattr(options, "packs", None) or []
    default = current().paths("packs")
    if default is None:
        default = (_DEFAULT_PACKS,) if _DEFAULT_PACKS.is_dir() else ()
    return PackFolders(tuple(map(Path, given)), default)


def open_client(location: Location) -> LocalClient:
    """A client on the store, which is made if it is not there."""
    return LocalClient(location.database, location.packs, user_name())


def open_known(location: Location) -> LocalClient:
    """A client on a store that must be there already. Raises NotFound."""
    known_store(location)
    return open_client(location)


def known_store(location: Location, lacking: str = "there are no executions") -> Path:
    """The file of a store that must be there already. Raises NotFound, which says what is `lacking` then."""
    if not location.database.exists():
        raise NotFound(
            f"{location.database}: there is no such store, so {lacking}. "
            "`orchestrion run` makes one; another file is named with --db."
        )
    return location.database


def user_name() -> str:
    """Who gives the command."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"
