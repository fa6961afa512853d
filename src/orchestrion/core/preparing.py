"""Rendering: what a task is about to do, worked out before anything of it starts (spec 5.2, 5.5, 5.6)."""

from typing import NamedTuple

from orchestrion.core.compiled import CompiledItems, CompiledRetry, CompiledTask
from orchestrion.core.context import Context
from orchestrion.core.draft import Draft
from orchestrion.core.expressions import ExpressionError, Template
from orchestrion.core.language.definition import MAX_DELAY
from orchestrion.core.records import Entry, RenderedAction
from orchestrion.core.scope import DraftScope, TaskView
from orchestrion.core.values import Json


class Prepared(NamedTuple):
    """A rendered task. `items`, their number, is None for a plain one, whose action is `actions[0]`.

    Delays and the timeout in seconds.
    """

    actions: tuple[RenderedAction, ...]
    items: int | None = None
    concurrency: int | None = None
    delay: int = 0
    retry_count: int = 0
    retry_delay: int = 0
    timeout: int | None = None


class PreparingError(Exception):
    """A task could not be rendered; `message` is the text of its errors entry."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def prepare(draft: Draft, name: str, route: int, context: Context) -> Prepared:
    """Render a task on a route. Raises PreparingError."""
    task = draft.graph.compiled.task(name)
    scope = DraftScope(draft, context, TaskView(draft, name, route, None))
    try:
        if task.items is None:
            actions, items, concurrency = (_render_action(task, scope),), None, None
        else:
            actions = _render_items(draft, task, task.items, route, context)
            items, concurrency = len(actions), _concurrency(task, task.items, scope)
        delay, timeout = _delay(task.delay, scope), timeout_of(task.timeout, scope, "task")
        if task.retry is None:
            return Prepared(actions, items, concurrency, delay, timeout=timeout)
        count, retry_delay = _retry(task.name, task.retry, DraftScope(draft, context))
    except ExpressionError as error:
        raise PreparingError(error.message) from error
    return Prepared(actions, items, concurrency, delay, count, retry_delay, timeout)


def prepare_again(draft: Draft, entry: Entry) -> RenderedAction:
    """Render a plain task for its next attempt. Raises PreparingError."""
    scope = DraftScope(draft, entry.context, TaskView(draft, entry.task, entry.route, entry))
    try:
        return _render_action(draft.graph.compiled.task(entry.task), scope)
    except ExpressionError as error:
        raise PreparingError(error.message) from error


def _render_action(task: CompiledTask, scope: DraftScope) -> RenderedAction:
    action = task.action.render(scope)
    values = task.input.render(scope)
    return RenderedAction(action if action is None else str(action), {} if values is None else values)


def _render_items(
    draft: Draft, task: CompiledTask, items: CompiledItems, route: int, context: Context
) -> tuple[RenderedAction, ...]:
    view = TaskView(draft, task.name, route, None)
    values = items.values.render_items(DraftScope(draft, context, view))
    scope = DraftScope(draft, context, view)
    actions: list[RenderedAction] = []
    for value in values:
        scope.item = _item(items.names, value)
        actions.append(_render_action(task, scope))
    return tuple(actions)


def _item(names: tuple[str, ...], value: Json) -> Json:
    """What `item()` gives: the names zipped with a list, one name with a scalar, or the value (spec 5.6)."""
    if not names:
        return value
    if isinstance(value, list):
        return dict(zip(names, value, strict=False))
    return {names[0]: value} if len(names) == 1 else value


def _concurrency(task: CompiledTask, items: CompiledItems, scope: DraftScope) -> int | None:
    value = None if items.concurrency is None else items.concurrency.render(scope)
    if value is None:
        return None
    if not isinstance(value, int):
        raise PreparingError(
            f'TypeError: The concurrency of task "{task.name}" is not type of integer: {value!r}.'
        )
    return max(int(value), 1)


def _delay(delay: Template | None, scope: DraftScope) -> int:
    value = None if delay is None else delay.render(scope)
    if value is None:
        return 0
    if not isinstance(value, int):
        raise PreparingError("TypeError: The value of task delay is not type of integer.")
    return _bounded("value of task delay", value)


def timeout_of(timeout: Template | None, scope: DraftScope, of: str) -> int | None:
    """The timeout of a task or of the workflow in seconds; None is as if there were none.

    Raises ExpressionError, PreparingError.
    """
    value = None if timeout is None else timeout.render(scope)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise PreparingError(f"TypeError: The value of {of} timeout is not type of integer.")
    if value < 1:
        raise PreparingError(f"ValueError: The value of {of} timeout is less than 1 second.")
    return _bounded(f"value of {of} timeout", value)


def _bounded(name: str, seconds: int) -> int:
    if seconds > MAX_DELAY:
        raise PreparingError(f"ValueError: The {name} is greater than {MAX_DELAY} seconds (100,000 years).")
    return max(int(seconds), 0)


def _retry(task: str, retry: CompiledRetry, scope: DraftScope) -> tuple[int, int]:
    """The retry's count and delay, evaluated once, for nobody in particular (spec 5.7)."""
    count = retry.count.render(scope)
    if not isinstance(count, int):
        raise PreparingError(f'ValueError: The retry count for task "{task}" is not an integer.')
    delay = None if retry.delay is None else retry.delay.render(scope)
    if delay is not None and not isinstance(delay, int):
        raise PreparingError(f'ValueError: The retry delay for task "{task}" is not an integer.')
    return int(count), _bounded(f'retry delay for task "{task}"', delay or 0)
