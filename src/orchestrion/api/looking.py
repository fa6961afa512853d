"""Our own looks at executions: as our views have them, their history, why they do not move, their graph."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response, StreamingResponse

from orchestrion.api.access import Caller, allowed
from orchestrion.api.faults import faults
from orchestrion.api.operations import told
from orchestrion.api.served import Served, served_by
from orchestrion.client.limits import Limit, limits
from orchestrion.client.looking import Looking
from orchestrion.queries import ExecutionView
from orchestrion.queries.explaining import Explanation
from orchestrion.queries.export import Export
from orchestrion.queries.graphs import GraphView, graph_of_execution
from orchestrion.queries.history import Request, StatusChange
from orchestrion.wire.views import model_of, written

routes = APIRouter(prefix="/v1", tags=["operations"])

TheServed = Annotated[Served, Depends(served_by)]


def looking(served: TheServed) -> Looking:
    """What looks into the executions of the store."""
    return Looking(served.store, served.peers, served.packs)


TheLooking = Annotated[Looking, Depends(looking)]


@routes.get("/executions/{number}/view", response_model=model_of(ExecutionView), responses=faults(404))
def view(
    number: str,
    served: TheServed,
    caller: Annotated[Caller, Depends(allowed("execution.view"))],
    attempts: Annotated[bool, Query(description="With every attempt of its tasks.")] = False,  # noqa: FBT002  # has a name
) -> Response:
    """An execution with its tasks, and the sub-workflows that these are."""
    return told(served.commands(caller.name).execution(number, attempts=attempts))


@routes.get(
    "/executions/{number}/history",
    response_model=model_of(list[StatusChange | Request]),
    responses=faults(404),
    dependencies=[Depends(allowed("execution.history"))],
)
def history(number: str, looking: TheLooking) -> Response:
    """What has happened to an execution and to all below it, in order."""
    return told(looking.history(number))


@routes.get(
    "/executions/{number}/explain",
    response_model=model_of(Explanation),
    responses=faults(404),
    dependencies=[Depends(allowed("execution.explain"))],
)
def explain(number: str, looking: TheLooking) -> Response:
    """Why an execution is where it is: for all that has not ended, who or what will end it."""
    return told(looking.explain(number))


@routes.get(
    "/executions/{number}/export",
    response_class=StreamingResponse,
    responses={
        **faults(404, 409),
        200: {
            "description": "A line of JSON for each record: first what it is an export of, then the records.",
            "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
        },
    },
    dependencies=[Depends(allowed("execution.export"))],
)
def export(number: str, looking: TheLooking) -> StreamingResponse:
    """All that there is of an execution, without secrets."""
    return StreamingResponse(_lines(looking.export(number)), media_type="application/x-ndjson")


def _lines(found: Export) -> Iterator[bytes]:
    yield written(found.head()) + b"\n"
    for record in found.records():
        yield written(record) + b"\n"


@routes.get(
    "/executions/{number}/graph",
    response_model=model_of(GraphView),
    responses=faults(404),
    dependencies=[Depends(allowed("execution.graph"))],
)
def graph(number: str, served: TheServed) -> Response:
    """The graph of an execution's workflow, with how its tasks stand and how often each way was taken."""
    return told(graph_of_execution(served.store, number))


@routes.get(
    "/limits",
    response_model=model_of(list[Limit]),
    dependencies=[Depends(allowed("limit.list"))],
)
def all_limits() -> Response:
    """The bounds of this version."""
    return told([*limits()])
