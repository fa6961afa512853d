"""What starts executions: new ones, and re-runs for StackStorm's clients (stackstorm-api 2.2, 2.4).

What fails before it begins is an execution all the same where StackStorm makes it one (`keeping`).
"""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Query
from fastapi.responses import Response
from pydantic import Field, StrictInt

from orchestrion.actions.runners.registry import WORKFLOW_RUNNER
from orchestrion.api.access import Caller, allowed
from orchestrion.api.attributes import json_answer
from orchestrion.api.bodies import Body
from orchestrion.api.executions import one_execution
from orchestrion.api.faults import FaultError, faults
from orchestrion.api.keeping import Keeping, runner_of
from orchestrion.api.served import Served, served_by
from orchestrion.api.shapes import ExecutionShape
from orchestrion.client.commands import Commands
from orchestrion.client.targets import runnable_action, target_with
from orchestrion.core.language.definition import MAX_DELAY
from orchestrion.core.values import Json
from orchestrion.errors import NotFound, Refused
from orchestrion.operations import Asking, RerunRequest

routes = APIRouter(prefix="/v1", tags=["executions"])

_MILLISECONDS: Final = 1_000

TheServed = Annotated[Served, Depends(served_by)]
RequestId = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=200)]
"""The name of a request: one that comes again gets the first answer, and does nothing."""
Delay = Annotated[StrictInt | None, Field(ge=0, le=MAX_DELAY * _MILLISECONDS)]
"""Milliseconds before it starts; rounded up to seconds."""


class NewExecution(Body):
    """What is to run. Clients send more (`context`, `notify`), which changes nothing."""

    action: str
    parameters: dict[str, Any] | None = None
    user: str | None = None
    delay: Delay = None


class Rerun(Body):
    """What is to run again: all, with parameters changed, or only from some tasks.

    `reset` are those of the tasks of which all items run again; of the others only those that did not
    succeed.
    """

    parameters: dict[str, Any] | None = None
    tasks: list[str] | None = None
    reset: list[str] | None = None
    user: str | None = None
    delay: Delay = None


@routes.post("/executions", status_code=201, response_model=ExecutionShape, responses=faults(409))
def start(
    new: NewExecution,
    served: TheServed,
    caller: Annotated[Caller, Depends(allowed("execution.start"))],
    request_id: RequestId = None,
) -> Response:
    """Start an action or a workflow."""
    commands = _commands_for(served, caller, new.user)
    values: dict[str, Json] = new.parameters or {}
    asking = _asking(request_id, delay=new.delay)
    try:
        action = runnable_action(new.action, served.catalog)
    except NotFound as error:
        raise FaultError(400, f'Action "{new.action}" cannot be found.') from error
    except Refused as error:
        raise FaultError(400, error.message) from error
    number = Keeping(commands, asking).begin(
        action,
        values,
        lambda: target_with(action, values, served.catalog, commands.surroundings_of, _seconds(new.delay)),
        lambda target: commands.start(target, asking),
    )
    return _requested(served, caller, number)


@routes.post(
    "/executions/{number}/re_run", status_code=201, response_model=ExecutionShape, responses=faults(404, 409)
)
def rerun(
    number: str,
    wanted: Rerun,
    served: TheServed,
    caller: Annotated[Caller, Depends(allowed("execution.rerun"))],
    no_merge: Annotated[bool, Query()] = False,  # noqa: FBT002  # a query parameter has a name
    request_id: RequestId = None,
) -> Response:
    """Run an execution again, as StackStorm's clients ask for it.

    A re-run from tasks that is refused is an execution that has failed. Not so where our own clients ask
    (`operations`).
    """
    commands = _commands_for(served, caller, wanted.user)
    changes: dict[str, Json] = wanted.parameters or {}
    tasks, reset = tuple(dict.fromkeys(wanted.tasks or ())), {*(wanted.reset or ())}
    if (tasks or reset) and changes:
        raise FaultError(400, "Parameters override is not supported when re-running task(s) for a workflow.")
    if not reset <= {*tasks}:
        raise FaultError(400, "List of tasks to reset does not match the tasks to rerun.")
    view = commands.execution(number)
    asking = _asking(request_id, delay=wanted.delay, no_merge=no_merge)
    if tasks:
        if runner_of(view, served.catalog) != WORKFLOW_RUNNER:
            raise FaultError(400, "Task option is only supported for Orquesta workflows.")
        keep = tuple(task for task in tasks if task not in reset)
        request = RerunRequest(number, tasks, keep)
        return _requested(served, caller, Keeping(commands, asking).rerun(view, request, served.store))
    try:
        action = None if view.source is not None else runnable_action(view.action, served.catalog)
    except NotFound as error:
        raise FaultError(400, f'Action "{view.action}" cannot be found.') from error
    except Refused as error:
        raise FaultError(400, error.message) from error
    again = Keeping(commands, asking, rerun_of=number).begin(
        action,
        changes,
        lambda: commands.whole_rerun_with(number, changes, _seconds(wanted.delay), merged=not no_merge),
        lambda target: commands.start_again(number, target, asking),
    )
    return _requested(served, caller, again)


def _commands_for(served: Served, caller: Caller, user: str | None) -> Commands:
    """What the caller may ask, or what an admin may ask in the name of another one."""
    if user is not None and user != caller.name:
        caller.check("execution.start_for")
    return served.commands(user or caller.name)


def _asking(request_id: str | None, **besides: int | None) -> Asking:
    """How it is asked for; what is given besides counts where it is not as it would be else."""
    return Asking(request_id=request_id, besides={name: value for name, value in besides.items() if value})


def _seconds(delay: int | None) -> int:
    return -(-(delay or 0) // _MILLISECONDS)


def _requested(served: Served, caller: Caller, number: str) -> Response:
    """The answer: the execution as it was when it was asked for, whatever has become of it since.

    Clients expect it to be unfinished, also where it has ended within the microsecond.
    """
    as_asked = {"status": "requested", "result": None, "end_timestamp": None}
    return json_answer(one_execution(served, caller, number) | as_asked, 201)
