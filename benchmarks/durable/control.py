"""How soon a pause or a cancellation is accepted while the load (`throughput`) runs.

From the call of the operation to its return, which comes after its commit. Asked from another thread of the
process that works (`same`), through the inbox of its engine, and from another process (`other`); opening the
store is not timed.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from benchmarks.durable.definitions import chain
from benchmarks.durable.load import DATABASE, opened
from benchmarks.durable.operator import operate
from benchmarks.durable.scratch import PROJECT, scratch
from benchmarks.durable.spread import spread
from benchmarks.durable.throughput import AT_ONCE, LENGTH
from benchmarks.figures import Figure

_ENDS = {"pause": {"succeeded"}, "cancel": {"succeeded", "canceled"}}


def measure_pause(times: int = 200) -> Iterator[Figure]:
    """Pauses."""
    yield from _measure("pause", times)


def measure_cancel(times: int = 200) -> Iterator[Figure]:
    """Cancellations."""
    yield from _measure("cancel", times)


def _measure(kind: str, times: int) -> Iterator[Figure]:
    for place in ("same", "other"):
        with scratch() as folder, opened(folder) as load, ThreadPoolExecutor(1) as pool:
            database = folder / DATABASE
            asking: Future[list[float]] = (
                pool.submit(operate, database, kind, times, load.operations)
                if place == "same"
                else pool.submit(_operate_elsewhere, database, kind, times)
            )
            load.keep(chain(LENGTH), AT_ONCE, lambda _, asking=asking: asking.done())
            assert set(load.ends.statuses.values()) <= _ENDS[kind], load.ends.statuses
        yield from spread(f"durable.sqlite.{kind}_ms.{place}", asking.result())


def _operate_elsewhere(database: Path, kind: str, times: int) -> list[float]:
    command = [sys.executable, "-m", "benchmarks.durable.operator", str(database), kind, str(times)]
    done = subprocess.run(command, cwd=PROJECT, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)
