"""Pause, resume and cancel as StackStorm's clients ask for them (stackstorm-api 2.4).

Each answers with the execution; what is not possible is told in StackStorm's words and statuses. Our own
clients ask by `operations`, where a refusal tells what would help.
"""

from typing import Annotated, Final

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from orchestrion.actions.runners.registry import WORKFLOW_RUNNER
from orchestrion.api.access import Caller, allowed
from orchestrion.api.attributes import json_answer
from orchestrion.api.bodies import Body
from orchestrion.api.executions import one_execution
from orchestrion.api.faults import Fault, FaultError, answer, faults
from orchestrion.api.keeping import runner_of
from orchestrion.api.served import Served, served_by
from orchestrion.api.shapes import ExecutionShape
from orchestrion.client.commands import Commands
from orchestrion.core.status import COMPLETED
from orchestrion.errors import Refused
from orchestrion.operations import Control

routes = APIRouter(prefix="/v1", tags=["executions"])

TheServed = Annotated[Served, Depends(served_by)]

_WANTED: Final[dict[str, Control]] = {
    "pausing": "pause",
    "paused": "pause",
    "resuming": "resume",
    "canceling": "cancel",
    "canceled": "cancel",
}
_ALREADY: Final[dict[Control, tuple[str, ...]]] = {
    "pause": ("pausing", "paused"),
    "resume": ("running", "resuming"),
    "cancel": (),
}
"""In which statuses there is nothing to do."""


class WantedStatus(Body):
    """The status that an execution is to have. Clients send more, which changes nothing."""

    status: str


@routes.put("/executions/{number}", response_model=ExecutionShape, responses=faults(404))
def put(
    number: str,
    wanted: WantedStatus,
    served: TheServed,
    caller: Annotated[Caller, Depends(allowed("execution.operate"))],
) -> Response:
    """Pause (`pausing`), resume (`resuming`) or cancel (`canceling`) an execution."""
    kind = _WANTED.get(wanted.status)
    if kind is None:
        known = ", ".join(_WANTED)
        raise FaultError(
            400, f'Failed updating execution. The status "{wanted.status}" cannot be set; these can: {known}.'
        )
    caller.check(f"execution.{kind}")
    commands = served.commands(caller.name)
    view = commands.execution(number)
    if view.status in COMPLETED:
        raise FaultError(400, "Execution is already in completed state.")
    runner = runner_of(view, served.catalog)
    if kind != "cancel" and runner != WORKFLOW_RUNNER:
        text = f'Unable to {kind} liveaction "{number}" because it is not supported by the "{runner}" runner.'
        raise FaultError(400, f"Failed updating execution. {text}")
    if view.status not in _ALREADY[kind] or view.is_stalled:
        _perform(commands, kind, number, view.status)
    return json_answer(one_execution(served, caller, number))


def _perform(commands: Commands, kind: Control, number: str, status: str) -> None:
    try:
        {"pause": commands.pause, "resume": commands.resume, "cancel": commands.cancel}[kind](number)
    except Refused as error:
        why = {
            "pause": "it is not in a running state.",
            "resume": f'it is in "{status}" state and not in "paused" state.',
        }.get(kind)
        text = error.message if why is None else f'Unable to {kind} liveaction "{number}" because {why}'
        raise FaultError(400, f"Failed updating execution. {text}", (error.message,)) from error


@routes.delete("/executions/{number}", response_model=ExecutionShape | Fault, responses=faults(404))
def cancel(
    number: str,
    served: TheServed,
    caller: Annotated[Caller, Depends(allowed("execution.cancel"))],
) -> Response:
    """Cancel an execution. One that has ended otherwise answers 200 with a fault, as clients expect."""
    commands = served.commands(caller.name)
    try:
        commands.cancel(number)
    except Refused as error:
        view = commands.execution(number)
        problems = (error.message, *error.problems)
        return answer(200, f"Action cannot be canceled. State = {view.status}.", problems)
    return json_answer(one_execution(served, caller, number))
