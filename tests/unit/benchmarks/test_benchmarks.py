import json

import pytest

from benchmarks import __main__ as command
from benchmarks.figures import Benchmark, Figure, slope_of


def figures(*values: float) -> list[Figure]:
    return [Figure("x", 10**power, value, "ms") for power, value in enumerate(values, start=1)]


def test_what_costs_the_same_at_every_size_has_no_slope() -> None:
    assert slope_of(figures(0.5, 0.5, 0.5)) == pytest.approx(0)


def test_what_costs_ten_times_as_much_at_ten_times_the_size_has_the_slope_one() -> None:
    assert slope_of(figures(0.5, 5, 50)) == pytest.approx(1)


def test_each_figure_is_a_line_of_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def measure() -> list[Figure]:
        return [Figure("some.thing", 10, 0.123456, "ms/task"), Figure("some.thing.slope", None, 0, "")]

    registry: dict[str, Benchmark] = {"some.thing": measure, "other": list[Figure]}
    monkeypatch.setattr(command, "BENCHMARKS", registry)
    assert command.main(["some"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        {"figure": "some.thing", "n": 10, "value": 0.1235, "unit": "ms/task"},
        {"figure": "some.thing.slope", "n": None, "value": 0, "unit": ""},
    ]


def test_an_unknown_name_lists_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["nothing"]) == 2
    assert "conductor.chain" in capsys.readouterr().err
