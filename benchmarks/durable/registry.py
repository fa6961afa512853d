"""The durable benchmarks by name."""

from typing import Final

from benchmarks.durable import actions, control, dbos, latency, many_items, opening, starts, throughput
from benchmarks.figures import Benchmark

BENCHMARKS: Final[dict[str, Benchmark]] = {
    "durable.sqlite.tasks_per_s": throughput.measure,
    "durable.sqlite.cpu_us_per_task": throughput.measure,
    "durable.sqlite.commit_ms": throughput.measure,
    "durable.dbos.tasks_per_s": dbos.measure,
    "durable.ratio_to_dbos": dbos.measure,
    "durable.sqlite.local_per_s": actions.measure_local,
    "durable.sqlite.python_per_s": actions.measure_python,
    "durable.sqlite.latency_ms": latency.measure,
    "durable.sqlite.items_s": many_items.measure,
    "durable.sqlite.pause_ms": control.measure_pause,
    "durable.sqlite.cancel_ms": control.measure_cancel,
    "durable.sqlite.operation_to_start_ms": starts.measure,
    "durable.sqlite.start_s": opening.measure,
    "durable.sqlite.memory_mb": opening.measure,
}
"""Every durable benchmark by the names of its figures, or what they begin with."""
