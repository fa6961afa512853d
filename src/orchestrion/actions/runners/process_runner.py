"""The runner of everything that is a process: it starts, watches and ends; what to start, others say.

For each runner type there is a function that makes a `Command` of a job (`shell`, `module_process`). Each
command is a process group of its own (a new session), so that all of it can be ended, and nothing that is
sent to the engine's terminal reaches it. `start` makes the process in the calling thread (about a
millisecond); one thread waits for all of them and reports (`waiter`). What a process writes is bounded.
"""

import os
import subprocess
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO, Final, TypeAlias

from orchestrion.actions.runners.base import Job, OnDone, OnStarted, Outcome, refused_outcome
from orchestrion.actions.runners.environment import NotStartable
from orchestrion.actions.runners.processes import GRACE_SECONDS, kill_group
from orchestrion.actions.runners.tending import Tending
from orchestrion.actions.runners.waiter import Finished, Waiter

MAX_OUTPUT_BYTES: Final = 64 * 1024 * 1024
"""How much an action may write to stdout and stderr together; more ends it."""


@dataclass(frozen=True, slots=True)
class Command:
    """One process that performs a job, and `outcome_of`: what its end comes to.

    `input` is what it reads from stdin; `script` is given to it as one more argument, the path of a file.
    `shows_output`: what it writes is the output of the action, for people who look while it runs.
    """

    arguments: list[bytes]
    environment: dict[bytes, bytes]
    timeout_seconds: int | float | None
    outcome_of: Callable[[Finished], Outcome]
    folder: str | None = None
    input: bytes = b""
    script: bytes | None = None
    shows_output: bool = False


Prepare: TypeAlias = Callable[[Job, int], Command]
"""Makes the command of a job, which may write so many bytes; raises `NotStartable`."""


class ProcessRunner:
    """Runs actions as processes; one for a whole engine, usable from any thread. `close` it at the end.

    `prepare` has what makes the command, by runner type. `max_output_bytes`: what stdout and stderr of one
    action together may hold.
    """

    def __init__(
        self,
        prepare: Mapping[str, Prepare],
        *,
        max_output_bytes: int = MAX_OUTPUT_BYTES,
        waiter: Waiter | None = None,
    ) -> None:
        self._prepare = prepare
        self._max_output_bytes = max_output_bytes
        self._tending = Tending(waiter)

    def start(self, job: Job, on_started: OnStarted, on_done: OnDone) -> None:
        """Start the process; see `Runner.start`. `on_done` is called in the waiting thread."""
        try:
            command = self._prepare[job.action.runner_type](job, self._max_output_bytes)
            process = _spawn(command)
        except NotStartable as error:
            on_done(refused_outcome(str(error)))
            return
        self._tending.begin(
            process,
            on_started,
            lambda finished: on_done(command.outcome_of(finished)),
            discard=_discard,
            timeout_seconds=command.timeout_seconds,
            max_output_bytes=self._max_output_bytes,
            on_output=job.on_output if command.shows_output else None,
        )

    def close(self, *, grace_seconds: float = GRACE_SECONDS) -> None:
        """End what still runs (SIGTERM, SIGKILL after `grace_seconds`), report it, and end the thread."""
        self._tending.close(grace_seconds)


def _spawn(command: Command) -> "subprocess.Popen[bytes]":
    """Start the process. Raises `NotStartable`."""
    with ExitStack() as stack:
        arguments, passed = command.arguments, ()
        if command.script is not None:
            script = stack.enter_context(unnamed_file(command.script))
            arguments, passed = [*arguments, f"/dev/fd/{script.fileno()}".encode()], (script.fileno(),)
        stdin: int | IO[bytes] = subprocess.DEVNULL
        if command.input:
            stdin = stack.enter_context(unnamed_file(command.input))
        try:
            return subprocess.Popen(
                arguments,
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                cwd=command.folder,
                env=command.environment,
                pass_fds=passed,
                start_new_session=True,
            )
        except OSError as error:
            name = os.fsdecode(command.arguments[0])
            message = f"{name} could not be started: {error.strerror}."
            raise NotStartable(message) from error


def unnamed_file(content: bytes) -> IO[bytes]:
    """Make a file without a name, of which nothing can be left behind; it is read from its start.

    Where the system can, it is in memory only: it may hold a password.
    """
    if hasattr(os, "memfd_create"):
        file = os.fdopen(os.memfd_create("orchestrion"), "w+b")
    else:
        import tempfile

        file = tempfile.TemporaryFile()  # noqa: SIM115  # the caller closes it
    file.write(content)
    file.flush()
    file.seek(0)
    return file


def _discard(process: "subprocess.Popen[bytes]") -> None:
    kill_group(process.pid)
    for pipe in (process.stdout, process.stderr):
        assert pipe is not None
        pipe.close()
    process.wait()
