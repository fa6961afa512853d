"""Records to rows and back: the only place that knows how a record is spread over columns.

Columns hold what queries ask for; the other fields of a record stand in one JSON text, those that have their
default left out.
"""

from collections.abc import Mapping
from hashlib import blake2b
from operator import itemgetter
from typing import Any, Final

import orjson

from orchestrion.core.context import Context
from orchestrion.core.records import (
    Arrival,
    Entry,
    Failure,
    Head,
    Initial,
    Item,
    ItemCounts,
    RenderedAction,
    RenderedItems,
    Route,
    Staged,
    TimeLimit,
)
from orchestrion.core.state import chain_of, in_chain
from orchestrion.core.values import Json

Row = tuple[Any, ...]

_NO_DEFAULT: Final = object()
_ENTRY_COLUMNS: Final = ("id", "task", "route", "status", "counts")
_ENTRY_REST: Final = tuple(
    name for name in Entry._fields if name not in (*_ENTRY_COLUMNS, "context")
)  # the context follows from the arrivals
_ENTRY_DEFAULTS: Final = tuple(Entry._field_defaults.get(name, _NO_DEFAULT) for name in _ENTRY_REST)
_rest_of_entry: Final = itemgetter(*map(Entry._fields.index, _ENTRY_REST))


def to_json(value: object) -> str:
    """A value as JSON text: every value of the domain is written exactly."""
    return orjson.dumps(value).decode()


def from_json(text: str) -> Any:
    """The value of a JSON text."""
    return orjson.loads(text)


def digest_of(value: Json) -> str:
    """A digest of a value; the order of keys does not matter."""
    return blake2b(orjson.dumps(value, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()


def head_text(head: Head) -> str:
    """The head as JSON text."""
    fields = head._asdict()
    if head.time_limit is not None:
        fields["time_limit"] = [*head.time_limit]
    return to_json(fields)


def head_of(text: str) -> Head:
    """The head of a JSON text."""
    fields = from_json(text)
    if fields.get("time_limit") is not None:
        fields["time_limit"] = TimeLimit(*fields["time_limit"])
    return Head(**fields)


def entry_row(workflow: str, entry: Entry) -> Row:
    """A row of `entry`."""
    fields = zip(_ENTRY_REST, _rest_of_entry(entry), _ENTRY_DEFAULTS, strict=True)
    rest = {name: value for name, value, default in fields if value is not default and value != default}
    if entry.items is not None:
        rest["items"] = entry.items._asdict()
    return (workflow, entry.id, entry.task, entry.route, entry.status, entry.counts, to_json(rest))


def entry_of(row: Mapping[str, Any], context: Context) -> Entry:
    """The entry of a row, in its context."""
    rest: dict[str, Any] = from_json(row["record"])
    rest["order"] = tuple(rest["order"])
    rest["arrivals"] = tuple(rest["arrivals"])
    if "edges" in rest:
        rest["edges"] = tuple((edge, satisfied) for edge, satisfied in rest["edges"])
    if rest.get("items") is not None:
        rest["items"] = ItemCounts(**rest["items"])
    columns = {name: row[name] for name in _ENTRY_COLUMNS}
    columns["counts"] = bool(columns["counts"])
    return Entry(**columns, **rest, context=context)


def arrivals_of_entry(row: Mapping[str, Any]) -> tuple[int, ...]:
    """The numbers of the arrivals that staged the entry of a row."""
    return tuple(from_json(row["record"])["arrivals"])


def item_row(workflow: str, item: Item) -> Row:
    """A row of `item`."""
    result = None if item.result is None else to_json(item.result)
    return (workflow, item.entry, item.index, item.status, item.attempt, result, item.done)


def item_of(row: Mapping[str, Any]) -> Item:
    """The item of a row."""
    result = None if row["result"] is None else from_json(row["result"])
    return Item(row["entry"], row["idx"], row["status"], row["attempt"], result, row["done"])


def rendered_row(workflow: str, rendered: RenderedItems) -> Row:
    """A row of `rendered`."""
    return (workflow, rendered.entry, to_json([list(action) for action in rendered.actions]))


def rendered_of(row: Mapping[str, Any]) -> RenderedItems:
    """The rendered items of a row."""
    return RenderedItems(row["entry"], tuple(RenderedAction(*action) for action in from_json(row["actions"])))


def arrival_row(workflow: str, arrival: Arrival) -> Row:
    """A row of `arrival`."""
    published = None if arrival.published is None else to_json(arrival.published)
    return (
        workflow,
        arrival.id,
        arrival.source,
        arrival.edge,
        arrival.target,
        arrival.route,
        arrival.at,
        published,
    )


def arrival_of(row: Mapping[str, Any], of_source: Context) -> Arrival:
    """The arrival of a row; `of_source` is the context of the entry that sent it."""
    published = None if row["published"] is None else from_json(row["published"])
    context = Context(of_source, row["id"] + 1, published) if published else of_source
    return Arrival(
        row["id"], row["source"], row["edge"], row["target"], row["route"], row["at"], published, context
    )


def route_row(workflow: str, route: Route) -> Row:
    """A row of `route`."""
    return (workflow, *route)


def staged_row(workflow: str, staged: Staged) -> Row:
    """A row of `staged`."""
    rest = {**staged._asdict(), "arrivals": in_chain(staged.arrivals)}
    del rest["task"], rest["route"]
    return (workflow, staged.task, staged.route, to_json(rest))


def staged_of(row: Mapping[str, Any]) -> Staged:
    """The staged task of a row."""
    rest = from_json(row["record"])
    rest["arrivals"] = chain_of(rest["arrivals"])
    return Staged(row["task"], row["route"], **rest)


def failure_row(workflow: str, failure: Failure) -> Row:
    """A row of `failure`."""
    return (workflow, failure.id, failure.entry, to_json(failure.content))


def failure_of(row: Mapping[str, Any]) -> Failure:
    """The failure of a row."""
    return Failure(row["id"], row["entry"], from_json(row["content"]))


def initial_row(workflow: str, initial: Initial) -> Row:
    """A row of `initial`."""
    return (workflow, to_json(initial.values), to_json(initial.application))
