"""Saving and loading the conductor's state: the records that changed, and nothing else."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias

from orchestrion.core.context import Context, initial_context, joined
from orchestrion.core.graph import Graph
from orchestrion.core.records import (
    Arrival,
    Change,
    Entry,
    Failure,
    Head,
    Initial,
    Item,
    RenderedItems,
    Route,
    Staged,
    Unstaged,
    Withdrawn,
)
from orchestrion.core.state import State
from orchestrion.store import rows
from orchestrion.store.sqlite import Transaction

Seal: TypeAlias = Callable[[str], str]
"""Seals a text that holds values."""

_VALUES: Final[Mapping[str, tuple[int, ...]]] = {
    "save_entries": (6,),
    "save_items": (5,),
    "save_rendered": (2,),
    "save_arrivals": (7,),
    "save_failures": (3,),
    "save_initial": (1, 2),
}
"""Where in the rows of a statement values stand, which are sealed in a tree that has secrets."""


def save_changes(
    transaction: Transaction, changes: Mapping[str, Iterable[Change]], seals: Mapping[str, Seal]
) -> None:
    """Write the changes of several workflow executions, by their ids; of a record that changed often.

    Its last form. `seals` are for those whose values are sealed.
    """
    batches: dict[str, list[rows.Row]] = {}
    for workflow, records in changes.items():
        for record in _last_forms(records):
            if isinstance(record, Head):
                continue
            query, row = _row_of(workflow, record)
            if workflow in seals and query in _VALUES:
                row = sealed(row, _VALUES[query], seals[workflow])
            batches.setdefault(query, []).append(row)
    for query, batch in batches.items():
        transaction.many(query, batch)


def sealed(row: rows.Row, positions: Iterable[int], seal: Seal) -> rows.Row:
    """A row with the texts at some positions sealed."""
    values = [*row]
    for position in positions:
        if values[position] is not None:
            values[position] = seal(values[position])
    return tuple(values)


def _last_forms(records: Iterable[Change]) -> Iterable[Change]:
    last: dict[object, Change] = {}
    for record in records:
        key = _key_of(record)
        last.pop(key, None)
        last[key] = record
    return last.values()


def _key_of(record: Change) -> object:
    match record:  # the commonest first
        case Entry() | Arrival() | Route() | Failure() | Withdrawn():
            return (type(record), record.id)
        case Item():
            return (Item, record.entry, record.index)
        case Staged() | Unstaged():
            return (Staged, record.task, record.route)
        case RenderedItems():
            return (RenderedItems, record.entry)
        case Head() | Initial():
            return type(record)


def _row_of(workflow: str, record: Change) -> tuple[str, rows.Row]:
    """The statement that saves a record, and its row."""
    match record:
        case Entry():
            return "save_entries", rows.entry_row(workflow, record)
        case Item():
            return "save_items", rows.item_row(workflow, record)
        case Arrival():
            return "save_arrivals", rows.arrival_row(workflow, record)
        case Staged():
            return "save_staged", rows.staged_row(workflow, record)
        case Unstaged():
            return "delete_staged", (workflow, record.task, record.route)
        case Route():
            return "save_routes", rows.route_row(workflow, record)
        case RenderedItems():
            return "save_rendered", rows.rendered_row(workflow, record)
        case Failure():
            return "save_failures", rows.failure_row(workflow, record)
        case Withdrawn():
            return "delete_failures", (workflow, record.id)
        case Initial():
            return "save_initial", rows.initial_row(workflow, record)
        case Head():
            raise AssertionError("the head is saved with its workflow execution")


def load_state(transaction: Transaction, workflow: str, head: Head, graph: Graph) -> State:
    """Build a state from its rows. Contexts are not stored: they follow from the arrivals."""
    initial = transaction.one("load_initial", workflow=workflow)
    inputs: dict[str, Any] = rows.from_json(initial["inputs"]) if initial else {}
    application: dict[str, Any] = rows.from_json(initial["application"]) if initial else {}
    root = initial_context(inputs)
    entries, arrivals = _sequence(
        transaction.all("load_entries", workflow=workflow),
        transaction.all("load_arrivals", workflow=workflow),
        root,
    )
    state = State(graph)
    state.apply([Initial(inputs, application, root), head])
    state.apply(
        Route(row["id"], row["parent"], row["edge"]) for row in _all(transaction, "load_routes", workflow)
    )
    state.apply(entries)
    state.apply(arrivals)
    state.apply(rows.item_of(row) for row in _all(transaction, "load_items", workflow))
    state.apply(rows.rendered_of(row) for row in _all(transaction, "load_rendered", workflow))
    state.apply(rows.staged_of(row) for row in _all(transaction, "load_staged", workflow))
    state.apply(rows.failure_of(row) for row in _all(transaction, "load_failures", workflow))
    return state


def _all(transaction: Transaction, query: str, workflow: str) -> list[Mapping[str, Any]]:
    return transaction.all(query, workflow=workflow)


def _sequence(
    entry_rows: list[Mapping[str, Any]], arrival_rows: list[Mapping[str, Any]], root: Context
) -> tuple[list[Entry], list[Arrival]]:
    """Entries and arrivals with their contexts.

    An entry's context follows from its arrivals, an arrival's from its source, which came before it.
    """
    contexts: list[Context] = []
    arrivals: dict[int, Arrival] = {}
    by_id = {row["id"]: row for row in arrival_rows}

    def arrival(number: int) -> Arrival:
        if number not in arrivals:
            row = by_id[number]
            arrivals[number] = rows.arrival_of(row, contexts[int(row["source"])])
        return arrivals[number]

    for row in entry_rows:
        met = [arrival(number).context for number in rows.arrivals_of_entry(row)]
        contexts.append(joined(met) if met else root)
    entries = [rows.entry_of(row, context) for row, context in zip(entry_rows, contexts, strict=True)]
    return entries, [arrival(row["id"]) for row in arrival_rows]
