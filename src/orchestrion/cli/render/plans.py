"""The plan of a re-run, for people: what runs again, what follows, what is kept, and how it can end."""

from collections.abc import Iterable, Iterator

from orchestrion.cli.render.output import Cell, Output, compact
from orchestrion.client.views import Plan, PlannedJoin, PlannedTask, RerunPlan, Target

_ITEMS_SHOWN = 12


def show_plan(output: Output, plan: RerunPlan) -> None:
    """What a re-run from tasks would do."""
    output.line(f"Plan of a re-run of {plan.execution}. Nothing has been changed.", "bold")
    rows: list[list[Cell]] = []
    for label, style, lines in _parts(plan.plan):
        for at, (task, remark) in enumerate(lines):
            rows.append([(label if at == 0 else "", style), task, remark])
    output.table(rows, indent="  ")
    for note in plan.notes:
        output.line(f"  note: {note}", "yellow")


def show_whole_plan(output: Output, number: str, target: Target) -> None:
    """What a whole re-run would do."""
    output.line(f"Plan of a whole re-run of {number}. Nothing has been changed.", "bold")
    output.line(f"  A new execution of {target.action} starts from its beginning; nothing is kept.")
    for name, value in target.inputs.items():
        output.line(f"    {name} = {compact(value, 60)}")
    for note in target.warnings:
        output.line(f"  note: {note}", "yellow")


def _parts(plan: Plan) -> Iterator[tuple[str, str | None, list[tuple[str, str]]]]:
    keeps = {(one.task, one.route): one.items or () for one in plan.keeps_items}
    yield "runs again", "cyan", [(_name(one), _items(one, keeps)) for one in plan.restarts]
    yield (
        "passes on",
        "green",
        [(_name(one), "every item is kept, its result goes on") for one in plan.passes],
    )
    yield "continues", "cyan", [(_name(one), "was ready and never (all) began") for one in plan.continues]
    yield "follows", None, [(_name(one), f"was {one.status}") for one in plan.repeats]
    yield "joins", None, [(join.task, _join(join)) for join in plan.joins]
    yield "is kept", "green", [(_name(one), one.status) for one in plan.kept]
    if plan.imposed_end is not None:
        yield "ends", "yellow", [(plan.imposed_end, "at the best: what is kept ended so")]


def _name(task: PlannedTask) -> str:
    return f"{task.task} (route {task.route})" if task.route else task.task


def _items(task: PlannedTask, keeps: dict[tuple[str, int], tuple[int, ...]]) -> str:
    if task.items is None:
        return f"was {task.status}"
    kept = keeps.get((task.task, task.route))
    if kept is None:
        return f"all of its {len(task.items)} items"
    text = f"{_word(task.items)} {_numbers(task.items)}"
    return f"{text}; keeps {_word(kept)} {_numbers(kept)}" if kept else f"{text}; no item succeeded"


def _word(items: tuple[int, ...]) -> str:
    return "item" if len(items) == 1 else "items"


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


def _join(join: PlannedJoin) -> str:
    if not join.can_fire:
        return "cannot fire: too few of its sources can come"
    return f"fires when {', '.join(join.waits_for)} have come" if join.waits_for else "fires"
