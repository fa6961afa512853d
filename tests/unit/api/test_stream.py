"""The event stream: everything in order, filtered, to its end; whoever is slow or leaves holds up nobody."""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from orchestrion.api.feed import CREATED, MOST, UPDATED, WRITTEN, Event, Subscription, Wanted, data_of
from orchestrion.api.stream import EventStream
from orchestrion.operations import StartRequest
from orchestrion.operations.wrapping import inputs_of, wrapped
from orchestrion.queries.changes import StatusChange
from tests.unit.api.listening import Server, serving

TWO = """
version: 1.0
tasks:
  a:
    action: core.ask
    next: [{do: b}]
  b: {action: core.local cmd="echo hello"}
"""
ASKS = "version: 1.0\ntasks:\n  a: {action: core.ask}\n"
NOOP = "version: 1.0\ntasks:\n  a: {action: core.noop}\n"

Body = dict[str, Any]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path) as server:
        yield server


def events_in(text: str) -> list[tuple[str, Body]]:
    """The events of a stream, by their names."""
    found: list[tuple[str, Body]] = []
    for block in text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if line)
        if fields:
            found.append((fields["event"], json.loads(fields["data"])))
    return found


class Stream:
    """A stream that is open, at a real server."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._chunks = response.iter_text()
        self.text = next(self._chunks)

    def events(self) -> list[tuple[str, Body]]:
        """All to its end."""
        self.text += "".join(self._chunks)
        return events_in(self.text)

    def until(self, part: str) -> None:
        while part not in self.text:
            self.text += next(self._chunks)


def test_a_whole_execution_is_followed_to_its_end(server: Server) -> None:
    number = server.start(TWO)
    ask = open_inquiry(server)
    query = f"end_event={UPDATED}&end_execution_id={number}&events=st2.execution__*,{WRITTEN}"
    with server.client.stream("GET", f"/stream/v1/stream?{query}") as response:
        stream = Stream(response)
        assert stream.text == "\n"
        assert response.headers["content-type"] == "text/event-stream; charset=UTF-8"
        assert "content-encoding" not in response.headers
        server.operations.respond(ask, {"continue": True}, server.served.engine)
        events = stream.events()
    named = {
        name: [body["status"] for event, body in events if event != WRITTEN and name_of(body) == name]
        for name in ("a", "b", number)
    }
    assert named["a"] == ["succeeded"]
    assert named["b"] == ["requested", "running", "succeeded"]
    assert named[number][-1] == "succeeded"
    assert events[-1][1]["id"] == number
    assert [event for event, body in events if name_of(body) == "b"] == [CREATED, UPDATED, UPDATED]
    written = [body for event, body in events if event == WRITTEN]
    assert [(one["data"], one["output_type"], one["action_ref"]) for one in written] == [
        ("hello\n", "stdout", "core.local")
    ]
    assert "status" not in written[0]
    assert written[0]["execution_id"] in {body.get("id") for _, body in events if name_of(body) == "b"}


def name_of(body: Body) -> str:
    context = body.get("context", {})
    return str(context["orquesta"]["task_name"] if "orquesta" in context else body["id"])


def open_inquiry(server: Server) -> str:
    while not (found := server.served.queries.inquiries(1)):
        pass
    return found[0].id


def test_what_a_client_needs_is_in_every_execution(server: Server) -> None:
    number = server.start(ASKS)
    ask = open_inquiry(server)
    with server.client.stream("GET", "/stream/stream") as response:
        stream = Stream(response)
        server.operations.cancel(number, server.served.engine)
        stream.until(f'"id":"{number}"')
    child = next(body for _, body in events_in(stream.text) if body["id"] == ask)
    assert child["action"]["ref"] == "core.ask"
    assert child["parent"] == number
    assert child["context"]["parent"]["execution_id"] == number
    assert child["context"]["user"] == "tester"
    assert child["context"]["orquesta"]["task_name"] == "a"
    assert child["start_timestamp"] < child["end_timestamp"]


def test_of_what_has_ended_already_only_the_end_is_sent(server: Server) -> None:
    number = server.start(NOOP)
    server.wait_for(number)
    path = f"/stream/stream?end_event={UPDATED}&end_execution_id={number}&events={UPDATED}"
    events = events_in(server.client.get(path).text)
    assert [(name, body["id"], body["status"]) for name, body in events] == [(UPDATED, number, "succeeded")]


def test_of_an_action_that_has_ended_already_its_output_is_sent_too(server: Server) -> None:
    text = wrapped("core.local")
    request = StartRequest("core.local", text, inputs_of({"cmd": "echo quick"}), wraps=True)
    number = server.operations.start(request, server.served.engine)
    server.wait_for(number)
    path = f"/stream/stream?end_event={UPDATED}&end_execution_id={number}&events={UPDATED},{WRITTEN}"
    events = events_in(server.client.get(path).text)
    assert [body.get("data") or body["status"] for _, body in events] == ["quick\n", "succeeded"]


def event(
    name: str = UPDATED, execution: str = "e", action: str = "p.a", status: str | None = "running"
) -> Event:
    return Event(name, execution, action, "w", status, b"x")


@pytest.mark.parametrize(
    "wanted,takes",
    [
        (Wanted(), True),
        (Wanted(events=("st2.execution__*",)), True),
        (Wanted(events=(CREATED, WRITTEN)), False),
        (Wanted(actions=frozenset({"p.a"})), True),
        (Wanted(actions=frozenset({"p.b"})), False),
        (Wanted(executions=frozenset({"e", "f"})), True),
        (Wanted(executions=frozenset({"f"})), False),
        (Wanted(tree="w"), True),
        (Wanted(tree="v"), False),
    ],
)
def test_filters(wanted: Wanted, takes: bool) -> None:  # noqa: FBT001
    assert wanted.takes(event()) is takes


def test_output_is_only_sent_to_who_asks_for_it() -> None:
    assert not Wanted().takes(event(WRITTEN, status=None))
    assert Wanted(events=("*",)).takes(event(WRITTEN, status=None))


def test_only_the_end_of_that_execution_ends_a_stream() -> None:
    wanted = Wanted(end_event=UPDATED, end_execution="e")
    assert wanted.ends_with(event(status="failed"))
    assert not wanted.ends_with(event(status="running"))
    assert not wanted.ends_with(event(execution="f", status="failed"))
    assert not wanted.ends_with(event(CREATED, status="failed"))


def test_without_news_a_heartbeat_is_due() -> None:
    async def take() -> list[bytes] | None:
        return await Subscription(Wanted()).take(0)

    assert asyncio.run(take()) == []


def test_who_takes_too_little_is_cut_off(caplog: pytest.LogCaptureFixture) -> None:
    async def follow() -> list[str]:
        subscription = Subscription(Wanted(), backlog=3)

        async def chunks() -> AsyncIterator[bytes]:
            yield b"first"
            raise AssertionError("the first one was never taken")

        sent: list[str] = []

        async def send(message: Any) -> None:
            sent.append(message["type"])
            if message.get("body") == b"first":
                for _ in range(5):
                    subscription.offer(event())
                await asyncio.Event().wait()  # a connection that is full

        async def receive() -> Any:
            await asyncio.Event().wait()

        await EventStream(subscription, chunks())({"type": "http"}, receive, send)
        assert subscription.is_over
        return sent

    caplog.set_level(logging.WARNING)
    assert asyncio.run(follow()) == ["http.response.start", *["http.response.body"] * 2]
    assert "cut off" in caplog.text


def test_who_leaves_is_followed_no_more(server: Server) -> None:
    with server.client.stream("GET", "/stream/stream") as response:
        stream = Stream(response)
        assert server.served.feed.followers == 1
    assert stream.text == "\n"
    while server.served.feed.followers:
        pass


def test_two_hundred_streams_are_open_at_once(server: Server) -> None:
    number = server.start(ASKS)
    open_inquiry(server)
    query = f"end_event={UPDATED}&end_execution_id={number}"
    request = f"GET /stream/stream?{query} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    address = server.client.base_url
    clients = [socket.create_connection((address.host, address.port), timeout=60) for _ in range(200)]
    for client in clients:
        client.sendall(request)
        client.recv(1)
    server.operations.cancel(number, server.served.engine)
    for client in clients:
        data = b""
        while not data.endswith(b"0\r\n\r\n"):
            data += client.recv(65536)
        assert b'"status":"canceled"' in data
        client.close()


def test_a_server_that_stops_ends_its_streams(server: Server) -> None:
    with server.client.stream("GET", "/stream/stream") as response:
        stream = Stream(response)
        server.served.feed.close()
        assert stream.events() == []


def test_an_execution_is_told_as_it_is_shown(server: Server) -> None:
    """As `GET` gives it, but for what has come of it since, and for times that go on."""
    query = f"events=st2.execution__*&end_event={UPDATED}&end_execution_id="
    number = server.start(TWO)
    ask = open_inquiry(server)
    with server.client.stream("GET", f"/stream/stream?{query}{number}") as response:
        stream = Stream(response)
        server.operations.respond(ask, {"continue": True}, server.served.engine)
        events = [body for _, body in stream.events()]
    for one in (ask, number, next(body["id"] for body in events if name_of(body) == "b")):
        told = [body for body in events if body["id"] == one]
        shown = server.client.get(f"/v1/executions/{one}").json()
        assert told[-1] == shown
        assert all(body.keys() == shown.keys() for body in told)
        assert [body["log"][-1]["status"] for body in told] == [body["status"] for body in told]
        assert [body["end_timestamp"] for body in told[:-1]] == [None] * (len(told) - 1)


def test_a_result_that_is_large_is_not_sent(server: Server) -> None:
    text = wrapped("core.local")
    cmd = f"head -c {MOST} /dev/zero | tr '\\0' x"
    request = StartRequest("core.local", text, inputs_of({"cmd": cmd}), wraps=True)
    number = server.operations.start(request, server.served.engine)
    server.wait_for(number)
    path = f"/stream/stream?end_event={UPDATED}&end_execution_id={number}&events={UPDATED}"
    ((_, body),) = events_in(server.client.get(path).text)
    assert (body["status"], body["result"]) == ("succeeded", None)
    assert body["result_size"] > MOST


def test_an_event_is_one_line_of_json() -> None:
    shown: dict[str, Any] = {"id": "e", "status": "running", "log": [], "result": "a\nb"}
    data = data_of(StatusChange({"id": "e"}, "running", is_new=True), {"e": shown}).decode()
    name, line = data.removesuffix("\n\n").split("\n")
    assert name == f"event: {CREATED}"
    assert json.loads(line.removeprefix("data: ")) == shown
