"""What the options of a command stand for: the store's file, the folders of packs, who asks."""

import argparse
import os
import pwd
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from orchestrion.cli.hints import Again, again_of
from orchestrion.client.interface import Client, KeyStore, Library, Looking
from orchestrion.client.packs import PackFolders
from orchestrion.errors import NotFound, UsageError
from orchestrion.settings import current

if TYPE_CHECKING:
    from orchestrion.client.connection import Connection

_DEFAULT_PACKS = Path("packs")


class Location(NamedTuple):
    """Where the executions and the packs are; `again` says so in a command that is shown.

    `server`: the URL of the server that has them; None: they are here, in files.
    """

    database: Path
    packs: PackFolders
    again: Again
    server: str | None = None

    @property
    def is_new(self) -> bool:
        """Nothing is there yet, and nobody has said that there is."""
        return self.server is None and self.again.database is None and not self.database.exists()


def location_of(options: argparse.Namespace) -> Location:
    """What `--db`, `--packs` and `--api-url` say, or the settings. Raises UsageError when they disagree."""
    given: str | None = getattr(options, "db", None)
    database = Path(given) if given else current().database
    packs = pack_folders(options)
    return Location(database, packs, again_of(options), server_of(options))


def server_of(options: argparse.Namespace) -> str | None:
    """The server that a command is about; None: it is about this machine. A flag comes before a setting.

    Raises UsageError where what is given contradicts itself, or the command is only about this machine.
    """
    flag: str | None = getattr(options, "api_url", None)
    database: str | None = getattr(options, "db", None)
    url = flag or (None if database is not None else current().url("api_url"))
    if url is None:
        return None
    if getattr(options, "is_local", False):  # a completion comes before that is known
        if flag is None and not hasattr(options, "db"):
            return None  # no store is meant, of whomever
        raise UsageError(
            f"{options.parser.prog} works on this machine alone, not on the server {url}. "
            + ("Leave out --api-url." if flag else "Name a file with --db, or leave api_url unset.")
        )
    if database is not None:
        raise UsageError("--db names a file and --api-url a server: leave out one of them.")
    if getattr(options, "packs", None):
        raise UsageError(f"The packs are those of the server {url}: leave out --packs.")
    return url


def pack_folders(options: argparse.Namespace) -> PackFolders:
    """The folders that hold packs, besides those that are built in."""
    given: list[str] = getattr(options, "packs", None) or []
    default = current().paths("packs")
    if default is None:
        default = (_DEFAULT_PACKS,) if _DEFAULT_PACKS.is_dir() else ()
    return PackFolders(tuple(map(Path, given)), default)


@contextmanager
def open_client(location: Location) -> Generator[Client]:
    """The executions, in a store which is made if it is not there, or of a server."""
    if location.server is not None:
        from orchestrion.client.http import HttpClient

        with connected(location.server) as connection:
            yield HttpClient(connection)
        return
    from orchestrion.client.local import LocalClient

    with LocalClient(location.database, location.packs, user_name()) as client:
        yield client


def open_known(location: Location) -> AbstractContextManager[Client]:
    """The same of a store that must be there already. Raises NotFound."""
    if location.server is None:
        known_store(location)
    return open_client(location)


@contextmanager
def open_looking(location: Location) -> Generator[Looking]:
    """What looks into executions. Raises NotFound."""
    if location.server is not None:
        from orchestrion.client.http import HttpLooking

        with connected(location.server) as connection:
            yield HttpLooking(connection)
        return
    from orchestrion.client.looking import open_looking as open_local

    with open_local(known_store(location), location.packs, user_name()) as looking:
        yield looking


@contextmanager
def open_keys(location: Location) -> Generator[KeyStore]:
    """The keys, in a store which is made if it is not there, or of a server."""
    if location.server is not None:
        from orchestrion.client.http import HttpKeys

        with connected(location.server) as connection:
            yield HttpKeys(connection)
        return
    from orchestrion.client.keys import open_keys as open_local

    with open_local(location.database, user_name()) as keys:
        yield keys


def open_known_keys(location: Location) -> AbstractContextManager[KeyStore]:
    """The same in a store that must be there already. Raises NotFound."""
    if location.server is None:
        known_store(location)
    return open_keys(location)


@contextmanager
def open_library(options: argparse.Namespace) -> Generator[Library]:
    """What there is to run: in folders of this machine, or of a server."""
    server = server_of(options)
    if server is not None:
        from orchestrion.client.http import HttpLibrary

        with connected(server) as connection:
            yield HttpLibrary(connection)
        return
    from orchestrion.client.library import LocalLibrary

    yield LocalLibrary(pack_folders(options))


def connected(url: str) -> "Connection":
    """A connection to a server, with what its user has been given. Raises UsageError."""
    from orchestrion.client.connection import Connection
    from orchestrion.client.credentials import token_for

    return Connection(url, current().token or token_for(current().credentials, url))


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
