"""What every runner takes and gives: a `Job`, an `Outcome`, and the one method between them."""

from collections.abc import Callable, Mapping
from threading import Event
from typing import Final, Literal, NamedTuple, Protocol, TypeAlias

from orchestrion.actions.metadata import Action
from orchestrion.core.values import Json

OutcomeStatus: TypeAlias = Literal["succeeded", "failed", "timeout", "abandoned"]

Stream: TypeAlias = Literal["stdout", "stderr"]

OnOutput: TypeAlias = Callable[[Stream, bytes], None]
"""Called with what an action has just written, in any thread. It must return soon."""


_NONE: Final[Mapping[str, Json]] = {}


class Job(NamedTuple):
    """One attempt to run one action: what a runner needs to know, and nothing about who asked.

    `runner_parameters` and `action_parameters` are those of `parameters.resolve`. `engine` names who starts
    it. `api_url`, `auth_token` and `debug` are for the environment of the action (spec 6.5). `config` is the
    configuration of the action's pack and `user` who runs it, for those that can ask for them. `on_output`
    wants what the action writes while it runs; a runner that cannot tell calls it never.
    """

    execution_id: str
    action: Action
    runner_parameters: Mapping[str, Json] = _NONE
    action_parameters: Mapping[str, Json] = _NONE
    engine: str = ""
    api_url: str = ""
    auth_token: str = ""
    debug: bool = False
    config: Mapping[str, Json] = _NONE
    user: str = ""
    on_output: OnOutput | None = None


class Outcome(NamedTuple):
    """How a job ended; the shape of `result` is that of its runner type (spec 5)."""

    status: OutcomeStatus
    result: Json


OnStarted: TypeAlias = Callable[[int, str], None]
"""Called with the process id, which is also that of its group, and the start mark
(`processes.start_mark`)."""

OnDone: TypeAlias = Callable[[Outcome], None]
"""Called with the outcome, once. It must return soon: other actions wait for the same thread."""


class Runner(Protocol):
    """Performs the actions of one runner type."""

    def start(self, job: Job, on_started: OnStarted, on_done: OnDone) -> None:
        """Start a job and return.

        `on_started` is called in the calling thread before this method returns, if the job has a process, as
        soon as that exists: who records it there can end the process group even after a crash
        (`processes.end_groups`). If it raises, the group is ended and its error passes on. `on_done` is
        called in any thread, possibly before this method returns. What goes wrong with the job is an outcome,
        not an exception.
        """
        ...


def run(runner: Runner, job: Job) -> Outcome:
    """Start a job and wait for its outcome; for callers that have a thread to spare."""
    outcomes: list[Outcome] = []
    done = Event()

    def on_done(outcome: Outcome) -> None:
        outcomes.append(outcome)
        done.set()

    runner.start(job, lambda _pid, _mark: None, on_done)
    done.wait()
    return outcomes[0]


def refused_outcome(message: str) -> Outcome:
    """Give the outcome of a job that could not be started (spec 5, "any runner exception")."""
    return Outcome("failed", {"error": message, "traceback": ""})
