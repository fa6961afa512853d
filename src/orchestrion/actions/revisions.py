"""Revisions of packs: copies of their folders that never change, each named by its content.

They are in a folder beside the store, FILE.packs/PACK/NAME. What has the same content is one revision,
whoever uses it. A copy appears whole or not at all; several processes may make the same one.

That nothing has changed is seen without reading a file: `.known-*` remembers the signature of the listing in
which a revision was taken last.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Final, NamedTuple

from orchestrion.actions.metadata import Pack
from orchestrion.actions.metadata_file import read_mapping
from orchestrion.actions.pack_files import Changed, Heed, Listing, ignore, listing_of
from orchestrion.errors import UsageError

SHOWN: Final = 8
"""How many characters of a revision's name people see."""

_TRIES: Final = 5
_NEW, _GONE, _KNOWN = ".new-", ".gone-", ".known-"
_FORGOTTEN_SECONDS: Final = 3600
"""Nobody copies for so long: what is unfinished then was left by a process that died."""


class Revision(NamedTuple):
    """A pack as it was at one moment. `home` is where it was taken from, `folder` the copy of it."""

    pack: str
    name: str
    version: str
    home: Path
    folder: Path

    @property
    def shown(self) -> str:
        """Its name as people see it."""
        return self.name[:SHOWN]

    @property
    def is_there(self) -> bool:
        """Whether the copy is where it should be."""
        return self.folder.is_dir()

    def read(self) -> Pack:
        """The pack as it was. Raises UsageError."""
        metadata = read_mapping(self.folder / "pack.yaml")
        return Pack(self.pack, str(metadata.get("name") or self.pack), self.folder, metadata, self.home)


class Revisions:
    """The revisions beside one store. `heed` is called now and then while something is copied."""

    def __init__(self, store: Path, heed: Heed = ignore) -> None:
        self._store: Final = store
        self._heed: Final = heed
        self._folder: Final = folder_of_revisions(store)
        self.has_copied = False
        """Whether a copy was made here, which perhaps nobody uses."""

    def find(self, pack: str, name: str, version: str, home: Path) -> Revision:
        """A revision that was taken once; whether it is there, it knows itself."""
        return Revision(pack, name, version, home, self._folder / pack / name)

    def take(self, pack: Pack) -> Revision:
        """The revision that a pack is now; it is copied unless there is a copy.

        Raises UsageError when the pack is too large, or cannot be read or copied.
        """
        place = self._folder / pack.ref
        known = _known_in(place, pack)
        listing = listing_of(pack.folder, self._store)
        name = _recall(known, listing)
        if name is None or not (place / name).is_dir():
            name, listing = self._settled(pack, place, listing)
            if listing.is_settled:
                _remember(known, listing, name)
        return self.find(pack.ref, name, str(pack.metadata.get("version") or ""), pack.folder.absolute())

    def _settled(self, pack: Pack, place: Path, listing: Listing) -> tuple[str, Listing]:
        """Copy what is listed, again if it has changed meanwhile: the pack as it was at one moment.

        A pack that never rests (one with a log in it) is taken as it was found, file by file.
        """
        name = None
        for _ in range(_TRIES):
            try:
                name = self._kept(place, listing)
            except Changed:
                name = None
            except OSError as error:
                raise _failed(pack, place, error) from error
            before, listing = listing, listing_of(pack.folder, self._store)
            if name is not None and listing.signature == before.signature:
                return name, listing
        if name is None:
            raise UsageError(f"{pack.folder}: The pack changes while it is copied. Try again.")
        return name, replace(listing, is_settled=False)

    def _kept(self, place: Path, listing: Listing) -> str:
        """The name of what is listed, which is there from now on. Raises Changed, OSError."""
        name = listing.content(heed=self._heed)
        if (place / name).is_dir():
            return name
        for folder in (self._folder, place):
            folder.mkdir(mode=0o700, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=_NEW, dir=place))
        try:
            name = listing.content(into=unfinished, heed=self._heed)
            _sync(unfinished)
            self.has_copied = True
            with suppress(FileExistsError):  # somebody else was faster
                _rename(unfinished, place / name)
            _sync(place)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        return name

    def set_aside(self, used: Collection[tuple[str, str]]) -> None:
        """Take away all revisions but those that are used (pack and name): nobody finds them any more.

        Quick, since nothing is deleted yet: that does `clear`.
        """
        for place in _folders_in(self._folder):
            for one in _folders_in(place):
                if not one.name.startswith(".") and (place.name, one.name) not in used:
                    with suppress(FileNotFoundError):  # another purge was faster
                        one.rename(Path(tempfile.mkdtemp(prefix=_GONE, dir=place)) / one.name)

    def copy_to(self, store: Path, wanted: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Copy revisions (pack and name) beside another store; gives those that are not there.

        Each appears whole or not at all. Raises OSError.
        """
        missing: list[tuple[str, str]] = []
        root = folder_of_revisions(store)
        for pack, name in wanted:
            place = root / pack
            for folder in (root, place):
                folder.mkdir(mode=0o700, exist_ok=True)
            if not (place / name).is_dir() and not _copied(self._folder / pack / name, place):
                missing.append((pack, name))
        return missing

    def clear(self) -> None:
        """Delete what was set aside, and what a process has left that died while it copied."""
        for place in _folders_in(self._folder):
            for one in _folders_in(place):
                forgotten = one.name.startswith(_NEW) and _age(one) > _FORGOTTEN_SECONDS
                if forgotten or one.name.startswith(_GONE):
                    shutil.rmtree(one, ignore_errors=True)


def folder_of_revisions(store: Path) -> Path:
    """Where the revisions of packs are that belong to a store."""
    return store.with_name(f"{store.name}.packs")


def name_of_now(pack: Pack, store: Path) -> str:
    """The name of the revision that a pack is now; nothing is copied. Raises UsageError."""
    try:
        listing = listing_of(pack.folder, store)
        known = _known_in(folder_of_revisions(store) / pack.ref, pack)
        return _recall(known, listing) or listing.content()
    except Changed:
        raise UsageError(f"{pack.folder}: The pack changes while it is read. Try again.") from None
    except OSError as error:
        raise UsageError(f"{pack.folder}: The pack cannot be read: {error.strerror}.") from error


def _hash(text: str) -> str:
    return blake2b(os.fsencode(text), digest_size=8).hexdigest()


def _known_in(place: Path, pack: Pack) -> Path:
    """Where the name of what a pack's folder held is remembered."""
    return place / f"{_KNOWN}{_hash(os.path.realpath(pack.folder))}"


def _recall(known: Path, listing: Listing) -> str | None:
    """The name of what is listed, if it has not changed since it was remembered."""
    with suppress(OSError, ValueError):
        signature, name = known.read_text(encoding="ascii").split()
        if signature == listing.signature:
            return name
    return None


def _remember(known: Path, listing: Listing, name: str) -> None:
    """Remember the name of what is listed. Where that fails it is found out again."""
    unfinished = known.with_name(f"{known.name}.{os.getpid()}")
    with suppress(OSError):
        unfinished.touch(0o600)
        unfinished.write_text(f"{listing.signature} {name}\n", encoding="ascii")
        unfinished.replace(known)


def _copied(revision: Path, place: Path) -> bool:
    """Copy a revision into a folder; False where a purge has taken it away, perhaps meanwhile."""
    unfinished = Path(tempfile.mkdtemp(prefix=_NEW, dir=place))
    try:
        shutil.copytree(revision, unfinished, symlinks=True, dirs_exist_ok=True)
        _sync(unfinished)
        with suppress(FileExistsError):
            _rename(unfinished, place / revision.name)
        _sync(place)
    except (FileNotFoundError, shutil.Error) as error:
        if revision.is_dir():
            raise OSError(None, str(error)) from error
        return False
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return True


def _rename(unfinished: Path, place: Path) -> None:
    """Give a copy its name. Raises FileExistsError when there is one, which has the same content."""
    try:
        unfinished.rename(place)
    except OSError:
        if place.is_dir():
            raise FileExistsError(place) from None
        raise


def _sync(folder: Path) -> None:
    """Have what was written into a folder on the disk: a commit may refer to it next.

    The whole file system at once: 4 ms for a hundred files, each of which alone takes 1.
    """
    import ctypes

    syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if syncfs is None:  # not Linux
        os.sync()
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if syncfs(descriptor) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    finally:
        os.close(descriptor)


def _failed(pack: Pack, place: Path, error: OSError) -> UsageError:
    return UsageError(
        f"{place}: The pack {pack.ref} cannot be copied there for the executions that use it: "
        f"{error.strerror or error}."
    )


def _folders_in(folder: Path) -> Iterator[Path]:
    with suppress(FileNotFoundError):
        for one in sorted(folder.iterdir()):
            if one.is_dir():
                yield one


def _age(folder: Path) -> float:
    try:
        return time.time() - folder.stat().st_mtime
    except FileNotFoundError:
        return 0.0
