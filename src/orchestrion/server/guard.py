"""What no request gets past: bodies of a bounded size that come in time, and pages of other sites.

A request that says of its body in two ways where it ends is refused, with its connection: a proxy may have
believed the other one, so that what follows would be a request of somebody else.

A body is kept until it is whole. A large one is taken only from somebody who is known: else anybody could
fill the memory.

A browser sends requests of any page to any server, also to one that listens only for its own machine; what a
page of another site asks for is refused, and a server that asks nobody who they are answers only to names of
its own machine (else a name that an attacker lets lead there would do).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

from anyio.to_thread import run_sync
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orchestrion.api.faults import FaultError, answer
from orchestrion.api.served import Identify
from orchestrion.server.loopback import is_loopback
from orchestrion.wire.bounds import BODY_SECONDS, MAX_BODY, MAX_UNKNOWN_BODY


class _Gone(Exception):  # noqa: N818  # no error: the client has left
    """Who asks has left before they had asked."""


class _TooLarge(Exception):  # noqa: N818  # told by its status
    """The body is larger than MAX_BODY."""


class Guard:
    """Stands before an application. `is_open`: the server asks nobody who they are; else `identify` tells."""

    def __init__(
        self, app: ASGIApp, identify: Identify, *, is_open: bool, body_seconds: float = BODY_SECONDS
    ) -> None:
        self._app: Final = app
        self._identify: Final = identify
        self._is_open: Final = is_open
        self._body_seconds: Final = body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request in, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(headers)
        if refusal is not None:
            await refusal(scope, receive, send)
            return

        async def check_sender() -> None:
            await run_sync(self._identify, Request(scope))

        try:
            async with asyncio.timeout(self._body_seconds):
                body = await _body_of(headers, receive, check_sender)
        except TimeoutError:
            await answer(408, "The request has come too slowly.", headers=_CLOSING)(scope, receive, send)
        except _TooLarge:
            text = f"The body of the request is too large: the limit is {MAX_BODY} bytes."
            await answer(413, text, headers=_CLOSING)(scope, receive, send)
        except FaultError as error:
            refused = answer(error.status, error.text, headers={**(error.headers or {}), **_CLOSING})
            await refused(scope, receive, send)
        except _Gone:
            return
        else:
            await self._app(scope, _again(body, receive), send)

    def _refusal(self, headers: Headers) -> Response | None:
        if "content-length" in headers and "transfer-encoding" in headers:  # RFC 9112, 6.1
            text = "A request has either a Content-Length or a Transfer-Encoding."
            return answer(400, text, headers=_CLOSING)
        host = headers.get("host", "")
        if self._is_open and not is_loopback(_name_of(f"//{host}")):
            return answer(
                403,
                "With --no-auth the server answers only to 127.0.0.1, ::1 and localhost.",
            )
        origin = headers.get("origin")
        if origin is not None and _place_of(origin) != host.lower():
            return answer(403, f"Pages of another site ({origin}) may not ask this server.")
        return None


_CLOSING: Final[Mapping[str, str]] = {"Connection": "close"}


def _name_of(url: str) -> str:
    """The name of the host in a URL; empty where there is none that can be read."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _place_of(url: str) -> str | None:
    """The host and the port in a URL, in small letters; None where they cannot be read."""
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return None


async def _body_of(headers: Headers, receive: Receive, check_sender: Callable[[], Awaitable[None]]) -> bytes:
    """The whole body. Raises _TooLarge, as soon as that is known, and _Gone; what `check_sender` raises."""
    announced = headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > MAX_BODY:
        raise _TooLarge
    body = bytearray()
    is_known = False
    while True:
        if len(body) > MAX_UNKNOWN_BODY and not is_known:
            await check_sender()
            is_known = True
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Gone
        body += message.get("body", b"")
        if len(body) > MAX_BODY:
            raise _TooLarge
        if not message.get("more_body", False):
            return bytes(body)


def _again(body: bytes, receive: Receive) -> Receive:
    """What receives a body that has come already, and then whatever comes."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return waiting.pop() if waiting else await receive()

    return receive_again
