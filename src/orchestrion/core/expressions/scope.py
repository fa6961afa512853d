"""What an expression may see: a narrow, lazy view of the state (spec 2.2).

The conductor implements `Scope`; dialects and functions read nothing else. Nothing here is copied or
converted before an expression asks for it, so that the cost of an evaluation does not depend on the size of
the context.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from orchestrion.core.values import Json


class CurrentTask(Protocol):
    """The task in whose name an expression is evaluated; absent in `input`, `vars` and `output`."""

    @property
    def name(self) -> str:
        """Its name in the workflow."""
        ...

    @property
    def route(self) -> int:
        """The route on which it runs."""
        ...

    @property
    def status(self) -> str | None:
        """The status of its latest entry, or None when it has none."""
        ...

    @property
    def result(self) -> Json:
        """Its result; None when it has none (yet)."""
        ...


class MissingValue(Exception):  # noqa: N818  # not an error: a question that the conductor passes on
    """An expression needs a value from outside; `key` is a hashable tuple that names it.

    `("st2kv", name, decrypt)` or `("task", name | None, route | None)`. Not an evaluation error: dialects let
    it pass untouched, and the conductor answers `NeedValues`.
    """

    def __init__(self, key: tuple[str | int | bool | None, ...]) -> None:
        super().__init__(key)
        self.key = key


class Scope(Protocol):
    """Everything that the functions of spec 2.2 can ask for."""

    @property
    def task(self) -> CurrentTask | None:
        """The current task."""
        ...

    @property
    def item(self) -> Json:
        """The current item as `item()` gives it; None outside with-items."""
        ...

    def variable(self, name: str) -> Json:
        """The value of a variable, private names included. Raises KeyError when it is undefined."""
        ...

    def names(self) -> Iterator[str]:
        """The names of all variables, private ones included, in no particular order."""
        ...

    def task_status(self, name: str, route: int | None) -> str | None:
        """The status of a task's latest entry that counts.

        On `route` (None: the current one) or its nearest ancestor.
        """
        ...

    def external(self, key: tuple[str | int | bool | None, ...]) -> Json:
        """A value from outside (see `MissingValue`).

        Raises MissingValue when nobody has fetched it yet, `ExternalError` when it cannot be had.
        """
        ...

    @property
    def now(self) -> datetime:
        """The time of the event that is being conducted; aware, UTC."""
        ...

    def random(self) -> float:
        """The next number in [0, 1) from the event's seed."""
        ...


class ExternalError(Exception):
    """An outside value cannot be had; the text says why and is shown in the task's error entry.

    `missing` is false when the value exists and something else is wrong: then no default takes its place.
    """

    def __init__(self, message: str, *, missing: bool = True) -> None:
        super().__init__(message)
        self.missing = missing
