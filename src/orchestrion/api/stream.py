"""The event stream (stackstorm-api 2.6): server-sent events, until the client has enough.

None of it is in the OpenAPI document: answers without an end are nothing that it could describe.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any, Final

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from orchestrion.api.access import Permission, lasting
from orchestrion.api.feed import WRITTEN, Subscription, Wanted, encoded
from orchestrion.api.output import newest, wanted_streams
from orchestrion.api.served import Served, served_by
from orchestrion.queries.branches import subject_of
from orchestrion.queries.output import Tail

HEARTBEAT_SECONDS: Final = 10.0
"""After how long without news a blank line is sent."""

_EOF: Final = b"event: EOF\ndata: ''\n\n"
_log = logging.getLogger(__name__)

routes = APIRouter(prefix="/stream", tags=["stream"], include_in_schema=False)

TheServed = Annotated[Served, Depends(served_by)]
Follows = Annotated[Permission, Depends(lasting("stream.follow"))]


class EventStream(Response):
    """Sends what an iterator gives, as it comes. It ends with that, and when the client leaves or is lost."""

    media_type = "text/event-stream"
    charset = "UTF-8"

    def __init__(self, subscription: Subscription, chunks: AsyncIterator[bytes]) -> None:
        self.status_code = 200
        self.background = None
        self.body = b""
        self.init_headers({"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._subscription: Final = subscription
        self._chunks: Final = chunks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        del scope
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        tasks = [
            asyncio.ensure_future(one)
            for one in (self._send(send), _left(receive), self._subscription.lost.wait())
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if tasks[0].done():
                tasks[0].result()
            elif tasks[2].done():
                _log.warning("A client of the event stream took less than what came. It was cut off.")
        finally:
            self._subscription.end()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.body", "body": b"\n", "more_body": True})
        async for chunk in self._chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _left(receive: Receive) -> None:
    """Returns when the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass


@routes.get("/stream")
async def follow(
    served: TheServed,
    permission: Follows,
    events: str | None = None,
    action_refs: str | None = None,
    execution_ids: str | None = None,
    end_event: str | None = None,
    end_execution_id: str | None = None,
) -> Response:
    """What happens from now on, of all executions or of some."""
    wanted = Wanted(
        events=_listed(events) or Wanted().events,
        actions=frozenset(_listed(action_refs)),
        executions=frozenset(_listed(execution_ids)),
        end_event=end_event,
        end_execution=end_execution_id,
    )
    subscription = await served.feed.follow(wanted).begun()
    return EventStream(subscription, _news(subscription, permission))


@routes.get("/executions/{number}/output")
async def follow_output(
    number: str,
    served: TheServed,
    permission: Follows,
    output_type: str | None = None,
) -> Response:
    """What the actions of an execution have written, and write, to its end. Raises NotFound."""
    streams = wanted_streams(output_type)
    execution = await run_sync(newest, served, number)
    tree = await run_sync(tree_of, served, execution)
    subscription = await served.feed.follow(Wanted(events=("*",), tree=tree)).begun()
    tail = Tail(served.store, execution)
    return EventStream(subscription, _written(subscription, permission, tail.read, streams))


async def _news(subscription: Subscription, permission: Permission) -> AsyncIterator[bytes]:
    """What a subscription brings, with heartbeats, as long as who follows may."""
    while (taken := await subscription.take(HEARTBEAT_SECONDS)) is not None and await permission.holds():
        yield b"".join(taken) or b"\n"


async def _written(
    subscription: Subscription, permission: Permission, read: Callable[[], Any], streams: frozenset[str]
) -> AsyncIterator[bytes]:
    """What is written. News of the tree are the sign to look for more."""
    while await permission.holds():
        pieces, over = await run_sync(read)
        chosen = [piece for piece in pieces if piece.stream in streams]
        for piece in chosen:
            body = {"execution_id": piece.execution, "output_type": piece.stream, "data": piece.text}
            yield encoded(WRITTEN, body)
        if over:
            yield _EOF
            return
        if await subscription.take(0 if pieces else HEARTBEAT_SECONDS) is None:
            return
        if not pieces:
            yield b"\n"


def tree_of(served: Served, number: str) -> str:
    """The workflow execution at the root of an execution's tree. Raises NotFound."""
    with served.store.reading() as transaction:
        return str(subject_of(transaction, number).root["id"])


def _listed(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())
