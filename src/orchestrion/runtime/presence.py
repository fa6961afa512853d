"""Which processes use a store, whether they live, and how they are woken.

Each process that waits for changes has two files in a folder beside the database: one that it holds locked as
long as it lives (the kernel lets go when it dies, however it dies), and a datagram socket, to which whoever
has committed something sends one byte. A lost byte costs one poll.
"""

import contextlib
import fcntl
import os
import socket
from collections.abc import Generator
from pathlib import Path
from typing import Final

_LONG_PATH: Final = 60
"""Bytes of a folder's path from which on the names of its sockets might not fit into an address."""


class Presence:
    """One process among those that use a store: `id` names it, `fileno` is readable when it was woken."""

    def __init__(self, database: Path, identity: str) -> None:
        self.id = identity
        self._folder = _folder_of(database)
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._lock = os.open(self._folder / f"{identity}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.settimeout(0)
        with _short(self._folder) as folder:
            self._socket.bind(f"{folder}/{identity}.sock")

    def fileno(self) -> int:
        """The descriptor that becomes readable."""
        return self._socket.fileno()

    def drain(self) -> None:
        """Take all wake-ups that have come."""
        with contextlib.suppress(BlockingIOError):
            while True:
                self._socket.recv(64)

    def wake_others(self) -> None:
        """Send one byte to everybody else: something was committed."""
        own = f"{self.id}.sock"
        with os.scandir(self._folder) as found:
            others = [one.name for one in found if one.name.endswith(".sock") and one.name != own]
        if others:
            with _short(self._folder) as folder:
                for name in others:
                    with contextlib.suppress(OSError):  # full or dead: a poll will do
                        self._socket.sendto(b"!", f"{folder}/{name}")

    def is_alive(self, identity: str | None) -> bool:
        """Whether the process of that name still lives."""
        return identity == self.id or is_alive(self._folder, identity)

    def close(self) -> None:
        """Leave: this process no longer waits for anything."""
        self._socket.close()
        for suffix in ("sock", "lock"):
            with contextlib.suppress(FileNotFoundError):
                (self._folder / f"{self.id}.{suffix}").unlink()
        os.close(self._lock)


def _folder_of(database: Path) -> Path:
    return database.with_name(database.name + ".run")


def is_alive(folder: Path, identity: str | None) -> bool:
    """Whether somebody holds the lock of that name. What the dead have left is removed."""
    if identity is None:
        return False
    path = folder / f"{identity}.lock"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(
            descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB
        )  # two that look at once do not take each other for it
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    for suffix in ("sock", "lock"):
        with contextlib.suppress(FileNotFoundError):
            (folder / f"{identity}.{suffix}").unlink()
    return False


@contextlib.contextmanager
def _short(folder: Path) -> Generator[str]:
    """A path to a folder that is short enough for the address of a socket (108 bytes on Linux)."""
    if len(os.fsencode(folder)) < _LONG_PATH or not Path("/proc/self/fd").is_dir():
        yield str(folder)
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
