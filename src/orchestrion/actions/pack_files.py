"""What a pack's folder holds, told cheaply; and its content, named by a hash and copied.

Left out is what is no part of the pack: version control and the bytecode of Python. A virtual environment in
the folder, and a link that leads out of it, is no part of it either, but what is in it may be used: the copy
has a link to where it is. A link that stays inside leads to the same place of the copy. Sockets, devices and
the like are left out.
"""

import errno
import os
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeAlias

from orchestrion.errors import UsageError

MAX_FILES: Final = 50_000
"""How many files, links and folders a pack may have."""

MAX_BYTES: Final = 256 * 1024 * 1024
"""How large the files of a pack may be together."""

LEFT_OUT: Final = frozenset({".git", ".hg", ".svn", "__pycache__"})
"""Names of files and folders that are no part of a pack."""

_EXECUTABLE: Final = stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH
_ENVIRONMENT: Final = "pyvenv.cfg"
_CHUNK: Final = 1024 * 1024
_SETTLED_NANOSECONDS: Final = 2_000_000_000
"""The coarsest clock of a file system: what changed later may change again without a new time."""

_GONE: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO})
"""What opening a file says that has become nothing, a link or a socket."""

Kind: TypeAlias = Literal["file", "folder", "link"]

Heed: TypeAlias = Callable[[], None]
"""What is to be done now and then while much is copied."""


def ignore() -> None:
    """Nothing is to be done."""


class Changed(Exception):  # noqa: N818  # who copies tries again
    """A file is gone, or something else, since it was listed."""


class Entry(NamedTuple):
    """Something in a pack's folder: its path from there, and of a link where that of the copy leads.

    `stamp` tells whether it may have changed: its times, its size and what names it in its file system.
    """

    path: str
    kind: Kind
    is_executable: bool = False
    target: str = ""
    stamp: tuple[int, ...] = ()


@dataclass(frozen=True)
class Listing:
    """All that a pack's folder held at one time, by path. `root` is the folder without links."""

    root: str
    entries: tuple[Entry, ...]
    is_settled: bool
    """Whether each later change changes the signature."""

    @cached_property
    def signature(self) -> str:
        """Says whether anything may have changed since another listing of the same folder."""
        text = str([tuple(entry) for entry in self.entries])
        return blake2b(os.fsencode(text), digest_size=16).hexdigest()

    def content(self, into: Path | None = None, heed: Heed = ignore) -> str:
        """The hash of the content, which may be copied `into` an empty folder at the same time.

        Copies are for their owner only, and read-only. `heed` is called now and then, for whoever must not
        be silent so long. Raises Changed, OSError.
        """
        digest = blake2b(digest_size=16)
        left = MAX_BYTES
        for entry in self.entries:
            head = f"{entry.kind} {entry.is_executable} {entry.target!r} {entry.path!r}\n"
            digest.update(os.fsencode(head))
            if entry.kind == "file":
                copy = None if into is None else _made(into / entry.path, is_executable=entry.is_executable)
                try:
                    own, size = _read(f"{self.root}/{entry.path}", copy, left, heed)
                finally:
                    if copy is not None:
                        os.close(copy)
                left -= size
                digest.update(own)
            elif into is not None and entry.kind == "folder":
                (into / entry.path).mkdir(mode=0o700)
            elif into is not None:
                (into / entry.path).symlink_to(entry.target)
        return digest.hexdigest()


def listing_of(folder: Path, store: Path) -> Listing:
    """List a pack's folder. Raises UsageError when it cannot be read, or is too large.

    The files of a store, which begin with its name, are no part of a pack in whose folder it is.
    """
    begin = time.time_ns()
    root = os.path.realpath(folder)
    foreign = os.path.relpath(store, root)
    found: list[Entry] = []
    size = newest = 0
    folders = [""]
    while folders:
        inside = folders.pop()
        listed = _listed(root, inside)
        if inside and any(one.name == _ENVIRONMENT for one in listed):
            found.append(Entry(inside, "link", target=f"{root}/{inside}"))
            continue
        if inside:
            found.append(Entry(inside, "folder"))
        for one in listed:
            path = f"{inside}/{one.name}" if inside else one.name
            if one.name in LEFT_OUT or path.startswith(foreign):
                continue
            if one.is_dir(follow_symlinks=False):
                folders.append(path)
                continue
            entry, changed_at, own = _entry(root, path, one)
            if entry is not None:
                found.append(entry)
                newest = max(newest, changed_at)
                size += own
        _check(folder, len(found) + len(folders), size)
    found.sort()
    return Listing(root, tuple(found), is_settled=newest < begin - _SETTLED_NANOSECONDS)


def _listed(root: str, inside: str) -> list["os.DirEntry[str]"]:
    try:
        with os.scandir(f"{root}/{inside}") as scan:
            return list(scan)
    except FileNotFoundError:
        if inside:
            return []  # it has just been removed
        raise UsageError(f"{root}: The folder of the pack is not there any more.") from None
    except OSError as error:
        raise _unreadable(f"{root}/{inside}", error) from error


def _entry(root: str, path: str, one: "os.DirEntry[str]") -> tuple[Entry | None, int, int]:
    """What something in a folder is, when it changed, and its size; None where it is left out."""
    try:
        status = one.stat(follow_symlinks=False)
        mode, changed_at = status.st_mode, status.st_ctime_ns
        stamp = (status.st_mtime_ns, changed_at, status.st_size, status.st_ino, mode)
        if stat.S_ISREG(mode):
            return Entry(path, "file", bool(mode & _EXECUTABLE), "", stamp), changed_at, status.st_size
        if stat.S_ISLNK(mode):
            return Entry(path, "link", target=_target(root, path), stamp=stamp), changed_at, 0
    except FileNotFoundError:
        pass  # it has just been removed
    except OSError as error:
        raise _unreadable(f"{root}/{path}", error) from error
    return None, 0, 0


def _target(root: str, path: str) -> str:
    """Where the copy of a link leads: to the same place in the copy, or to the one place outside."""
    link = Path(root, path)
    final = os.path.realpath(link)
    if final == root or final.startswith(root + os.sep):
        return os.path.relpath(final, link.parent)
    return str(link.parent / link.readlink())


def _check(folder: Path, count: int, size: int) -> None:
    if count <= MAX_FILES and size <= MAX_BYTES:
        return
    raise _too_large(folder, f"has more than {MAX_FILES:,} files" if count > MAX_FILES else _LARGE)


_LARGE: Final = f"is larger than {MAX_BYTES // 2**20} MiB"


def _too_large(folder: Path | str, what: str) -> UsageError:
    return UsageError(
        f"{folder}: The pack {what}, and so is not copied for the executions that use it. Move what is not "
        "its code out of the folder, and leave a link to it if it is needed."
    )


def _unreadable(path: str, error: OSError) -> UsageError:
    return UsageError(
        f"{path}: This cannot be read, and so the pack cannot be copied for the executions that use it: "
        f"{error.strerror}. Let the user of Orchestrion read it, or move it out of the pack."
    )


def _made(path: Path, *, is_executable: bool) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    return os.open(path, flags, 0o500 if is_executable else 0o400)


def _read(path: str, copy: int | None, most: int, heed: Heed) -> tuple[bytes, int]:
    """Read a file, and write it to a descriptor: the hash of it, and how long it is."""
    digest = blake2b(digest_size=16)
    size = 0
    for chunk in _chunks(path):
        size += len(chunk)
        if size > most:
            raise _too_large(path, _LARGE)
        digest.update(chunk)
        heed()
        rest = memoryview(chunk)
        while copy is not None and rest:
            rest = rest[os.write(copy, rest) :]
    return digest.digest(), size


def _chunks(path: str) -> Iterator[bytes]:
    """The content of a file; a pipe that has taken its place must not make anybody wait."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in _GONE:
            raise Changed from error
        raise _unreadable(path, error) from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Changed
        while chunk := os.read(descriptor, _CHUNK):
            yield chunk
    finally:
        os.close(descriptor)
