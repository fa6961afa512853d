"""The graph of a workflow as JSON, for those who draw it."""

from typing import Literal

from pydantic import BaseModel, Field

from orchestrion.core.graph import Graph
from orchestrion.core.language import ENGINE_COMMANDS


class Node(BaseModel):
    """A task, or an engine command that is a target.

    `join`: of how many tasks it waits; `is_split`: each way in makes a run of its own.
    """

    name: str
    kind: Literal["task", "command", "undefined"]
    action: str | None = None
    is_first: bool
    is_split: bool
    is_in_cycle: bool
    has_items: bool
    join: int | None = None
    retries: bool


class Edge(BaseModel):
    """A transition. `ref` is its index in the task's `next`, `condition` its `when`."""

    id: str
    source: str
    target: str
    ref: int
    condition: str | None = None


class GraphObject(BaseModel):
    """The graph of a workflow: what can be reached from its first tasks, in that order."""

    nodes: list[Node] = Field(description="Tasks and engine commands.")
    edges: list[Edge] = Field(description="Where a task may lead.")


def graph_object(graph: Graph) -> GraphObject:
    """A graph as an object."""
    tasks = graph.definition.tasks
    return GraphObject(
        nodes=[_node(graph, name) for name in graph.outgoing],
        edges=[
            Edge(
                id=edge.id,
                source=edge.source,
                target=edge.target,
                ref=edge.ref,
                condition=None if (when := tasks[edge.source].next[edge.ref].when) is None else str(when),
            )
            for edges in graph.outgoing.values()
            for edge in edges
        ],
    )


def _node(graph: Graph, name: str) -> Node:
    task = graph.definition.tasks.get(name)
    return Node(
        name=name,
        kind="task" if task is not None else "command" if name in ENGINE_COMMANDS else "undefined",
        action=None if task is None else task.action,
        is_first=name in graph.roots,
        is_split=name in graph.splits,
        is_in_cycle=name in graph.cyclic,
        has_items=task is not None and task.items is not None,
        join=graph.joins.get(name),
        retries=name in graph.retries,
    )
