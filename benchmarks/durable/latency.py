"""From task to task: one sequential workflow of `core.noop`, alone on its store.

It is the time between the starts of two tasks that follow each other, as the store has recorded them: the
action's end, the decision, the commit of both, and the next start.
"""

from collections.abc import Iterator
from itertools import pairwise

from benchmarks.durable.definitions import chain
from benchmarks.durable.load import opened
from benchmarks.durable.scratch import scratch
from benchmarks.durable.spread import spread
from benchmarks.figures import Figure


def measure(tasks: int = 500) -> Iterator[Figure]:
    """The figures of one workflow."""
    with scratch() as folder, opened(folder) as load:
        load.run_one(chain(10))
        number = load.run_one(chain(tasks))
        with load.session.store.reading() as transaction:
            starts: list[int] = [row["started_at"] for row in transaction.all("children", parent=number)]
    assert len(starts) == tasks, len(starts)
    yield from spread(
        "durable.sqlite.latency_ms", [(after - before) / 1_000_000 for before, after in pairwise(starts)]
    )
