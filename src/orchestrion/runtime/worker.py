"""The actions that this process runs: started after the commit that claimed them, collected when they end.

Their ends come from waiting threads into a queue; the engine's next round empties it, so that all that has
been reported since the last round shares one commit. What they write meanwhile is collected in `output`.
"""

import os
import select
from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import suppress
from time import monotonic
from typing import Final, NamedTuple

from orchestrion.actions.metadata import Action
from orchestrion.actions.runners.base import Job, Outcome
from orchestrion.actions.runners.processes import end_groups
from orchestrion.actions.runners.registry import WITHOUT_PROCESS, Runners
from orchestrion.core.status import Status
from orchestrion.core.values import Json
from orchestrion.runtime.clock import Clock, monotonic_clock
from orchestrion.runtime.output import Output
from orchestrion.runtime.presence import Presence
from orchestrion.runtime.results import kept

SLOTS: Final = 20
"""How many actions with a process run at a time."""


BEGIN_WITHIN: Final = 50_000
"""How long after the commit of its claim a job may begin without looking again, in microseconds."""


class Report(NamedTuple):
    """The end of an action, on its way to the dispatcher.

    `at` is when it came, in seconds of the monotonic clock; None for what has ended as it began.
    """

    execution: str
    status: Status
    result: Json
    at: float | None = None


class Process(NamedTuple):
    """The process of an action that has been started."""

    pid: int
    mark: str
    execution: str


class Worker:
    """Runs actions. `clock` gives the machine's monotonic time, in microseconds.

    `waiting` are attempts that were claimed and may begin only once they were renewed (`renewal`), with the
    action of each if it is known; `reports` ends that are still to be delivered, `fresh` processes that are
    to be recorded, `opened` the secrets that actions were given, each with its execution: to be noted before
    what those have written. `slots` is how many actions with a process run at a time.
    """

    def __init__(
        self,
        presence: Presence,
        slots: int = SLOTS,
        runners: Runners | None = None,
        opened: deque[tuple[str, str]] | None = None,
        clock: Clock = monotonic_clock,
    ) -> None:
        self.waiting: Final[dict[str, Action | None]] = {}
        self.reports: Final[deque[Report]] = deque()
        self.fresh: Final[list[Process]] = []
        self.output: Final = Output(monotonic_clock)
        self.opened: Final = deque[tuple[str, str]]() if opened is None else opened
        self.slots: Final = slots
        self._presence = presence
        self._runners = runners or Runners()
        self._clock = clock
        self._jobs: deque[tuple[int, Job]] = deque()
        self._running: dict[str, None] = {}
        self._processes: dict[str, Process] = {}
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    @property
    def has_room(self) -> bool:
        """Whether one more action with a process may be claimed."""
        return len(self._running) < self.slots

    @property
    def busy(self) -> bool:
        """Whether actions run, or their ends are still to be delivered."""
        return bool(self._running or self.reports or self._jobs or self.waiting)

    @property
    def is_pending(self) -> bool:
        """Whether there is something to do at once."""
        return bool(self.reports or self._jobs or self.fresh) or any(
            action is None or self.is_ready(action) for action in self.waiting.values()
        )

    @property
    def running(self) -> list[str]:
        """The executions that take a slot."""
        return list(self._running)

    def knows(self, execution: str) -> bool:
        """Whether an action is about to start, runs, or has ended here."""
        return (
            execution in self._running
            or execution in self.waiting
            or any(job.execution_id == execution for _, job in self._jobs)
            or any(report.execution == execution for report in self.reports)
        )

    def is_ready(self, action: Action) -> bool:
        """Whether an action would begin at once when it is started: a Python action if its zygote is up."""
        return self._runners.is_ready(action, self._presence.id)

    def reserve(self, action: Action | None, execution: str) -> None:
        """An action was claimed: it takes a slot from now on, if it has a process or is not known yet."""
        if action is None or action.runner_type not in WITHOUT_PROCESS:
            self._running[execution] = None

    def release(self, execution: str) -> None:
        """A slot is free again: the action has ended, or its claim was rolled back."""
        self._running.pop(execution, None)

    def forget(self, execution: str) -> None:
        """The end of an action is recorded."""
        self._processes.pop(execution, None)
        self.output.forget(execution)

    def enqueue(self, jobs: Iterable[Job]) -> None:
        """What was claimed was committed just now, and may start."""
        now = self._clock()
        self._jobs.extend((now, job) for job in jobs)

    def keep_waiting(self, waiting: Mapping[str, Action | None]) -> None:
        """These are all that were claimed and wait to begin; `wait` ends when what they need is there."""
        self.waiting.clear()
        self.waiting.update(waiting)
        for action in waiting.values():
            if action is not None and not self.is_ready(action):
                self._runners.prepare(action, self._presence.id, self.interrupt)

    def start_all(self) -> int:
        """Start what was claimed, unless it has become late; how many actions those were."""
        done = 0
        while self._jobs:
            claimed_at, job = self._jobs.popleft()
            if self._clock() - claimed_at > BEGIN_WITHIN:
                self.waiting[job.execution_id] = job.action
            else:
                self._start(job)
            done += 1
        return done

    def end(self, executions: Iterable[str]) -> None:
        """End the processes of actions that nobody wants any more; their ends are still reported."""
        unwanted = [self._processes.pop(one) for one in executions if one in self._processes]
        end_groups([(process.pid, process.mark) for process in unwanted], grace_seconds=0.0)

    @property
    def has_processes(self) -> bool:
        """Whether there is anything that `end` could end."""
        return bool(self._processes)

    def wait(self, seconds: float) -> None:
        """Sleep until an action has ended, another process has committed, or `seconds` have passed."""
        select.select([self._wake_read, self._presence], [], [], seconds)
        self._presence.drain()
        with suppress(BlockingIOError):
            while os.read(self._wake_read, 4096):
                pass

    def interrupt(self) -> None:
        """Wake `wait` from a signal handler or another thread."""
        with suppress(BlockingIOError):
            os.write(self._wake_write, b"!")

    def kill(self) -> None:
        """End the processes of all actions at once, and report nothing: this process is about to die."""
        end_groups([(one.pid, one.mark) for one in self._processes.values()], grace_seconds=0.0)

    def close(self) -> None:
        """End what still runs."""
        self._runners.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _start(self, job: Job) -> None:
        def on_started(pid: int, mark: str) -> None:
            process = Process(pid, mark, job.execution_id)
            self._processes[job.execution_id] = process
            self.fresh.append(process)

        def on_done(outcome: Outcome) -> None:  # in a waiting thread
            self.reports.append(_report_of(job.execution_id, outcome))
            self.interrupt()

        self._runners.runner_for(job.action).start(job, on_started, on_done)


def _report_of(execution: str, outcome: Outcome) -> Report:
    status, result = kept(outcome)
    return Report(execution, status, result, monotonic())
