"""Warnings: what an author would want to know and what never fails a workflow (product.md, "The language").

Each is about something that StackStorm does silently. A function for each kind of place: texts, tasks, the
graph.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple, TypeAlias

from orchestrion.core.graph import RETRY_COMMAND, Graph, is_join, join_needed
from orchestrion.core.language.attributes import Attribute, Attributes, has_delimiter
from orchestrion.core.language.checker import Work
from orchestrion.core.language.definition import MAX_DELAY, Task
from orchestrion.core.language.inline import dropped_text, parse_action, parse_pairs
from orchestrion.core.language.problems import Category
from orchestrion.core.language.syntax import TASK_SCHEMA, TRANSITION_SCHEMA, task_bodies
from orchestrion.core.language.tree import Path
from orchestrion.core.values import Json

_DELIMITERS: Final = (("<%", "%>"), ("{{", "}}"), ("{%", "%}"))
_OPENING: Final = re.compile(r"<%|\{\{|\{%")
_ITEM: Final = re.compile(r"\bitem\(\s*+[\"']?(\w++)[\"']?\s*+\)")
_ORQUESTA_ATTRIBUTES: Final = frozenset({"has_task", "items", "keys", "spec"})
_LONGEST_QUOTE: Final = 60

_Number: TypeAlias = tuple[tuple[str, ...], int | str | None]
"""Where in a task a number stands, and what stands there."""


class Advice(NamedTuple):
    """A warning before it is given its place in the text."""

    category: Category
    message: str
    path: Path
    schema_path: tuple[str, ...]


def text_advice(attribute: Attribute) -> Iterator[Advice]:
    """Warn of delimiters that are never closed on their line: such a text is no expression."""
    for text, at in attribute.texts:
        opening = unclosed_delimiter(text)
        if opening is not None:
            message = f"'{opening}' is not closed on its line, so this is plain text and not an expression."
            yield Advice("expressions", message, at, attribute.schema_path)


def unclosed_delimiter(text: str) -> str | None:
    """The first opening delimiter that no closing one follows on the same line."""
    position = 0
    while (match := _OPENING.search(text, position)) is not None:
        opening = match.group()
        closing = dict(_DELIMITERS)[opening]
        end = text.find("\n", match.end())
        found = text.find(closing, match.end(), len(text) if end < 0 else end)
        if found < 0:
            return opening
        position = found + len(closing)
    return None


def inline_advice(value: Json) -> Iterator[Advice]:
    """Warn of inline parameters that do not mean what they seem to (spec 1.5)."""
    for name, body in task_bodies(value):
        path: Path = ("tasks", name)
        action = body.get("action")
        if isinstance(action, str):
            yield from _action_advice(action, body, path)
        action_input = body.get("input")
        if isinstance(action_input, str) and not has_delimiter(action_input):
            message = "The text of 'input' is passed on as it is; inline parameters belong to 'action'."
            yield Advice("syntax", message, (*path, "input"), (*TASK_SCHEMA, "properties", "input"))
        entries = body.get("next")
        for index, entry in enumerate(entries) if isinstance(entries, list) else ():
            publish = entry.get("publish") if isinstance(entry, dict) else None
            if isinstance(publish, str):
                for piece in dropped_text(publish, parse_pairs(publish)):
                    where: Path = (*path, "next", index, "publish")
                    yield Advice(
                        "syntax", _dropped(piece), where, (*TRANSITION_SCHEMA, "properties", "publish")
                    )


def _action_advice(action: str, body: Mapping[str, Json], path: Path) -> Iterator[Advice]:
    schema_path = (*TASK_SCHEMA, "properties", "action")
    inline = parse_action(action)
    for piece in inline.dropped:
        yield Advice("syntax", _dropped(piece), (*path, "action"), schema_path)
    if inline.pairs and "input" in body:
        message = "The inline parameters of 'action' replace the whole 'input'; nothing is merged."
        yield Advice("syntax", message, (*path, "input"), (*TASK_SCHEMA, "properties", "input"))
    if not inline.pairs and " " in action.strip() and not has_delimiter(action):
        message = (
            "There is no inline parameter that can be read, so the whole text is the name of the action."
        )
        yield Advice("syntax", message, (*path, "action"), schema_path)


def _dropped(piece: str) -> str:
    quoted = piece if len(piece) <= _LONGEST_QUOTE else piece[:_LONGEST_QUOTE] + "..."
    return f"The text '{quoted}' is dropped: it is no name=value with a value that can be read."


def graph_advice(graph: Graph, attributes: Attributes, work: Work) -> Iterator[Advice]:
    """Warn of what will not happen as it may seem when the workflow runs (spec 3)."""
    timeout = graph.definition.timeout
    message = _no_integer(timeout, "workflow fails when it starts") or _too_long(
        timeout, "workflow fails when it starts"
    )
    if message is not None:
        yield Advice("syntax", message, ("timeout",), ("properties", "timeout"))
    for name, task in graph.definition.tasks.items():
        work.steps += 1
        path: Path = ("tasks", name)
        if graph.roots and name not in graph.outgoing:
            message = f'The task "{name}" never starts: no task that can start leads to it.'
            yield Advice("semantics", message, path, TASK_SCHEMA)
        if name in _ORQUESTA_ATTRIBUTES:
            message = f'StackStorm cannot run a workflow with a task of the name "{name}".'
            yield Advice("semantics", message, path, TASK_SCHEMA)
        if is_join(task) and isinstance(task.join, int) and name in graph.outgoing:
            sources = len(graph.sources[name])
            if (join_needed(graph, name) or 0) > sources > 0:
                message = (
                    f"The join waits for {task.join} tasks, but only {sources} lead to it: it never starts."
                )
                yield Advice("semantics", message, (*path, "join"), (*TASK_SCHEMA, "properties", "join"))
        yield from _retry_advice(task, path)
        yield from _number_advice(task, path)
        if name in attributes.tasks:
            yield from _item_advice(task, attributes.tasks[name].before)


def _retry_advice(task: Task, path: Path) -> Iterator[Advice]:
    for index, transition in enumerate(task.next):
        if RETRY_COMMAND not in transition.do:
            continue
        where: Path = (*path, "next", index)
        schema_path = (*TRANSITION_SCHEMA, "properties", "do")
        if transition.when is None:
            message = "'do: retry' without 'when' retries successes too, three times."
            yield Advice("semantics", message, (*where, "do"), schema_path)
        if transition.publish and transition.do == (RETRY_COMMAND,):
            message = "What is published beside 'do: retry' alone is ignored."
            yield Advice("semantics", message, (*where, "publish"), schema_path)
        if task.retry is not None:
            message = "'do: retry' replaces the 'retry' of the task."
            yield Advice("semantics", message, (*where, "do"), schema_path)


def _number_advice(task: Task, path: Path) -> Iterator[Advice]:
    schema_path = (*TASK_SCHEMA, "properties")
    times: list[_Number] = [(("delay",), task.delay), (("timeout",), task.timeout)]
    counts: list[_Number] = []
    if task.items is not None:
        counts.append((("with", "concurrency"), task.items.concurrency))
    if task.retry is not None:
        counts.append((("retry", "count"), task.retry.count))
        times.append((("retry", "delay"), task.retry.delay))
    consequence = "task fails when it is used"
    found = [(keys, _no_integer(value, consequence)) for keys, value in (*times, *counts)]
    found += [(keys, _too_long(value, consequence)) for keys, value in times]
    for keys, message in found:
        if message is not None:
            yield Advice("syntax", message, (*path, *keys), (*schema_path, *keys))


def _no_integer(value: int | str | None, consequence: str) -> str | None:
    if not isinstance(value, str) or has_delimiter(value):
        return None
    return f"'{value[:_LONGEST_QUOTE]}' is a text, not an integer: the {consequence}."


def _too_long(value: int | str | None, consequence: str) -> str | None:
    if not isinstance(value, int) or value <= MAX_DELAY:
        return None
    return f"{value} seconds are more than {MAX_DELAY} (100,000 years): the {consequence}."


def _item_advice(task: Task, attributes: list[Attribute]) -> Iterator[Advice]:
    for attribute in attributes:
        if attribute.path[-1] not in {"action", "input"}:
            continue
        for text, at in attribute.texts:
            for name in _ITEM.findall(text):
                if task.items is None:
                    message = f"'item({name})' is used in a task without 'with'."
                elif task.items.names and name not in task.items.names:
                    message = f"'with' does not name '{name}', so 'item({name})' fails."
                else:
                    continue
                yield Advice("semantics", message, at, attribute.schema_path)
