"""Our own operations: one route for all of them, each with its plan.

A refusal is 409 with all problems, and nothing is created. `plan=true` answers what would happen, with a
digest; the same request with that digest is refused once anything that the plan rests on has changed.
"""

from typing import Annotated, Any, Final, Literal, get_args

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response
from pydantic import ConfigDict, Field, StrictInt

from orchestrion.api.access import Caller, allowed
from orchestrion.api.bodies import Body
from orchestrion.api.faults import FaultError, faults
from orchestrion.api.served import Served, served_by
from orchestrion.api.starting import RequestId
from orchestrion.client.commands import Commands
from orchestrion.client.targets import Target
from orchestrion.core.values import Json
from orchestrion.operations import (
    Accepted,
    Asking,
    Control,
    ControlPlan,
    RerunPlan,
    RerunRequest,
    StartPlan,
)
from orchestrion.wire.views import model_of, written

routes = APIRouter(prefix="/v1", tags=["operations"])

Kind = Literal["pause", "resume", "cancel", "re-run", "respond"]

_CONTROL: Final = get_args(Control)
_ALLOWED: Final[dict[Kind, str]] = {
    "pause": "execution.pause",
    "resume": "execution.resume",
    "cancel": "execution.cancel",
    "re-run": "execution.rerun",
    "respond": "execution.respond",
}
_MOST_ITEMS: Final = 1_000_000

Items = Annotated[list[Annotated[StrictInt, Field(ge=0)]], Field(max_length=_MOST_ITEMS)]


class Operation(Body):
    """What is asked of an execution.

    A `re-run` is whole, with `parameters` changed, or with `words`: NAME=VALUE texts that are read as its
    action declares its parameters. Or it is from `tasks`, of which those in `no_reset` keep the items that
    succeeded, or of which only `items` run again. Names may be paths: `task/task` lies in a sub-workflow.
    To `respond` is to give `parameters` as the answer. `digest` is that of a plan that must still hold.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    tasks: list[str] = Field(default=[])
    no_reset: list[str] = Field(default=[])
    items: dict[str, Items] = Field(default={})
    parameters: dict[str, Any] = Field(default={})
    words: list[str] | None = None
    reason: str | None = None
    digest: str | None = None


@routes.post(
    "/executions/{number}/operations",
    response_model=model_of(Accepted | RerunPlan | StartPlan | ControlPlan),
    responses=faults(404, 409),
)
def operate(
    number: str,
    wanted: Operation,
    served: Annotated[Served, Depends(served_by)],
    caller: Annotated[Caller, Depends(allowed("execution.operate"))],
    plan: Annotated[bool, Query(description="Only tell what would happen.")] = False,  # noqa: FBT002  # has a name
    request_id: RequestId = None,
) -> Response:
    """Pause, resume, cancel, re-run an execution, or answer an inquiry; or tell what that would do."""
    caller.check(_ALLOWED[wanted.kind])
    _check(wanted)
    commands = served.commands(caller.name)
    values: dict[str, Json] = wanted.parameters
    if plan:
        return told(_planned(commands, number, wanted, values))
    asking = Asking(wanted.reason, request_id, wanted.digest)
    return told(_performed(commands, number, wanted, values, asking))


def told(value: object, status: int = 200) -> Response:
    """The answer that holds a value of records."""
    return Response(written(value), status, media_type="application/json")


def _check(wanted: Operation) -> None:
    """Raise FaultError (400) where something is given that has no meaning, with every problem."""
    from_tasks = bool(wanted.tasks or wanted.items)
    problems: list[str] = []
    if wanted.kind != "re-run":
        given = {"tasks": wanted.tasks, "no_reset": wanted.no_reset, "items": wanted.items}
        problems += [f"{name} is only for a re-run." for name, value in given.items() if value]
    elif wanted.no_reset and not from_tasks:
        problems.append("no_reset says which of tasks keep their items: give tasks, too.")
    if wanted.parameters and (wanted.kind in _CONTROL or from_tasks):
        problems.append("parameters change a whole re-run, or are an answer; from tasks they stay.")
    if wanted.words is not None and (wanted.kind != "re-run" or from_tasks or wanted.parameters):
        problems.append("words change a whole re-run, and stand instead of parameters.")
    if problems:
        raise FaultError(
            400, problems[0] if len(problems) == 1 else "The request is not valid.", (*problems,)
        )


def _request_of(number: str, wanted: Operation) -> RerunRequest | None:
    """The re-run from tasks that is asked for, if it is one."""
    if not (wanted.tasks or wanted.items):
        return None
    items = {task: tuple(sorted(set(chosen))) for task, chosen in wanted.items.items()}
    return RerunRequest(number, tuple(wanted.tasks), tuple(wanted.no_reset), items)


def _planned(
    commands: Commands, number: str, wanted: Operation, values: dict[str, Json]
) -> RerunPlan | StartPlan | ControlPlan:
    if wanted.kind == "respond":
        return commands.outlook_of_answer(number, values)
    if wanted.kind != "re-run":
        return commands.outlook(number, wanted.kind)
    request = _request_of(number, wanted)
    if request is None:
        return commands.plan_again(number, _whole(commands, number, wanted, values))
    return commands.plan(request)


def _performed(
    commands: Commands, number: str, wanted: Operation, values: dict[str, Json], asking: Asking
) -> Accepted:
    match wanted.kind:
        case "pause":
            return commands.pause(number, asking)
        case "resume":
            return commands.resume(number, asking)
        case "cancel":
            return commands.cancel(number, asking)
        case "respond":
            return commands.respond(number, values, asking)
        case "re-run":
            pass
    request = _request_of(number, wanted)
    if request is not None:
        return commands.rerun(request, asking)
    target = _whole(commands, number, wanted, values)
    return Accepted(commands.start_again(number, target, asking), "requested", target.warnings)


def _whole(commands: Commands, number: str, wanted: Operation, values: dict[str, Json]) -> Target:
    """What a whole re-run starts."""
    if wanted.words is not None:
        return commands.whole_rerun(number, wanted.words)
    return commands.whole_rerun_with(number, values)
