"""The fourth category of an inspection: are variables assigned before they are read (spec 1.7).

What is known flows along the graph. A task that is no join has one instance for each way in, so it knows what
*all* its inbound transitions bring; a join knows what *any* of them brings, on any way to it. `output` knows
all that is published anywhere.

Sets of names are bits of an integer, and only names that are published by a task and read by a task have one:
a chain of thousands of tasks that each publish a new name stays cheap. Inside a cycle the flow is repeated
until it is stable, beginning with everything that enters the cycle or is published in it; that may only
remove names. A cycle that is not stable after a few rounds is left as it is: what is then missed is found at
run time, and nothing right is refused.
"""

from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from orchestrion.core.expressions import Expression
from orchestrion.core.graph import Edge, Graph, components, is_join
from orchestrion.core.language.attributes import Attribute, Attributes, TaskAttributes
from orchestrion.core.language.checker import Work
from orchestrion.core.language.tree import Path

_ROUNDS: Final = 10
_PRIVATE: Final = "__"


class Reference(NamedTuple):
    """A variable that an expression reads."""

    name: str
    expression: Expression
    attribute: Attribute
    at: Path


class ContextDefect(NamedTuple):
    """A context problem before it is given its place in the text."""

    message: str
    expression: Expression
    path: Path
    schema_path: tuple[str, ...]
    at: Path


ReferencesOf: TypeAlias = Callable[[Attribute], Iterable[Reference]]
"""Finds the variables that the expressions of an attribute read."""


def context_defects(
    attributes: Attributes, graph: Graph, known: Collection[str], references_of: ReferencesOf, work: Work
) -> Iterator[ContextDefect]:
    """Yield every read of a variable that is private, or not assigned on some way that leads to it."""
    names = set(known)
    for attribute in (*attributes.inputs, *attributes.vars):
        yield from _defects(references_of(attribute), names)
        names.add(attribute.name or "")
    flow = _Flow(attributes.tasks, graph, names, references_of, work)
    yield from flow.defects()
    names.update(flow.published)
    for attribute in attributes.output:
        yield from _defects(references_of(attribute), names)
        names.add(attribute.name or "")


def _defects(references: Iterable[Reference], names: Collection[str]) -> Iterator[ContextDefect]:
    for reference in references:
        if reference.name not in names:
            yield _defect(reference, f'Variable "{reference.name}" is referenced before assignment.')
        if reference.name.startswith(_PRIVATE):
            yield _defect(
                reference,
                f'Variable "{reference.name}" that is prefixed with double underscores is considered a'
                " private variable and cannot be referenced.",
            )


def _defect(reference: Reference, message: str) -> ContextDefect:
    attribute = reference.attribute
    return ContextDefect(
        message, reference.expression, attribute.context_path, attribute.schema_path, reference.at
    )


@dataclass(slots=True)
class _Reads:
    """What one task reads before it runs, and in `next` with the names published earlier in the entry."""

    before: list[Reference]
    after: list[tuple[Reference, frozenset[str]]]


class _Flow:
    """What is known at each task of a graph."""

    def __init__(
        self,
        tasks: Mapping[str, TaskAttributes],
        graph: Graph,
        globally: Collection[str],
        references_of: ReferencesOf,
        work: Work,
    ) -> None:
        self._graph = graph
        self._globally = globally
        self._work = work
        self._somewhere: dict[str, int] = {}
        self._reads: dict[str, _Reads] = {}
        self._published: dict[tuple[str, int], int] = {}
        self.published: set[str] = set()
        publishes: dict[tuple[str, int], list[str]] = {}

        def doubtful(attribute: Attribute) -> Iterator[Reference]:
            for reference in references_of(attribute):
                if reference.name not in globally or reference.name.startswith(_PRIVATE):
                    yield reference

        for name in graph.outgoing:
            attributes = tasks.get(name)
            if attributes is not None:
                self._reads[name] = _reads(name, attributes, doubtful, publishes, work)
        for names in publishes.values():
            self.published.update(names)
        self._bits: dict[str, int] = {}
        for reads in self._reads.values():
            for reference in (*reads.before, *(each for each, _ in reads.after)):
                if reference.name in self.published and reference.name not in globally:
                    self._bits.setdefault(reference.name, 1 << len(self._bits))
        for key, names in publishes.items():
            bits = 0
            for name in names:
                bits |= self._bits.get(name, 0)
            if bits:
                self._published[key] = bits

    def defects(self) -> Iterator[ContextDefect]:
        """Yield the defects of all tasks, following the flow from the roots."""
        targets = {name: [edge.target for edge in edges] for name, edges in self._graph.outgoing.items()}
        waiting_for = Counter({name: len(edges) for name, edges in self._graph.outgoing.items()})
        known: dict[str, int] = {}
        for members in reversed(components(targets)):
            self._note_somewhere(members)
            if len(members) == 1:
                known[members[0]] = self._arriving(members[0], known)
            else:
                self._settle(members, known)
            for name in members:
                yield from self._task_defects(name, known[name])
            for name in members:
                for edge in self._graph.inbound[name]:
                    waiting_for[edge.source] -= 1
                    if not waiting_for[edge.source]:
                        del known[edge.source], self._somewhere[edge.source]

    def _arriving(self, name: str, known: Mapping[str, int]) -> int:
        """What is known at a task by what is known at its sources; itself as a source changes nothing."""
        edges = [edge for edge in self._graph.inbound[name] if edge.source != name]
        joins = is_join(self._graph.definition.tasks.get(name))
        at = self._somewhere if joins else known
        arriving = [at[edge.source] | self._on(edge) for edge in edges]
        self._work.steps += 1 + len(edges)
        if not arriving:
            return 0
        if joins:
            arriving.extend(self._on(edge) for edge in self._graph.inbound[name] if edge.source == name)
        total = arriving[0]
        for each in arriving[1:]:
            total = total | each if joins else total & each
        return total

    def _note_somewhere(self, members: list[str]) -> None:
        """Note what is known at tasks on any way to them; all tasks of a cycle lie behind each other."""
        inside = set(members)
        total = 0
        for name in members:
            for edge in self._graph.inbound[name]:
                self._work.steps += 1
                total |= self._on(edge)
                if edge.source not in inside:
                    total |= self._somewhere[edge.source]
        self._somewhere.update(dict.fromkeys(members, total))

    def _settle(self, members: list[str], known: dict[str, int]) -> None:
        """Find what is known at each task of a cycle."""
        inside = set(members)
        top = 0
        for name in members:
            for edge in self._graph.inbound[name]:
                top |= self._on(edge) if edge.source in inside else known[edge.source] | self._on(edge)
        for name in members:
            known[name] = top
        waiting = deque(reversed(members))
        queued = set(members)
        left = _ROUNDS * sum(len(self._graph.inbound[name]) for name in members)
        while waiting and left > 0:
            name = waiting.popleft()
            queued.discard(name)
            left -= len(self._graph.inbound[name])
            arriving = self._arriving(name, known)
            if arriving != known[name]:
                known[name] = arriving
                for edge in self._graph.outgoing[name]:
                    if edge.target in inside and edge.target not in queued:
                        queued.add(edge.target)
                        waiting.append(edge.target)

    def _on(self, edge: Edge) -> int:
        return self._published.get((edge.source, edge.ref), 0)

    def _task_defects(self, name: str, known: int) -> Iterator[ContextDefect]:
        reads = self._reads.get(name)
        if reads is None:
            return
        for reference in reads.before:
            yield from self._check(reference, known, ())
        for reference, earlier in reads.after:
            yield from self._check(reference, known, earlier)

    def _check(self, reference: Reference, known: int, earlier: Collection[str]) -> Iterator[ContextDefect]:
        name = reference.name
        is_known = name in self._globally or name in earlier or bool(self._bits.get(name, 0) & known)
        yield from _defects((reference,), (name,) if is_known else ())


def _reads(
    name: str,
    task: TaskAttributes,
    references_of: ReferencesOf,
    publishes: dict[tuple[str, int], list[str]],
    work: Work,
) -> _Reads:
    """Collect what a task reads, and note what each of its transitions publishes."""
    before: list[Reference] = []
    for attribute in task.before:
        work.steps += 1
        before.extend(references_of(attribute))
    after: list[tuple[Reference, frozenset[str]]] = []
    for ref, attributes in task.after:
        earlier: dict[str, None] = {}
        for attribute in attributes:
            work.steps += 1
            found = list(references_of(attribute))
            if found:
                own = frozenset(reference.name for reference in found if reference.name in earlier)
                after.extend((reference, own) for reference in found)
            if attribute.name is not None:
                earlier[attribute.name] = None
        if earlier:
            publishes[name, ref] = list(earlier)
    return _Reads(before, after)
