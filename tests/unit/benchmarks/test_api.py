from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks.api import latency, pages, requests
from benchmarks.durable import scratch
from benchmarks.figures import Figure

SMALL: list[tuple[Callable[[], Iterable[Figure]], set[str]]] = [
    (
        partial(requests.measure_create, requests=4, at_once=2),
        {"api.create_per_s", "api.create_ms.p50", "api.create_ms.p99"},
    ),
    (
        partial(requests.measure_get, requests=4, at_once=2),
        {"api.get_per_s", "api.get_ms.p50", "api.get_ms.p99"},
    ),
    (partial(latency.measure_start, times=2), {"api.start_ms.p50", "api.start_ms.p99"}),
    (partial(latency.measure_stream, times=2), {"api.stream_ms.p50", "api.stream_ms.p99"}),
    (partial(pages.measure, executions=3, times=2), {"api.list_ms.p50", "api.list_ms.p99"}),
]


@pytest.fixture(autouse=True)
def stores_go_away_with_the_test(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(scratch, "FOLDER", tmp_path)


@pytest.mark.parametrize("measure,names", SMALL, ids=[min(names) for _, names in SMALL])
def test_a_benchmark_of_the_api_yields_its_figures(
    measure: Callable[[], Iterable[Figure]], names: set[str]
) -> None:
    figures = list(measure())
    assert {figure.figure for figure in figures} == names
    assert all(figure.value > 0 and figure.n for figure in figures), figures
    assert all(figure.figure.startswith(tuple(command.BENCHMARKS)) for figure in figures)
