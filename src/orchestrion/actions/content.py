"""The fifth kind of inspection: do the actions exist.

And do they take these inputs (spec stackstorm-api 3.1).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from orchestrion.actions.catalog import Catalog
from orchestrion.actions.metadata import Action
from orchestrion.core.expressions import expressions_in
from orchestrion.core.language import Definition, Task, locate
from orchestrion.core.values import Json
from orchestrion.errors import NotFound, OrchestrionError

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


def content_problems(text: str, definition: Definition, catalog: Catalog) -> tuple[ContentProblem, ...]:
    """Check the actions of every task, in the order of the definition.

    Actions that are expressions are left out.
    """
    where = locate(text)
    problems: list[ContentProblem] = []
    for task in definition.tasks.values():
        for message, path, schema_path in _problems_of(task, catalog):
            line, column = where(("tasks", task.name, *path))
            spec_path = ".".join(("tasks", task.name, *path))
            hint = _hint(catalog, task.action or "") if schema_path == "action" else ""
            problems.append(ContentProblem(message, spec_path, f"{_TASK}.{schema_path}", line, column, hint))
    return tuple(problems)


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
