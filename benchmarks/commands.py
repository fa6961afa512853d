"""What a person waits for: seconds from the start of a command to its end, medians.

`cli.hello_s` runs the workflow `examples.hello` on a store that is there already, and has its result.
"""

import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from time import perf_counter
from typing import Final

from benchmarks.durable.scratch import scratch
from benchmarks.figures import Benchmark, Figure


def measure_help(runs: int = 15) -> Iterator[Figure]:
    """`orchestrion --help`."""
    yield Figure("cli.help_s", runs, _median(["--help"], runs), "s")


def measure_hello(runs: int = 15) -> Iterator[Figure]:
    """`orchestrion run examples.hello`."""
    with scratch() as folder:
        yield Figure(
            "cli.hello_s",
            runs,
            _median(["run", "examples.hello", "--db", str(folder / "hello.db")], runs),
            "s",
        )


def _median(words: Sequence[str], runs: int) -> float:
    command = [sys.executable, "-m", "orchestrion", *words]
    _seconds(command)  # makes the store, and loads the files of the program into the system's cache
    return statistics.median(_seconds(command) for _ in range(runs))


def _seconds(command: Sequence[str]) -> float:
    begin = perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return perf_counter() - begin


BENCHMARKS: Final[dict[str, Benchmark]] = {"cli.help_s": measure_help, "cli.hello_s": measure_hello}
