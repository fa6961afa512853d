# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUntypedBaseClass=false, reportUnknownParameterType=false
"""The commonest nodes of a YAQL expression, evaluated without the library's search for a function.

YAQL looks for the function of every operator anew each time, which takes about fifty microseconds. `$`, keys,
literals, and operators on plain values are what the lambdas of `where` and `select` are made of, and need no
search. Any other operands go the library's way, so that both always give the same.
"""

from collections.abc import Iterator
from typing import Any

from yaql.language.contexts import Context
from yaql.language.expressions import (
    BinaryOperator,
    Function,
    GetContextValue,
    KeywordConstant,
    ListExpression,
    MapExpression,
    MappingRuleExpression,
    UnaryOperator,
)
from yaql.language.utils import NO_VALUE, FrozenDict

from orchestrion.core.expressions.bounds import LAYERS_PER_STEP, STEPS_PER_CALL, STEPS_PER_NODE
from orchestrion.core.expressions.evaluation import current
from orchestrion.core.expressions.fast.operators import YAQL, Binary
from orchestrion.core.expressions.fast.parsing import NotFast
from orchestrion.core.expressions.views import ContextView, FrozenView

Node = Any

_SCALARS = frozenset((int, float, bool, str, type(None)))


class _Variable(GetContextValue):
    """`$`, `$name`."""

    def __call__(self, _receiver: Any, context: Any, _engine: Any) -> Any:
        current().budget.step(STEPS_PER_NODE)
        return context.get_data(self.path.value)


class _Binary(BinaryOperator):
    """An operator of the library, under the name by which it is looked for."""

    def __init__(self, node: BinaryOperator) -> None:
        super().__init__(node.operator, node.args[0], node.args[1], None)
        self.name = node.name

    def search(self, context: Any, engine: Any, left: Any, right: Any) -> Any:
        """Apply the function that the library finds for these operands."""
        return context(self.name, engine, NO_VALUE, context)(left, right)


class _Operator(_Binary):
    """An operator on two scalars."""

    def __init__(self, node: BinaryOperator, operate: Binary) -> None:
        super().__init__(node)
        self._operate = operate

    def __call__(self, _receiver: Any, context: Any, engine: Any) -> Any:
        current().budget.step(STEPS_PER_NODE)
        left, right = (operand(NO_VALUE, context, engine) for operand in self.args)
        if type(left) in _SCALARS and type(right) in _SCALARS:
            try:
                return self._operate(left, right)
            except NotFast:
                pass
        elif self.operator == "in" and type(left) in _SCALARS and type(right) is tuple:
            current().budget.look_at(right)
            return left in right
        return self.search(context, engine, left, right)


class _Key(_Binary):
    """`mapping.key`."""

    def __init__(self, node: BinaryOperator) -> None:
        super().__init__(node)
        self._key = node.args[1].value

    def __call__(self, _receiver: Any, context: Any, engine: Any) -> Any:
        current().budget.step(STEPS_PER_NODE)
        owner = self.args[0](NO_VALUE, context, engine)
        if isinstance(owner, (FrozenView, ContextView, dict, FrozenDict)):
            return owner[self._key]
        return self.search(context, engine, owner, self.args[1])


class _Both(_Binary):
    """`and`, which gives one of its operands."""

    def __call__(self, _receiver: Any, context: Any, engine: Any) -> Any:
        current().budget.step(STEPS_PER_NODE)
        left, right = self.args
        return left(NO_VALUE, context, engine) and right(NO_VALUE, context, engine)


class _Either(_Both):
    """`or`, which gives one of its operands."""

    def __call__(self, _receiver: Any, context: Any, engine: Any) -> Any:
        current().budget.step(STEPS_PER_NODE)
        left, right = self.args
        return left(NO_VALUE, context, engine) or right(NO_VALUE, context, engine)


class _Method(_Binary):
    """`value.method(...)`."""

    def __call__(self, _receiver: Any, context: Any, engine: Any) -> Any:
        current().budget.step(STEPS_PER_NODE)
        owner = self.args[0](NO_VALUE, context, engine)
        if owner is None:
            return self.search(context, engine, owner, self.args[1])
        return self.args[1](owner, context.create_child_context(), engine)


class _List(ListExpression):
    """A list literal."""

    def __call__(self, _receiver: Any, context: Any, engine: Any) -> Any:
        budget = current().budget
        budget.step(STEPS_PER_NODE + len(self.args))
        members = tuple(member(NO_VALUE, context, engine) for member in self.args)
        if any(isinstance(member, Iterator) for member in members):
            return context(self.name, engine, NO_VALUE, context)(*members)
        return budget.built(members)


class _Map(MapExpression):
    """A mapping literal, or `dict(key => value, ...)`."""

    def __call__(self, _receiver: Any, context: Any, engine: Any) -> Any:
        budget = current().budget
        budget.step(STEPS_PER_NODE + 2 * len(self.args))
        pairs = [
            (_value(rule.source, context, engine), _value(rule.destination, context, engine))
            for rule in self.args
        ]
        return budget.built(FrozenDict(pairs))


def _value(node: Node, context: Any, engine: Any) -> Any:
    return node(NO_VALUE, context, engine)


class _Not(UnaryOperator):
    """`not value`."""

    def __init__(self, node: UnaryOperator) -> None:
        super().__init__(node.operator, node.args[0], None)

    def __call__(self, _receiver: Any, context: Any, engine: Any) -> Any:
        current().budget.step(STEPS_PER_NODE)
        return not self.args[0](NO_VALUE, context, engine)


class Layer(Context):
    """A context that knows how many stand above it: a function is looked for in each of them."""

    def __init__(self, parent: Any) -> None:
        super().__init__(parent)
        self.depth: int = getattr(parent, "depth", 0) + 1


class _Call(Function):
    """A call: finding the function is most of its work."""

    def __call__(self, receiver: Any, context: Any, engine: Any) -> Any:
        current().budget.step(STEPS_PER_CALL + context.depth // LAYERS_PER_STEP)
        return super().__call__(receiver, context, engine)


def quickened(node: Node, *, redefines: bool) -> Node:
    """The same tree with these nodes in place of the library's.

    `redefines`: whether the expression may give the names of functions another meaning.
    """
    if isinstance(node, GetContextValue):
        return _Variable(node.path)
    for name in ("args", "expr", "expression", "source", "destination"):
        part = getattr(node, name, None)
        if isinstance(part, tuple):
            setattr(node, name, tuple(quickened(each, redefines=redefines) for each in part))
        elif part is not None:
            setattr(node, name, quickened(part, redefines=redefines))
    is_map = type(node) is MapExpression or (type(node) is Function and node.name == "dict" and not redefines)
    if is_map and node.args and all(isinstance(rule, MappingRuleExpression) for rule in node.args):
        return _Map(*node.args)
    if type(node) is Function:
        return _Call(node.name, *node.args)
    if type(node) is ListExpression and not any(
        isinstance(each, MappingRuleExpression) for each in node.args
    ):
        return _List(*node.args)
    if type(node) is UnaryOperator and node.operator == "not":
        return _Not(node)
    return _replaced(node) if type(node) is BinaryOperator else node


def _replaced(node: BinaryOperator) -> BinaryOperator:
    if node.operator in _WORDS:
        return _WORDS[node.operator](node)
    if node.operator == "." and isinstance(node.args[1], KeywordConstant):
        return _Key(node)
    if node.operator == "." and type(node.args[1]) is _Call:
        return _Method(node)
    return _Operator(node, YAQL[node.operator]) if node.operator in YAQL else node


_WORDS = {"and": _Both, "or": _Either}
