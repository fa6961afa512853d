"""Bulk operations: one request for many executions, at a rate, with its progress."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, StrictInt

from orchestrion.api.access import Caller, allowed
from orchestrion.api.bodies import Body
from orchestrion.api.faults import faults
from orchestrion.api.operations import told
from orchestrion.api.served import Served, served_by
from orchestrion.client.bulks import BulkKind, BulkQuery, BulkRequest, Bulks, BulkView
from orchestrion.core.values import LARGEST_INTEGER
from orchestrion.runtime.clock import system_clock
from orchestrion.wire.views import model_of

routes = APIRouter(prefix="/v1", tags=["operations"])

_FASTEST = 1_000


class Chosen(BaseModel):
    """Which executions: of any of these statuses, of an action (`*` stands for any text), started by a user.

    `since`: created then or later, in microseconds since 1970. At least one is given.
    """

    model_config = ConfigDict(extra="forbid")

    status: list[str] = []
    action: str | None = None
    user: str | None = None
    since: Annotated[StrictInt | None, Field(ge=0, le=LARGEST_INTEGER)] = None


class NewBulk(Body):
    """What is done to them, how many a second at the most, and why. A re-run is a whole one."""

    model_config = ConfigDict(extra="forbid")

    kind: BulkKind
    query: Chosen
    rate: Annotated[float, Field(ge=0.01, le=_FASTEST)] = 10
    reason: str | None = None


def bulks(served: Annotated[Served, Depends(served_by)]) -> Bulks:
    """The bulk operations of the store."""
    return Bulks(served.store, system_clock)


TheBulks = Annotated[Bulks, Depends(bulks)]


@routes.post("/bulk", status_code=201, response_model=model_of(BulkView))
def start(
    new: NewBulk, bulks: TheBulks, caller: Annotated[Caller, Depends(allowed("bulk.start"))]
) -> Response:
    """Ask for a bulk operation: the executions are chosen now, the server does them one by one."""
    caller.check(f"execution.{new.kind.replace('-', '')}")
    query = BulkQuery(tuple(new.query.status), new.query.action, new.query.user, new.query.since)
    number = bulks.add(BulkRequest(new.kind, query, new.rate, new.reason), caller.name)
    return told(bulks.progress(number), 201)


@routes.get(
    "/bulk/{number}",
    response_model=model_of(BulkView),
    responses=faults(404),
    dependencies=[Depends(allowed("bulk.get"))],
)
def get(number: str, bulks: TheBulks) -> Response:
    """How far a bulk operation is, and what was refused."""
    return told(bulks.progress(number))


@routes.delete(
    "/bulk/{number}",
    response_model=model_of(BulkView),
    responses=faults(404, 409),
    dependencies=[Depends(allowed("bulk.cancel"))],
)
def cancel(number: str, bulks: TheBulks) -> Response:
    """Do no more of a bulk operation. What was done stays."""
    bulks.cancel(number)
    return told(bulks.progress(number))
