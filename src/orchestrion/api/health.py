"""Whether the server lives and works, and its metrics: for those who watch over it.

The first two ask for no credentials, because load balancers have none; they tell nothing.
"""

from time import monotonic
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel
from starlette.responses import PlainTextResponse

from orchestrion.api.access import Caller, allowed
from orchestrion.api.faults import FaultError
from orchestrion.api.metrics import Metrics
from orchestrion.api.served import Served, served_by

ROUND_SECONDS: Final = 10.0
"""How long ago the engine may have ended a round."""

routes = APIRouter(prefix="/v1", tags=["health"])


class Health(BaseModel):
    """That all is well."""

    status: Literal["ok"] = "ok"


@routes.head("/healthz", include_in_schema=False)
@routes.get("/healthz")
def healthz() -> Health:
    """The process lives."""
    return Health()


@routes.head("/readyz", include_in_schema=False)
@routes.get("/readyz")
def readyz(served: Annotated[Served, Depends(served_by)]) -> Health:
    """The engine makes rounds and is not about to stop, and the store can be read."""
    if served.engine.is_draining:
        raise FaultError(503, "The server is about to stop: its engine starts nothing more.")
    round_at = served.engine.dispatcher.measures.round_at
    if round_at is None:
        raise FaultError(503, "The engine has not made a round yet.")
    seconds = monotonic() - round_at
    if seconds > ROUND_SECONDS:
        raise FaultError(
            503, f"The engine has made no round for {seconds:.0f} seconds: see the server's log."
        )
    with served.store.reading() as transaction:
        transaction.one("newest_rows")
    return Health()


@routes.get("/metrics", response_class=PlainTextResponse)
def metrics(request: Request, _caller: Annotated[Caller, Depends(allowed("metrics.get"))]) -> Response:
    """Metrics in the form of Prometheus."""
    found = request.app.state.metrics
    assert isinstance(found, Metrics)
    return Response(found.text(), media_type=CONTENT_TYPE_LATEST)
