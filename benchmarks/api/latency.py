"""How soon what is asked for happens, and is heard of: one noop after the other, the server otherwise idle.

`start_ms` is from the moment of the request to the start of the action, as the store has recorded it;
`stream_ms` from the recorded end of the action to its event at the client, so the commit is in it.
"""

from collections.abc import Iterator
from datetime import datetime
from time import time

from benchmarks.api.client import Client, events_in, wait_for
from benchmarks.api.server import server
from benchmarks.durable.load import DATABASE
from benchmarks.durable.scratch import scratch
from benchmarks.durable.spread import spread
from benchmarks.figures import Figure
from orchestrion.store.sqlite import Store

_MICROSECONDS = 1_000_000


def measure_start(times: int = 200) -> Iterator[Figure]:
    """From the request to the start."""
    with scratch() as folder:
        asked_at: dict[str, float] = {}
        with server(folder / DATABASE) as port, Client(port) as client:
            for _ in range(times):
                begin = time()
                number = client.start()
                asked_at[number] = begin
                wait_for(port, number)
        store = Store(folder / DATABASE)
        with store.reading() as transaction:
            rows = [transaction.one("execution", id=number) for number in asked_at]
        store.close()
    started = [row["started_at"] / _MICROSECONDS for row in rows if row is not None]
    yield from spread(
        "api.start_ms", [after - before for before, after in zip(asked_at.values(), started, strict=True)]
    )


def measure_stream(times: int = 200) -> Iterator[Figure]:
    """From the end to the event."""
    delays: list[float] = []
    with (
        scratch() as folder,
        server(folder / DATABASE) as port,
        Client(port) as client,
        Client(port) as follower,
        follower.stream() as stream,
    ):
        client.start()
        events = events_in(stream)
        for _ in range(times):
            number = client.start()
            end = next(one for one in events if one["id"] == number and one["status"] == "succeeded")
            delays.append(time() - datetime.fromisoformat(end["end_timestamp"]).timestamp())
    yield from spread("api.stream_ms", delays)
