"""A client with one connection, which it keeps: with the standard library, to measure the server."""

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPResponse
from time import perf_counter
from typing import Any, Final, Self

NOOP: Final[dict[str, Any]] = {"action": "core.noop", "parameters": {}}
"""What most of the benchmarks start."""

UPDATED: Final = "st2.execution__update"
_SECONDS: Final = 60


class Client:
    """Asks a server on a port of this machine, by one connection."""

    def __init__(self, port: int) -> None:
        self._connection: Final = HTTPConnection("127.0.0.1", port, timeout=_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def get(self, path: str) -> Any:
        """The JSON of a path."""
        return self._answer("GET", path, None, 200)

    def start(self) -> str:
        """Start a noop; the id of its execution."""
        return self._answer("POST", "/api/v1/executions", json.dumps(NOOP), 201)["id"]

    def stream(self, query: str = "") -> HTTPResponse:
        """The event stream, opened; nothing else may be asked on this connection."""
        self._connection.request("GET", f"/stream/v1/stream?{query}")
        response = self._connection.getresponse()
        assert response.status == 200, response.status
        return response

    def _answer(self, method: str, path: str, body: str | None, status: int) -> Any:
        headers = {} if body is None else {"Content-Type": "application/json"}
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        data = response.read()
        assert response.status == status, (path, response.status, data)
        return json.loads(data)


def wait_for(port: int, number: str) -> None:
    """Wait until an execution has ended."""
    with Client(port) as client, client.stream(f"end_event={UPDATED}&end_execution_id={number}") as stream:
        stream.read()


def events_in(response: HTTPResponse) -> Iterator[Any]:
    """The bodies of a stream's events, as they come."""
    for line in response:
        if line.startswith(b"data: "):
            yield json.loads(line.removeprefix(b"data: "))


def asked(
    port: int, at_once: int, requests: int, ask: Callable[[Client], object]
) -> tuple[float, Sequence[float]]:
    """Ask something so often, by several clients at once: how long it took, and how long each request."""

    def be_client(count: int) -> list[float]:
        times: list[float] = []
        with Client(port) as client:
            ask(client)  # its connection is there then
            for _ in range(count):
                begin = perf_counter()
                ask(client)
                times.append(perf_counter() - begin)
        return times

    with ThreadPoolExecutor(at_once) as pool:
        begin = perf_counter()
        found = [*pool.map(be_client, [requests // at_once] * at_once)]
        seconds = perf_counter() - begin
    return seconds, [one for times in found for one in times]
