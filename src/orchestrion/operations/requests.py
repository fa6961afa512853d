"""What the operations take, and what they answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestrion.actions.revisions import Revision
from orchestrion.core.preview import Plan
from orchestrion.core.status import Status
from orchestrion.core.values import Json
from orchestrion.runtime.secrets import Output


@dataclass(frozen=True, slots=True)
class StartRequest:
    """A workflow to start: its name, its text, its inputs; `source` is a bare file.

    `wraps`: not a workflow but an action is to run, by itself; `definition` and `inputs` are those of a
    workflow that does only that (`wrapping.wrapped`).

    `secret` are those of its parameters that are declared so, `secret_output` the part of what it gives,
    `opened` are other values that are secret. `revision` is its pack as it is now, unless it needs no copy.
    `given` are the inputs that the operator has named: with others, a request is another one.
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


@dataclass(frozen=True, slots=True)
class RerunRequest:
    """A re-run of `execution` from `tasks`.

    `no_reset` names with-items tasks that keep the items that succeeded, `items` those of which only some
    run again. Every name may be a path: `task/task` lies in the sub-workflow that `task` is, `task[2]/task`
    in that of its item 2. `revision` is the pack of the workflow as it is now, unless it needs no copy.
    """

    execution: str
    tasks: tuple[str, ...]
    no_reset: tuple[str, ...] = ()
    items: Mapping[str, tuple[int, ...]] = field(default_factory=dict[str, tuple[int, ...]])
    revision: Revision | None = None


@dataclass(frozen=True, slots=True)
class Asking:
    """How something is asked: why, and under which name. The same request again gets the first answer."""

    reason: str | None = None
    request_id: str | None = None


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

    `below` are the plans of what happens inside of sub-workflows, by the path that leads to each.
    """

    execution: str
    workflow: str
    plan: Plan
    notes: tuple[str, ...] = ()
    below: Mapping[str, "RerunPlan"] = field(default_factory=dict[str, "RerunPlan"])
