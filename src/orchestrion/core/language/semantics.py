"""The second category of an inspection: what the attributes of a workflow mean together (spec 1.6, 1.7, 3).

Looks at what is reachable from a root, as Orquesta does, and never enumerates paths or cycles.

Unreachable joins. A split gives each arrival a route of its own, and a join joins per route; so the splits
passed on the way must be the same for a join and each of its sources. The splits passed on the way to a node
are those from which it can be reached, the node itself included; splits do not lie on cycles, so all nodes of
a strongly connected component have passed the same. The sets flow along the components in topological order
as bits of an integer, and each is dropped as soon as everything that it flows into is done.
"""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from orchestrion.core.graph import Graph, components, edges_of, is_join
from orchestrion.core.language.checker import Work
from orchestrion.core.language.definition import ENGINE_COMMANDS
from orchestrion.core.language.syntax import TASK_SCHEMA, TASKS_SCHEMA, TRANSITION_SCHEMA
from orchestrion.core.language.tree import Path

_NO_START = (
    "Unable to identify any tasks to start the workflow. If the workflow has a loop, please add a task that"
    " serves as an entry point (or lead) into the loop."
)
_UNREACHABLE_JOIN = (
    'The join task "{}" is unreachable. A join task is determined to be unreachable if there are nested'
    " forks from multi-referenced tasks that join on the said task. This is ambiguous to the workflow engine"
    " because it does not know at which level should the join occurs."
)


class Defect(NamedTuple):
    """A semantics problem before it is given its place in the text."""

    message: str
    path: Path
    schema_path: tuple[str, ...]


def semantic_defects(graph: Graph, work: Work) -> Iterator[Defect]:
    """Yield everything that contradicts itself in a workflow."""
    tasks = graph.definition.tasks
    for name in tasks:
        work.steps += 1
        if name in ENGINE_COMMANDS:
            message = f'The task name "{name}" is reserved with special function.'
            yield Defect(message, ("tasks", name), TASK_SCHEMA)
    if tasks and not graph.roots:
        yield Defect(_NO_START, ("tasks",), TASKS_SCHEMA)
    for name in graph.outgoing:
        task = tasks.get(name)
        if task is None:
            continue
        if task.items is not None and not task.action:
            message = "The action property is required for with items task."
            yield Defect(message, ("tasks", name), TASK_SCHEMA)
        for edge in edges_of(task):
            work.steps += 1
            if edge.target not in tasks and edge.target not in ENGINE_COMMANDS:
                path: Path = ("tasks", name, "next", edge.ref, "do")
                message = f'The task "{edge.target}" is not defined.'
                yield Defect(message, path, (*TRANSITION_SCHEMA, "properties", "do"))
    for name in unreachable_joins(graph, work):
        yield Defect(_UNREACHABLE_JOIN.format(name), ("tasks", name), TASK_SCHEMA)


def unreachable_joins(graph: Graph, work: Work) -> list[str]:
    """List the joins whose sources have not passed the same splits, in topological order."""
    order = components({name: [edge.target for edge in edges] for name, edges in graph.outgoing.items()})
    waiting_for = Counter(source for sources in graph.sources.values() for source in sources)
    passed: dict[str, int] = {}
    bits = 0
    found: list[str] = []
    for members in reversed(order):
        inside = set(members) if len(members) > 1 else {members[0]}
        own = 0
        for name in members:
            for source in graph.sources[name]:
                work.steps += 1
                if source not in inside and passed[source] != own:
                    own |= passed[source]
        joins = [name for name in members if is_join(graph.definition.tasks.get(name))]
        found.extend(
            name
            for name in joins
            if any(source not in inside and passed[source] != own for source in graph.sources[name])
        )
        if members[0] in graph.splits:
            own |= 1 << bits
            bits += 1
        for name in members:
            passed[name] = own
        for name in members:
            for source in graph.sources[name]:
                waiting_for[source] -= 1
                if not waiting_for[source]:
                    del passed[source]
    return found
