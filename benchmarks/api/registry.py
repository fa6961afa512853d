"""The benchmarks of the API by name."""

from typing import Final

from benchmarks.api import latency, pages, requests
from benchmarks.figures import Benchmark

BENCHMARKS: Final[dict[str, Benchmark]] = {
    "api.create_per_s": requests.measure_create,
    "api.create_ms": requests.measure_create,
    "api.get_per_s": requests.measure_get,
    "api.get_ms": requests.measure_get,
    "api.start_ms": latency.measure_start,
    "api.stream_ms": latency.measure_stream,
    "api.list_ms": pages.measure,
}
"""Every benchmark of the API by the names of its figures, or what they begin with."""
