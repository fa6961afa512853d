"""The evaluation that is going on: its scope, its budget, and what must come out of it in any case.

The libraries call functions without saying for whom, so the current evaluation is held in a context variable,
which belongs to one thread. Only `Evaluation.run` sets it.
"""

from collections.abc import Callable
from contextvars import ContextVar
from typing import TypeVar

from orchestrion.core.expressions.bounds import ELEMENTS_PER_STEP, Budget
from orchestrion.core.expressions.scope import MissingValue, Scope

T = TypeVar("T")


class Evaluation:
    """One evaluation of one expression or template."""

    __slots__ = ("_tuples", "budget", "frozen", "missing", "scope")

    def __init__(self, scope: Scope, *, frozen: bool) -> None:
        self.scope = scope
        self.frozen = frozen
        """Whether values are frozen before the language sees them (YAQL)."""
        self.budget = Budget()
        self.missing: MissingValue | None = None
        self._tuples: dict[int, tuple[list[object], tuple[object, ...]]] = {}

    def external(self, key: tuple[str | int | bool | None, ...]) -> object:
        """A value from outside. That it is missing is remembered: no library may swallow the question."""
        try:
            return self.scope.external(key)
        except MissingValue as missing:
            self.missing = missing
            raise

    def as_tuple(self, values: list[object], freeze: Callable[[object], object]) -> tuple[object, ...]:
        """A list of the state as a tuple of frozen values, made once per evaluation."""
        known = self._tuples.get(id(values))
        if known is not None:
            return known[1]
        self.budget.step(1 + len(values) // ELEMENTS_PER_STEP)
        frozen = tuple(map(freeze, values))
        self._tuples[id(values)] = (values, frozen)
        return frozen

    def run(self, evaluate: Callable[[], T]) -> T:
        """Evaluate.

        Raises MissingValue or ExpressionLimitExceeded if one came up, even where it was swallowed.
        """
        token = _CURRENT.set(self)
        try:
            return evaluate()
        finally:
            _CURRENT.reset(token)
            if self.missing is not None:
                raise self.missing
            if self.budget.refused is not None:
                raise self.budget.refused


_CURRENT: ContextVar[Evaluation] = ContextVar("evaluation")


def current() -> Evaluation:
    """The evaluation of this thread. Raises LookupError outside one."""
    return _CURRENT.get()
