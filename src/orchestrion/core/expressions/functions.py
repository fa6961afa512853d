"""The one table of functions that both languages share (spec 2.2; stackstorm-api 3.2).

Each is a YAQL function, a Jinja function and a Jinja filter under the same name. They read the state through
the scope of the current evaluation alone.
"""

from collections.abc import Callable, Iterable, Mapping
from itertools import zip_longest
from typing import Any, cast

from orchestrion.core.expressions import stackstorm
from orchestrion.core.expressions.errors import (
    ExpressionEvaluationException,
    VariableInaccessibleError,
    VariableUndefinedError,
)
from orchestrion.core.expressions.evaluation import current
from orchestrion.core.expressions.scope import CurrentTask, ExternalError
from orchestrion.core.expressions.views import ContextView, freeze
from orchestrion.core.status import COMPLETED

_GIVEN = object()


def _seen(value: object) -> object:
    """A value of the state as the language of the current evaluation works with it."""
    return freeze(value) if current().frozen else value


def ctx(key: str | None = None) -> object:
    """All variables, or the one that is called `key` (spec 2.2, 2.4)."""
    evaluation = current()
    if key is None:
        return ContextView(evaluation.scope, frozen=evaluation.frozen)
    if not isinstance(key, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError("Given name is not typeof string.")
    if key.startswith("__"):
        raise VariableInaccessibleError(key)
    try:
        return _seen(evaluation.scope.variable(key))
    except KeyError:
        raise VariableUndefinedError(key) from None


def item(key: str | None = None) -> object:
    """The current item, or the member of a named item (spec 2.2, 5.6)."""
    value = current().scope.item
    if key is None:
        return _seen(value)
    if not isinstance(value, Mapping):
        raise ExpressionEvaluationException("Item is not type of collections.abc.Mapping.")
    if key not in value:
        raise ExpressionEvaluationException(f'Item does not have key "{key}".')
    return _seen(value[key])


def _task() -> CurrentTask:
    task = current().scope.task
    if task is None:
        raise ExpressionEvaluationException("The current task is not set in the context.")
    return task


def result() -> object:
    """The result of the current task."""
    return _seen(_task().result)


def task_status(task_name: str, route: int | None = None) -> str:
    """The status of a task, or the text `null`."""
    return current().scope.task_status(task_name, route) or "null"


def succeeded() -> bool:
    """Whether the current task has succeeded."""
    return _task().status == "succeeded"


def failed() -> bool:
    """Whether the current task has failed; timeouts and abandonments are recorded as failures."""
    return _task().status == "failed"


def completed() -> bool:
    """Whether the current task has ended, however."""
    return _task().status in COMPLETED


def json(text: object) -> object:
    """Parse a JSON text; a mapping passes through."""
    if isinstance(text, Mapping):
        return cast("object", text)
    if not isinstance(text, str):
        raise TypeError("Given object is not typeof string.")
    return stackstorm.from_json_string(text)


def zip_(*lists: Iterable[object] | None, pad: object = None) -> object:
    """Longest zip; null counts as empty, one list is given back as it is."""
    if len(lists) == 1:
        return lists[0]
    budget = current().budget
    given = [budget.counted(() if values is None else values) for values in lists]
    return list(zip_longest(*given, fillvalue=pad))


def st2kv(key: str, decrypt: bool = False, default: object = _GIVEN) -> object:  # noqa: FBT001, FBT002
    """A value of the key store; MissingValue goes to the conductor."""
    if not isinstance(key, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError("Given key is not typeof string.")
    if not isinstance(decrypt, bool):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError("Decrypt parameter is not typeof bool.")
    try:
        return _seen(current().external(("st2kv", key, decrypt)))
    except ExternalError as error:
        if default is _GIVEN or not error.missing:
            raise ExpressionEvaluationException(str(error)) from error
        return default


def task(name: str | None = None, route: int | None = None) -> object:
    """The record of a task: ids, name, route, result, status and times."""
    try:
        return _seen(current().external(("task", name, route)))
    except ExternalError as error:
        raise ExpressionEvaluationException(str(error)) from error


CORE: Mapping[str, Callable[..., Any]] = {
    "ctx": ctx,
    "item": item,
    "result": result,
    "task_status": task_status,
    "succeeded": succeeded,
    "failed": failed,
    "completed": completed,
    "json": json,
    "zip": zip_,
}
"""The nine functions of the language itself."""

FUNCTIONS: Mapping[str, Callable[..., Any]] = {**CORE, "st2kv": st2kv, "task": task, **stackstorm.FUNCTIONS}
"""All of them."""


STATE_FUNCTIONS = frozenset((ctx, item, result, st2kv, task))
"""Those that give a part of the state as it is: what they give was not built here."""
