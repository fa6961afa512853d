"""Executions on a terminal or in a pipe: the list, one with its tasks, and what went wrong in it."""

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple, TypeVar, cast

from orchestrion.cli.render.failures import failures_of
from orchestrion.cli.render.output import VALUE_CELLS, Cell, Output, compact, duration, local_time, style_of
from orchestrion.cli.visible import visible
from orchestrion.client.views import ABENDED, COMPLETED, AttemptView, ExecutionView, ItemsView, TaskView

_FULL_TIMES_FROM: Final = 100
_Of = TypeVar("_Of", AttemptView, ExecutionView)
_NAMED: Final = 12
"""How many tasks inside of a sub-workflow are named, before it is named itself."""


def shown_status(view: ExecutionView) -> str:
    """The status, with a remark where nobody works on it."""
    return f"{view.status} (no engine)" if view.is_stalled else view.status


def show_list(output: Output, views: Sequence[ExecutionView]) -> None:
    """The executions as a table."""
    narrow = output.width is not None and output.width < _FULL_TIMES_FROM
    rows: list[Sequence[Cell]] = [[(name, "bold") for name in ("ID", "ACTION", "STATUS", "STARTED")]]
    for view in views:
        status = shown_status(view)
        time = local_time(view.created_at) or ""
        rows.append(
            [view.id, view.action, (status, style_of(status)), time[5:16] + time[19:] if narrow else time]
        )
    output.table(rows, ids=0)


def show_execution(output: Output, view: ExecutionView, *, attempts: bool = False) -> None:
    """One execution: what it is, and its tasks."""
    status = shown_status(view)
    took = duration(view.started_at, view.ended_at)
    ended = local_time(view.ended_at)
    output.facts(
        [
            ("execution", view.id),
            ("workflow" if view.workflow else "action", view.action),
            ("file", view.source),
            ("status", (status, style_of(status))),
            ("started", local_time(view.started_at)),
            ("ended", f"{ended} (after {took})" if ended and took else ended),
            ("timeout ends it", local_time(view.expires_at)),
            ("workflow execution", view.workflow),
            ("started by", _starter(view)),
            ("re-run of", view.rerun_of),
            ("continued by", view.continued_by),
            ("packs", ", ".join(one.shown for one in view.revisions) or None),
        ]
    )
    _show_mapping(output, "parameters", view.parameters)
    if view.tasks:
        output.line()
        output.line("tasks", "bold")
        show_tasks(output, view.tasks, attempts=attempts)


def _starter(view: ExecutionView) -> str | None:
    return f"{view.parent} (task {view.task})" if view.parent else None


def show_tasks(output: Output, tasks: Sequence[TaskView], *, attempts: bool = False) -> None:
    """Tasks with their status; sub-workflows below the task that started them."""
    rows: list[Sequence[Cell]] = []
    notes: list[tuple[int, AttemptView]] = []
    for placed in walk(tasks):
        task = placed.task
        mark = output.mark(task.status)
        rows.append(
            [
                (f"{'  ' * placed.depth}{mark} {placed.name}", style_of(task.status)),
                (f"{task.status} (no engine)" if task.lost else task.status, style_of(task.status)),
                ", ".join(_remarks(task)),
            ]
        )
        notes += [(len(rows), attempt) for attempt in _by_item(task.attempts)] if attempts else []
    if not notes:
        output.table(rows, indent="  ")
        return
    wide = max(len(str(row[0][0])) for row in rows)
    for number, row in enumerate(rows, start=1):
        (name, style), (status, _), remarks = cast("tuple[tuple[str, str], tuple[str, str], str]", tuple(row))
        output.cells(
            "  ", (name.ljust(wide), style), "  ", (status, style), f"  {remarks}" if remarks else ""
        )
        for at, attempt in notes:
            if at == number:
                _show_attempt(output, attempt)


def _show_attempt(output: Output, attempt: AttemptView) -> None:
    item = "" if attempt.item is None else f" item {attempt.item}"
    began = attempt.status != "canceled" or attempt.started_at != attempt.ended_at
    took = duration(attempt.started_at, attempt.ended_at) if began else None
    output.cells(
        f"      {attempt.id}{item} attempt {attempt.number}: ",
        (attempt.status, style_of(attempt.status)),
        f" in {took}" if took else "",
    )
    if attempt.result is not None:
        output.line(f"        {compact(attempt.result, _room(output, 8))}", "dim")


def _room(output: Output, used: int) -> int:
    return VALUE_CELLS if output.width is None else max(20, output.width - used)


class Placed(NamedTuple):
    """A task, how many sub-workflows it lies below, of which item the last of them is, and its lap."""

    task: TaskView
    depth: int
    item: int | None
    lap: str

    @property
    def name(self) -> str:
        """What people read: `[2] build` is the task of an item's sub-workflow."""
        item = "" if self.item is None else f"[{self.item}] "
        route = f" (route {self.task.route})" if self.task.route else ""
        return f"{item}{self.task.task}{route}{self.lap}"


def walk(tasks: Sequence[TaskView], depth: int = 0, item: int | None = None) -> Iterator[Placed]:
    """All tasks, those of sub-workflows after the task that started them, by their items."""
    lap_of = laps(tasks)
    for task in tasks:
        yield Placed(task, depth, item, lap_of[task.entry])
        for view in _by_item(task.workflows):
            yield from walk(view.tasks, depth + 1, view.item)


def laps(tasks: Iterable[TaskView]) -> dict[int, str]:
    """For each entry, which time it is that a task of a loop runs, in words; empty for the first time."""
    known: Counter[tuple[str, int]] = Counter()
    found: dict[int, str] = {}
    for task in tasks:
        known[task.task, task.route] += 1
        lap = known[task.task, task.route]
        found[task.entry] = f" (lap {lap})" if lap > 1 else ""
    return found


def _by_item(views: Iterable[_Of]) -> list[_Of]:
    """What belongs to items by their indexes: a re-run has some of them anew."""
    return sorted(views, key=lambda one: -1 if one.item is None else one.item)


def _remarks(task: TaskView) -> Iterator[str]:
    if task.items is not None:
        yield items_text(task.items)
    if task.kept_from is not None:
        yield f"kept from {task.kept_from}"
    for view in task.workflows:
        if view.is_cut:
            yield f"too deep to be shown here; see the execution {view.id}"


def items_text(items: ItemsView) -> str:
    """How far the items are, in words."""
    if items.succeeded == items.total:
        return f"{items.total} of {items.total} items"
    parts = [f"{items.succeeded} of {items.total} items"]
    parts += [
        f"{count} {word}"
        for count, word in ((items.failed, "failed"), (items.canceled, "canceled"), (items.active, "running"))
        if count
    ]
    return ", ".join(parts)


def _show_mapping(output: Output, name: str, value: Any) -> None:
    if not value:
        return
    output.line()
    output.line(name, "bold")
    if isinstance(value, dict):
        known = cast("dict[str, Any]", value)
        names = [compact(key) for key in known]
        wide = max(map(len, names))
        room = _room(output, min(wide, 40) + 4)
        for key, one in zip(names, known.values(), strict=True):
            output.cells("  ", (key.ljust(wide), "dim"), "  ", compact(one, room))
    else:
        output.line(f"  {compact(value, _room(output, 2))}")


def show_result(output: Output, view: ExecutionView) -> None:
    """The output of a workflow, and what went wrong; the result of an action."""
    result: Any = view.result
    if view.workflow is None or not isinstance(result, dict):
        _show_mapping(output, "result", result)
        return
    known = cast("dict[str, Any]", result)
    _show_mapping(output, "output", known.get("output"))
    failures = list(failures_of(view))
    if failures:
        output.line()
        output.line("what went wrong", "bold")
        for task, lines in failures:
            place = visible(task)
            wrapped = [part for line in lines for part in _wrapped(line, _room(output, len(place) + 4))]
            for at, line in enumerate(wrapped):
                output.cells("  ", (place, "red") if at == 0 else " " * len(place), "  ", line)


def _wrapped(line: str, cells: int) -> list[str]:
    """A line in pieces of that width, broken at blanks where there are any."""
    from textwrap import wrap

    return wrap(line, cells, subsequent_indent="  ") or [""]


def tasks_to_request(view: ExecutionView, within: str = "") -> tuple[list[str], list[str]]:
    """The tasks from which a re-run goes on, and those of them that have items to keep.

    Those that were only cut off go on by themselves; they are named where there is nothing else. Of a
    sub-workflow those are named that failed in it, so that the others in it are kept. `within` is the path to
    them.
    """
    ended_badly = [
        task for task in view.tasks if task.status in ABENDED or task.status == "canceled" or task.lost
    ]
    ended_badly = [task for task in ended_badly if not _is_cut_off(task)] or ended_badly
    names: dict[str, None] = {}
    with_items: dict[str, None] = {}
    for task in ended_badly:
        below = [tasks_to_request(*child) for child in _failed_below(task, within)]
        inside = [name for found, _ in below for name in found]
        if below and all(found for found, _ in below) and len(inside) <= _NAMED:
            names.update(dict.fromkeys(inside))
            with_items.update(dict.fromkeys(name for _, kept in below for name in kept))
            continue
        names[within + task.task] = None
        if task.items is not None and task.items.succeeded:
            with_items[within + task.task] = None
    return [*names], [*with_items]


def _failed_below(task: TaskView, within: str) -> list[tuple[ExecutionView, str]]:
    """The sub-workflows of a task that ended badly, the last one of each item, and the paths into them."""
    last = {child.item: child for child in task.workflows}
    return [
        (child, f"{within}{task.task}{'' if item is None else f'[{item}]'}/")
        for item, child in sorted(last.items(), key=lambda one: -1 if one[0] is None else one[0])
        if child.status in ABENDED
    ]


def _is_cut_off(task: TaskView) -> bool:
    """Whether a task with items is canceled only because the end of its workflow kept items from starting."""
    items = task.items
    return task.status == "canceled" and items is not None and items.canceled == items.failed == 0


def next_command(view: ExecutionView) -> tuple[str, str] | None:
    """What the operator may want to do next, and the command, without the options of the store."""
    if view.continued_by is not None:
        return (
            "It is continued by another execution:",
            f"orchestrion execution get {view.continued_by}",
        )
    if view.workflow is None:
        return None
    if view.status in COMPLETED:
        if view.status == "succeeded":
            return None
        names, with_items = tasks_to_request(view)
        if not names:
            return "Run it again:", f"orchestrion execution re-run {view.id}"
        command = f"orchestrion execution re-run {view.id} --tasks {shlex.join(names)}"
        if with_items:
            command += f" --no-reset {shlex.join(with_items)}"
        return "When the cause is mended, go on from there (--plan shows what that does):", command
    if view.status == "paused" and any(one.task.status == "pending" for one in walk(view.tasks)):
        return "It waits for an answer. What it asks:", "orchestrion inquiry list"
    if view.status == "paused" or view.is_unattended:
        return "Go on with:", f"orchestrion execution resume {view.id}"
    return None
