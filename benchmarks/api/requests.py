"""Requests a second, and how long the slowest take, from several clients at once."""

from collections.abc import Iterator, Sequence

from benchmarks.api.client import Client, asked, wait_for
from benchmarks.api.server import server
from benchmarks.durable.load import DATABASE
from benchmarks.durable.scratch import scratch
from benchmarks.durable.spread import spread
from benchmarks.figures import Figure

AT_ONCE = 4


def measure_create(requests: int = 2_000, at_once: int = AT_ONCE) -> Iterator[Figure]:
    """Executions that are started, which the server runs meanwhile."""
    with scratch() as folder, server(folder / DATABASE) as port:
        yield from _figures("create", *asked(port, at_once, requests, Client.start))


def measure_get(requests: int = 4_000, at_once: int = AT_ONCE) -> Iterator[Figure]:
    """One execution that has ended, again and again."""
    with scratch() as folder, server(folder / DATABASE) as port:
        with Client(port) as client:
            number = client.start()
        wait_for(port, number)

        def get(client: Client) -> object:
            return client.get(f"/api/v1/executions/{number}")

        yield from _figures("get", *asked(port, at_once, requests, get))


def _figures(name: str, seconds: float, times: Sequence[float]) -> Iterator[Figure]:
    yield Figure(f"api.{name}_per_s", len(times), len(times) / seconds, "requests/s")
    yield from spread(f"api.{name}_ms", times)
