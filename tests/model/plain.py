"""Records as values that compare: contexts, which compare by identity, become lists of their layers."""

from collections.abc import Iterable, Mapping
from typing import Any

from orchestrion.core.context import Context
from orchestrion.core.records import Change, RenderedItems
from orchestrion.core.state import State


def plain_context(context: Context) -> tuple[Any, ...]:
    """The layers of a context, the first one first."""
    layers: list[tuple[int, Mapping[str, Any]]] = []
    node: Context | None = context
    while node is not None:
        layers.append((node.layer, node.published))
        node = node.prefix
    return tuple(reversed(layers))


def plain(record: Change) -> tuple[Any, ...]:
    """A record as a tuple that compares."""
    fields = (plain_context(one) if isinstance(one, Context) else one for one in record)
    return (type(record).__name__, *fields)


def plains(records: Iterable[Change]) -> list[tuple[Any, ...]]:
    """Records as tuples that compare."""
    return [plain(record) for record in records]


def records_of(state: State) -> list[Change]:
    """Every record of a state, in an order in which it can be loaded."""
    return [
        state.head,
        state.initial,
        *state.entries,
        *state.arrivals,
        *state.routes[1:],
        *(item for items in state.items.values() for item in items.values()),
        *(RenderedItems(entry, actions) for entry, actions in state.rendered.items()),
        *state.staged.values(),
        *(state.failures[number] for number in sorted(state.failures)),
    ]


def snapshot(state: State) -> list[tuple[Any, ...]]:
    """Everything that a state holds, its indexes included, as a value that compares."""
    laps = {
        (task, route, number)
        for task, routes in state.latest.items()
        for route, numbers in routes.items()
        for number in numbers
        if state.entries[number].counts
    }
    return [
        *sorted(plains(records_of(state)), key=lambda record: repr(record[:3])),
        ("laps", *sorted(laps)),
        ("open", *sorted(state.open)),
        ("ready", *sorted(state.ready)),
    ]
