"""Actions that a module of ours performs, in a process of its own: what both sides agree on.

The engine starts `python -m MODULE` with one JSON document in stdin; the module writes status and result to
stdout as another. Nothing of it stands in arguments or the environment, where others could read passwords.

A process for each action costs 0.1 to 0.3 s of imports. In return it is ended, found again and bounded as
every other action is, and what it imports (httpx, asyncssh) never burdens the engine.
"""

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

from orchestrion.actions.runners.base import Job, Outcome, OutcomeStatus
from orchestrion.actions.runners.environment import environment_of
from orchestrion.actions.runners.process_runner import Command
from orchestrion.actions.runners.waiter import Finished
from orchestrion.core.values import Json

_PACKAGE: Final = "orchestrion.actions.runners"
_MOST_STDERR: Final = 4000
_SIGTERM: Final = -15


def module_command(
    job: Job, module: str, document: Mapping[str, Json], timeout_seconds: float | None, max_output_bytes: int
) -> Command:
    """Make the process of a job; `document` is what the module gets, with the limit of its output."""
    arguments = [sys.executable, "-P", "-m", f"{_PACKAGE}.{module}"]
    # The action's own `env` is for what the module does, not for the module: it could change its imports.
    environment = environment_of(job._replace(runner_parameters={}))
    return Command(
        arguments=[argument.encode() for argument in arguments],
        environment=environment | {b"PYTHONIOENCODING": b"utf-8"},
        timeout_seconds=timeout_seconds,
        outcome_of=lambda finished: _outcome_of(finished, timeout_seconds, max_output_bytes),
        input=json.dumps({**document, "limit": max_output_bytes}).encode(),
    )


def answer(perform: Callable[[dict[str, Any]], Outcome]) -> None:
    """Be the module: perform the job in stdin, and write its outcome."""
    outcome = perform(json.load(sys.stdin.buffer))
    answered = json.dumps({"status": outcome.status, "result": outcome.result}, ensure_ascii=False)
    sys.stdout.buffer.write(answered.encode("utf-8", "surrogatepass"))
    sys.stdout.flush()


def timed_out(timeout_seconds: float | None) -> str:
    """Give StackStorm's text for an action whose time is over."""
    return f"Action failed to complete in {timeout_seconds} seconds"


def _outcome_of(finished: Finished, timeout_seconds: float | None, max_output_bytes: int) -> Outcome:
    match finished.cause, finished.return_code:
        case "timeout", _:
            return Outcome("timeout", {"error": timed_out(timeout_seconds)})
        case "output", _:
            return _ended("failed", f"The result has more than {max_output_bytes // (1024 * 1024)} MiB.")
        case _, 0:
            answered = json.loads(finished.stdout.decode("utf-8", "surrogatepass"))
            return Outcome(answered["status"], answered["result"])
        case _, code:
            status: OutcomeStatus = "abandoned" if code == _SIGTERM else "failed"
            words = f"signal {-code}" if code < 0 else f"code {code}"
            stderr = finished.stderr[-_MOST_STDERR:].decode("utf-8", "replace")
            return _ended(status, f"The process of the action ended with {words}, without a result.", stderr)


def _ended(status: OutcomeStatus, error: str, traceback: str = "") -> Outcome:
    return Outcome(status, {"error": error, "traceback": traceback})
