"""The expressions of a definition, compiled once, however often its tasks run (architecture 2).

A task is compiled when it is first asked for, so that a large definition costs what is used of it. A
definition never changes, so neither does what was compiled from it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from orchestrion.core.expressions import Template, compile_template
from orchestrion.core.language.definition import Assignment, Definition, Items, Retry, Task, Transition
from orchestrion.core.values import Json

CompiledAssignments: TypeAlias = tuple[tuple[str, Template], ...]
"""Names and the templates of their values, in the order of the definition."""


@dataclass(frozen=True, slots=True)
class CompiledItems:
    """The `with` attribute of a task."""

    values: Template
    names: tuple[str, ...]
    concurrency: Template | None


@dataclass(frozen=True, slots=True)
class CompiledRetry:
    """The `retry` attribute of a task, or what `do: retry` stands for."""

    count: Template
    delay: Template | None
    when: Template | None


@dataclass(frozen=True, slots=True)
class CompiledTransition:
    """One entry of `next`, without its targets, which are edges of the graph."""

    when: Template | None
    publish: CompiledAssignments


@dataclass(frozen=True, slots=True)
class CompiledTask:
    """One task."""

    name: str
    action: Template
    input: Template
    delay: Template | None
    timeout: Template | None
    items: CompiledItems | None
    retry: CompiledRetry | None
    next: tuple[CompiledTransition, ...]


class Compiled:
    """The expressions of a definition; `retries` holds the retry of each task that has one."""

    def __init__(self, definition: Definition, retries: Mapping[str, Retry]) -> None:
        self._definition = definition
        self._retries = retries
        self._tasks: dict[str, CompiledTask] = {}

    def task(self, name: str) -> CompiledTask:
        """The task of that name."""
        found = self._tasks.get(name)
        if found is None:
            found = _task(self._definition.tasks[name], self._retries.get(name))
            self._tasks[name] = found
        return found

    @cached_property
    def inputs(self) -> CompiledAssignments:
        """The inputs with their defaults."""
        return _assignments(self._definition.inputs)

    @cached_property
    def vars(self) -> CompiledAssignments:
        """The variables that are assigned at the start."""
        return _assignments(self._definition.vars)

    @cached_property
    def timeout(self) -> Template | None:
        """How long the whole may take."""
        return _optional(self._definition.timeout)

    @cached_property
    def output(self) -> CompiledAssignments:
        """The output."""
        return _assignments(self._definition.output)


def _task(task: Task, retry: Retry | None) -> CompiledTask:
    return CompiledTask(
        name=task.name,
        action=compile_template(task.action),
        input=compile_template(task.input),
        delay=_optional(task.delay),
        timeout=_optional(task.timeout),
        items=None if task.items is None else _items(task.items),
        retry=None if retry is None else _retry(retry),
        next=tuple(_transition(transition) for transition in task.next),
    )


def _items(items: Items) -> CompiledItems:
    return CompiledItems(compile_template(items.expression), items.names, _optional(items.concurrency))


def _retry(retry: Retry) -> CompiledRetry:
    return CompiledRetry(compile_template(retry.count), _optional(retry.delay), _optional(retry.when))


def _transition(transition: Transition) -> CompiledTransition:
    return CompiledTransition(_optional(transition.when), _assignments(transition.publish))


def _assignments(assignments: Iterable[Assignment]) -> CompiledAssignments:
    return tuple((one.name, compile_template(one.value)) for one in assignments)


def _optional(value: Json) -> Template | None:
    return None if value is None else compile_template(value)
