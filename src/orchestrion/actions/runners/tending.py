"""The processes of one runner, from their start until their end is told."""

from collections.abc import Callable
from typing import TypeVar

from orchestrion.actions.runners.base import OnOutput, OnStarted
from orchestrion.actions.runners.processes import end_groups, start_mark
from orchestrion.actions.runners.waiter import Finished, Process, Waiter

P = TypeVar("P", bound=Process)


class Tending:
    """Watches the processes that a runner starts, and ends them when it is closed."""

    def __init__(self, waiter: Waiter | None) -> None:
        self._waiter = waiter or Waiter()
        self._running: dict[Process, str] = {}  # with their start marks

    def begin(
        self,
        process: P,
        on_started: OnStarted,
        on_finished: Callable[[Finished], None],
        *,
        discard: Callable[[P], None],
        timeout_seconds: float | None,
        max_output_bytes: int,
        on_output: OnOutput | None,
    ) -> None:
        """Have a process recorded that was just started, and watch it; discard what cannot be recorded."""
        mark = start_mark(process.pid) or ""  # it cannot be gone: nobody has reaped it
        try:
            on_started(process.pid, mark)
        except BaseException:
            discard(process)
            raise
        self._running[process] = mark

        def report(finished: Finished) -> None:
            self._running.pop(process, None)
            on_finished(finished)

        self._waiter.watch(
            process,
            timeout_seconds=timeout_seconds,
            max_output_bytes=max_output_bytes,
            on_finished=report,
            on_output=on_output,
        )

    def close(self, grace_seconds: float) -> None:
        """End what still runs (SIGTERM, SIGKILL after `grace_seconds`), report it, and end the thread."""
        running = [(process.pid, mark) for process, mark in self._running.copy().items()]
        end_groups(running, grace_seconds=grace_seconds)
        self._waiter.close()
