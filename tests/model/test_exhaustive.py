"""Every interleaving of a small workflow: two items, a task beside them, a join, two operations, one re-run.

States that differ only in the numbers of events are one state: what follows depends on their order alone.
Every state is checked, and from every one of them the run can come to an end.
"""

from collections.abc import Callable, Hashable, Iterator
from typing import NamedTuple

import pytest

from orchestrion.core.commands import EndEmpty, RunAction
from orchestrion.core.conductor import Decision, conduct
from orchestrion.core.events import (
    AttemptBegan,
    AttemptReported,
    AttemptReturned,
    CancelRequested,
    Event,
    PauseRequested,
    RerunRequested,
    ResumeRequested,
    Started,
    TaskRequest,
)
from orchestrion.core.graph import build_graph
from orchestrion.core.invariants import check, outstanding
from orchestrion.core.language import Assignment, Definition, Items, Task, Transition
from orchestrion.core.state import State
from orchestrion.core.status import COMPLETED
from orchestrion.core.workflow_status import WORKABLE
from tests.model.world import AttemptKey

STATES = 162_328
"""How many states there are; a change of the conductor that changes the number wants to be looked at."""

TO_JOIN = (Transition("<% succeeded() %>", (), ("join",)),)
DEFINITION = Definition(
    vars=(Assignment("xs", [1, 2]),),
    tasks={
        "items": Task("items", "demo.a", {}, items=Items("<% ctx(xs) %>", "<% ctx(xs) %>"), next=TO_JOIN),
        "plain": Task("plain", "demo.b", {}, next=TO_JOIN),
        "join": Task("join", "demo.c", {}, join="all"),
    },
)
RERUNS = (
    (TaskRequest("items", 0),),
    (TaskRequest("items", 0, reset=False),),
    (TaskRequest("plain", 0),),
    (TaskRequest("items", 0, reset=False), TaskRequest("plain", 0)),
)


class Node(NamedTuple):
    """A state, what runs around it, and what may still be asked for."""

    state: State
    issued: frozenset[AttemptKey]
    running: frozenset[AttemptKey]
    operations: int
    reruns: int


def after(node: Node, event: Event, *, operations: int = 0, reruns: int = 0) -> Node | None:
    """The node to which an event leads; None where it is refused or changes nothing."""
    answer = conduct(node.state, event)
    if not isinstance(answer, Decision):
        return None
    state = node.state.copy()
    state.apply(answer.changes)
    issued, running = set(node.issued), set(node.running)
    for command in answer.commands:
        assert not isinstance(command, EndEmpty)
        key = (command.entry, command.item, command.attempt)
        issued.add(key) if isinstance(command, RunAction) else issued.discard(key)
    if isinstance(event, AttemptBegan):
        issued.discard((event.entry, event.item, event.attempt))
        running.add((event.entry, event.item, event.attempt))
    if isinstance(event, AttemptReturned):
        running.discard((event.entry, event.item, event.attempt))
        issued.add((event.entry, event.item, event.attempt))
    if isinstance(event, AttemptReported):
        running.discard((event.entry, event.item, event.attempt))
    return Node(
        state, frozenset(issued), frozenset(running), node.operations - operations, node.reruns - reruns
    )


def successors(node: Node) -> Iterator[Node | None]:
    """Everything that can happen next."""
    head = node.state.head
    held = head.pause_requested or head.pending
    if head.status == "failed" or (head.status in WORKABLE and not held):
        yield from (after(node, AttemptBegan(*key)) for key in node.issued)
    for key in node.running:
        yield after(node, AttemptReturned(*key))
        yield after(node, AttemptReported(*key, "succeeded", 1))
        yield after(node, AttemptReported(*key, "failed", 0))
    if node.operations:
        for operation in (PauseRequested(), ResumeRequested(), CancelRequested()):
            yield after(node, operation, operations=1)
    elif held:
        yield after(node, ResumeRequested())
    if node.reruns:
        yield from (after(node, RerunRequested(tasks), reruns=1) for tasks in RERUNS)


def name_of(node: Node) -> Hashable:
    """A node without the numbers of its events: only their order matters."""
    state = node.state
    stamps = {state.head.since}
    stamps.update(entry.done or 0 for entry in state.entries)
    stamps.update(entry.order[0] for entry in state.entries)
    stamps.update(item.done or 0 for items in state.items.values() for item in items.values())
    stamps.update(arrival.at for arrival in state.arrivals)
    stamps.update(staged.ready_at or 0 for staged in state.staged.values())
    rank = {stamp: number for number, stamp in enumerate(sorted(stamps))}
    return (
        state.head._replace(event=0, since=rank[state.head.since], output=None),
        tuple(
            entry._replace(
                context=None,  # type: ignore[arg-type]  # follows from the arrivals
                done=rank[entry.done] if entry.done is not None else None,
                order=(rank[entry.order[0]], *entry.order[1:]),
            )
            for entry in state.entries
        ),
        tuple(
            item._replace(done=rank[item.done or 0])
            for items in state.items.values()
            for item in items.values()
        ),
        tuple((arrival.source, arrival.edge, rank[arrival.at]) for arrival in state.arrivals),
        tuple(sorted((one.task, rank[one.ready_at or 0], one.arrivals) for one in state.staged.values())),
        tuple(state.failures),
        node[1:],
    )


@pytest.mark.timeout(300)
def test_every_interleaving_keeps_every_invariant_and_ends(evidence: Callable[[str], None]) -> None:
    first = after(Node(State(build_graph(DEFINITION)), frozenset(), frozenset(), 2, 1), Started({}, {}))
    assert first is not None
    nodes = {name_of(first): first}
    before: dict[Hashable, list[Hashable]] = {}
    waiting = list(nodes)
    while waiting:
        name = waiting.pop()
        for node in successors(nodes[name]):
            if node is not None:
                reached = name_of(node)
                before.setdefault(reached, []).append(name)
                if reached not in nodes:
                    nodes[reached] = node
                    waiting.append(reached)
                    problems = check(node.state)
                    assert not problems, problems
                    assert node.issued == outstanding(node.state)
    ended = [name for name, node in nodes.items() if node.state.head.status in COMPLETED and not node.running]
    can_end = set(ended)
    while ended:
        for name in before.get(ended.pop(), ()):
            if name not in can_end:
                can_end.add(name)
                ended.append(name)
    assert can_end == set(nodes), "some state leads nowhere"
    evidence(f"interleavings of the small model: {len(nodes)} states walked")
    assert len(nodes) == STATES
