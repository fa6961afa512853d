"""Which runner performs which action; and which actions cannot run here, in one sentence."""

from collections.abc import Callable, Mapping
from typing import Final

from orchestrion.actions.environments import Environments
from orchestrion.actions.metadata import Action
from orchestrion.actions.runners.base import Runner
from orchestrion.actions.runners.datastore import KeyStore
from orchestrion.actions.runners.http import http_command
from orchestrion.actions.runners.noop import NoopRunner
from orchestrion.actions.runners.process_runner import Prepare, ProcessRunner
from orchestrion.actions.runners.python import PythonRunner
from orchestrion.actions.runners.remote import remote_command, remote_script
from orchestrion.actions.runners.shell import script_command, shell_command
from orchestrion.errors import Refused
from orchestrion.settings import current

WORKFLOW_RUNNER: Final = "orquesta"
"""The runner type of workflows: the engine itself runs them, not a runner."""

INQUIRER: Final = "inquirer"
"""The runner type of inquiries: the engine itself asks."""

WITH_CONFIG: Final = frozenset({"python-script"})
"""Runner types whose actions get the configuration of their pack."""

PREPARED: Final = frozenset({"python-script"})
"""Runner types for whose actions something must be there before one can begin (see `Runners.is_ready`)."""

WITHOUT_PROCESS: Final = frozenset({"noop"})
"""Runner types that are done as soon as they are started, and so take no slot."""

COMMANDS: Final[Mapping[str, Prepare]] = {
    "local-shell-cmd": shell_command,
    "local-shell-script": script_command,
    "http-request": http_command,
    "remote-shell-cmd": remote_command,
    "remote-shell-script": remote_script,
}
"""What makes the process of an action, for the runner types whose actions are a process each."""

_RUNNABLE: Final = frozenset({WORKFLOW_RUNNER, INQUIRER, "noop", "python-script", *COMMANDS})


def check_runnable(action: Action) -> None:
    """Raise `Refused`, in one sentence, when an action is disabled or its runner type is not built in."""
    if not action.enabled:
        raise Refused(f'Unable to execute. Action "{action.ref}" is disabled.')
    if action.runner_type not in _RUNNABLE:
        has = ", ".join(sorted(_RUNNABLE))
        raise Refused(
            f'Action "{action.ref}" cannot run here, because its runner "{action.runner_type}" is not built '
            f"into this version (it has {has})."
        )


class Runners:
    """The runners of one engine; `keys` is the key store of its actions. `close` it at the end."""

    def __init__(self, keys: KeyStore | None = None) -> None:
        self._processes = ProcessRunner(COMMANDS)
        self._python = PythonRunner(Environments(lambda: current().virtualenvs), keys)
        self._runners: Mapping[str, Runner] = {
            "noop": NoopRunner(),
            "python-script": self._python,
            **dict.fromkeys(COMMANDS, self._processes),
        }

    def runner_for(self, action: Action) -> Runner:
        """Give the runner of an action that is no workflow. Raises `Refused` as `check_runnable` does."""
        check_runnable(action)
        return self._runners[action.runner_type]

    def is_ready(self, action: Action, engine: str) -> bool:
        """Whether an action would begin at once when the engine starts it; else `prepare` makes it so."""
        return action.runner_type not in PREPARED or self._python.is_ready(action, engine)

    def prepare(self, action: Action, engine: str, on_ready: Callable[[], None]) -> None:
        """Start what an action needs that was not ready, and return.

        `on_ready` is called in any thread when it is there, or has failed, which its start will tell.
        """
        self._python.prepare(action, engine, on_ready)

    def close(self) -> None:
        """End what still runs and report it, as `ProcessRunner.close` does."""
        self._python.close()
        self._processes.close()
