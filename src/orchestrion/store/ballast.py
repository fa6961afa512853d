"""Room on the disk that a full one can be left with: a file beside the store that holds nothing.

SQLite needs room even to delete. When the disk is full, a purge removes this file first, deletes, and makes
the file again when there is room.
"""

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final

SIZE: Final = 16 * 1024 * 1024
"""How many bytes are kept free: enough for the log of the largest transaction of a purge."""

_LEAST_SHARE: Final = 8  # on a disk with less than so many times its size it would itself be what fills it


class Ballast:
    """The ballast of one store."""

    def __init__(self, database: Path) -> None:
        self.path: Final = database.with_name(f"{database.name}.ballast")

    def load(self) -> bool:
        """Make the file, if there is room enough; whether it is there."""
        if self.path.exists():
            return True
        unfinished = self.path.with_name(f"{self.path.name}.{os.getpid()}.new")
        try:
            if shutil.disk_usage(self.path.parent).free < _LEAST_SHARE * SIZE:
                return False
            descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                _allocate(descriptor)
            finally:
                os.close(descriptor)
            unfinished.rename(self.path)
        except OSError:
            with suppress(OSError):
                unfinished.unlink()
            return False
        return True

    def release(self) -> bool:
        """Remove the file; whether that made room."""
        try:
            self.path.unlink()
        except FileNotFoundError:
            return False
        return True


def _allocate(descriptor: int) -> None:
    """Take the room on the disk; a file without content may take none."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, SIZE)
        return
    for _ in range(SIZE // (1024 * 1024)):
        os.write(descriptor, bytes(1024 * 1024))
