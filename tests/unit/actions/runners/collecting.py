"""Start jobs and wait for what they report; every wait has an end, none is a sleep."""

import queue
from collections.abc import Callable
from pathlib import Path

from orchestrion.actions.runners.base import Job, Outcome, Runner

WAIT_SECONDS = 20.0


class Started:
    """A job that was started: its process, and the outcomes that come."""

    def __init__(self, runner: Runner, job: Job) -> None:
        self.outcomes: queue.Queue[Outcome] = queue.Queue()
        self.pid, self.mark = 0, ""
        runner.start(job, self._on_started, self.outcomes.put)

    def _on_started(self, pid: int, mark: str) -> None:
        assert self.outcomes.empty()
        self.pid, self.mark = pid, mark

    def outcome(self) -> Outcome:
        return self.outcomes.get(timeout=WAIT_SECONDS)


def fifo(folder: Path, name: str = "fifo") -> Path:
    """Make a named pipe: a shell that writes to it tells a test that it got there."""
    import os

    path = folder / name
    os.mkfifo(path)
    return path


def is_gone(pid: int) -> bool:
    """Whether there is no such process, or only its remains wait to be collected."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return True
    return text.rpartition(")")[2].split()[0] in {"Z", "X"}


def until(condition: Callable[[], bool]) -> None:
    """Wait for what another process does and no event tells; fails after `WAIT_SECONDS`."""
    import time

    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "this never came true"
        time.sleep(0.005)
