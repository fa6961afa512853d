"""What is said about an execution: the command that goes on, and how long something took."""

import io

import pytest

from orchestrion.cli.render.executions import show_tasks, tasks_to_request
from orchestrion.cli.render.output import Output
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
