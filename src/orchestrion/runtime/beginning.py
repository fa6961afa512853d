"""What an engine does with an attempt that it has claimed: what starts after the commit, what has ended."""

from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple, TypeVar

from orchestrion.actions.metadata import Action, workflow_path
from orchestrion.actions.parameters import Resolved, resolve
from orchestrion.actions.runners.base import Job
from orchestrion.actions.runners.registry import INQUIRER, WORKFLOW_RUNNER, check_runnable
from orchestrion.core.language import as_stackstorm, inspect
from orchestrion.core.values import Json
from orchestrion.errors import OrchestrionError
from orchestrion.runtime.definitions import read_definition
from orchestrion.runtime.inquiries import ask
from orchestrion.runtime.ledger import Attempt, Execution
from orchestrion.runtime.output import Output
from orchestrion.runtime.peers import SUBWORKFLOW
from orchestrion.runtime.pins import Pins
from orchestrion.runtime.secrets import secret_output, secret_parameters
from orchestrion.runtime.subworkflows import Start, start_workflow
from orchestrion.runtime.surroundings import job_of_task, surroundings_of_task, user_of_task
from orchestrion.runtime.unit import Unit
from orchestrion.runtime.worker import Report
from orchestrion.store import rows

T = TypeVar("T", Report, "Waiting")


class Waiting(NamedTuple):
    """What was claimed and cannot begin at once.

    Its pack is to be copied first, or what its `action` needs to be started: a Python action's zygote.
    """

    action: Action | None


class Beginner:
    """Begins attempts for one engine.

    What they write goes to `output`; `is_prepared` tells whether an action would begin at once when it is
    started.
    """

    def __init__(
        self, engine: str, pins: Pins, output: Output, is_prepared: Callable[[Action], bool]
    ) -> None:
        self._engine: Final = engine
        self._pins: Final = pins
        self._output: Final = output
        self._is_prepared: Final = is_prepared

    def is_ready(self, unit: Unit, attempt: Attempt, action: Action | None) -> bool:
        """Whether an attempt that waits, for its `action` if that is known, can begin now."""
        if action is not None and not self._is_prepared(action):
            return False
        return self._pins.is_ready(unit, attempt.root, unit.ledger.execution(attempt.execution).action)

    def begin(self, unit: Unit, attempt: Attempt, execution: Execution) -> Job | Report | Waiting | None:
        """Begin an attempt that was claimed.

        Gives what starts after the commit, what it waits for, or the end of what needs no start; None for a
        sub-workflow, which starts in the unit itself, and for an inquiry, which waits for an answer.
        """
        if not execution.action:
            return _unbegun(unit, attempt, Report(execution.id, "succeeded", None))
        if not self._pins.is_ready(unit, attempt.root, execution.action):
            return _unbegun(unit, attempt, Waiting(None))
        action = None
        try:
            action = self._pins.find(unit, attempt.root, execution.action)
            check_runnable(action)
            if not self._is_prepared(action):
                return _unbegun(unit, attempt, Waiting(action))
            values = execution.parameters if isinstance(execution.parameters, dict) else {}
            resolved = resolve(action, values, surroundings_of_task(unit, execution, action))
            _note_secrets(unit, attempt, execution, action, resolved)
            execution.runner = action.runner_type
            if attempt.repeatable != action.idempotent:
                attempt = attempt._replace(repeatable=action.idempotent)
                unit.ledger.keep(attempt)
            if action.runner_type == WORKFLOW_RUNNER:
                return self._begin_workflow(unit, attempt, execution, action, resolved)
            if action.runner_type == INQUIRER:
                ask(unit, attempt, execution, resolved.runner_parameters)
                return None
            on_output = partial(self._output.add, execution.id)
            return job_of_task(unit, execution, action, resolved, self._engine, on_output)
        except OrchestrionError as error:
            message: dict[str, Json] = {"error": action.pack.told(str(error)) if action else str(error)}
            return _unbegun(unit, attempt, Report(execution.id, "failed", message))

    def _begin_workflow(
        self, unit: Unit, attempt: Attempt, execution: Execution, action: Action, resolved: Resolved
    ) -> Report | None:
        definition = read_definition(workflow_path(action))
        problems = as_stackstorm(inspect(definition))
        if problems:
            result: dict[str, Json] = {"errors": [*problems], "output": None}
            return _unbegun(unit, attempt, Report(execution.id, "failed", result))
        packs = tuple(rows.from_json(unit.workflow(attempt.root).row["packs"]))
        inputs = dict(resolved.action_parameters)
        user = user_of_task(unit, execution)
        start_workflow(unit, Start(execution, definition, inputs, user, packs), attempt.token, attempt.root)
        unit.ledger.keep(attempt._replace(engine=SUBWORKFLOW, expires_at=None))  # its time is its own
        return None


def _note_secrets(
    unit: Unit, attempt: Attempt, execution: Execution, action: Action, resolved: Resolved
) -> None:
    """What is secret in the parameters of an attempt, and in what it will give."""
    secrets = unit.secrets.of(unit.workflow(attempt.root).row)
    if action.secrets:
        had_secrets = bool(secrets)
        secrets.note_parameters(action.ref, secret_parameters(action, resolved.all))
        execution.to_seal = bool(secrets) and not had_secrets
    secrets.note_output(action.ref, secret_output(action))


def _unbegun(unit: Unit, attempt: Attempt, instead: T) -> T:
    """What is instead of an attempt of which nothing has begun: its engine may die with it at no loss."""
    unit.ledger.keep(unbegun(attempt))
    return instead


def unbegun(attempt: Attempt) -> Attempt:
    """An attempt of which nothing has begun yet: it may start again, and its time does not run."""
    return attempt._replace(repeatable=True, expires_at=None)
