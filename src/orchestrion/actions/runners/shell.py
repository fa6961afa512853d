"""The runners `local-shell-cmd` and `local-shell-script`: what bash reads, or a file, on this machine.

Both see the engine's folder, environment and files, read nothing (stdin is empty), and their output is parsed
as StackStorm does (spec 5, 6.5, traps 19 and 20).
"""

import os
import shlex
from typing import Final, NoReturn

from orchestrion.actions.on_disk import kind_of
from orchestrion.actions.runners.base import Job, Outcome, OutcomeStatus
from orchestrion.actions.runners.environment import NotStartable, bytes_of, environment_of, timeout_of
from orchestrion.actions.runners.leash import held_here, leash_input
from orchestrion.actions.runners.process_runner import Command
from orchestrion.actions.runners.scripts import interpreter_of, script_arguments, script_path
from orchestrion.actions.runners.waiter import Cause, Finished
from orchestrion.core.values import Json, problem_with

MAX_ARGUMENT_BYTES: Final = 100 * 1024
"""A longer command is read by bash from a file: Linux allows 128 KiB for one argument."""

_JSON_STARTS: Final = frozenset('{["-0123456789tfn')


def shell_command(job: Job, max_output_bytes: int) -> Command:
    """Make the process of a `local-shell-cmd`. Raises `NotStartable`."""
    command = bytes_of(command_text(job), "cmd")
    bash = _bash()
    if job.runner_parameters.get("sudo") is True:
        return _with_sudo(job, command, max_output_bytes)
    if len(command) > MAX_ARGUMENT_BYTES:
        return _local(job, [bash], max_output_bytes, script=command)
    return _local(job, [bash, b"-c", command], max_output_bytes)


def script_command(job: Job, max_output_bytes: int) -> Command:
    """Make the process of a `local-shell-script`. Raises `NotStartable`."""
    path = script_path(job.action)
    arguments = [*interpreter_of(path), os.fsencode(path), *script_arguments(job)]
    if job.runner_parameters.get("sudo") is True:
        line = shlex.join(os.fsdecode(argument) for argument in arguments)
        return _with_sudo(job, os.fsencode(line), max_output_bytes)
    return _local(job, arguments, max_output_bytes)


def command_text(job: Job) -> str:
    """Give the command of a job. Raises `NotStartable` when there is none."""
    text = job.runner_parameters.get("cmd")
    if not isinstance(text, str) or not text.strip():
        message = f"Action {job.action.ref} has no command: give the parameter cmd."
        raise NotStartable(message)
    return text


def _with_sudo(job: Job, text: bytes, max_output_bytes: int) -> Command:
    """Make the process of what runs under sudo: on a leash, because we may not signal what is root's."""
    given = job.runner_parameters.get("sudo_password")
    password = bytes_of(given, "sudo_password") if isinstance(given, str) else b""
    held = [argument.encode() for argument in held_here(asks=bool(password))]
    return _local(job, held, max_output_bytes, stdin=leash_input(text, password=password))


def _local(
    job: Job,
    arguments: list[bytes],
    max_output_bytes: int,
    *,
    stdin: bytes = b"",
    script: bytes | None = None,
) -> Command:
    timeout_seconds = timeout_of(job.runner_parameters.get("timeout"))
    return Command(
        arguments=arguments,
        environment=environment_of(job),
        timeout_seconds=timeout_seconds,
        outcome_of=lambda finished: _outcome_of(finished, timeout_seconds, max_output_bytes),
        folder=_folder_of(job.runner_parameters.get("cwd")),
        input=stdin,
        script=script,
        shows_output=True,
    )


def _bash() -> bytes:
    import shutil

    bash = shutil.which("bash")
    if bash is None:
        message = (
            "bash is not installed on this machine, or not on the PATH. Install it to run shell actions."
        )
        raise NotStartable(message)
    return os.fsencode(bash)


def _folder_of(value: Json) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or kind_of(value) != "folder":
        message = f"The folder {value!r} of the parameter cwd does not exist on this machine."
        raise NotStartable(message)
    return value


def _outcome_of(finished: Finished, timeout_seconds: float | None, max_output_bytes: int) -> Outcome:
    code = -9 if finished.cause == "timeout" else finished.return_code
    status, error = _status_of(finished.cause, code, timeout_seconds, max_output_bytes)
    return Outcome(status, shell_result(status, code, finished.stdout, finished.stderr, error))


def shell_result(
    status: OutcomeStatus, code: int, stdout: bytes, stderr: bytes, error: str | None = None
) -> dict[str, Json]:
    """Give the result of a command or script (spec 5), here or on another machine."""
    result: dict[str, Json] = {
        "failed": status != "succeeded",
        "succeeded": status == "succeeded",
        "return_code": code,
        "stdout": _value_of(stdout),
        "stderr": _value_of(stderr),
    }
    if error:
        result["error"] = error
    return result


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

    That it is JSON is a guess: what cannot be kept as it was written (`1e400`, half a surrogate pair, an
    integer of 70 bits, NaN, 300 lists in each other) stays text.
    """
    text = output.decode("utf-8", "replace").removesuffix("\n").removesuffix("\r")
    if text.lstrip()[:1] not in _JSON_STARTS:
        return text
    import json

    try:
        value: Json = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return text
    return value if problem_with(value) is None else text


def _refuse_constant(constant: str) -> NoReturn:
    """NaN and Infinity are not JSON: the output stays text."""
    raise ValueError(constant)
