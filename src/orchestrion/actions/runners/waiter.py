"""Wait for processes and collect what they write: one thread for all of them.

How it works. Whoever starts a process hands it over with `watch`, from any thread. One thread, started with
the first process, sleeps in a selector on the output pipes and the pidfd of each process (a pidfd becomes
readable when its process ends), on a wake-up pipe for new processes, and until the next deadline. Only this
thread touches what it watches, so nothing of that is locked; what crosses threads is one queue of messages.
200 actions cost one thread, and the end of one is noticed within milliseconds, where a thread each would be
27 to 77 ms late.

A process is finished when it has ended *and* both its pipes are closed: what its background children still
write belongs to its output, as in StackStorm. A deadline kills the whole group, so this cannot hang; a
process that left the group with the pipe in its hand is given up `LINGER_SECONDS` after the group was killed.
A process is reaped only when it is finished: until then nobody else can get its id, and its group can be
signalled safely.

Where there is no pidfd (macOS, or no free descriptor), one thread waits for that one process and tells this
one. A process that is not a child of this one is a `Process` that says how its end is learnt there.
"""

import contextlib
import heapq
import os
import selectors
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import IO, Final, Literal, Protocol, TypeAlias

from orchestrion.actions.runners.base import OnOutput
from orchestrion.actions.runners.processes import kill_group

LINGER_SECONDS: Final = 1.0
"""How long open pipes are waited for after a group was killed."""
_LONGEST_SLEEP_SECONDS: Final = 3600.0  # the selector cannot count much further
_CHUNK_BYTES: Final = 256 * 1024

Cause: TypeAlias = Literal["ended", "timeout", "output"]


class Process(Protocol):
    """A process to watch: a `subprocess.Popen`, or what does the same for one that is no child of ours.

    It leads its own group and has pipes for stdout and stderr.
    """

    @property
    def pid(self) -> int:
        """Its id, which is its own until it is reaped."""
        ...

    @property
    def returncode(self) -> int | None:
        """None as long as it is not reaped."""
        ...

    @property
    def stdout(self) -> IO[bytes] | None:
        """What it writes."""
        ...

    @property
    def stderr(self) -> IO[bytes] | None:
        """What it complains of."""
        ...

    def poll(self) -> int | None:
        """Reap it if it has ended; its code, None as long as it runs."""
        ...

    def wait(self) -> int:
        """Wait for its end and reap it; its code."""
        ...


@dataclass(frozen=True, slots=True)
class Finished:
    """How a process ended. `return_code` is negative for a signal; -9 also when it could not be ended.

    `cause`: it ended itself, or was killed because of its time or its output.
    """

    return_code: int
    stdout: bytes
    stderr: bytes
    cause: Cause


class _Watched:
    """One process and what was read from it; belongs to the waiting thread."""

    def __init__(
        self,
        process: Process,
        max_output_bytes: int,
        on_finished: Callable[[Finished], None],
        on_output: OnOutput | None,
    ) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        self.process = process
        self.on_output = on_output
        self.stdout_descriptor = process.stdout.fileno()
        self.pipes: dict[int, IO[bytes]] = {pipe.fileno(): pipe for pipe in (process.stdout, process.stderr)}
        self.stdout, self.stderr = bytearray(), bytearray()
        self.buffers = dict(zip(self.pipes, (self.stdout, self.stderr), strict=True))
        self.room = max_output_bytes
        self.pidfd: int | None = None
        self.deadline: float | None = None
        self.has_ended = False
        self.cause: Cause = "ended"
        self.on_finished: Callable[[Finished], None] | None = on_finished

    @property
    def is_finished(self) -> bool:
        return self.has_ended and not self.pipes


class Waiter:
    """The thread that waits for processes; it starts with the first `watch`. `close` frees what it holds."""

    def __init__(self, *, uses_pidfd: bool = hasattr(os, "pidfd_open")) -> None:
        self._uses_pidfd = uses_pidfd
        self._wake_out, self._wake_in = os.pipe()
        os.set_blocking(self._wake_out, False)
        os.set_blocking(self._wake_in, False)
        self._inbox: deque[Callable[[], None]] = deque()
        self._starting = threading.Lock()
        self._telling = threading.Lock()
        self._is_closed = False
        self._thread: threading.Thread | None = None
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._wake_out, selectors.EVENT_READ, self._drain_wakes)
        self._watched: set[_Watched] = set()
        self._deadlines: list[tuple[float, int, _Watched]] = []
        self._numbers = count()
        self._is_closing = False

    def watch(
        self,
        process: Process,
        *,
        timeout_seconds: float | None,
        max_output_bytes: int,
        on_finished: Callable[[Finished], None],
        on_output: OnOutput | None = None,
    ) -> None:
        """Wait for a process.

        Its group is killed after `timeout_seconds` from now, or when both pipes together gave more than
        `max_output_bytes`. `on_output` is called with what it writes, `on_finished` once, both in the waiting
        thread.
        """
        watched = _Watched(process, max_output_bytes, on_finished, on_output)
        for descriptor in watched.pipes:
            os.set_blocking(descriptor, False)
        if timeout_seconds is not None:
            watched.deadline = time.monotonic() + timeout_seconds
        if self._uses_pidfd:
            with contextlib.suppress(OSError):  # no descriptor left: a thread does it
                watched.pidfd = os.pidfd_open(process.pid)
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="waiter", daemon=True)
                self._thread.start()
        self._tell(lambda: self._admit(watched))

    def close(self) -> None:
        """End the thread and free its descriptors; not usable afterwards.

        What it watches is given `LINGER_SECONDS` to finish, then killed and reported.
        """
        with self._starting:
            thread = self._thread
        if thread is not None:
            self._tell(self._begin_closing)
            thread.join()
        with self._telling:
            self._is_closed = True
            self._selector.close()
            os.close(self._wake_in)
            os.close(self._wake_out)

    def _tell(self, message: Callable[[], None]) -> None:
        with self._telling:
            if not self._is_closed:
                self._inbox.append(message)
                with contextlib.suppress(BlockingIOError):  # full: it will wake up anyway
                    os.write(self._wake_in, b"!")

    # What follows runs in the waiting thread alone.

    def _run(self) -> None:
        while not (self._is_closing and not self._watched and not self._inbox):
            for key, _ in self._selector.select(self._seconds_to_deadline()):
                key.data()
            while self._inbox:
                self._inbox.popleft()()
            self._expire()

    def _begin_closing(self) -> None:
        self._is_closing = True
        for watched in self._watched:
            self._set_deadline(watched, LINGER_SECONDS)

    def _drain_wakes(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake_out, 4096)

    def _admit(self, watched: _Watched) -> None:
        self._watched.add(watched)
        for descriptor in watched.pipes:
            self._selector.register(
                descriptor, selectors.EVENT_READ, lambda fd=descriptor: self._read(watched, fd)
            )
        if watched.deadline is not None:
            heapq.heappush(self._deadlines, (watched.deadline, next(self._numbers), watched))
        if self._is_closing:
            self._set_deadline(watched, LINGER_SECONDS)
        if watched.pidfd is not None:
            self._selector.register(watched.pidfd, selectors.EVENT_READ, lambda: self._note_end(watched))
        else:
            threading.Thread(
                target=self._wait_for_one, args=(watched,), name="waiter-of-one", daemon=True
            ).start()

    def _wait_for_one(self, watched: _Watched) -> None:
        """Wait for one process in a thread of its own, where there is no pidfd."""
        is_child = isinstance(watched.process, subprocess.Popen)
        if is_child and hasattr(os, "waitid"):
            with contextlib.suppress(ChildProcessError):  # given up and reaped meanwhile
                os.waitid(os.P_PID, watched.process.pid, os.WEXITED | os.WNOWAIT)  # its id stays taken
        else:
            watched.process.wait()
        self._tell(lambda: self._note_end(watched))

    def _note_end(self, watched: _Watched) -> None:
        watched.has_ended = True
        if watched.pidfd is not None:
            self._selector.unregister(watched.pidfd)
            os.close(watched.pidfd)
            watched.pidfd = None
        if watched.is_finished:
            self._finish(watched)

    def _read(self, watched: _Watched, descriptor: int) -> None:
        if descriptor not in watched.pipes:
            return  # closed by an earlier event of the same round
        try:
            data = os.read(descriptor, _CHUNK_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._close_pipe(watched, descriptor)
            if watched.is_finished:
                self._finish(watched)
            return
        kept = data[: max(0, watched.room)]
        watched.buffers[descriptor] += kept
        if watched.on_output is not None and kept:
            watched.on_output("stdout" if descriptor == watched.stdout_descriptor else "stderr", kept)
        watched.room -= len(data)
        if watched.room < 0 and watched.cause == "ended":
            self._kill(watched, "output")

    def _close_pipe(self, watched: _Watched, descriptor: int) -> None:
        self._selector.unregister(descriptor)
        watched.pipes.pop(descriptor).close()

    def _kill(self, watched: _Watched, cause: Cause) -> None:
        watched.cause = cause
        if watched.process.returncode is None:  # not reaped: the id is still its own
            kill_group(watched.process.pid)
        self._set_deadline(watched, LINGER_SECONDS)

    def _set_deadline(self, watched: _Watched, seconds: float) -> None:
        watched.deadline = time.monotonic() + seconds
        heapq.heappush(self._deadlines, (watched.deadline, next(self._numbers), watched))

    def _seconds_to_deadline(self) -> float | None:
        while self._deadlines and self._is_stale(self._deadlines[0]):
            heapq.heappop(self._deadlines)
        if not self._deadlines:
            return None
        return min(max(0.0, self._deadlines[0][0] - time.monotonic()), _LONGEST_SLEEP_SECONDS)

    def _is_stale(self, entry: tuple[float, int, _Watched]) -> bool:
        at, _, watched = entry
        return watched.on_finished is None or watched.deadline != at

    def _expire(self) -> None:
        now = time.monotonic()
        while self._deadlines and self._deadlines[0][0] <= now:
            entry = heapq.heappop(self._deadlines)
            if self._is_stale(entry):
                continue
            watched = entry[2]
            if watched.cause == "ended" and not (self._is_closing and watched.has_ended):
                self._kill(watched, "timeout")
            else:
                self._finish(watched)  # over, but something outside the group keeps a pipe open

    def _finish(self, watched: _Watched) -> None:
        for descriptor in tuple(watched.pipes):
            self._close_pipe(watched, descriptor)
        if watched.pidfd is not None:
            self._selector.unregister(watched.pidfd)
            os.close(watched.pidfd)
            watched.pidfd = None
        code = watched.process.wait() if watched.has_ended else watched.process.poll()
        self._watched.discard(watched)
        report, watched.on_finished = watched.on_finished, None
        if report is None:
            return
        finished = Finished(
            -9 if code is None else code, bytes(watched.stdout), bytes(watched.stderr), watched.cause
        )
        watched.stdout.clear()  # the list of deadlines may hold it for a while
        watched.stderr.clear()
        try:
            report(finished)
        except Exception:  # the thread serves all actions: it outlives one receiver's mistake
            import logging

            logging.getLogger(__name__).exception(
                "The report of a finished process %d was not accepted", watched.process.pid
            )
