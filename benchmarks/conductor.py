"""The conductor in memory (architecture 8): milliseconds a task, or an item, expressions included.

The core is driven as a runtime drives it (`driver`): a task costs two events, and each decision is applied to
the state. Only the conducting is timed, not the building of the definition and its graph, and what is timed
is the processor time of this process: it is one thread that waits for nothing, so a busy neighbour counts as
little as it can. Each size is measured several times, small workflows many in a row, and the median counts.
The garbage collector works with its defaults, as in a process that serves; before each measurement it is run
once, and what exists by then is frozen, as a server does after its start.
"""

import gc
import statistics
from collections.abc import Callable, Iterator
from time import process_time
from typing import Final

from benchmarks import workflows
from benchmarks.driver import run
from benchmarks.figures import Benchmark, Figure, slope_of
from orchestrion.core.graph import Graph, build_graph
from orchestrion.core.language import Definition
from orchestrion.core.state import State
from orchestrion.core.values import Json

_REPETITIONS = 5
_TASKS_IN_A_ROW = 1_000


def _milliseconds(graph: Graph, inputs: dict[str, Json], tasks: int) -> float:
    """The median time of a run, for each of its tasks."""
    in_a_row = max(1, _TASKS_IN_A_ROW // tasks)
    run(State(graph), inputs)  # compiles what runs, once for all executions
    times: list[float] = []
    for _ in range(_REPETITIONS):
        states = [State(graph) for _ in range(in_a_row)]
        gc.collect()
        gc.freeze()
        start = process_time()
        for state in states:
            run(state, inputs)
        times.append(process_time() - start)
        gc.unfreeze()
    return statistics.median(times) * 1_000 / tasks / in_a_row


def _growing(
    name: str, sizes: tuple[int, ...], define: Callable[[int], Definition], *, besides: int = 0
) -> Benchmark:
    """A benchmark of workflows of several sizes, in milliseconds a task; `besides` more than the size run."""

    def measure() -> Iterator[Figure]:
        figures: list[Figure] = []
        for size in sizes:
            value = _milliseconds(build_graph(define(size)), {}, size + besides)
            figures.append(Figure(name, size, value, "ms/task"))
            yield figures[-1]
        yield Figure(f"{name}.slope", None, slope_of(figures), "")

    return measure


def _items() -> Iterator[Figure]:
    """With-items, ten at a time; the sizes are numbers of items."""
    figures: list[Figure] = []
    graph = build_graph(workflows.items(concurrency=10))
    for size in (100, 1_000, 10_000, 100_000):
        inputs: dict[str, Json] = {"list": list(range(size))}
        figures.append(Figure("conductor.items", size, _milliseconds(graph, inputs, size), "ms/item"))
        yield figures[-1]
    yield Figure("conductor.items.slope", None, slope_of(figures), "")


def _context() -> Iterator[Figure]:
    """Fifty tasks carry a value that none of them touches; the sizes are bytes of JSON text, roughly."""
    figures: list[Figure] = []
    graph = build_graph(workflows.carried(_CARRIERS))
    for size in (1_000, 10_000, 100_000, 1_000_000):
        inputs: dict[str, Json] = {"payload": _payload(size)}
        figures.append(Figure("conductor.context", size, _milliseconds(graph, inputs, _CARRIERS), "ms/task"))
        yield figures[-1]
    yield Figure("conductor.context.slope", None, slope_of(figures), "")


_CARRIERS = 50


def _payload(size: int) -> Json:
    """Records of a hundred bytes."""
    return [{"name": f"host-{number:08}", "text": "x" * 58} for number in range(size // 100)]


BENCHMARKS: Final[dict[str, Benchmark]] = {
    "conductor.chain": _growing("conductor.chain", (10, 100, 1_000, 10_000), workflows.chain),
    "conductor.items": _items,
    "conductor.fanout": _growing("conductor.fanout", (10, 100, 1_000, 10_000), workflows.fanout, besides=2),
    "conductor.loop": _growing("conductor.loop", (10, 100, 1_000, 10_000), workflows.loop, besides=1),
    "conductor.context": _context,
    "conductor.names": _growing("conductor.names", (10, 100, 1_000, 3_000, 10_000), workflows.names),
    "conductor.slow": _growing(
        "conductor.slow",
        (10, 100, 1_000),
        lambda length: workflows.chain(length, publish="<% [ctx().count, 0].max() + 1 %>"),
    ),
}
