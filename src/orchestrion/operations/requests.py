"""What the operations take, and what they answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from orchestrion.actions.revisions import Revision
from orchestrion.core.preview import Plan
from orchestrion.core.status import Status
from orchestrion.core.values import Json
from orchestrion.runtime.secrets import Output

Control: TypeAlias = Literal["pause", "resume", "cancel"]
"""What controls an execution that has started."""


@dataclass(frozen=True, slots=True)
class StartRequest:
    """A workflow to start: its name, its text, its inputs; `source` is a bare file.

    `wraps`: not a workflow but an action is to run, by itself; `definition` and `inputs` are those of a
    workflow that does only that (`wrapping.wrapped`).

    `secret` are those of its parameters that are declared so, `secret_output` the part of what it gives,
    `opened` are other values that are secret. `revision` is its pack as it is now, unless it needs no copy.
    `given` are the inputs that the operator has named: with others, a request is another one. `digest` is
    that of its plan (`Asking`).
    """

    action: str
    definition: str
    inputs: Mapping[str, Json]
    source: str | None = None
    rerun_of: str | None = None
    packs: tuple[str, ...] = ()
    secret: Mapping[str, Json] = field(default_factory=dict[str, Json])
    secret_output: Output | None = None
    opened: tuple[Json, ...] = ()
    revision: Revision | None = None
    wraps: bool = False
    given: Mapping[str, Json] = field(default_factory=dict[str, Json])
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class FailedStart:
    """Something that fails before anything of it begins, and is kept as an execution all the same.

    `action` with its `runner` and `parameters`, of which `secret` are declared so; `result` tells why.
    `rerun`: it was to be a re-run from tasks; `rerun_of`: a whole one.
    """

    action: str
    runner: str
    parameters: Mapping[str, Json]
    result: Mapping[str, Json]
    secret: Mapping[str, Json] = field(default_factory=dict[str, Json])
    rerun: "RerunRequest | None" = None
    rerun_of: str | None = None


@dataclass(frozen=True, slots=True)
class RerunRequest:
    """A re-run of `execution` from `tasks`.

    `no_reset` names with-items tasks that keep the items that succeeded, `items` those of which only some
    run again. Every name may be a path: `task/task` lies in the sub-workflow that `task` is, `task[2]/task`
    in that of its item 2. `revision` is the pack of the workflow as it is now, unless it needs no copy.
    `contents` name what the packs that it takes hold now; its plan rests on them.
    """

    execution: str
    tasks: tuple[str, ...]
    no_reset: tuple[str, ...] = ()
    items: Mapping[str, tuple[int, ...]] = field(default_factory=dict[str, tuple[int, ...]])
    revision: Revision | None = None
    contents: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Asking:
    """How something is asked: why, and under which name. The same request again gets the first answer.

    `digest` is that of a plan: what has changed since it was made is refused. `besides` is what else was
    asked for: with others, the request is another one.
    """

    reason: str | None = None
    request_id: str | None = None
    digest: str | None = None
    besides: Mapping[str, Json] = field(default_factory=dict[str, Json])


@dataclass(frozen=True, slots=True)
class Accepted:
    """An accepted operation.

    The execution to look at, the status that it shows now, and what the operator should know.
    """

    execution: str
    status: Status
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RerunPlan:
    """The plan of a re-run from tasks, with remarks about what was asked.

    `below` are the plans of what happens inside of sub-workflows, by the path that leads to each. `digest`
    names the plan and all that it rests on (`Asking`); only the whole has one.
    """

    execution: str
    workflow: str
    plan: Plan
    notes: tuple[str, ...] = ()
    below: Mapping[str, "RerunPlan"] = field(default_factory=dict[str, "RerunPlan"])
    digest: str = ""


@dataclass(frozen=True, slots=True)
class StartPlan:
    """What a whole re-run of `execution` would start: a fresh execution with these parameters.

    What is secret in them is not shown. `source` is the bare file, if it is one. `digest` as in `Asking`.
    """

    execution: str
    action: str
    source: str | None
    parameters: Mapping[str, Json]
    notes: tuple[str, ...]
    digest: str


class WorkflowMove(NamedTuple):
    """A workflow execution whose status another one follows. `path` leads to it, first task first."""

    path: tuple[str, ...]
    execution: str
    before: Status
    after: Status


class TaskMove(NamedTuple):
    """An action execution in a plan, and the status that it has now. `path` leads to its task."""

    path: tuple[str, ...]
    execution: str
    action: str
    status: Status


@dataclass(frozen=True, slots=True)
class ControlPlan:
    """What a pause, a resume, a cancellation or an answer would do to the tree of an execution.

    `status` is what the execution would show. `workflows` are those whose status would change. Of the actions
    that have not ended, `runs_on` are at work and are let be, `waits` are inquiries, `held` do not start,
    `starts` may, `ends` are over. `digest` names the plan and all that it rests on (`Asking`).
    """

    kind: str
    execution: str
    status: Status
    workflows: tuple[WorkflowMove, ...]
    runs_on: tuple[TaskMove, ...]
    waits: tuple[TaskMove, ...]
    held: tuple[TaskMove, ...]
    starts: tuple[TaskMove, ...]
    ends: tuple[TaskMove, ...]
    notes: tuple[str, ...] = ()
    digest: str = ""
