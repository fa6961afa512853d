"""Our own values as they are, for our own command line: what it shows of a file it shows of a server.

Executions, inquiries and what they write are here; `holdings` has keys, packs, actions and workflows.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Final

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from orchestrion.api.access import Caller, Permission, allowed, lasting
from orchestrion.api.bodies import Body
from orchestrion.api.faults import FaultError, faults
from orchestrion.api.feed import Subscription, Wanted
from orchestrion.api.operations import told
from orchestrion.api.served import Served, served_by
from orchestrion.api.starting import RequestId
from orchestrion.api.stream import HEARTBEAT_SECONDS, EventStream, tree_of
from orchestrion.client.files import WorkflowFile
from orchestrion.operations import Accepted, Asking
from orchestrion.queries import Choice, ExecutionView, InquiryView
from orchestrion.queries.output import Tail
from orchestrion.wire.views import model_of, written

routes = APIRouter(prefix="/v1/native", tags=["native"])

TheServed = Annotated[Served, Depends(served_by)]

_MOST: Final = 10_000
_END: Final = b"null\n"
"""The last line of what an execution writes, once it has ended."""

Count = Annotated[int, Query(ge=1, le=_MOST, description="How many at the most.")]


class File(BaseModel):
    """A workflow file of the client's machine: as it was named there, where it is, and what it holds."""

    model_config = ConfigDict(extra="forbid")

    path: Annotated[str, Field(min_length=1)]
    source: str
    text: str


class NamedWorkflow(Body):
    """A workflow: one of a pack, by its reference, or the text of a file."""

    model_config = ConfigDict(extra="forbid")

    workflow: str | File

    def named(self) -> str | WorkflowFile:
        """The same as the client's values have it. Raises FaultError (400) for a file without a name."""
        if isinstance(self.workflow, str):
            return self.workflow
        if not Path(self.workflow.path).name:
            raise FaultError(400, f'"{self.workflow.path}" is no name of a file.')
        return WorkflowFile(self.workflow.path, self.workflow.source, self.workflow.text)


class Start(NamedWorkflow):
    """What is to run. `words` are NAME=VALUE texts, which are read as the action declares its parameters."""

    words: list[str] = Field(default=[])
    reason: str | None = None


@routes.get("/executions", response_model=model_of(list[ExecutionView]))
def executions(
    served: TheServed,
    caller: Annotated[Caller, Depends(allowed("execution.list"))],
    count: Count = 20,
    status: Annotated[list[str], Query(description="Only those with one of these.")] = [],  # noqa: B006  # fastapi copies it
    action: Annotated[str | None, Query(description="Only those of it; * stands for any text.")] = None,
    since: Annotated[
        int | None, Query(ge=0, lt=2**63, description="Only those since then, in microseconds since 1970.")
    ] = None,
) -> Response:
    """The newest executions that no workflow has started, without their tasks."""
    only = Choice(tuple(status), action, since)
    return told(served.commands(caller.name).executions(count, only if any(only) else None))


@routes.post("/executions", status_code=201, response_model=model_of(Accepted), responses=faults(404, 409))
def run(
    wanted: Start,
    served: TheServed,
    caller: Annotated[Caller, Depends(allowed("execution.start"))],
    request_id: RequestId = None,
) -> Response:
    """Start a workflow of a pack, or one whose text is sent."""
    asking = Asking(wanted.reason, request_id)
    return told(served.commands(caller.name).run(wanted.named(), wanted.words, asking), 201)


@routes.get("/executions/{number}/output", include_in_schema=False)
async def output(
    number: str,
    served: TheServed,
    permission: Annotated[Permission, Depends(lasting("execution.output"))],
    *,
    follow: bool = False,
) -> Response:
    """What the actions of an execution write, a line of JSON for some pieces of it; `null` is the end.

    Not in the OpenAPI document: answers without an end are nothing that it could describe. Raises NotFound.
    """
    tree = await run_sync(tree_of, served, number)
    subscription = served.feed.follow(Wanted(events=("*",), tree=tree))
    return LineStream(
        subscription, _lines(Tail(served.store, number), subscription, permission, follow=follow)
    )


class LineStream(EventStream):
    """The same as lines of JSON; those that are empty say only that the server lives."""

    media_type = "application/x-ndjson"


async def _lines(
    tail: Tail, subscription: Subscription, permission: Permission, *, follow: bool
) -> AsyncIterator[bytes]:
    while await permission.holds():
        pieces, over = await run_sync(tail.read)
        yield written(pieces) + b"\n"
        if over or not (follow or pieces):
            yield _END
            return
        if await subscription.take(0 if pieces else HEARTBEAT_SECONDS) is None:
            return


@routes.get("/inquiries", response_model=model_of(list[InquiryView]))
def inquiries(
    served: TheServed, _caller: Annotated[Caller, Depends(allowed("inquiry.list"))], count: Count = 50
) -> Response:
    """The newest inquiries that wait for an answer."""
    return told(served.queries.inquiries(count))


@routes.get("/inquiries/{number}", response_model=model_of(InquiryView), responses=faults(404))
def inquiry(
    number: str, served: TheServed, _caller: Annotated[Caller, Depends(allowed("inquiry.get"))]
) -> Response:
    """One inquiry, answered or not."""
    return told(served.queries.inquiry(number))
