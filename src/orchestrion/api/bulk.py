"""Bulk operations: one request for many executions, at a rate, with its progress."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, StrictInt

from orchestrion.accounts import Accounts
from orchestrion.api.access import Caller, allowed
from orchestrion.api.bodies import Body
from orchestrion.api.faults import FaultError, faults
from orchestrion.api.operations import told
from orchestrion.api.served import Served, served_by
from orchestrion.api.starting import RequestId
from orchestrion.client.bulks import BulkKind, BulkPlan, BulkQuery, BulkRequest, Bulks, BulkView, Obstacle
from orchestrion.core.status import Status
from orchestrion.core.values import LARGEST_INTEGER
from orchestrion.runtime.clock import system_clock
from orchestrion.wire.views import model_of

routes = APIRouter(prefix="/v1", tags=["operations"])

_FASTEST = 1_000
_MOST = 100


class Chosen(BaseModel):
    """Which executions: of any of these statuses, of an action (`*` stands for any text), started by a user.

    `since`: created then or later, in microseconds since 1970. At least one is given.
    """

    model_config = ConfigDict(extra="forbid")

    status: list[Status] = []
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


def obstacle_in(accounts: Accounts) -> Obstacle:
    """Why a bulk operation may not go on: who asked for it is no user any more, or their role is too low."""

    def obstacle(actor: str, kind: BulkKind) -> str | None:
        role = accounts.role_of(actor)
        if role is None:
            return f'There is no user "{actor}" any more.'
        try:
            Caller(actor, role, "account").check(_operation(kind))
        except FaultError as error:
            return error.text
        return None

    return obstacle


def _operation(kind: BulkKind) -> str:
    return f"execution.{kind.replace('-', '')}"


@routes.post(
    "/bulk",
    status_code=201,
    response_model=model_of(BulkView),
    responses={**faults(409), 200: {"model": model_of(BulkPlan), "description": "The plan."}},
)
def start(
    new: NewBulk,
    bulks: TheBulks,
    caller: Annotated[Caller, Depends(allowed("bulk.start"))],
    plan: Annotated[bool, Query(description="Only tell what would happen.")] = False,  # noqa: FBT002  # has a name
    request_id: RequestId = None,
) -> Response:
    """Ask for a bulk operation: the executions are chosen now, the server does them one by one."""
    caller.check(_operation(new.kind))
    query = BulkQuery(tuple(new.query.status), new.query.action, new.query.user, new.query.since)
    request = BulkRequest(new.kind, query, new.rate, new.reason)
    if plan:
        return told(bulks.plan(request))
    number = bulks.add(request, caller.name, request_id)
    return told(bulks.progress(number).as_asked, 201)


@routes.get("/bulk", response_model=model_of(list[BulkView]), dependencies=[Depends(allowed("bulk.list"))])
def newest(
    bulks: TheBulks, count: Annotated[int, Query(ge=1, le=_MOST, description="How many at the most.")] = 20
) -> Response:
    """The newest bulk operations, however far they are."""
    return told(bulks.newest(count))


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
