"""A fair lock between the processes that write one SQLite file.

SQLite's own busy handler polls and starves: a second process may wait for seconds beside a busy one. Here
every writer first takes its turn at one small file, then the lock at another, and gives up the turn: who
waits longest comes next. The kernel releases both when a process dies.
"""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock


class Turnstile:
    """The lock of one database, in two files beside it. Threads of a process share it one after the other."""

    def __init__(self, database: Path) -> None:
        self._threads = RLock()
        self._turn = _open(database.with_name(database.name + ".turn"))
        self._lock = _open(database.with_name(database.name + ".lock"))

    def enter(self) -> None:
        """Wait for the turn, then for the lock."""
        self._threads.acquire()
        try:
            fcntl.flock(self._turn, fcntl.LOCK_EX)
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX)
            finally:
                fcntl.flock(self._turn, fcntl.LOCK_UN)
        except BaseException:
            self._threads.release()
            raise

    def try_enter(self) -> bool:
        """Take the lock if nobody has it; False if somebody has."""
        if not self._threads.acquire(blocking=False):
            return False
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BaseException as error:
            self._threads.release()
            if isinstance(error, BlockingIOError):
                return False
            raise
        return True

    @contextmanager
    def held(self) -> Generator[None]:
        """Hold the lock for the time of a block."""
        self.enter()
        try:
            yield
        finally:
            self.leave()

    def leave(self) -> None:
        """Give the lock to the next one."""
        fcntl.flock(self._lock, fcntl.LOCK_UN)
        self._threads.release()

    def close(self) -> None:
        """Close the files. The lock must not be held."""
        os.close(self._turn)
        os.close(self._lock)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
