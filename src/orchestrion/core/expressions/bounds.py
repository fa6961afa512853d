"""How much one evaluation may use, and the book that is kept about it (architecture, section 2).

Nothing here measures time. A step is work of about a microsecond: an element, a kilobyte that is looked at, a
part of a call. Whatever multiplies (repetition, powers, formats, ranges) asks before it builds.
"""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import TypeVar, cast

from orchestrion.core.expressions.errors import ExpressionLimitExceeded
from orchestrion.core.values import MAX_DEPTH

T = TypeVar("T")

MAX_STEPS = 600_000
"""Units of work in one evaluation: about half a second."""
MAX_SIZE = 64 * 1024 * 1024
"""Size of one value: characters of text, eight for a number or an entry of a container."""
MAX_BUILT = 256 * 1024 * 1024
"""Size of everything that one evaluation builds."""
MAX_ELEMENTS = 1_000_000
"""Elements of one range, repetition or other sequence made by an expression."""
MAX_INTEGER_BITS = 1_024
"""Bits of an integer."""
MAX_WIDTH = 100_000
"""Width, precision or count in a format, a padding, an indentation, a rounding."""
MAX_EXPRESSION = 32_768
"""Characters of one expression or template."""
MAX_NESTING = 100
"""Brackets, operators and blocks inside each other in an expression."""
MAX_PATTERN = 4_096
"""Characters of a regular expression or a path."""
REGEX_SECONDS = 0.25
"""Patience with regular expressions in one evaluation, in seconds: the one bound that no count can give."""
STEPS_PER_REGEX = 5
STEPS_PER_YAQL_CALL = 30
STEPS_PER_NODE = 2
STEPS_PER_ARGUMENT = 4
STEPS_PER_CALL = 10
STEPS_PER_JINJA_CALL = 4
LAYERS_PER_STEP = 2
SIZE_PER_STEP = 1_024
ELEMENTS_PER_STEP = 16
WEIGHED_PER_STEP = 2
NODES_PER_STEP = 8
COMPARED_PER_STEP = 64
SEARCHED_PER_STEP = 256

_FUNCTIONS = (FunctionType, BuiltinFunctionType, MethodType)
CONTAINERS = (dict, list, tuple, set, frozenset, Mapping, AbstractSet)


def refuse(what: str, bound: str) -> ExpressionLimitExceeded:
    """The error for going over the constant `bound` of this module."""
    return ExpressionLimitExceeded(f"The expression {what} (limit {bound} = {globals()[bound]:,}).")


class Budget:
    """The account of one evaluation."""

    __slots__ = ("_built", "_patterns", "_steps", "_weights", "patience", "refused")

    def __init__(self) -> None:
        self._steps = MAX_STEPS
        self._built = MAX_BUILT
        self._weights: dict[int, tuple[object, int]] = {}
        self._patterns: set[str] = set()
        self.patience = REGEX_SECONDS
        """What is left of the time for regular expressions."""
        self.refused: ExpressionLimitExceeded | None = None
        """Set at the first refusal: a library that swallows it does not get any further."""

    def fail(self, what: str, bound: str) -> ExpressionLimitExceeded:
        """Close the account for good; the caller raises what it gets."""
        self.refused = refuse(what, bound)
        return self.refused

    @property
    def steps(self) -> int:
        """How many steps have been paid for."""
        return MAX_STEPS - self._steps

    @property
    def room(self) -> int:
        """How much may still be built at once."""
        return min(MAX_SIZE, self._built)

    def step(self, count: int = 1) -> None:
        """Pay for work."""
        self._steps -= count
        if self._steps < 0 or self.refused is not None:
            raise self.refused or self.fail("takes too many steps", "MAX_STEPS")

    def about_to_build(self, size: int) -> None:
        """Ask for a value before it is built."""
        if size > MAX_SIZE:
            raise self.fail("builds a value that is too large", "MAX_SIZE")
        self._built -= size
        if self._built < 0:
            raise self.fail("builds too much", "MAX_BUILT")
        self.step(1 + size // SIZE_PER_STEP)

    def elements(self, count: int) -> None:
        """Ask for a sequence before it is made."""
        if count > MAX_ELEMENTS:
            raise self.fail("makes too many elements", "MAX_ELEMENTS")

    def width(self, count: object) -> None:
        """Ask for a padding, precision or count that comes from the expression or from data."""
        if isinstance(count, (int, float)) and abs(count) > MAX_WIDTH:
            raise self.fail("asks for too great a width", "MAX_WIDTH")

    def integer(self, bits: int) -> None:
        """Ask for an integer of so many bits."""
        if bits > MAX_INTEGER_BITS:
            raise self.fail("makes an integer that is too large", "MAX_INTEGER_BITS")

    def pattern(self, text: str) -> None:
        """Pay for a pattern: compiling it once."""
        self.step(STEPS_PER_REGEX)
        if text not in self._patterns:
            if len(text) > MAX_PATTERN:
                raise self.fail("has a pattern that is too long", "MAX_PATTERN")
            self._patterns.add(text)
            self.step(200 + STEPS_PER_REGEX * 2 * len(text))

    def look_at(self, *values: object) -> int:
        """Pay for reading `values`; gives their size."""
        size = sum(map(self.weight, values))
        if size > SIZE_PER_STEP:
            self.step(size // SIZE_PER_STEP)
        return size

    def built(self, value: T) -> T:
        """Check and pay for a value that was built from parts which were paid for."""
        size = self.weight(value)
        if isinstance(value, int):
            self.integer(value.bit_length())
        self.about_to_build(size)
        return value

    def counted(self, values: Iterable[T]) -> Iterator[T]:
        """`values`, paying for each element as it is taken."""
        for value in values:
            self.step()
            yield value

    def weight(self, value: object) -> int:
        """The size of a value as if nothing in it were shared.

        Each container is walked once per evaluation.
        """
        if isinstance(value, (str, bytes)):
            return len(value)
        if isinstance(value, int):
            return 8 + value.bit_length() // 3
        if not isinstance(value, CONTAINERS):
            if isinstance(value, _FUNCTIONS):
                raise TypeError("A function is not a value.")  # its text would differ from run to run
            return 8
        known = self._weights.get(id(cast("object", value)))
        return known[1] if known else self._weigh(cast("object", value))

    def _weigh(self, container: object) -> int:
        """Walk a container without recursion: its depth is not known yet."""
        weights = self._weights
        pending = [_Open(container)]
        while True:
            owner = pending[-1]
            for child in owner.children:
                owner.count += 1
                if isinstance(child, CONTAINERS):
                    known = weights.get(id(cast("object", child)))
                    if known is None:
                        if len(pending) >= MAX_DEPTH:
                            raise self.fail("makes a value that is nested too deeply", "MAX_DEPTH")
                        pending.append(_Open(cast("object", child)))
                        break
                    owner.size += 8 + known[1]
                else:
                    owner.size += 8 + self.weight(child)
                if owner.size > MAX_SIZE:
                    raise self.fail("makes a value that is too large", "MAX_SIZE")
            else:
                weights[id(owner.value)] = (owner.value, owner.size)
                self.step(2 + owner.count // WEIGHED_PER_STEP)
                pending.pop()
                if not pending:
                    return owner.size
                pending[-1].size += 8 + owner.size


class _Open:
    """A container whose size is being added up."""

    __slots__ = ("children", "count", "size", "value")

    def __init__(self, value: object) -> None:
        self.value = value
        self.size = 8
        self.count = 0
        raw = getattr(value, "raw", value)
        if isinstance(raw, Mapping):
            items = cast("Mapping[object, object]", raw).items()
            self.children = (part for pair in items for part in pair)
        else:
            self.children = iter(cast("Iterable[object]", raw))
