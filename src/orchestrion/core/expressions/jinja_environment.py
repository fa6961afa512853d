"""Jinja's sandbox, with books kept about what a template does (architecture, section 2)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import update_wrapper, wraps
from typing import Any, cast

from jinja2 import StrictUndefined, nodes, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment, SandboxedFormatter
from jinja2.visitor import NodeTransformer

from orchestrion.core.expressions import jinja_limits as limits
from orchestrion.core.expressions.bounds import (
    COMPARED_PER_STEP,
    NODES_PER_STEP,
    SEARCHED_PER_STEP,
    STEPS_PER_JINJA_CALL,
)
from orchestrion.core.expressions.evaluation import current
from orchestrion.core.expressions.functions import FUNCTIONS, STATE_FUNCTIONS
from orchestrion.core.expressions.views import ContextView

_BUILT = " built"
_SEEN = " seen"
_COUNTED = " counted"
_PAID = " paid"
_WALKING = frozenset(("copy", "count", "index"))
"""Methods of containers that go through all of it."""


class BoundedEnvironment(ImmutableSandboxedEnvironment):
    """A sandbox in which every call, operator and loop pays, and compiling evaluates nothing."""

    intercepted_binops = frozenset(("+", "-", "*", "/", "//", "%", "**"))

    def __init__(self) -> None:
        super().__init__(
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            finalize=_finalize,
            optimized=False,
            cache_size=0,
        )
        self.filters = {name: _limited_filter(name, call) for name, call in self.filters.items()}
        self.tests = {name: _limited_test(call) for name, call in self.tests.items()}
        self.filters.update(FUNCTIONS)
        self.filters.update(
            {"random": _random, _BUILT: _built, _SEEN: _seen, _COUNTED: _counted, _PAID: _paid}
        )
        self.globals.update(FUNCTIONS)
        self.globals["lipsum"] = _lipsum

    @staticmethod
    def concat(parts: Iterable[str]) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Put the pieces of a text together, knowing its size before."""
        pieces = list(parts)
        current().budget.about_to_build(sum(map(len, pieces)))
        return "".join(pieces)

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call a function, a method or a macro."""
        budget = current().budget
        budget.step(STEPS_PER_JINJA_CALL)
        owner = getattr(obj, "__self__", None)
        if isinstance(owner, (list, tuple, dict)) and getattr(obj, "__name__", "") in _WALKING:
            budget.step(len(cast("list[Any]", owner)) // COMPARED_PER_STEP)
        if isinstance(owner, (str, bytes, int)):
            args = _before_method(owner, obj.__name__, args, kwargs)
        result = super().call(context, obj, *args, **kwargs)
        return result if obj in STATE_FUNCTIONS or isinstance(owner, dict) else budget.built(result)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Apply an arithmetic operator."""
        limits.binary(current().budget, operator, left, right)
        return super().call_binop(context, operator, left, right)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """`obj[argument]`; what is missing from the context is missing from a mapping."""
        current().budget.step()
        if isinstance(obj, ContextView) and argument not in obj:
            obj = dict(obj) if isinstance(argument, str) and hasattr(dict, argument) else {}
        return super().getitem(obj, argument)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """`obj.attribute`: Python's attribute first, then the key (spec 2.1)."""
        current().budget.step()
        if isinstance(obj, ContextView):
            if hasattr(dict, attribute):
                obj = dict(obj)
            else:
                return self.getitem(obj, attribute)
        return super().getattr(obj, attribute)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """`str.format` and `str.format_map`, field by field."""
        if super().wrap_str_format(value) is None:
            return None
        template: str = value.__self__
        formatter = _Formatter(self)

        def formatted(*args: Any, **kwargs: Any) -> str:
            if value.__name__ == "format_map":
                return formatter.vformat(template, (), args[0])
            return formatter.vformat(template, args, kwargs)

        return update_wrapper(formatted, value)

    def bounded(self, template: nodes.Template) -> nodes.Template:
        """The same template, with the places marked at which it must pay."""
        marked = cast("nodes.Template", _Marker().visit(template))
        marked.set_environment(self)
        return marked


class _Formatter(SandboxedFormatter):
    def format_field(self, value: Any, format_spec: str) -> Any:
        budget = current().budget
        budget.step(STEPS_PER_JINJA_CALL)
        limits.field(budget, format_spec)
        if not format_spec:
            budget.look_at(value)
        return budget.built(super().format_field(value, format_spec))


class _Marker(NodeTransformer):
    """Wraps what builds, compares or repeats into filters that keep the books.

    What a template gives is the same.
    """

    def _wrapped(self, node: nodes.Expr, name: str) -> nodes.Expr:
        return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)

    def visit_List(self, node: nodes.List) -> nodes.Expr:  # noqa: N802
        return self._wrapped(cast("nodes.Expr", self.generic_visit(node)), _BUILT)

    def visit_Dict(self, node: nodes.Dict) -> nodes.Expr:  # noqa: N802
        return self._wrapped(cast("nodes.Expr", self.generic_visit(node)), _BUILT)

    def visit_Concat(self, node: nodes.Concat) -> nodes.Expr:  # noqa: N802
        node = cast("nodes.Concat", self.generic_visit(node))
        node.nodes = [self._wrapped(part, _SEEN) for part in node.nodes]
        return self._wrapped(node, _BUILT)

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Expr:  # noqa: N802
        node = cast("nodes.Tuple", self.generic_visit(node))
        return self._wrapped(node, _BUILT) if node.ctx == "load" else node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Expr:  # noqa: N802
        node = cast("nodes.Getitem", self.generic_visit(node))
        return self._wrapped(node, _BUILT) if isinstance(node.arg, nodes.Slice) else node

    def visit_Compare(self, node: nodes.Compare) -> nodes.Expr:  # noqa: N802
        node = cast("nodes.Compare", self.generic_visit(node))
        node.expr = self._wrapped(node.expr, _SEEN)
        for operand in node.ops:
            operand.expr = self._wrapped(operand.expr, _SEEN)
        return node

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802
        node = cast("nodes.For", self.generic_visit(node))
        node.iter = self._wrapped(cast("nodes.Expr", node.iter), _COUNTED)
        if node.test is not None:
            node.test = self._priced(cast("nodes.Expr", node.test), [node.test])
        node.body.insert(0, self._price(node.body))
        return node

    def visit_Macro(self, node: nodes.Macro) -> nodes.Node:  # noqa: N802
        node = cast("nodes.Macro", self.generic_visit(node))
        node.body.insert(0, self._price(node.body))
        return node

    def visit_CallBlock(self, node: nodes.CallBlock) -> nodes.Node:  # noqa: N802
        node = cast("nodes.CallBlock", self.generic_visit(node))
        node.body.insert(0, self._price(node.body))
        return node

    def _price(self, body: list[nodes.Node]) -> nodes.Node:
        """A statement that pays for a body that is carried out many times, by its number of nodes."""
        return nodes.ExprStmt(self._priced(nodes.Const(None), body))

    def _priced(self, value: nodes.Expr, body: "Sequence[nodes.Node]") -> nodes.Expr:
        count = sum(1 for part in body for _ in part.find_all(nodes.Node))
        return nodes.Filter(value, _PAID, [nodes.Const(1 + count // NODES_PER_STEP)], [], None, None)


def _before_method(owner: Any, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
    budget = current().budget
    if name == "join" and len(args) == 1:
        values = list(budget.counted(args[0]))
        limits.joining(budget, owner, values)
        return (values,)
    if name in limits.METHODS:
        limits.METHODS[name](budget, (owner, *args), kwargs)
    elif not isinstance(owner, int):
        budget.step(len(owner) // SEARCHED_PER_STEP)
    return args


def _limited_filter(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    first = 1 if hasattr(call, "jinja_pass_arg") else 0
    limit = limits.FILTERS.get(name, limits.looking)

    @wraps(call)
    def limited(*args: Any, **kwargs: Any) -> Any:
        budget = current().budget
        budget.step(2)
        if len(args) > first:
            args = (*args[:first], _spread(args[first], name), *args[first + 1 :])
            if name == "join":
                limits.joining(
                    budget, args[first + 1] if len(args) > first + 1 else kwargs.get("d", ""), args[first]
                )
            elif name == "format":
                limits.percent(budget, str(args[first]), kwargs or args[first + 1 :])
            else:
                limit(budget, args[first:], kwargs)
        result: Any = call(*args, **kwargs)
        if limit is limits.nothing or not isinstance(result, (str, list, dict)):
            return result
        return budget.built(cast("object", result))

    return limited


def _spread(value: Any, name: str) -> Any:
    """What a filter works on: a view as a mapping, a generator as a list where all of it is needed anyway."""
    if isinstance(value, ContextView):
        return dict(value)
    if isinstance(value, Iterator) and limits.FILTERS.get(name) is not limits.nothing:
        return list(current().budget.counted(cast("Iterator[Any]", value)))
    return cast("Any", value)


def _limited_test(call: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(call)
    def limited(*args: Any, **kwargs: Any) -> Any:
        budget = current().budget
        budget.step()
        if len(args) > 1:
            budget.look_at(*args)
        return call(*args, **kwargs)

    return limited


def _built(value: Any) -> Any:
    return current().budget.built(value)


def _seen(value: Any) -> Any:
    budget = current().budget
    budget.look_at(value)
    budget.step()
    return value


def _paid(value: Any, steps: int) -> Any:
    current().budget.step(steps)
    return value


def _counted(values: Any) -> Any:
    if isinstance(values, StrictUndefined):
        return values
    if isinstance(values, (list, tuple, dict, str, range)):
        current().budget.step(len(cast("str", values)))
        return cast("Any", values)
    return current().budget.counted(values)


@pass_context
def _finalize(_context: Context, value: Any) -> Any:
    """What is written into a text.

    Taking the context keeps Jinja from evaluating anything when it compiles.
    """
    if isinstance(value, ContextView):
        value = dict(value)
    if not isinstance(value, StrictUndefined):
        current().budget.look_at(value)
        current().budget.step(2)
    return value


def _random(values: Any) -> Any:
    evaluation = current()
    is_sequence = isinstance(values, (list, tuple, str))
    members = cast("list[Any]", values if is_sequence else [*evaluation.budget.counted(values)])
    if not members:
        raise IndexError("No random item, sequence was empty.")
    return members[int(evaluation.scope.random() * len(members))]


_WORDS = "lorem ipsum dolor sit amet elit sed diam nonummy nibh tincidunt ut".split()  # noqa: SIM905


def _lipsum(n: int = 5, html: bool = True, min: int = 20, max: int = 100) -> str:  # noqa: A002, FBT001, FBT002
    """Filler text, from the scope's own dice."""
    evaluation = current()
    evaluation.budget.step(abs(n) * abs(max))
    paragraphs: list[str] = []
    for _ in range(n):
        count = min + int(evaluation.scope.random() * (max - min))
        words = [_WORDS[int(evaluation.scope.random() * len(_WORDS))] for _ in range(count)]
        paragraphs.append(f"{' '.join(words)}.".capitalize())
    return "\n".join(f"<p>{text}</p>" for text in paragraphs) if html else "\n\n".join(paragraphs)
