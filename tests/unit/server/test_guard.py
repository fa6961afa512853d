"""What no request gets past: large and slow bodies, pages of other sites."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from orchestrion.api.access import Caller
from orchestrion.api.faults import FaultError
from orchestrion.server.guard import Guard
from orchestrion.server.loopback import is_loopback
from orchestrion.wire.bounds import MAX_BODY, MAX_UNKNOWN_BODY

HOST = {"host": "127.0.0.1:9101"}
KNOWN = {**HOST, "x-auth-token": "good"}


class Echo:
    """An application that takes the body, and then waits for the end of the connection."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.after: list[str] = []

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        self.bodies.append(message["body"])
        assert not message["more_body"]
        self.after.append((await receive())["type"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


def asked(
    app: Echo,
    *parts: bytes,
    headers: Mapping[str, str] = HOST,
    is_open: bool = False,
    body_seconds: float = 60,
    ends: bool = True,
) -> tuple[int | None, str]:
    """The status and the fault of one request; None: it was not answered."""
    messages: list[Message] = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    messages.append({"type": "http.request", "body": b"", "more_body": False} if ends else _GONE)
    sent: list[Message] = []

    async def receive() -> Message:
        if not messages:
            return _GONE
        if messages[0].get("never"):
            await asyncio.Event().wait()
        return messages.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    scope: dict[str, Any] = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    if body_seconds == 0:
        messages[:] = [{"never": True}]
    asyncio.run(Guard(app, identify, is_open=is_open, body_seconds=body_seconds)(scope, receive, send))
    if not sent:
        return None, ""
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], json.loads(body)["faultstring"] if body else ""


_GONE: Message = {"type": "http.disconnect"}


def identify(request: Request) -> Caller:
    if request.headers.get("x-auth-token") != "good":
        raise FaultError(401, "Unauthorized - Token is not found.")
    return Caller("somebody", "viewer", "authentication token")


def test_a_body_arrives_whole_and_then_what_follows() -> None:
    app = Echo()
    assert asked(app, b"ab", b"c") == (200, "")
    assert (app.bodies, app.after) == ([b"abc"], ["http.disconnect"])


def test_a_body_may_be_as_large_as_the_limit_and_no_larger() -> None:
    app = Echo()
    half = bytes(MAX_BODY // 2)
    assert asked(app, half, half, headers=KNOWN)[0] == 200
    status, fault = asked(app, half, half, b"x", headers=KNOWN)
    assert status == 413
    assert str(MAX_BODY) in fault
    status, fault = asked(app, headers={**HOST, "content-length": str(MAX_BODY + 1)})
    assert status == 413
    assert len(app.bodies) == 1


def test_a_large_body_is_only_taken_from_somebody_who_is_known() -> None:
    app = Echo()
    most = bytes(MAX_UNKNOWN_BODY)
    assert asked(app, most) == (200, "")
    assert asked(app, most, b"x") == (401, "Unauthorized - Token is not found.")
    assert asked(app, most, b"x", headers=KNOWN) == (200, "")
    assert list(map(len, app.bodies)) == [MAX_UNKNOWN_BODY, MAX_UNKNOWN_BODY + 1]


def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    app = Echo()
    assert asked(app, body_seconds=0)[0] == 408
    assert app.bodies == []


def test_who_leaves_before_the_end_of_the_body_has_asked_nothing() -> None:
    app = Echo()
    assert asked(app, b"ab", ends=False) == (None, "")
    assert app.bodies == []


@pytest.mark.parametrize("is_open", [True, False])
@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://127.0.0.1:8000", "null", "http://evil.example@127.0.0.1:9101"]
)
def test_pages_of_other_sites_are_refused(origin: str, is_open: bool) -> None:  # noqa: FBT001
    app = Echo()
    assert asked(app, headers={**HOST, "origin": origin}, is_open=is_open)[0] == 403
    assert app.bodies == []


def test_own_pages_are_not() -> None:
    assert asked(Echo(), headers={**HOST, "origin": "http://127.0.0.1:9101"})[0] == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:9101", "", "[", "127.0.0.1.evil.example"])
def test_a_server_that_asks_nobody_answers_only_to_its_own_machine(host: str) -> None:
    assert asked(Echo(), headers={"host": host}, is_open=True)[0] == 403
    assert asked(Echo(), headers={"host": host})[0] == 200


@pytest.mark.parametrize("host", ["127.0.0.1:9101", "localhost", "LOCALHOST:1", "[::1]:9101", "127.1.2.3"])
def test_names_of_the_own_machine(host: str) -> None:
    assert asked(Echo(), headers={"host": host}, is_open=True)[0] == 200


def test_only_loopback_addresses_are_loopback() -> None:
    assert [one for one in ("0.0.0.0", "::", "10.0.0.1", "example.org", "") if is_loopback(one)] == []
