"""The plan of a re-run, for people: what runs again, what follows, what is kept, and how it can end."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeAlias

from orchestrion.cli.render.output import Cell, Output, compact
from orchestrion.client.views import COMPLETED, Plan, PlannedJoin, PlannedTask, RerunPlan, StartPlan

_ITEMS_SHOWN = 12
_BAD_ENDS = {"failed": ("failed", "fail"), "canceled": ("failed or canceled", "be canceled")}
"""How kept items ended that make their task end so again, and that end."""

Key: TypeAlias = tuple[str, int]
"""(task, route)."""


def show_plan(output: Output, plan: RerunPlan) -> None:
    """What a re-run from tasks would do."""
    output.line(f"Plan of a re-run of {plan.execution}. Nothing has been changed.", "bold")
    _show_level(output, plan, "")


def _show_level(output: Output, plan: RerunPlan, path: str) -> None:
    """The plan of one workflow execution, and then those of the sub-workflows in which more happens."""
    rows: list[list[Cell]] = []
    for label, style, lines in _parts(plan.plan):
        for at, (task, remark) in enumerate(lines):
            rows.append([(label if at == 0 else "", style), task, remark])
    output.table(rows, indent="  ")
    for note in plan.notes:
        output.line(f"  note: {note}", "yellow")
    for task, below in plan.below.items():
        inside = f"{path}{task}"
        output.line(f"Inside of {inside}, which goes on ({below.execution}):", "bold")
        _show_level(output, below, f"{inside}/")


def show_whole_plan(output: Output, plan: StartPlan) -> None:
    """What a whole re-run would do."""
    output.line(f"Plan of a whole re-run of {plan.execution}. Nothing has been changed.", "bold")
    output.line(f"  A new execution of {plan.action} starts from its beginning; nothing is kept.")
    for name, value in plan.parameters.items():
        output.line(f"    {name} = {compact(value, 60)}")
    for note in plan.notes:
        output.line(f"  note: {note}", "yellow")


def _parts(plan: Plan) -> Iterator[tuple[str, str | None, list[tuple[str, str]]]]:
    keeps = {(one.task, one.route): _kept_items(plan, one) for one in plan.keeps_items}
    kept = {(one.task, one.route) for one in plan.kept}
    again = [(_name(one), _restart(one, keeps, kept)) for one in plan.restarts]
    yield "runs again", "cyan", again
    passes = [(_name(one), "every item is kept, its result goes on") for one in plan.passes]
    yield "passes on", "green", passes
    yield "continues", "cyan", [(_name(one), _rest(one, keeps)) for one in plan.continues]
    yield "follows", None, _follows(plan)
    yield "joins", None, [(_name_of_join(join), _join(join)) for join in plan.joins]
    yield "is kept", "green", _passes_of(plan.kept, _as_kept)
    yield from _end(plan)


class _Kept(NamedTuple):
    """What a task that runs again keeps of its items: how many do not run, and a text; empty for none."""

    number: int
    text: str


def _kept_items(plan: Plan, keeps: PlannedTask) -> _Kept:
    """What a task keeps of its items, and what comes of it."""
    if not keeps.items:
        return _Kept(0, "")
    left_out, bad, retries = (
        next((one for one in part if (one.task, one.route) == (keeps.task, keeps.route)), None)
        for part in (plan.left_out, plan.fails_by, plan.retries)
    )
    text = f"keeps {_counted(keeps.items)}"
    if bad is not None:
        ended, end = _BAD_ENDS[bad.status]
        text += f" ({_counted(bad.items)} {ended}: the task will {end} again)"
    number = len(keeps.items)
    if left_out is not None:
        number += len(left_out.items or ())
        text += f"; leaves out {_counted(left_out.items)}"
    if retries is not None:
        text += f"; where its retry applies, all {len(retries.items or ())} items run again"
    return _Kept(number, text)


def _follows(plan: Plan) -> list[tuple[str, str]]:
    """What ran before and follows, and what never ran and starts now."""
    starts = {(one.task, one.route) for one in plan.starts}
    at_once = {one: "; starts at once" if (one.task, one.route) in starts else "" for one in plan.repeats}
    listed = (*plan.restarts, *plan.continues, *plan.repeats, *plan.ignored)
    known = {(one.task, one.route) for one in listed}
    fresh = [one for one in plan.starts if (one.task, one.route) not in known]
    lines = _passes_of(plan.repeats, lambda one: f"was {one.status}{at_once[one]}")
    return [*lines, *_passes_of(fresh, lambda _: "starts at once")]


def _passes_of(tasks: Iterable[PlannedTask], remark: Callable[[PlannedTask], str]) -> list[tuple[str, str]]:
    """A line for each task; several passes that ended alike make one line."""
    lines = Counter((_name(task), remark(task)) for task in tasks)
    return [
        (name, f"{text} ({number} passes)" if number > 1 else text) for (name, text), number in lines.items()
    ]


def _end(plan: Plan) -> Iterator[tuple[str, str | None, list[tuple[str, str]]]]:
    if plan.ends_at_once is not None:
        why = "; ".join(plan.problems) or "nothing is left to run"
        yield "ends", "yellow", [(plan.ends_at_once, f"at once: {why}")]
    elif plan.imposed_end is not None:
        causes = _listed(dict.fromkeys(f"{_name(one)} ({one.status})" for one in plan.imposed_by), "and")
        yield "ends", "yellow", [(plan.imposed_end, f"at the best: {causes} is kept")]


def _name(task: PlannedTask) -> str:
    return f"{task.task} (route {task.route})" if task.route else task.task


def _restart(task: PlannedTask, keeps: dict[Key, _Kept], kept: set[Key]) -> str:
    key = (task.task, task.route)
    if task.status in ("scheduled", "delayed"):
        text = "had not begun"
    elif task.items is None:
        text = f"was {task.status}"
    elif key not in keeps:
        text = f"was {task.status}; all items, rendered anew (there were {len(task.items)})"
    elif not task.items:
        text = f"was {task.status}; no item is left to run: the kept results go on"
    elif keeps[key].text:
        total = len(task.items) + keeps[key].number
        text = f"{_counted(task.items)} of {total}; {keeps[key].text}"
    else:
        text = f"all {len(task.items)} items, as they were rendered"
    return f"its latest pass: {text}" if key in kept else text


def _rest(task: PlannedTask, keeps: dict[Key, _Kept]) -> str:
    """What is left of a task that continues."""
    if task.items is None:
        return "waited for its next attempt" if task.status == "retrying" else "was ready and never began"
    kept = keeps.get((task.task, task.route))
    text = f"{_counted(task.items)} never began"
    if task.status in ("scheduled", "delayed"):
        return f"none of its {len(task.items)} items began"
    return f"{text}; {kept.text if kept is not None and kept.text else 'the others count'}"


def _as_kept(task: PlannedTask) -> str:
    if task.status == "pending":
        return "still pending: nothing starts before it is answered"
    return task.status if task.status in COMPLETED else f"still {task.status}: is let be, and counts"


def _counted(items: tuple[int, ...] | None) -> str:
    """Indexes with the word for them."""
    indexes = items or ()
    return f"{'item' if len(indexes) == 1 else 'items'} {_numbers(indexes)}"


def _numbers(items: Iterable[int]) -> str:
    """Indexes in short: runs of them as `3-7`."""
    runs: list[list[int]] = []
    for item in items:
        if runs and item == runs[-1][1] + 1:
            runs[-1][1] = item
        else:
            runs.append([item, item])
    texts = [str(first) if first == last else f"{first}-{last}" for first, last in runs]
    shown = ", ".join(texts[:_ITEMS_SHOWN])
    return f"{shown} and more" if len(texts) > _ITEMS_SHOWN else shown


def _name_of_join(join: PlannedJoin) -> str:
    if join.route is None:
        return f"{join.task} (after {join.split})"
    return f"{join.task} (route {join.route})" if join.route else join.task


def _join(join: PlannedJoin) -> str:
    """What a join has, what it waits for, and whether that can suffice."""
    missing = join.needed - len(join.come)
    has = f"has {_listed(join.come, 'and')} (kept)" if join.come else ""
    if not join.can_fire:
        still = (
            f"only {_listed(join.coming, 'and')} can still come" if join.coming else "nothing else can come"
        )
        text = _joined(f"needs {_needs(join)}", has, still)
        return f"cannot run: {text}"
    if missing <= 0:
        return _joined(has, "runs at once")
    if missing == len(join.coming):
        return _joined(has, f"waits for {_listed(join.coming, 'and')}")
    return _joined(f"needs {_needs(join)}", has, f"waits for {missing} of {_listed(join.coming, 'or')}")


def _needs(join: PlannedJoin) -> str:
    return f"{join.needed} of {len(join.sources)}"


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)


def _listed(names: Iterable[str], word: str) -> str:
    *first, last = names
    return f"{', '.join(first)} {word} {last}" if first else last
