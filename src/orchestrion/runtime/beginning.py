"""What an engine does with an attempt that it has claimed: what starts after the commit, what has ended."""

from functools import partial
from typing import Final

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


class Beginner:
    """Begins attempts for one engine; what they write goes to `output`."""

    def __init__(self, engine: str, pins: Pins, output: Output) -> None:
        self._engine: Final = engine
        self._pins: Final = pins
        self._output: Final = output

    def begin(self, unit: Unit, attempt: Attempt, execution: Execution) -> Job | Report | None:
        """Begin an attempt that was claimed just now.

        Gives what starts after the commit, or the end of what needs no start; None for a sub-workflow, which
        starts in the unit itself, and for an inquiry, which waits for an answer.
        """
        if not execution.action:
            return _ended(unit, attempt, Report(execution.id, "succeeded", None))
        action = None
        try:
            action = self._pins.find(unit, attempt.root, execution.action)
            check_runnable(action)
            values = execution.parameters if isinstance(execution.parameters, dict) else {}
            resolved = resolve(action, values, surroundings_of_task(unit, execution, action))
            _note_secrets(unit, attempt, execution, action, resolved)
            execution.runner = action.runner_type
            if attempt.repeatable != action.idempotent:
                unit.ledger.keep(attempt._replace(repeatable=action.idempotent))
            if action.runner_type == WORKFLOW_RUNNER:
                return self._begin_workflow(unit, attempt, execution, action, resolved)
            if action.runner_type == INQUIRER:
                ask(unit, attempt, execution, resolved.runner_parameters)
                return None
            on_output = partial(self._output.add, execution.id)
            return job_of_task(unit, execution, action, resolved, self._engine, on_output)
        except OrchestrionError as error:
            message: dict[str, Json] = {"error": action.pack.told(str(error)) if action else str(error)}
            return _ended(unit, attempt, Report(execution.id, "failed", message))

    def _begin_workflow(
        self, unit: Unit, attempt: Attempt, execution: Execution, action: Action, resolved: Resolved
    ) -> Report | None:
        definition = read_definition(workflow_path(action))
        problems = as_stackstorm(inspect(definition))
        if problems:
            result: dict[str, Json] = {"errors": [*problems], "output": None}
            return _ended(unit, attempt, Report(execution.id, "failed", result))
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


def _ended(unit: Unit, attempt: Attempt, report: Report) -> Report:
    """The end of an attempt of which nothing has begun: its engine may die with it at no loss."""
    unit.ledger.keep(attempt._replace(repeatable=True))
    return report
