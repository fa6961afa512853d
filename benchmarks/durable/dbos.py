"""The same load as steps of DBOS on SQLite (`benchmarks/peers/dbos_steps.py`), in turns with ours.

Of its threaded and its async form the one with the better median counts. The ratio is that of the medians, of
runs that took turns, so that both have the same disk and the same neighbours. DBOS runs in a process of its
own, started for each run, and measures itself after a warm-up, so neither imports nor the making of its
database count.
"""

import json
import statistics
import subprocess
from collections.abc import Callable, Iterator
from typing import Final

from benchmarks.durable.scratch import scratch
from benchmarks.durable.throughput import LENGTH, speed_of
from benchmarks.figures import Figure
from benchmarks.peers.environment import python_of, source_of

_FORMS: Final = ("threads", "async")

Peer = Callable[[str, int], float]
"""Runs so many workflows in a form; gives the steps a second."""


def run_dbos(form: str, workflows: int) -> float:
    """The steps a second of DBOS, in an environment that is made when it is first needed."""
    python = python_of("dbos")
    with scratch() as folder:
        command = [str(python), str(source_of("dbos_steps.py")), form, str(workflows), str(folder)]
        done = subprocess.run(command, stdout=subprocess.PIPE, cwd=folder, check=True)
    found = json.loads(done.stdout)
    return found["steps"] / found["seconds"]


def measure(
    workflows: int = 100, repetitions: int = 2, peer: Peer = run_dbos, times_as_many: int = 4
) -> Iterator[Figure]:
    """The figures of DBOS beside ours; each of our runs has more workflows, because it is over sooner."""
    theirs: dict[str, list[float]] = {form: [] for form in _FORMS}
    ours: list[float] = []
    for _ in range(repetitions):
        for form, speeds in theirs.items():
            speeds.append(peer(form, workflows))
            ours.append(speed_of(workflows * times_as_many).tasks_per_s)
    best = max(statistics.median(speeds) for speeds in theirs.values())
    yield Figure("durable.dbos.tasks_per_s", workflows * LENGTH, best, "tasks/s")
    yield Figure("durable.ratio_to_dbos", workflows * LENGTH, statistics.median(ours) / best, "")
