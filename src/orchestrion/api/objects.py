"""The objects of executions, for answers and for the event stream."""

from dataclasses import replace
from typing import Final

from orchestrion.actions.runners.registry import WORKFLOW_RUNNER
from orchestrion.client.commands import Commands
from orchestrion.core.values import Json
from orchestrion.errors import NotFound, UsageError
from orchestrion.queries.summaries import Summary
from orchestrion.runtime.clock import system_clock
from orchestrion.wire.stackstorm import (
    action_object,
    execution_object,
    missing_action_object,
    runner_object,
)


class Objects:
    """Makes the objects of executions for one answer; each action is looked up once.

    `needs_packs`: of an action more is told than every execution knows of its own.
    """

    def __init__(self, commands: Commands, *, needs_packs: bool = True, show_secrets: bool = False) -> None:
        self._show_secrets: Final = show_secrets
        self._commands: Final = commands
        self._actions: Final[dict[tuple[str, str], dict[str, Json]]] = {}
        self._runners: Final[dict[str, dict[str, Json]]] = {}
        self._needs_packs: Final = needs_packs
        self._now: Final = system_clock()

    def of(self, summary: Summary) -> dict[str, Json]:
        """The object of an execution."""
        if summary.started_at is None and not self._show_secrets and summary.parameters:
            parameters = self._commands.masked_parameters(summary.id, summary.action, summary.parameters)
            summary = replace(summary, parameters=parameters)
        action = self._action(summary)
        runner = self._runner(str(action["runner_type"]))
        return execution_object(summary, action, runner, self._now)

    def _action(self, summary: Summary) -> dict[str, Json]:
        key = (summary.action, summary.runner)
        found = self._actions.get(key)
        if found is None:
            found = self._actions[key] = self._found(summary)
        return found

    def _found(self, summary: Summary) -> dict[str, Json]:
        if summary.source is None and (self._needs_packs or not summary.runner):
            try:
                action = self._commands.catalog.find(summary.action)
                return action_object(action, show_secrets=self._show_secrets)
            except (NotFound, UsageError):
                pass  # it is not there any more: what is known of it is told
        runner = summary.runner or (WORKFLOW_RUNNER if summary.workflow is not None else "")
        return missing_action_object(summary.action, runner)

    def _runner(self, name: str) -> dict[str, Json]:
        if name not in self._runners:
            self._runners[name] = runner_object(name)
        return self._runners[name]
