# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUntypedBaseClass=false, reportUnknownParameterType=false
"""Quick forms of what YAQL's standard library does with operators: sums, extremes and orders of plain values.

As in `yaql_nodes`: for any other values the library has the last word.
"""

from collections.abc import Callable
from typing import Any, Final

from yaql.language.yaqltypes import Delegate
from yaql.standard_library.queries import OrderingIterable

from orchestrion.core.expressions.bounds import STEPS_PER_NODE
from orchestrion.core.expressions.evaluation import current
from orchestrion.core.expressions.fast.operators import YAQL, Binary
from orchestrion.core.expressions.fast.parsing import NotFast

_SCALARS: Final = frozenset((int, float, bool, str, type(None)))
_NUMBERS: Final = frozenset((int, float))
_GREATER: Final = YAQL[">"]
_OPERATORS: Final[dict[str, Binary]] = {
    "#operator_+": YAQL["+"],
    "#operator_<": YAQL["<"],
    "#operator_>": _GREATER,
    "max": lambda left, right: left if _GREATER(left, right) else right,
    "min": lambda left, right: right if _GREATER(left, right) else left,
}


class _QuickDelegate(Delegate):
    """An operator that a function of the library is given."""

    __slots__ = ("_operate",)

    def __init__(self, delegate: Delegate) -> None:
        super().__init__(delegate.name, delegate.method)
        self._operate = _OPERATORS[str(delegate.name)]

    def convert(self, *args: Any, **kwargs: Any) -> Any:
        """The operator, tried on scalars first."""
        delegate: Callable[..., Any] = super().convert(*args, **kwargs)
        operate, budget = self._operate, current().budget

        def apply(left: Any, right: Any) -> Any:
            budget.step(STEPS_PER_NODE)
            if type(left) in _SCALARS and type(right) in _SCALARS:
                try:
                    return operate(left, right)
                except NotFast:
                    pass
            return delegate(left, right)

        return apply


def quicken_parameters(definition: Any) -> None:
    """Replace the operators that the library hands to one of its functions."""
    for parameter in definition.parameters.values():
        kind = parameter.value_type
        if type(kind) is Delegate and kind.name in _OPERATORS:
            parameter.value_type = _QuickDelegate(kind)


class _Ordered(OrderingIterable):
    """`orderBy` and `thenBy`: each key is worked out once, and plain keys are compared by Python."""

    def do_sort(self) -> None:
        """Sort by the keys where all of them are numbers, or all texts."""
        values = list(current().budget.counted(self.collection))
        self.collection = values
        try:
            columns = [([selector(value) for value in values], rising) for selector, rising in self.order]
        except Exception:  # noqa: BLE001  # a later key may be needed for no comparison: the library knows
            columns = None
        if columns is None or not all(_is_plain(keys) for keys, _ in columns):
            super().do_sort()
            return
        order = list(range(len(values)))
        for keys, rising in reversed(columns):
            current().budget.step(len(values) // 2)
            order.sort(key=keys.__getitem__, reverse=not rising)
        self.sorted = [values[at] for at in order]


def _is_plain(keys: list[Any]) -> bool:
    kinds = set(map(type, keys))
    return kinds <= {str} or (kinds <= _NUMBERS and all(key == key for key in keys))  # noqa: PLR0124  # NaN


def order_by(collection: Any, selector: Any, operator_lt: Any, operator_gt: Any) -> OrderingIterable:
    """`orderBy`."""
    ordered = _Ordered(collection, operator_lt, operator_gt)
    ordered.append_field(selector, is_ascending=True)
    return ordered


def order_by_descending(
    collection: Any, selector: Any, operator_lt: Any, operator_gt: Any
) -> OrderingIterable:
    """`orderByDescending`."""
    ordered = _Ordered(collection, operator_lt, operator_gt)
    ordered.append_field(selector, is_ascending=False)
    return ordered
