"""The runner `python-script`: an action is a class of the pack, as in StackStorm (spec 5, 6.5, trap 21).

Each action is a process of its own, forked from the zygote of its environment (`zygote`), which has loaded
the standard library: a few milliseconds, where a new interpreter takes many. What happens in it is said by
`action_side/orchestrion_performing.py`.
"""

import sys
from collections.abc import Callable
from typing import Any, Final

from orchestrion.actions.environments import Environments
from orchestrion.actions.metadata import Action
from orchestrion.actions.runners.base import Job, OnDone, OnStarted, Outcome, OutcomeStatus, refused_outcome
from orchestrion.actions.runners.datastore import Desk, KeyStore
from orchestrion.actions.runners.environment import NotStartable, environment_of, timeout_of
from orchestrion.actions.runners.process_runner import MAX_OUTPUT_BYTES
from orchestrion.actions.runners.processes import GRACE_SECONDS, kill_group
from orchestrion.actions.runners.scripts import script_path
from orchestrion.actions.runners.tending import Tending
from orchestrion.actions.runners.waiter import Cause, Finished, Waiter
from orchestrion.actions.runners.zygote import Forked
from orchestrion.actions.runners.zygotes import Environment, Zygotes
from orchestrion.core.values import Json
from orchestrion.errors import UsageError

MAX_RESULT_BYTES: Final = 64 * 1024 * 1024
"""How long the JSON of a result may be; a longer one fails its action."""

_AROUND_RESULT: Final = 1024  # what a reply holds besides

NO_RESULT: Final = "None"
"""The result of an action that left none, as StackStorm writes it."""


class PythonRunner:
    """Runs Python actions; one for a whole engine, usable from any thread. `close` it at the end.

    `keys` is what actions reach as their key store.
    """

    def __init__(
        self,
        environments: Environments,
        keys: KeyStore | None = None,
        *,
        max_output_bytes: int = MAX_OUTPUT_BYTES,
        max_result_bytes: int = MAX_RESULT_BYTES,
        waiter: Waiter | None = None,
    ) -> None:
        self._environments = environments
        self._keys = keys
        self._desk: Desk | None = None  # when the first action comes: few commands run one
        self._max_output_bytes = max_output_bytes
        self._max_result_bytes = max_result_bytes
        self._tending = Tending(waiter)
        self._zygotes = Zygotes(self._door)

    def is_ready(self, action: Action, engine: str) -> bool:
        """Whether an action would begin at once, or fail at once: see `Zygotes.is_ready`."""
        try:
            return self._zygotes.is_ready(self._environment(action, engine))
        except UsageError:
            return True  # its start tells what is wrong

    def prepare(self, action: Action, engine: str, on_ready: Callable[[], None]) -> None:
        """Start what the action needs and return; `on_ready` is called in any thread when it is there."""
        try:
            self._zygotes.prepare(self._environment(action, engine), on_ready)
        except UsageError:
            on_ready()

    def start(self, job: Job, on_started: OnStarted, on_done: OnDone) -> None:
        """Start the action; see `Runner.start`. `on_done` is called in the waiting thread."""
        try:
            timeout_seconds = timeout_of(job.runner_parameters.get("timeout"))
            work = _work_of(job, self._max_result_bytes)
            process = self._zygotes.take(self._environment(job.action, job.engine)).fork(work)
        except (NotStartable, UsageError) as error:
            on_done(refused_outcome(str(error)))
            return

        def report(finished: Finished) -> None:
            reply = process.take_reply(self._max_result_bytes + _AROUND_RESULT)
            on_done(_outcome_of(finished, reply, timeout_seconds, self._max_output_bytes))

        self._tending.begin(
            process,
            on_started,
            report,
            discard=_discard,
            timeout_seconds=timeout_seconds,
            max_output_bytes=self._max_output_bytes,
            on_output=job.on_output,
        )

    def close(self, *, grace_seconds: float = GRACE_SECONDS) -> None:
        """End what still runs (SIGTERM, SIGKILL after `grace_seconds`), report it, and end the zygotes."""
        self._tending.close(grace_seconds)
        self._zygotes.close()
        if self._desk is not None:
            self._desk.close()

    def _environment(self, action: Action, engine: str) -> Environment:
        """Give the environment of an action. Raises UsageError when it is to be set up."""
        return Environment(self._environments.interpreter_for(action.pack), engine)

    def _door(self) -> int | None:
        if self._desk is None and self._keys is not None:
            self._desk = Desk(self._keys)
        return None if self._desk is None else self._desk.door


def _work_of(job: Job, max_result_bytes: int) -> bytes:
    """Make the text of a job as `orchestrion_performing` reads it. Raises `NotStartable`."""
    import json

    given, pack = job.runner_parameters, job.action.pack
    if given.get("content_version"):
        raise NotStartable("The parameter content_version is not supported: a pack has one version, its own.")
    path = script_path(job.action)
    folder = pack.folder.absolute()
    libraries = [folder / "actions" / "lib", folder / "lib"]
    environment = environment_of(job)
    if given.get("debug") is True:
        environment[b"ST2_ACTION_DEBUG"] = b"true"
    work: dict[str, object] = {
        "execution": job.execution_id,
        "environment": {_text(name): _text(value) for name, value in environment.items()},
        "path": str(path),
        "libraries": [str(library) for library in libraries if library.is_dir()],
        "pack": pack.ref,
        "user": job.user,
        "parameters": dict(job.action_parameters),
        "config": dict(job.config),
        "log_level": given.get("log_level") or "DEBUG",
        "limit": max_result_bytes,
    }
    return json.dumps(work).encode()


def _text(value: bytes) -> str:
    return value.decode(sys.getfilesystemencoding(), "surrogateescape")


def _discard(process: Forked) -> None:
    kill_group(process.pid)
    process.stdout.close()
    process.stderr.close()
    process.wait()
    process.take_reply(0)


def _outcome_of(
    finished: Finished, reply: bytes | None, timeout_seconds: float | None, max_output_bytes: int
) -> Outcome:
    code = -9 if finished.cause == "timeout" else finished.return_code
    status, error = _status_of(finished.cause, code, timeout_seconds, max_output_bytes)
    value: Json = NO_RESULT
    if status == "succeeded":
        says_so, value, problem = _read(reply)
        if problem or says_so is False:
            status, error = "failed", problem
    result: dict[str, Json] = {
        "result": value,
        "exit_code": code,
        "stdout": finished.stdout.decode("utf-8", "replace"),
        "stderr": finished.stderr.decode("utf-8", "replace"),
    }
    if error:
        result["error"] = error
    return Outcome(status, result)


def _status_of(
    cause: Cause, code: int, timeout_seconds: float | None, max_output_bytes: int
) -> tuple[OutcomeStatus, str | None]:
    """Give the status, and the text that explains it where nothing else does."""
    match cause, code:
        case "output", _:
            limit = max_output_bytes // (1024 * 1024)
            return "failed", (
                f"The action was ended because it wrote more than {limit} MiB ({max_output_bytes} bytes). "
                "Write large output to a file and return its path."
            )
        case "timeout", _:
            return "timeout", f"Action failed to complete in {timeout_seconds} seconds"
        case _, 0:
            return "succeeded", None
        case _, -15:
            return "abandoned", "The action was ended by signal 15 (TERM)."
        case _ if code < 0:
            return "failed", f"The action was ended by signal {-code}."
        case _:
            return "failed", None


def _read(reply: bytes | None) -> tuple[bool | None, Json, str | None]:
    """Give what the action says of its success, its result, and what is wrong with the reply."""
    if reply == b"":
        return None, NO_RESULT, None  # it ended itself, with 0
    import orjson

    try:
        found: dict[str, Any] = orjson.loads(reply or b"")
        return found["status"], found.get("result", NO_RESULT), found.get("problem")
    except (orjson.JSONDecodeError, TypeError, KeyError):
        return None, NO_RESULT, "What the action left as its result cannot be read."
