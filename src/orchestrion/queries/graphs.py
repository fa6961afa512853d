"""The graph of an execution for drawing: tasks with how they stand, and the ways between them."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from orchestrion.core.graph import Graph
from orchestrion.core.language import ENGINE_COMMANDS
from orchestrion.errors import NotFound
from orchestrion.queries.branches import execution_row
from orchestrion.queries.executions import items_of, shown_status
from orchestrion.queries.views import ItemsView
from orchestrion.runtime.definitions import graph_of
from orchestrion.runtime.secrets import Mask, mask_of
from orchestrion.store import rows
from orchestrion.store.sqlite import Reading

_ALL = -1


class GraphEntry(NamedTuple):
    """A task execution on a route that counts; `workflows` are the executions of its sub-workflows."""

    entry: int
    route: int
    status: str
    items: ItemsView | None
    workflows: tuple[str, ...]


class GraphNode(NamedTuple):
    """A task of the definition, or a command of the engine that a way leads to; `missing`: neither of these.

    `status` is that of its latest execution, None before there is one. `join` is how many of its sources it
    waits for. `splits`: each way that leads to it makes an execution with a route of its own.
    """

    name: str
    kind: Literal["task", "command", "missing"]
    action: str | None
    is_first: bool
    join: int | None
    splits: bool
    has_items: bool
    has_retry: bool
    status: str | None
    entries: tuple[GraphEntry, ...]


class GraphEdge(NamedTuple):
    """A way from a task to another one; `id` is its own among those that leave `source`.

    `when` is its condition, `taken` how often it was taken by what counts.
    """

    id: str
    source: str
    target: str
    when: str | None
    taken: int


class GraphView(NamedTuple):
    """The graph of the workflow of an execution, as it is now."""

    execution: str
    workflow: str
    status: str
    nodes: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...]


def graph_of_execution(store: Reading, number: str) -> GraphView:
    """The graph of an execution's workflow. Raises NotFound, also where it runs none."""
    with store.reading() as transaction:
        row = execution_row(transaction, number)
        workflow = None if row["workflow"] is None else transaction.one("load_workflow", id=row["workflow"])
        if workflow is None:
            raise NotFound(f"{number} has no graph: it runs no workflow.")
        name = workflow["id"]
        text = transaction.value("definition_text", hash=workflow["definition"])
        entries = transaction.all("load_entries", workflow=name)
        arrivals = transaction.all("arrivals_of_workflow", workflow=name, after=_ALL, count=_ALL)
        runs = transaction.all("workflows_of_entries", workflow=name)
    counting = {entry["id"]: entry for entry in entries if entry["counts"]}
    below: dict[int, list[str]] = {}
    for run in runs:
        below.setdefault(run["entry"], []).append(run["id"])
    known: dict[str, list[GraphEntry]] = {}
    for entry in counting.values():
        known.setdefault(entry["task"], []).append(_entry(entry, below.get(entry["id"], [])))
    taken = Counter(
        (counting[arrival["source"]]["task"], arrival["target"], arrival["edge"])
        for arrival in arrivals
        if arrival["source"] in counting
    )
    graph, mask = graph_of(text), mask_of(workflow["secrets"])
    return GraphView(
        number,
        name,
        workflow["status"],
        tuple(_node(graph, node, known.get(node, []), mask) for node in graph.outgoing),
        tuple(_edges(graph, taken, mask)),
    )


def _entry(row: Mapping[str, Any], below: list[str]) -> GraphEntry:
    record = rows.from_json(row["record"])
    status = shown_status(row["status"], record)
    return GraphEntry(row["id"], row["route"], status, items_of(record), tuple(below))


def _node(graph: Graph, name: str, entries: list[GraphEntry], mask: Mask) -> GraphNode:
    task = graph.definition.tasks.get(name)
    status = entries[-1].status if entries else None
    if task is None:
        kind = "command" if name in ENGINE_COMMANDS else "missing"
        return GraphNode(
            name,
            kind,
            None,
            is_first=False,
            join=None,
            splits=name in graph.splits,
            has_items=False,
            has_retry=False,
            status=status,
            entries=tuple(entries),
        )
    return GraphNode(
        name,
        "task",
        None if task.action is None else mask.text(task.action),
        is_first=name in graph.roots,
        join=graph.joins.get(name),
        splits=name in graph.splits,
        has_items=task.items is not None,
        has_retry=name in graph.retries,
        status=status,
        entries=tuple(entries),
    )


def _edges(graph: Graph, taken: Mapping[tuple[str, str, str], int], mask: Mask) -> Iterator[GraphEdge]:
    for edges in graph.outgoing.values():
        for edge in edges:
            when = graph.definition.tasks[edge.source].next[edge.ref].when
            times = taken.get((edge.source, edge.target, edge.id), 0)
            yield GraphEdge(
                edge.id, edge.source, edge.target, None if when is None else mask.text(str(when)), times
            )
