"""The first category of an inspection: the document, and the type of each attribute (spec 1.1 to 1.5).

What crashes Orquesta when a definition is loaded is a problem with paths like all others here.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from orchestrion.core.language.checker import Violation, Work, violations
from orchestrion.core.language.document import Document
from orchestrion.core.language.inline import parse_action
from orchestrion.core.language.problems import Problem
from orchestrion.core.language.schema import TASK_NAMES, WORKFLOW
from orchestrion.core.language.tree import Mark, Path
from orchestrion.core.spelling import did_you_mean
from orchestrion.core.values import Json

TASKS_SCHEMA = ("properties", "tasks")
TASK_SCHEMA = (*TASKS_SCHEMA, "patternProperties", TASK_NAMES)
TRANSITION_SCHEMA = (*TASK_SCHEMA, "properties", "next", "items")
_EMPTY = "The spec cannot be type of None."


def syntax_problems(document: Document, work: Work) -> list[Problem]:
    """List every syntax problem of a document."""
    problems = [
        Problem("syntax", each.message, path_text(each.path), None, line=each.mark[0], column=each.mark[1])
        for each in document.findings
    ]
    if not document.is_complete:
        return problems
    if document.value is None or document.value in ([], {}):
        return [*problems, Problem("syntax", _EMPTY)]
    value = expand_with(document.value)
    for each in violations(value, WORKFLOW, work):
        line, column = _mark_of(document, each)
        spec_path, schema_path = path_text(each.path), ".".join(each.schema_path)
        hint = "" if each.key is None else _nearest(each.key, each.allowed)
        problems.append(
            Problem(
                "syntax",
                each.message,
                spec_path,
                schema_path,
                line=line,
                column=column,
                key=each.key,
                hint=hint,
            )
        )
    problems.extend(_action_problems(document))
    return problems


def _nearest(key: str, allowed: Sequence[str]) -> str:
    """A hint that names the attribute that is spelled most alike, or all."""
    return did_you_mean(key, allowed).lstrip() or f"Attributes: {', '.join(allowed)}."


def _mark_of(document: Document, violation: Violation) -> Mark:
    if violation.key is None:
        return document.locate(violation.path)
    return document.locate_key((*violation.path, violation.key))


def path_text(path: Path) -> str | None:
    """A path as problems show it, `tasks.t1.next[0].do`; None for the root."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".") or None


class TaskBody(NamedTuple):
    """A task of the document whose body is a mapping."""

    name: str
    body: dict[str, Json]


def task_bodies(value: Json) -> Iterator[TaskBody]:
    """Yield every task whose body is a mapping."""
    tasks = value.get("tasks") if isinstance(value, dict) else None
    for name, body in tasks.items() if isinstance(tasks, dict) else ():
        if isinstance(body, dict):
            yield TaskBody(name, body)


def expand_with(value: Json) -> Json:
    """The same value with each `with` as a mapping (spec 1.3); what is not changed is shared."""
    expanded: dict[str, Json] = {
        name: {**body, "with": {"items": body["with"]}}
        for name, body in task_bodies(value)
        if isinstance(body.get("with"), str)
    }
    if not expanded or not isinstance(value, dict):
        return value
    tasks = value["tasks"]
    return {**value, "tasks": {**tasks, **expanded} if isinstance(tasks, dict) else tasks}


def _action_problems(document: Document) -> Iterator[Problem]:
    for name, body in task_bodies(document.value):
        action = body.get("action")
        error = parse_action(action).error if isinstance(action, str) else None
        if error is not None:
            path: Path = ("tasks", name, "action")
            line, column = document.locate(path)
            schema_path = ".".join((*TASK_SCHEMA, "properties", "action"))
            yield Problem("syntax", error, path_text(path), schema_path, line=line, column=column)
