"""A workflow's graph as text to read, as Mermaid and as Graphviz's dot."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from orchestrion.client.views import Edge, Graph

_MERMAID_CODES: Final = {"#": "#35;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "|": "#124;"}


def as_mermaid(graph: Graph) -> Iterator[str]:
    """A flowchart in Mermaid's language."""
    yield "flowchart TD"
    numbers = {name: f"n{number}" for number, name in enumerate(graph.outgoing)}
    for name, number in numbers.items():
        opening, closing = ("{{", "}}") if name in graph.joins else ("[", "]")
        yield f'  {number}{opening}"{_mermaid_text(_title(graph, name))}"{closing}'
    for edge in _edges(graph):
        label = _condition(graph, edge)
        arrow = f'-->|"{_mermaid_text(label)}"|' if label else "-->"
        yield f"  {numbers[edge.source]} {arrow} {numbers[edge.target]}"


def _mermaid_text(text: str) -> str:
    return "".join(_MERMAID_CODES.get(one, one) for one in text)


def as_dot(graph: Graph) -> Iterator[str]:
    """A graph in Graphviz's language."""
    yield "digraph workflow {"
    yield "  node [shape=box];"
    for name in graph.outgoing:
        shape = ", shape=hexagon" if name in graph.joins else ""
        yield f"  {json.dumps(name)} [label={json.dumps(_title(graph, name), ensure_ascii=False)}{shape}];"
    for edge in _edges(graph):
        label = _condition(graph, edge)
        attributes = f" [label={json.dumps(label, ensure_ascii=False)}]" if label else ""
        yield f"  {json.dumps(edge.source)} -> {json.dumps(edge.target)}{attributes};"
    yield "}"


def as_text(graph: Graph) -> Iterator[str]:
    """The tasks from the first ones on, each with where it leads and under which condition."""
    for name in graph.outgoing:
        if name not in graph.definition.tasks:
            continue  # an engine command: it is named where a task leads to it
        words = ", ".join(filter(None, ("first" if name in graph.roots else "", _kind(graph, name))))
        yield f"{name}  ({words})" if words else name
        for edge in graph.outgoing[name]:
            label = _condition(graph, edge)
            yield f"  -> {edge.target}{f'  when {label}' if label else ''}"


def _edges(graph: Graph) -> Iterator[Edge]:
    for edges in graph.outgoing.values():
        yield from edges


def _condition(graph: Graph, edge: Edge) -> str:
    when = graph.definition.tasks[edge.source].next[edge.ref].when
    text = " ".join(str(when).split()) if when else ""
    return text.removeprefix("<%").removesuffix("%>").strip() if text.count("<%") == 1 else text


def _title(graph: Graph, name: str) -> str:
    kind = _kind(graph, name)
    return f"{name} ({kind})" if kind else name


def _kind(graph: Graph, name: str) -> str:
    """What is special about a task, in a few words."""
    task = graph.definition.tasks.get(name)
    if task is None:
        return ""
    words: list[str] = [str(task.action)] if task.action else []
    if task.join is not None:
        words.append("join: all" if task.join == "all" else f"join: {task.join}")
    if task.items is not None:
        words.append("with items")
    if name in graph.retries:
        words.append("retry")
    if task.delay:
        words.append(f"delay {task.delay}")
    if task.timeout:
        words.append(f"timeout {task.timeout}")
    return ", ".join(words)


FORMATS: Final[Mapping[str, Callable[[Graph], Iterator[str]]]] = {
    "text": as_text,
    "mermaid": as_mermaid,
    "dot": as_dot,
}
"""How a graph can be drawn, by the word of `--format`."""
