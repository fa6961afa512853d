"""The runner `local-shell-cmd`: a command, as bash reads it, on this machine (spec 5, 6.5, traps 19 and 20).

Each command is a process group of its own (a new session), so that all of it can be ended, and nothing that
is sent to the engine's terminal reaches it. `start` makes the process in the calling thread (about a
millisecond); one thread waits for all of them and reports (`waiter`). The command sees the engine's folder,
environment and files, reads nothing (stdin is empty), and its output is bounded.
"""

import os
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, NoReturn

from orchestrion.actions.runners.base import Job, OnDone, OnStarted, Outcome, OutcomeStatus, refused_outcome
from orchestrion.actions.runners.environment import NotStartable, bytes_of, environment_of, timeout_of
from orchestrion.actions.runners.processes import GRACE_SECONDS, end_groups, kill_group, start_mark
from orchestrion.actions.runners.waiter import Cause, Finished, Waiter
from orchestrion.core.values import Json

MAX_OUTPUT_BYTES: Final = 64 * 1024 * 1024
"""How much a command may write to stdout and stderr together; more ends it."""
MAX_ARGUMENT_BYTES: Final = 100 * 1024
"""A longer command is read by bash from a file: Linux allows 128 KiB for one argument."""

_JSON_STARTS: Final = frozenset('{["-0123456789tfn')


@dataclass(frozen=True, slots=True)
class _Command:
    arguments: list[bytes]
    environment: dict[bytes, bytes]
    folder: str | None
    timeout_seconds: int | float | None
    password: bytes | None
    script: bytes | None
    """What bash reads from a file, when it is too long for an argument."""


class ShellRunner:
    """Runs shell commands; one for a whole engine, usable from any thread. `close` it at the end.

    `max_output_bytes`: what stdout and stderr together may hold.
    """

    def __init__(self, *, max_output_bytes: int = MAX_OUTPUT_BYTES, waiter: Waiter | None = None) -> None:
        self._max_output_bytes = max_output_bytes
        self._waiter = waiter or Waiter()
        self._running: dict[subprocess.Popen[bytes], str] = {}  # with their start marks

    def start(self, job: Job, on_started: OnStarted, on_done: OnDone) -> None:
        """Start the command; see `Runner.start`. `on_done` is called in the waiting thread."""
        try:
            command = _command_of(job)
            process = _spawn(command)
        except NotStartable as error:
            on_done(refused_outcome(str(error)))
            return
        mark = start_mark(process.pid) or ""  # it cannot be gone: nobody has reaped it
        try:
            on_started(process.pid, mark)
        except BaseException:
            _discard(process)
            raise
        self._running[process] = mark

        def report(finished: Finished) -> None:
            self._running.pop(process, None)
            on_done(_outcome_of(finished, command.timeout_seconds, self._max_output_bytes))

        self._waiter.watch(
            process,
            timeout_seconds=command.timeout_seconds,
            max_output_bytes=self._max_output_bytes,
            on_finished=report,
        )

    def close(self, *, grace_seconds: float = GRACE_SECONDS) -> None:
        """End what still runs (SIGTERM, SIGKILL after `grace_seconds`), report it, and end the thread."""
        running = [(process.pid, mark) for process, mark in self._running.copy().items()]
        end_groups(running, grace_seconds=grace_seconds)
        self._waiter.close()


def _command_of(job: Job) -> _Command:
    """Make the process's arguments and environment. Raises `NotStartable`."""
    given = job.runner_parameters
    text = given.get("cmd")
    if not isinstance(text, str) or not text.strip():
        message = f"Action {job.action.ref} has no command: give the parameter cmd."
        raise NotStartable(message)
    command = bytes_of(text, "cmd")
    import shutil

    bash = shutil.which("bash")
    if bash is None:
        message = (
            "bash is not installed on this machine, or not on the PATH. Install it to run shell actions."
        )
        raise NotStartable(message)
    password, is_sudo = given.get("sudo_password"), given.get("sudo") is True
    prefix: list[bytes] = []
    if is_sudo:
        prefix = [b"sudo", b"-E", *([b"-k", b"-S", b"-p", b""] if password else []), b"--"]
    script = None
    if len(command) <= MAX_ARGUMENT_BYTES:
        arguments = [*prefix, os.fsencode(bash), b"-c", command]
    elif is_sudo:  # sudo closes the descriptor through which bash would read the file
        message = f"With sudo a command may have {MAX_ARGUMENT_BYTES} bytes, this one has {len(command)}."
        raise NotStartable(message)
    else:
        arguments, script = [os.fsencode(bash)], command
    return _Command(
        arguments=arguments,
        environment=environment_of(job),
        folder=_folder_of(given.get("cwd")),
        timeout_seconds=timeout_of(given.get("timeout")),
        password=bytes_of(f"{password}\n", "sudo_password") if is_sudo and password else None,
        script=script,
    )


def _folder_of(value: Json) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not Path(value).is_dir():
        message = f"The folder {value!r} of the parameter cwd does not exist on this machine."
        raise NotStartable(message)
    return value


def _spawn(command: _Command) -> "subprocess.Popen[bytes]":
    """Start the process. Raises `NotStartable`."""
    with ExitStack() as stack:
        arguments, passed = command.arguments, ()
        if command.script is not None:
            script = stack.enter_context(_file_of(command.script))
            arguments, passed = [*arguments, f"/dev/fd/{script.fileno()}".encode()], (script.fileno(),)
        stdin: int | IO[bytes] = subprocess.DEVNULL
        if command.password is not None:
            stdin = stack.enter_context(_file_of(command.password))
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


def _file_of(content: bytes) -> IO[bytes]:
    """Make a file without a name, of which nothing can be left behind; it is read from its start."""
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


def _outcome_of(finished: Finished, timeout_seconds: float | None, max_output_bytes: int) -> Outcome:
    code = -9 if finished.cause == "timeout" else finished.return_code
    status, error = _status_of(finished.cause, code, timeout_seconds, max_output_bytes)
    result: dict[str, Json] = {
        "failed": status != "succeeded",
        "succeeded": status == "succeeded",
        "return_code": code,
        "stdout": _value_of(finished.stdout),
        "stderr": _value_of(finished.stderr),
    }
    if error:
        result["error"] = error
    return Outcome(status, result)


def _status_of(
    cause: Cause, code: int, timeout_seconds: float | None, max_output_bytes: int
) -> tuple[OutcomeStatus, str | None]:
    """Give the status, and the text that explains it where the code does not (spec 5)."""
    match cause, code:
        case "output", _:
            limit = max_output_bytes // (1024 * 1024)
            return "failed", (
                f"The command was ended because it wrote more than {limit} MiB ({max_output_bytes} bytes). "
                "Write large output to a file and give its path."
            )
        case "timeout", _:
            return "timeout", f"Action failed to complete in {timeout_seconds} seconds"
        case _, 0:
            return "succeeded", None
        case _, -9:
            return "timeout", "The command was ended by signal 9 (KILL), and not because of its timeout."
        case _, -15:
            return "abandoned", "The command was ended by signal 15 (TERM)."
        case _:
            return "failed", None


def _value_of(output: bytes) -> Json:
    """Give output as StackStorm does: without its last line end, and parsed when it is JSON as a whole.

    Exactly as it was written: whether it can be kept (`1e400`, half a surrogate pair, an integer of 70 bits)
    is for the runtime to say.
    """
    text = output.decode("utf-8", "replace").removesuffix("\n").removesuffix("\r")
    if text.lstrip()[:1] not in _JSON_STARTS:
        return text
    import json

    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return text


def _refuse_constant(constant: str) -> NoReturn:
    """NaN and Infinity are not JSON: the output stays text."""
    raise ValueError(constant)
