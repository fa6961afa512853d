"""One with-items task with 10,000 items of `core.noop`, all of them at once: seconds from start to end."""

from collections.abc import Iterator
from time import perf_counter

from benchmarks.durable.definitions import ALL_ITEMS
from benchmarks.durable.load import opened
from benchmarks.durable.scratch import scratch
from benchmarks.figures import Figure


def measure(items: int = 10_000) -> Iterator[Figure]:
    """The figure of one workflow."""
    with scratch() as folder, opened(folder) as load:
        load.run_one(ALL_ITEMS, {"list": [0]})
        begin = perf_counter()
        load.run_one(ALL_ITEMS, {"list": list(range(items))})
        yield Figure("durable.sqlite.items_s", items, perf_counter() - begin, "s")
