"""The graph of a workflow: edges, roots, joins, splits and cycles of a definition (spec 3).

Built once for each definition, in time linear in tasks and edges. Cycles are found as strongly connected
components by an iterative algorithm: nothing here recurses and nothing enumerates paths, so that neither a
chain of 10,000 tasks nor a dense graph is a problem. It must not judge the definition: an undefined target
is a node without outgoing edges.

The one subtle thing: `outgoing`, `inbound` and `sources` hold what is reachable from a root, but whether a
node is a split is decided by the references in the whole definition, unreachable tasks included (spec 3).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from orchestrion.core.compiled import Compiled
from orchestrion.core.language.definition import Definition, Retry, Task

RETRY_COMMAND = "retry"
"""The word of `do` that is no edge: it stands for a retry of the task that names it (spec 3)."""

_RETRY_COMMAND_COUNT = 3
_RETRY_COMMAND_WHEN = "<% completed() %>"


class Edge(NamedTuple):
    """One transition from a task to a target (spec 3).

    `ref` is the index in `next`; `key` counts the edges between the same two nodes, in the order of `next`.
    """

    source: str
    target: str
    key: int
    ref: int
    id: str
    """The transition's id as an outgoing one: `<target>__t<key>`."""
    back_id: str
    """The transition's id as a back reference and in routes: `<source>__t<key>`."""


@dataclass(frozen=True, slots=True)
class Graph:
    """What follows from a definition alone (spec 3).

    The keys of `outgoing`, `inbound` and `sources` are the nodes reachable from a root.

    Nodes are tasks, the engine commands `continue`, `noop` and `fail` where they are targets, and undefined
    targets.
    """

    definition: Definition
    roots: tuple[str, ...]
    """The tasks that no transition of the definition names, sorted."""
    outgoing: Mapping[str, tuple[Edge, ...]]
    """The edges that leave a node, sorted by the target's name, then in the order of the definition."""
    inbound: Mapping[str, tuple[Edge, ...]]
    """The edges that arrive at a node from reachable tasks, in the order of the definition."""
    splits: frozenset[str]
    """The nodes each of whose satisfied inbound edges makes an instance with a route of its own."""
    cyclic: frozenset[str]
    """The tasks that lie on a cycle; they never split."""
    sources: Mapping[str, tuple[str, ...]]
    """The distinct tasks from which edges arrive at a node, in the order of the definition."""
    joins: Mapping[str, int]
    """How many distinct source tasks each join waits for; unreachable joins are included."""
    loop_joins: Mapping[str, int]
    """The joins of which some source lies on or after a cycle, so that it may run several times on a route.

    With the number of their sources that do not lie on one.
    """
    retries: Mapping[str, Retry]
    """The retry of each task that has one: its own block, or what `do: retry` stands for."""
    compiled: Compiled = field(compare=False, repr=False)
    """The expressions, compiled when they are first needed."""


def build_graph(definition: Definition) -> Graph:
    """Build the graph of a definition, in time linear in its tasks and edges (spec 3)."""
    leaving = {name: edges_of(task) for name, task in definition.tasks.items()}
    references = Counter(edge.target for edges in leaving.values() for edge in edges)
    roots = tuple(sorted(name for name in definition.tasks if not references[name]))
    nodes = reachable(roots, {name: [edge.target for edge in edges] for name, edges in leaving.items()})
    cyclic = _cyclic(leaving)
    inbound: dict[str, list[Edge]] = {name: [] for name in nodes}
    for name in definition.tasks:
        if name in inbound:
            for edge in leaving[name]:
                inbound[edge.target].append(edge)
    sources = {name: tuple(dict.fromkeys(e.source for e in edges)) for name, edges in inbound.items()}
    joins = dict(_joins(definition, sources))
    lapped = reachable(cyclic, {name: [edge.target for edge in edges] for name, edges in leaving.items()})
    retries = dict(_retries(definition))
    return Graph(
        definition=definition,
        roots=roots,
        outgoing={name: tuple(sorted(leaving.get(name, ()), key=_outgoing_order)) for name in nodes},
        inbound={name: tuple(edges) for name, edges in inbound.items()},
        splits=frozenset(
            name
            for name, count in references.items()
            if count > 1 and name not in cyclic and not is_join(definition.tasks.get(name))
        ),
        cyclic=cyclic,
        sources=sources,
        joins=joins,
        loop_joins={
            name: sum(source not in cyclic for source in sources[name])
            for name in joins
            if any(source in lapped for source in sources.get(name, ()))
        },
        retries=retries,
        compiled=Compiled(definition, retries),
    )


def is_join(task: Task | None) -> bool:
    """Tell whether a task is a join; `join: 0` is one too (spec 1.3)."""
    return task is not None and task.join is not None


def join_needed(graph: Graph, task: str) -> int | None:
    """Say how many distinct source tasks a join waits for; None when the task is not a join (spec 1.3)."""
    return graph.joins.get(task)


def edges_of(task: Task) -> tuple[Edge, ...]:
    """List the edges that leave a task, in the order of the definition; `retry` is none (spec 3)."""
    keys: Counter[str] = Counter()
    edges: list[Edge] = []
    for ref, transition in enumerate(task.next):
        for target in transition.do:
            if target != RETRY_COMMAND:
                key = keys[target]
                edges.append(Edge(task.name, target, key, ref, f"{target}__t{key}", f"{task.name}__t{key}"))
                keys[target] += 1
    return tuple(edges)


def reachable(starts: Iterable[str], targets: Mapping[str, Iterable[str]]) -> dict[str, None]:
    """Collect what is reachable from `starts`, the starts included, each once, in order of discovery."""
    found = dict.fromkeys(starts)
    waiting = list(found)
    while waiting:
        for target in targets.get(waiting.pop(), ()):
            if target not in found:
                found[target] = None
                waiting.append(target)
    return found


def components(targets: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """List the strongly connected components of a graph, each after all components that it leads to.

    Tarjan's algorithm with its own stack: the depth of the graph never meets the interpreter's limit.
    """
    found: list[list[str]] = []
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    on_path: set[str] = set()
    path: list[str] = []
    for start in targets:
        if start in index:
            continue
        work: list[tuple[str, Iterator[str]]] = []
        _enter(start, targets, index, low, on_path, path, work)
        while work:
            node, rest = work[-1]
            for target in rest:
                if target not in index:
                    _enter(target, targets, index, low, on_path, path, work)
                    break
                if target in on_path:
                    low[node] = min(low[node], index[target])
            else:
                work.pop()
                if work:
                    parent = work[-1][0]
                    low[parent] = min(low[parent], low[node])
                if low[node] == index[node]:
                    found.append(_leave(node, on_path, path))
    return found


def _enter(
    node: str,
    targets: Mapping[str, Iterable[str]],
    index: dict[str, int],
    low: dict[str, int],
    on_path: set[str],
    path: list[str],
    work: list[tuple[str, Iterator[str]]],
) -> None:
    index[node] = low[node] = len(index)
    on_path.add(node)
    path.append(node)
    work.append((node, iter(targets.get(node, ()))))


def _leave(root: str, on_path: set[str], path: list[str]) -> list[str]:
    component: list[str] = []
    while True:
        node = path.pop()
        on_path.discard(node)
        component.append(node)
        if node == root:
            return component


def _cyclic(leaving: Mapping[str, tuple[Edge, ...]]) -> frozenset[str]:
    targets = {name: [edge.target for edge in edges] for name, edges in leaving.items()}
    return cyclic_nodes(targets)


def cyclic_nodes(targets: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """Collect the nodes that lie on a cycle, a node that leads to itself included."""
    cyclic = {name for component in components(targets) if len(component) > 1 for name in component}
    cyclic.update(name for name, names in targets.items() if name not in cyclic and name in names)
    return frozenset(cyclic)


def _outgoing_order(edge: Edge) -> tuple[str, int]:
    return (edge.target, edge.ref)


def _joins(definition: Definition, sources: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, int]]:
    for name, task in definition.tasks.items():
        if task.join is not None:
            yield name, len(sources.get(name, ())) if task.join == "all" else max(task.join, 1)


def _retries(definition: Definition) -> Iterator[tuple[str, Retry]]:
    for name, task in definition.tasks.items():
        retry = task.retry
        for transition in task.next:
            if RETRY_COMMAND in transition.do:
                retry = Retry(count=_RETRY_COMMAND_COUNT, when=transition.when or _RETRY_COMMAND_WHEN)
        if retry is not None:
            yield name, retry
