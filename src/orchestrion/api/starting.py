"""What starts executions (stackstorm-api 2.2)."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from orchestrion.api.access import Caller, allowed
from orchestrion.api.executions import one_execution
from orchestrion.api.faults import FaultError, faults
from orchestrion.api.served import Served, served_by
from orchestrion.client.targets import runnable_action, target_with
from orchestrion.errors import NotFound, UsageError

routes = APIRouter(prefix="/v1", tags=["executions"])

TheServed = Annotated[Served, Depends(served_by)]


class NewExecution(BaseModel):
    """What is to run."""

    action: str
    parameters: dict[str, Any] = {}
    user: str | None = None


@routes.post("/executions", status_code=201, responses=faults(404, 409))
def start(
    new: NewExecution, served: TheServed, caller: Annotated[Caller, Depends(allowed("execution.start"))]
) -> dict[str, Any]:
    """Start an action or a workflow."""
    commands = served.commands(caller.name)
    try:
        action = runnable_action(new.action, served.catalog)
        target = target_with(action, new.parameters, served.catalog, commands.surroundings_of)
    except NotFound as error:
        raise FaultError(400, f'Action "{new.action}" cannot be found.') from error
    except UsageError as error:
        raise FaultError(
            400, error.problems[0] if error.problems else error.message, error.problems
        ) from error
    number = commands.start(target)
    return one_execution(served, caller, number) | {"status": "requested"}
