"""A page of 100 executions, of many that have ended."""

from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

from benchmarks.api.client import Client, wait_for
from benchmarks.api.server import USER, server
from benchmarks.durable.definitions import chain
from benchmarks.durable.load import DATABASE
from benchmarks.durable.scratch import scratch
from benchmarks.durable.spread import spread
from benchmarks.figures import Figure
from orchestrion.client.session import Session
from orchestrion.operations import StartRequest

_PAGE = 100


def measure(executions: int = 10_000, times: int = 50) -> Iterator[Figure]:
    """Pages from everywhere in the list."""
    with scratch() as folder:
        last = _fill(folder / DATABASE, executions)
        with server(folder / DATABASE) as port, Client(port) as client:
            wait_for(port, last)
            seconds: list[float] = []
            for number in range(times):
                offset = number * max(0, executions - _PAGE) // times
                begin = perf_counter()
                page = client.get(f"/api/v1/executions/?parent=null&limit={_PAGE}&offset={offset}")
                seconds.append(perf_counter() - begin)
                assert len(page) == min(_PAGE, executions), len(page)
    yield from (figure._replace(n=executions) for figure in spread("api.list_ms", seconds))


def _fill(database: Path, executions: int) -> str:
    """Start workflows that the server is to run; the one that it runs last."""
    session = Session(database, USER)
    number = ""
    for _ in range(executions):
        number = session.operations.start(StartRequest("bench.yaml", chain(1), {}, "bench.yaml"), None)
    session.close()
    return number
