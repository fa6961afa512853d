"""The fifth kind of inspection: do the actions exist, and do they take these inputs (StackStorm's API 3.1).

Looks at every task that can be read, whatever else is wrong with the definition.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from orchestrion.actions.catalog import Catalog
from orchestrion.actions.metadata import Action
from orchestrion.actions.runners.registry import check_runnable
from orchestrion.core.expressions import expressions_in
from orchestrion.core.language import Outline, Task, outlines
from orchestrion.core.values import Json
from orchestrion.errors import NotFound, OrchestrionError, Refused, UsageError

_TASK = r"properties.tasks.patternProperties.^\w+$.properties"


@dataclass(frozen=True, slots=True)
class ContentProblem:
    """An action that is not there, or an input that does not fit it.

    `line` and `column` count from 1; `hint` is what may have been meant, which StackStorm does not say.
    """

    message: str
    spec_path: str
    schema_path: str
    line: int
    column: int
    hint: str = ""

    def as_stackstorm(self) -> dict[str, Json]:
        """The entry as StackStorm's clients see it, with line and column besides."""
        return {
            "type": "content",
            "message": self.message,
            "spec_path": self.spec_path,
            "schema_path": self.schema_path,
            "line": self.line,
            "column": self.column,
        }


class Content(NamedTuple):
    """What is wrong with the actions of a definition.

    `warnings` are about actions that are there but cannot run here: their tasks fail when they start.
    """

    problems: tuple[ContentProblem, ...]
    warnings: tuple[ContentProblem, ...]


def inspect_content(text: str, catalog: Catalog) -> Content:
    """Check the actions of every task, in the order of the definition.

    Actions that are expressions are left out.
    """
    problems: list[ContentProblem] = []
    warnings: list[ContentProblem] = []
    for outline in outlines(text):
        for task in outline.definition.tasks.values():
            for message, path, schema_path in _problems_of(task, catalog):
                hint = _hint(catalog, task.action or "") if schema_path == "action" else ""
                problems.append(_placed(outline, task, message, path, schema_path, hint))
            warnings += [
                _placed(outline, task, message, ("action",), "action")
                for message in _warnings_of(task, catalog)
            ]
    return Content(tuple(dict.fromkeys(problems)), tuple(dict.fromkeys(warnings)))


def _warnings_of(task: Task, catalog: Catalog) -> Iterator[str]:
    if not task.action or expressions_in(task.action):
        return
    try:
        check_runnable(catalog.find(task.action))
    except Refused as error:
        yield error.message
    except OrchestrionError:
        return  # a problem, not a warning


def _placed(
    outline: Outline, task: Task, message: str, path: tuple[str, ...], schema_path: str, hint: str = ""
) -> ContentProblem:
    own = outline.locate(("tasks", task.name))
    line, column = outline.locate(("tasks", task.name, *path))
    if (line, column) == own:  # inputs that are written within `action`, or not at all
        line, column = outline.locate(("tasks", task.name, "action"))
    spec_path = ".".join(("tasks", task.name, *path))
    return ContentProblem(message, spec_path, f"{_TASK}.{schema_path}", line, column, hint)


def _hint(catalog: Catalog, ref: str) -> str:
    """What there is instead of an action that is not there."""
    try:
        catalog.find(ref)
    except OrchestrionError as error:
        return error.message.partition(" cannot be found.")[2].strip()
    return ""


def _problems_of(task: Task, catalog: Catalog) -> Iterator[tuple[str, tuple[str, ...], str]]:
    ref = task.action
    if not ref or expressions_in(ref):
        return
    if "." not in ref:
        yield f'The action reference "{ref}" is not formatted correctly.', ("action",), "action"
        return
    try:
        action = catalog.find(ref)
    except NotFound:
        yield f'The action "{ref}" is not registered in the database.', ("action",), "action"
        return
    except UsageError as error:
        for problem in error.problems or (error.message,):
            yield f'The action "{ref}" cannot be used: {problem}', ("action",), "action"
        return
    if isinstance(task.input, dict) or task.input is None:
        yield from _inputs(task, action, task.input or {})


def _inputs(task: Task, action: Action, given: dict[str, Json]) -> Iterator[tuple[str, tuple[str, ...], str]]:
    known = action.inputs()
    where = ("input",) if task.input is not None else ()
    for name, parameter in known.items():
        if parameter.required and parameter.default is None and name not in given:
            yield f'Action "{action.ref}" is missing required input "{name}".', where, "input"
    for name in given:
        if name not in known:
            message = f'Action "{action.ref}" has unexpected input "{name}".'
            yield message, ("input", name), r"input.patternProperties.^\w+$"
