"""Python actions: milliseconds from the start of one to its outcome, one after the other, without a store.

The action is as small as one can be, so what is measured is the fork, the loading of its file, and its end.
The zygote is started before. The median counts: on a machine with other things to do the mean says little.
"""

import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Final

from benchmarks import pack
from benchmarks.figures import Benchmark, Figure
from orchestrion.actions.catalog import Catalog
from orchestrion.actions.environments import Environments
from orchestrion.actions.parameters import resolve
from orchestrion.actions.runners.base import Job, run
from orchestrion.actions.runners.python import PythonRunner

_RUNS: Final = 200
_WARM_UP: Final = 5


def _measure() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pack.write_to(folder)
        action = Catalog([folder]).find(pack.ACTION)
        resolved = resolve(action, {})
        job = Job("bench", action, resolved.runner_parameters, resolved.action_parameters, engine="bench")
        runner = PythonRunner(Environments(lambda: folder / "virtualenvs"))
        try:
            times = [_seconds(runner, job) for _ in range(_WARM_UP + _RUNS)][_WARM_UP:]
        finally:
            runner.close()
    yield Figure("python.runs_ms", None, statistics.median(times) * 1_000, "ms/run")


def _seconds(runner: PythonRunner, job: Job) -> float:
    begin = perf_counter()
    outcome = run(runner, job)
    assert outcome.status == "succeeded", outcome
    return perf_counter() - begin


BENCHMARKS: dict[str, Benchmark] = {"python.runs_ms": _measure}
