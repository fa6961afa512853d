"""Actions a second that have processes: `core.local` with `true`, and a Python action that adds two numbers.

The shape is that of the load (`throughput`): sixteen chains of ten at a time, in the slots of the product.
"""

from collections.abc import Iterator
from time import perf_counter

from benchmarks import pack
from benchmarks.durable.definitions import chain
from benchmarks.durable.load import opened
from benchmarks.durable.scratch import scratch
from benchmarks.durable.throughput import AT_ONCE, LENGTH
from benchmarks.figures import Figure


def measure_local(workflows: int = 64) -> Iterator[Figure]:
    """Shell commands."""
    # in quotes, because a bare `true` is no text in YAML
    yield _figure("durable.sqlite.local_per_s", chain(LENGTH, "core.local", cmd="'true'"), workflows)


def measure_python(workflows: int = 64) -> Iterator[Figure]:
    """Python actions."""
    yield _figure("durable.sqlite.python_per_s", chain(LENGTH, pack.ACTION, a="1", b="2"), workflows)


def _figure(name: str, definition: str, workflows: int) -> Figure:
    with scratch() as folder:
        packs = folder / "packs"
        pack.write_to(packs)
        with opened(folder, [packs]) as load:
            load.run_one(definition)
            begin = perf_counter()
            load.run(definition, workflows, AT_ONCE)
            seconds = perf_counter() - begin
    return Figure(name, workflows * LENGTH, workflows * LENGTH / seconds, "actions/s")
