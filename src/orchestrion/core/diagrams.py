"""The status tables as Mermaid diagrams and Markdown tables, for the documents (architecture 2).

Pure text from `transitions`: a document that holds these is checked by making them again. Nothing is decided
here, and nothing that decides asks here.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from orchestrion.core.status import COMPLETED, Status
from orchestrion.core.transitions import IGNORED, REFUSED, WORKFLOW, TaskTable, WorkflowTable

Table = TaskTable | WorkflowTable
"""event -> status -> next status, ignored or refused: the form of every table of `transitions`."""

_MARKS: Final[Mapping[str, str]] = {IGNORED: "·", REFUSED: "✗"}

REQUESTS: Final[Mapping[str, tuple[str, str]]] = {
    "pause": ("pause_active", "pause_idle"),
    "pause from above": ("hold_active", "hold_idle"),
    "resume": ("resume", "resume"),
    "resume, an inquiry open": ("resume_held", "resume_held"),
    "cancel": ("cancel_active", "cancel_idle"),
    "re-run from tasks": ("rerun", "rerun"),
}
"""Each request with the workflow's event while some task is active, and while none is."""


def moves_diagram(table: Table) -> str:
    """A Mermaid state diagram of every change between two unfinished statuses.

    Events are named without their suffixes; `event_table` has all of them.
    """
    changes = _changes(table)
    return _diagram(
        f"{status} --> {after}: {_families(events)}"
        for (status, after), events in changes.items()
        if status not in COMPLETED and after not in COMPLETED
    )


def ends_diagram(table: Table) -> str:
    """A Mermaid state diagram of every change to or from a completed status.

    Statuses from which the same events lead to the same end are drawn as one.
    """
    sources: dict[tuple[Status, str], list[Status]] = {}
    lines: list[str] = []
    for (status, after), events in _changes(table).items():
        if status in COMPLETED:
            lines.append(f"{status} --> {after}: {_families(events)}")
        elif after in COMPLETED:
            sources.setdefault((after, _families(events)), []).append(status)
    names: dict[str, str] = {}
    order = {status: number for number, status in enumerate(next(iter(table.values())))}
    for (after, label), found in sources.items():
        statuses = sorted(found, key=lambda status: order[status])
        name = (
            statuses[0] if len(statuses) == 1 else names.setdefault(", ".join(statuses), f"any{len(names)}")
        )
        lines.append(f"{name} --> {after}: {label}")
    return _diagram([*(f'state "{text}" as {name}' for text, name in names.items()), *lines])


def _changes(table: Table) -> dict[tuple[Status, Status], list[str]]:
    """From which status to which other one, with the events that lead there."""
    changes: dict[tuple[Status, Status], list[str]] = {}
    for event, cells in table.items():
        for status, after in cells.items():
            if after not in (IGNORED, REFUSED, status):
                changes.setdefault((status, after), []).append(event)
    return changes


def _families(events: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(event.partition("_")[0] for event in events))


def _diagram(lines: Iterable[str]) -> str:
    return "\n".join(["stateDiagram-v2", *(f"  {line}" for line in lines)])


def event_table(table: Table) -> str:
    """A Markdown table of a whole table: a row for each event, a column for each status."""
    statuses = list(next(iter(table.values())))
    rows = [
        [f"`{event}`", *(_cell(cells[status], status) for status in statuses)]
        for event, cells in table.items()
    ]
    return _markdown(["event", *statuses], rows)


def request_table() -> str:
    """A Markdown table of what the workflow's machine answers to each request in each status."""
    statuses = list(next(iter(WORKFLOW.values())))
    rows = [[status, *(_answer(request, status) for request in REQUESTS.values())] for status in statuses]
    return _markdown(["status", *REQUESTS], rows)


def _answer(request: tuple[str, str], status: Status) -> str:
    """One cell: what happens while some task is active, and, where it differs, while none is."""
    active, idle = (_cell(WORKFLOW[event][status], status) for event in request)
    return active if active == idle else f"{active} / {idle}"


def _cell(after: str, status: Status) -> str:
    return "=" if after == status else _MARKS.get(after, after)


def _markdown(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    def lines() -> Iterator[str]:
        names = list(head)
        yield _row(names)
        yield _row(["---"] * len(names))
        for row in rows:
            yield _row(row)

    return "\n".join(lines())


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
