"""The table of the operations as the documents show it: kinds that answer alike share a row."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from tests.matrix.table import STANDINGS, Acceptance, Cell, Impossible, Kind, Refusal, Standing, kinds

_CONTROLS: Final = ("pause", "resume", "cancel")
_CHOICES: Final = ("tasks", "no-reset", "items")
_ENDED: Final = ("canceled", "succeeded", "failed", "failed-running")
_NAMES: Final = {"failed-running": "failed, a task still runs"}
_REASONS: Final = ("never ran", "has no items", "still running", "has not begun")

_Row = tuple[str, ...]


def control_table() -> str:
    """Pause, resume and cancel in every status; nothing but the statuses."""
    lines = ["| status | task | pause | resume | cancel |", "| --- | --- | --- | --- | --- |"]
    for name in STANDINGS:
        rows = _grouped(
            kinds(), lambda standing: tuple(_control(standing.cells[one]) for one in _CONTROLS), name
        )
        lines += [_line(_NAMES.get(name, name), titles, row) for titles, row in rows]
    return "\n".join(lines)


def rerun_table() -> str:
    """What a re-run from the task runs, by what is reset, where the execution has ended."""
    lines = [
        "| task | ended | `--tasks` | with `--no-reset` | `--items TASK=1` |",
        "| --- | --- | --- | --- | --- |",
    ]
    for kind in kinds():
        rows: dict[_Row, list[str]] = {}
        for name in _ENDED:
            standing = kind.standings[name]
            if standing.is_possible:
                tasks, *others = [_rerun(standing.cells[one]) for one in _CHOICES]
                row = (tasks, *("the same" if one == tasks and "`" in one else one for one in others))
                rows.setdefault(row, []).append(_NAMES.get(name, name))
        lines += [f"| {kind.title} | {'; '.join(names)} | {' | '.join(row)} |" for row, names in rows.items()]
    return "\n".join(lines)


def kind_table() -> str:
    """Where the task of each kind stands at the moment of a request."""
    lines = ["| task | when asked |", "| --- | --- |"]
    lines += [f"| {kind.title} | {kind.moment} |" for kind in kinds()]
    return "\n".join(lines)


def impossible_table() -> str:
    """The moments that there are not."""
    lines = ["| task | status | there is no such moment |", "| --- | --- | --- |"]
    found: dict[tuple[str, str], list[str]] = {}
    for name in STANDINGS:
        for titles, (reason,) in _grouped(kinds(), _reason, name, possible=False):
            found.setdefault((titles, reason), []).append(_NAMES.get(name, name))
    lines += [f"| {titles} | {', '.join(names)} | {reason} |" for (titles, reason), names in found.items()]
    return "\n".join(lines)


def _grouped(
    among: Iterable[Kind], row_of: Callable[[Standing], _Row], name: str, *, possible: bool = True
) -> Iterator[tuple[str, _Row]]:
    """The rows of a status with the kinds that share them; the one of most kinds says `all others`."""
    rows: dict[_Row, list[str]] = {}
    for kind in among:
        standing = kind.standings[name]
        if standing.is_possible == possible:
            rows.setdefault(row_of(standing), []).append(kind.title)
    commonest = max(rows.values(), key=len) if rows else None
    for row, titles in sorted(rows.items(), key=lambda one: one[1] is not commonest):
        if titles is commonest and len(titles) > 3:
            yield ("all" if len(rows) == 1 and possible else "all others"), row
        else:
            yield "; ".join(titles), row


def _line(status: str, titles: str, row: _Row) -> str:
    return f"| {status} | {titles} | {' | '.join(row)} |"


def _reason(standing: Standing) -> _Row:
    reasons = {cell.reason for cell in standing.cells.values() if isinstance(cell, Impossible)}
    return tuple(reasons)


def _control(cell: Cell) -> str:
    """The statuses that a request leads to; who helps is in italics."""
    if not isinstance(cell, Acceptance):
        return "✗"
    steps = [cell.answer, cell.rest, *(f"*{one}*" for one in cell.help), cell.end]
    return " → ".join(step for at, step in enumerate(steps) if at == 0 or step != steps[at - 1])


def _rerun(cell: Cell) -> str:
    """What runs; the statuses only where the end is not `succeeded` at once."""
    if isinstance(cell, Refusal):
        return f"✗ {next(one for one in _REASONS if one in ' '.join(cell.texts))}"
    assert isinstance(cell, Acceptance)
    runs = " ".join(f"`{name}`" for name in cell.runs)
    parts = [*(f"*{one}*" for one in cell.help), cell.end.partition(" ")[0]]
    ends = " → ".join(parts)
    return runs if ends == "succeeded" else f"{runs} → {ends}"
