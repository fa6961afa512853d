from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks import commands
from benchmarks.durable import (
    actions,
    control,
    dbos,
    latency,
    many_items,
    opening,
    scratch,
    starts,
    throughput,
)
from benchmarks.durable.definitions import chain
from benchmarks.durable.load import opened
from benchmarks.figures import Figure


def _peer(form: str, _workflows: int) -> float:
    return {"threads": 40.0, "async": 60.0}[form]


SMALL: list[tuple[Callable[[], Iterable[Figure]], set[str]]] = [
    (
        partial(throughput.measure, workflows=2, repetitions=1, commits=2),
        {"durable.sqlite.tasks_per_s", "durable.sqlite.cpu_us_per_task", "durable.sqlite.commit_ms"},
    ),
    (
        partial(dbos.measure, workflows=1, repetitions=1, peer=_peer, times_as_many=1),
        {"durable.dbos.tasks_per_s", "durable.ratio_to_dbos"},
    ),
    (partial(actions.measure_local, workflows=1), {"durable.sqlite.local_per_s"}),
    (partial(actions.measure_python, workflows=1), {"durable.sqlite.python_per_s"}),
    (
        partial(latency.measure, tasks=4),
        {"durable.sqlite.latency_ms.p50", "durable.sqlite.latency_ms.p99"},
    ),
    (partial(many_items.measure, items=3), {"durable.sqlite.items_s"}),
    (
        partial(control.measure_pause, times=2),
        {f"durable.sqlite.pause_ms.{place}.{cut}" for place in ("same", "other") for cut in ("p50", "p99")},
    ),
    (
        partial(control.measure_cancel, times=2),
        {f"durable.sqlite.cancel_ms.{place}.{cut}" for place in ("same", "other") for cut in ("p50", "p99")},
    ),
    (
        partial(starts.measure, times=2),
        {
            f"durable.sqlite.operation_to_start_ms.{kind}.{cut}"
            for kind in ("resume", "rerun")
            for cut in ("p50", "p99")
        },
    ),
    (partial(opening.measure, executions=150), {"durable.sqlite.start_s", "durable.sqlite.memory_mb"}),
    (partial(commands.measure_help, runs=1), {"cli.help_s"}),
    (partial(commands.measure_hello, runs=1), {"cli.hello_s"}),
]


@pytest.fixture(autouse=True)
def stores_go_away_with_the_test(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(scratch, "FOLDER", tmp_path)


@pytest.mark.parametrize("measure,names", SMALL, ids=[min(names) for _, names in SMALL])
def test_a_durable_benchmark_yields_its_figures(
    measure: Callable[[], Iterable[Figure]], names: set[str]
) -> None:
    figures = list(measure())
    assert {figure.figure for figure in figures} == names
    assert all(figure.value > 0 and figure.n for figure in figures), figures
    known = command.BENCHMARKS
    assert all(figure.figure.startswith(tuple(known)) for figure in figures)


def test_the_better_form_of_the_peer_counts() -> None:
    theirs, ratio = dbos.measure(1, 1, _peer, 1)
    assert theirs == ("durable.dbos.tasks_per_s", 10, 60.0, "tasks/s")
    assert ratio.value > 0


def test_a_load_that_does_not_succeed_is_no_figure(tmp_path: Path) -> None:
    with opened(tmp_path) as load, pytest.raises(AssertionError, match="failed"):
        load.run(chain(1, "core.local", cmd="'false'"), workflows=1)
