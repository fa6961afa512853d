"""What the answers look like, for the OpenAPI document. A part of an object is one with fewer attributes."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

Status = Literal[
    "requested",
    "scheduled",
    "delayed",
    "running",
    "succeeded",
    "failed",
    "timeout",
    "abandoned",
    "canceling",
    "canceled",
    "pending",
    "pausing",
    "paused",
    "resuming",
]
"""The statuses of executions that StackStorm's clients know (stackstorm-api 4.1)."""


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RunnerShape(_Shape):
    """A runner type."""

    id: str = ""
    uid: str = ""
    name: str = ""
    description: str = ""
    enabled: bool = True
    runner_module: str = ""
    runner_package: str = ""
    runner_parameters: dict[str, dict[str, Any]] = {}
    output_key: str | None = None
    output_schema: dict[str, Any] = {}


class ActionShape(_Shape):
    """An action of a pack."""

    id: str = ""
    uid: str = ""
    ref: str = ""
    pack: str = ""
    name: str = ""
    description: str = ""
    enabled: bool = True
    entry_point: str = ""
    runner_type: str = ""
    parameters: dict[str, dict[str, Any]] = {}
    output_schema: dict[str, Any] = {}
    tags: list[Any] = []
    notify: dict[str, Any] = {}
    metadata_file: str = ""
    idempotent: bool = False


class LogShape(_Shape):
    """A status of an execution, from a time on."""

    timestamp: str
    status: Status


class LiveActionShape(_Shape):
    """What an execution was asked to run."""

    id: str = ""
    action: str = ""
    action_is_workflow: bool = False
    parameters: Any = None
    callback: dict[str, Any] = {}
    runner_info: dict[str, Any] = {}
    notify: None = None


class ExecutionShape(_Shape):
    """An execution of an action or a workflow, as StackStorm's clients know it.

    Ours are `engine` (the process that does its work; null when it is unfinished and nobody does), `rerun_of`
    and `continued_by`.
    """

    id: str
    action: ActionShape = ActionShape()
    runner: RunnerShape = RunnerShape()
    liveaction: LiveActionShape = LiveActionShape()
    status: Status = "requested"
    start_timestamp: str = ""
    end_timestamp: str | None = None
    elapsed_seconds: float = 0
    parameters: Any = None
    context: dict[str, Any] = {}
    result: Any = None
    result_size: int = 0
    parent: str | None = None
    children: list[str] = []
    log: list[LogShape] = []
    delay: int | None = None
    web_url: str | None = None
    workflow_execution: str | None = None
    task_execution: str | None = None
    engine: str | None = None
    rerun_of: str | None = None
    continued_by: str | None = None


class FiltersShape(_Shape):
    """The values by which executions can be chosen."""

    action: list[str] = []
    status: list[str] = []
    runner: list[str] = []
    user: list[str] = []
    rule: list[str] = []
    trigger: list[str] = []
    trigger_type: list[str] = []
    trigger_instance: list[str] = []
