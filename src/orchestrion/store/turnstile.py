"""A fair lock between the processes that write one SQLite file.

SQLite's own busy handler polls and starves: a second process may wait for seconds beside a busy one. Here
every writer first takes its turn at one small file, then the lock at another, and gives up the turn: who
waits longest comes next. The kernel releases both when a process dies.

A process that is suspended with the lock would hold up all others. So Ctrl-Z takes effect when it has been
left; where somebody sends SIGSTOP, those who wait say for whom.
"""

import fcntl
import logging
import os
import signal
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, RLock, Thread, current_thread, main_thread
from time import monotonic
from types import FrameType
from typing import Final

PATIENCE_SECONDS: Final = 5.0
"""How long one waits for the lock before it is told who has it."""

_LOCKS: Final = Path("/proc/locks")

_log = logging.getLogger(__name__)


class Turnstile:
    """The lock of one database, in two files beside it. Threads of a process share it one after the other."""

    def __init__(self, database: Path, patience: float = PATIENCE_SECONDS) -> None:
        self._threads = RLock()
        self._patience = _Patience(database, patience)
        self._turn = _open(database.with_name(database.name + ".turn"))
        self._lock = _open(database.with_name(database.name + ".lock"))
        _opened.append(self)
        if current_thread() is main_thread() and signal.getsignal(signal.SIGTSTP) is signal.SIG_DFL:
            signal.signal(signal.SIGTSTP, _suspend)

    def enter(self) -> None:
        """Wait for the turn, then for the lock."""
        self._enter_process()
        try:
            if not _taken(self._turn):
                with self._patience.tried(self._lock):
                    fcntl.flock(self._turn, fcntl.LOCK_EX)
            try:
                if not _taken(self._lock):
                    with self._patience.tried(self._lock):
                        fcntl.flock(self._lock, fcntl.LOCK_EX)
            finally:
                fcntl.flock(self._turn, fcntl.LOCK_UN)
        except BaseException:
            self._leave_process()
            raise

    def try_enter(self) -> bool:
        """Take the lock if nobody has it; False if somebody has."""
        if not self._enter_process(blocking=False):
            return False
        taken = False
        try:
            taken = _taken(self._lock)
        finally:
            if not taken:
                self._leave_process()
        return taken

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
        self._leave_process()

    def close(self) -> None:
        """Close the files. The lock must not be held."""
        _opened.remove(self)
        self._patience.end()
        os.close(self._turn)
        os.close(self._lock)

    def _enter_process(self, *, blocking: bool = True) -> bool:
        if current_thread() is main_thread():
            _main_thread.inside = True
        entered = self._threads.acquire(blocking)
        if not entered:
            self._left_by_main()
        return entered

    def _leave_process(self) -> None:
        self._threads.release()
        self._left_by_main()

    def _left_by_main(self) -> None:
        if current_thread() is main_thread():
            _main_thread.inside = False
            if _main_thread.to_suspend:
                _main_thread.to_suspend = False
                _suspend_process()

    @contextmanager
    def left(self) -> Generator[None]:
        """No thread of this process holds the lock for the time of a block; not for who holds it."""
        with self._threads:
            yield


@dataclass(slots=True)
class _MainThread:
    """Whether the main thread is inside a turnstile, and is to suspend the process when it has left."""

    inside: bool = False
    to_suspend: bool = False


_main_thread: Final = _MainThread()
_opened: Final[list[Turnstile]] = []


def _suspend(_number: int, _frame: FrameType | None) -> None:
    """Handle SIGTSTP: suspend the process once it holds no lock. The main thread runs this, amid anything."""
    if _main_thread.inside:
        _main_thread.to_suspend = True
    else:
        _suspend_process()


def _suspend_process() -> None:
    with ExitStack() as stack:
        for turnstile in _opened:
            stack.enter_context(turnstile.left())
        os.kill(os.getpid(), signal.SIGSTOP)


class _Patience:
    """Tells who has the lock when that takes long, and again ever more seldom; from a thread of its own."""

    def __init__(self, database: Path, seconds: float) -> None:
        self._database = database
        self._seconds = seconds
        self._since: float | None = None
        self._over = Event()
        self._watch: Thread | None = None

    @contextmanager
    def tried(self, lock: int) -> Generator[None]:
        """The block waits for the lock of a file."""
        self._since = monotonic()
        if self._watch is None:
            self._watch = Thread(target=self._tell, args=(lock,), name="turnstile", daemon=True)
            self._watch.start()
        try:
            yield
        finally:
            self._since = None

    def end(self) -> None:
        """Nobody waits any more."""
        self._over.set()
        if self._watch is not None:
            self._watch.join()

    def _tell(self, lock: int) -> None:
        told: float | None = None
        patience = self._seconds
        while not self._over.wait(self._seconds):
            since = self._since
            if since != told:
                told, patience = since, self._seconds
            if since is not None and monotonic() - since >= patience:
                patience *= 2
                who, remedy = _holder(lock)
                _log.warning("%s: waiting for %s, which is writing.%s", self._database, who, remedy)


def _holder(lock: int) -> tuple[str, str]:
    """Who has the lock of a file, and what helps if it is suspended; where the system tells it."""
    name = f":{os.fstat(lock).st_ino}"
    try:
        lines = _LOCKS.read_text().splitlines()
    except OSError:
        lines = []
    for fields in map(str.split, lines):
        if fields[1] == "FLOCK" and fields[5].endswith(name):
            process = fields[4]
            return f"process {process}", f" If it is suspended, let it go on: kill -CONT {process}"
    return "another process", ""


def _taken(file: int) -> bool:
    """Whether a lock was free, and is ours now."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
