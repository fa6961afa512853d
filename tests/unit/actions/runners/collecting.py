"""Start jobs and wait for what they report; every wait has an end, none is a sleep."""

import os
import queue
import select
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


def fifo(folder: Path) -> Path:
    """Make a named pipe: a shell that writes to it tells a test that it got there."""
    path = folder / "fifo"
    os.mkfifo(path)
    return path


def has_ended(pid: int) -> bool:
    """Whether there is no such process, or only its remains wait to be collected."""
    return _ends_within(pid, 0.0)


def wait_for_end(*pids: int) -> None:
    """Wait until processes, which need not be children, have ended."""
    for pid in pids:
        assert _ends_within(pid, WAIT_SECONDS), f"process {pid} did not end"


def _ends_within(pid: int, seconds: float) -> bool:
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], seconds)[0])
    finally:
        os.close(descriptor)
