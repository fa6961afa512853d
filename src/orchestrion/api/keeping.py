"""Starting things so that what fails before it begins is kept as an execution, where StackStorm keeps it.

That is a workflow that does not pass its inspection, a default that cannot be rendered, and a re-run from
tasks that is refused (stackstorm-api 2.4, 3.1, 6.3).
"""

from collections.abc import Callable, Mapping
from typing import Final

from orchestrion.actions.catalog import Catalog
from orchestrion.actions.metadata import Action
from orchestrion.actions.runners.registry import WORKFLOW_RUNNER
from orchestrion.api.faults import FaultError
from orchestrion.client.commands import Commands
from orchestrion.client.faulty import InvalidWorkflowError, UnrenderedError
from orchestrion.client.targets import Target
from orchestrion.core.status import COMPLETED
from orchestrion.core.values import Json
from orchestrion.errors import NotFound, Refused, UsageError
from orchestrion.operations import Asking, FailedStart, RerunRequest
from orchestrion.queries import ExecutionView
from orchestrion.runtime.secrets import secret_parameters
from orchestrion.store.sqlite import Reading


class Keeping:
    """Starts something for one request. `rerun_of`: it is a whole re-run of that execution."""

    def __init__(self, commands: Commands, asking: Asking, rerun_of: str | None = None) -> None:
        self._commands: Final = commands
        self._asking: Final = asking
        self._rerun_of: Final = rerun_of

    def begin(
        self,
        action: Action | None,
        values: Mapping[str, Json],
        make: Callable[[], Target],
        start: Callable[[Target], str],
    ) -> str:
        """Start what `make` gives; returns the id of its execution. Raises FaultError (400), Refused.

        `action` None: of a bare file, which nothing can be wrong with, since it has run before.
        """
        try:
            target = make()
        except InvalidWorkflowError as error:
            assert action is not None
            return self._keep(action, values, {"errors": [dict(one) for one in error.errors], "output": None})
        except UnrenderedError as error:
            assert action is not None
            self._keep(action, values, {"error": "\n".join(error.problems)})
            raise FaultError(400, error.problems[0], error.problems) from error
        except UsageError as error:
            text = error.problems[0] if error.problems else error.message
            raise FaultError(400, text, error.problems) from error
        except Refused as error:
            raise FaultError(400, error.message) from error
        return start(target)

    def rerun(self, view: ExecutionView, request: RerunRequest, store: Reading) -> str:
        """Re-run from tasks; returns the id of the new execution."""
        try:
            return self._commands.rerun(request, self._asking).execution
        except Refused as error:
            text = _refusal(view, request, error, store)
        parameters = self._commands.queries.parameters_of(view.id)
        values = parameters if isinstance(parameters, dict) else {}
        try:
            secret = _secret(self._commands.catalog.find(view.action), values)
        except (NotFound, UsageError):
            secret = {}
        result: dict[str, Json] = {"errors": [{"message": text}], "output": None}
        failed = FailedStart(view.action, WORKFLOW_RUNNER, values, result, secret, request)
        return self._commands.fail(failed, self._asking)

    def _keep(self, action: Action, values: Mapping[str, Json], result: Mapping[str, Json]) -> str:
        failed = FailedStart(
            action.ref,
            action.runner_type,
            values,
            result,
            _secret(action, values),
            rerun_of=self._rerun_of,
        )
        return self._commands.fail(failed, self._asking)


def runner_of(view: ExecutionView, catalog: Catalog) -> str:
    """The runner of an execution's action; empty where nobody knows it any more."""
    if view.workflow is not None:
        return WORKFLOW_RUNNER
    try:
        return catalog.find(view.action).runner_type
    except (NotFound, UsageError):
        return ""


def _secret(action: Action, values: Mapping[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in secret_parameters(action, values).items() if value is not None}


def _refusal(view: ExecutionView, request: RerunRequest, error: Refused, store: Reading) -> str:
    """Why a re-run from tasks is refused, in StackStorm's words where it has some."""
    if view.workflow is None:
        return "Unable to rerun workflow execution because workflow_execution_id is not provided."
    with store.reading() as transaction:
        row = transaction.one("load_workflow", id=view.workflow)
        known = {entry["task"] for entry in transaction.all("load_entries", workflow=view.workflow)}
    if row is None:
        return f'Unable to rerun workflow execution "{view.workflow}" because it does not exist.'
    if row["status"] not in COMPLETED:
        return f'Unable to rerun workflow execution "{view.workflow}" because it is not in a completed state.'
    missing = [task for task in request.tasks if task not in known and "/" not in task]
    if missing:
        return f"Unable to rerun workflow because one or more tasks is not found: {','.join(missing)}"
    return "\n".join(error.problems) or error.message
