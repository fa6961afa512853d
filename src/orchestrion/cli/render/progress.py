"""Progress in plain lines, one for each change of a status: for pipes, files and plain terminals."""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from orchestrion.cli.render.executions import items_text, laps, shown_status
from orchestrion.cli.render.output import Output
from orchestrion.client.views import COMPLETED, ExecutionView


class Progress(Protocol):
    """Is shown an execution whenever it has changed, and remarks in between.

    `leaves_status`: what stays on the terminal says how the execution stands.
    """

    leaves_status: bool

    def show(self, view: ExecutionView) -> None:
        """The execution as it stands now."""
        ...

    def say(self, text: str) -> None:
        """Something that the operator should know now; called by a signal handler, amid everything else."""
        ...

    def stop(self) -> None:
        """Nothing more will come."""
        ...


class Silent:
    """No progress: where the only output is a JSON document."""

    leaves_status = False

    def __init__(self, remarks: Output) -> None:
        self._remarks = remarks

    def show(self, view: ExecutionView) -> None:
        """Nothing."""

    def say(self, text: str) -> None:
        """Remarks go to stderr."""
        self._remarks.line_at_once(text)

    def stop(self) -> None:
        """Nothing."""


class Lines:
    """A line for each change of a status."""

    leaves_status = False

    def __init__(self, output: Output) -> None:
        self._output = output
        self._known: dict[str, str] = {}

    def show(self, view: ExecutionView) -> None:
        """Write what has changed since the last time."""
        for name, status, remark in _statuses(view):
            if self._known.get(name) != status:
                self._known[name] = status
                text = f"{datetime.now().astimezone():%H:%M:%S}  {name}: {status}"
                self._output.line(f"{text} ({remark})" if remark else text)

    def say(self, text: str) -> None:
        """A line of its own."""
        self._output.line_at_once(text)

    def stop(self) -> None:
        """Nothing to undo."""


def _statuses(view: ExecutionView, prefix: str = "") -> Iterator[tuple[str, str, str]]:
    """Name, status and remark of a workflow and its tasks; one that has ended comes after its tasks."""
    if not prefix and view.status not in COMPLETED:
        yield view.action, shown_status(view), ""
    lap_of = laps(view.tasks)
    for task in view.tasks:
        if task.kept_from is not None:
            continue
        name = f"{prefix}{task.task}" + (f" (route {task.route})" if task.route else "") + lap_of[task.entry]
        own = (name, task.status, items_text(task.items) if task.items else "")
        if task.status not in COMPLETED:
            yield own
        for workflow in {one.item: one for one in task.workflows}.values():  # of each, the last attempt
            if workflow.parent != view.id:
                continue  # of an item that is kept
            yield from _statuses(workflow, f"{name}{_item(workflow)}/")
        if task.status in COMPLETED:
            yield own
    if not prefix and view.status in COMPLETED:
        yield view.action, view.status, ""


def _item(workflow: ExecutionView) -> str:
    return "" if workflow.item is None else f"[{workflow.item}]"
