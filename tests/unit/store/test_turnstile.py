"""The lock between processes, where one of them is suspended."""

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from orchestrion.store.turnstile import Turnstile

_HOLDER = """
import os, signal, sys
from pathlib import Path
from orchestrion.store.turnstile import Turnstile

turnstile = Turnstile(Path(sys.argv[1]))
with turnstile.held():
    os.kill(os.getpid(), signal.Signals[sys.argv[2]])
    print("wrote", flush=True)
print("left", flush=True)
"""


@contextmanager
def holder(database: Path, how: str) -> Generator["subprocess.Popen[str]"]:
    """A process that is told to suspend itself while it has the lock; it has done so when this returns."""
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(database), how], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_ctrl_z_waits_until_the_lock_is_free(tmp_path: Path) -> None:
    database = tmp_path / "s.db"
    with holder(database, "SIGTSTP") as process:
        turnstile = Turnstile(database)
        assert turnstile.try_enter()
        turnstile.leave()
        turnstile.close()
        process.send_signal(signal.SIGCONT)
        assert process.stdout is not None
        assert process.stdout.read() == "wrote\nleft\n"
        assert process.wait() == 0


class _LetGoOn(logging.Handler):
    """Keeps what is said, and lets the process go on of which it is said."""

    def __init__(self, process: int) -> None:
        super().__init__()
        self.said: list[str] = []
        self._process = process

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())
        os.kill(self._process, signal.SIGCONT)


def test_who_waits_for_a_suspended_process_says_so(tmp_path: Path) -> None:
    database = tmp_path / "s.db"
    logger = logging.getLogger("orchestrion.store.turnstile")
    with holder(database, "SIGSTOP") as process:
        handler = _LetGoOn(process.pid)
        logger.addHandler(handler)
        turnstile = Turnstile(database, patience=0.1)
        assert not turnstile.try_enter()
        turnstile.enter()  # returns because the handler was called
        turnstile.leave()
        turnstile.close()
        logger.removeHandler(handler)
    (said, *_) = handler.said
    assert said == (
        f"{database}: waiting for process {process.pid}, which is writing. If it is suspended, let it go on: "
        f"kill -CONT {process.pid}"
    )
