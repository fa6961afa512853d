"""What is said about an execution: the command that goes on, and how long something took."""

import io
import re
from dataclasses import replace

import pytest

from orchestrion.cli.render.executions import show_tasks, tasks_to_request
from orchestrion.cli.render.output import Output
from orchestrion.cli.render.progress import Lines
from orchestrion.client.views import AttemptView, ExecutionView, ItemsView, TaskView

CUT = ItemsView(total=5, succeeded=2, failed=0, canceled=0, active=0)
CANCELED = ItemsView(total=5, succeeded=2, failed=0, canceled=3, active=0)


def ended(*tasks: TaskView) -> ExecutionView:
    return ExecutionView("id", "a.w", "failed", {}, {}, 1, 1, 2, workflow="w", tasks=tasks)


def task(name: str, status: str, items: ItemsView | None = None) -> TaskView:
    return TaskView(name, 0, 0, status, items)


@pytest.mark.parametrize(
    "tasks, names, with_items",
    [
        ([task("a", "failed"), task("b", "canceled", CUT)], "a", ""),
        ([task("a", "failed"), task("b", "canceled", CANCELED)], "a b", "b"),
        ([task("a", "failed", CUT), task("b", "canceled")], "a b", "a"),
        ([task("b", "canceled", CUT), task("c", "succeeded")], "b", "b"),
    ],
)
def test_what_goes_on_by_itself_is_not_requested(tasks: list[TaskView], names: str, with_items: str) -> None:
    assert tasks_to_request(ended(*tasks)) == (names.split(), with_items.split())


def test_what_never_began_took_no_time() -> None:
    attempts = (
        AttemptView("x", "a.b", None, 1, "canceled", 5_000_000, 5_000_000),
        AttemptView("y", "a.b", None, 2, "canceled", 5_000_000, 7_000_000),
    )
    stream = io.StringIO()
    show_tasks(Output(stream), [TaskView("t", 0, 0, "canceled", attempts=attempts)], attempts=True)
    assert [line.strip() for line in stream.getvalue().splitlines()[1:]] == [
        "x attempt 1: canceled",
        "y attempt 2: canceled in 2.0 s",
    ]


def test_laps_are_numbered_from_the_second_one() -> None:
    tasks = [TaskView("t", route, entry, "succeeded") for entry, route in enumerate((0, 0, 1, 0))]
    names = ["t", "t (lap 2)", "t (route 1)", "t (lap 3)"]
    stream = io.StringIO()
    show_tasks(Output(stream), tasks)
    assert [line.split("  ")[1].split(" ", 1)[1] for line in stream.getvalue().splitlines()] == names
    stream = io.StringIO()
    lines = Lines(Output(stream))
    for entry, one in enumerate(tasks):
        for status in ("running", "succeeded"):
            lines.show(ended(*tasks[:entry], replace(one, status=status)))
    told = [line.partition("  ")[2] for line in stream.getvalue().splitlines()]
    told.remove("a.w: failed")
    assert told == [f"{name}: {status}" for name in names for status in ("running", "succeeded")]


def test_items_stand_in_their_order_though_a_re_run_has_some_anew() -> None:
    attempts = tuple(AttemptView(str(item), "a.b", item, 1, "failed", 1, 2) for item in (0, 2, 1))
    inside = tuple(
        ExecutionView(str(item), "a.w", "failed", {}, {}, 1, 1, 2, tasks=(task("u", "failed"),), item=item)
        for item in (0, 2, 1)
    )
    stream = io.StringIO()
    show_tasks(Output(stream), [TaskView("t", 0, 0, "failed", attempts=attempts, workflows=inside)])
    assert re.findall(r"\[(\d)\] u", stream.getvalue()) == ["0", "1", "2"]
    show_tasks(Output(stream), [TaskView("t", 0, 0, "failed", attempts=attempts)], attempts=True)
    assert re.findall(r" item (\d)", stream.getvalue()) == ["0", "1", "2"]
