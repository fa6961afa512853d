"""Durable tasks a second: chains of ten `core.noop`, sixteen of them in flight all the time.

A task is counted from its request to the commit of its end, with all that the product writes and does for it:
execution, attempt, entry, arrival, history, the starts of the workflows and their ends. Only the action does
nothing. `cpu_us_per_task` is the processor time of the whole process. Each repetition has a store of its own,
which is empty, and the definition compiled; the medians count.
"""

import statistics
from collections.abc import Iterator
from time import perf_counter, process_time
from typing import Final, NamedTuple

from benchmarks.durable.commits import commit_times
from benchmarks.durable.definitions import chain
from benchmarks.durable.load import opened
from benchmarks.durable.scratch import scratch
from benchmarks.figures import Figure

LENGTH: Final = 10
AT_ONCE: Final = 16


class Speed(NamedTuple):
    """How fast a load was."""

    tasks: int
    seconds: float
    cpu: float
    commits: list[float]

    @property
    def tasks_per_s(self) -> float:
        """Tasks a second."""
        return self.tasks / self.seconds


def speed_of(workflows: int, commits: int = 0) -> Speed:
    """Run workflows on a store of their own; commits alone are timed right before and after."""
    with scratch() as folder, opened(folder) as load:
        definition = chain(LENGTH)
        load.run_one(definition)
        times = commit_times(folder, commits)
        begin, cpu = perf_counter(), process_time()
        load.run(definition, workflows, AT_ONCE)
        seconds, cpu = perf_counter() - begin, process_time() - cpu
        times += commit_times(folder, commits)
    return Speed(workflows * LENGTH, seconds, cpu, times)


def measure(workflows: int = 400, repetitions: int = 3, commits: int = 200) -> Iterator[Figure]:
    """The figures of the load."""
    runs = [speed_of(workflows, commits) for _ in range(repetitions)]
    tasks = workflows * LENGTH
    cpu = statistics.median(run.cpu for run in runs) * 1_000_000 / tasks
    times = [time for run in runs for time in run.commits]
    yield Figure(
        "durable.sqlite.tasks_per_s", tasks, statistics.median(run.tasks_per_s for run in runs), "tasks/s"
    )
    yield Figure("durable.sqlite.cpu_us_per_task", tasks, cpu, "µs")
    yield Figure("durable.sqlite.commit_ms", len(times), statistics.median(times) * 1_000, "ms")
