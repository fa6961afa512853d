"""Executions: list and get (stackstorm-api 2.3 and 2.4)."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from orchestrion.api.access import Caller, allowed
from orchestrion.api.faults import faults
from orchestrion.api.served import Served, served_by
from orchestrion.queries import ExecutionView
from orchestrion.wire.stackstorm import time_text

routes = APIRouter(prefix="/v1", tags=["executions"])

TheServed = Annotated[Served, Depends(served_by)]


@routes.get("/executions/{number}", responses=faults(404))
def get(
    number: str, served: TheServed, caller: Annotated[Caller, Depends(allowed("execution.get"))]
) -> dict[str, Any]:
    """One execution."""
    return one_execution(served, caller, number)


def one_execution(served: Served, caller: Caller, number: str) -> dict[str, Any]:
    """The object of one execution. Raises NotFound."""
    return execution_object(served.commands(caller.name).execution(number))


def execution_object(view: ExecutionView) -> dict[str, Any]:
    """An execution as StackStorm's clients read it."""
    return {
        "id": view.id,
        "action": {"ref": view.action},
        "status": view.status,
        "parameters": view.parameters,
        "result": view.result,
        "start_timestamp": time_text(view.created_at),
        "end_timestamp": time_text(view.ended_at),
        "context": {},
    }
