"""What Jinja's own filters, methods and operators may build: each asks the budget before it starts."""

from collections.abc import Callable, Iterable, Mapping, Sized
from typing import Any, cast

from orchestrion.core.expressions.bounds import SIZE_PER_STEP, WEIGHED_PER_STEP, Budget

Arguments = tuple[Any, ...]
Options = dict[str, Any]


def _argument(arguments: Arguments, options: Options, position: int, name: str, default: Any) -> Any:
    return arguments[position] if len(arguments) > position else options.get(name, default)


def length_of(value: object) -> int:
    """The length of a value, 0 if it has none."""
    return len(value) if isinstance(value, Sized) else 0


def width(budget: Budget, arguments: Arguments, options: Options) -> None:
    """Everything that is a number is a width."""
    for value in (*arguments[1:], *options.values()):
        budget.width(value)
    budget.look_at(arguments[0])


def replacing(budget: Budget, arguments: Arguments, options: Options) -> None:
    """`replace(old, new, count)`."""
    text = str(arguments[0])
    old, new = (
        str(_argument(arguments, options, 1, "old", "")),
        str(_argument(arguments, options, 2, "new", "")),
    )
    times = text.count(old)
    limit = _argument(arguments, options, 3, "count", None)
    if isinstance(limit, int) and limit >= 0:
        times = min(times, limit)
    budget.about_to_build(len(text) + times * len(new))


def indenting(budget: Budget, arguments: Arguments, options: Options) -> None:
    """`indent(width, first, blank)`; a width may be a text."""
    by = _argument(arguments, options, 1, "width", 4)
    budget.width(by)
    unit = by if isinstance(by, int) else len(str(by))
    text = str(arguments[0])
    budget.about_to_build(len(text) + (len(text.splitlines()) + 1) * max(unit, 0))


def tabs(budget: Budget, arguments: Arguments, options: Options) -> None:
    """`expandtabs(size)`."""
    size = _argument(arguments, options, 1, "tabsize", 8)
    budget.width(size)
    text = arguments[0]
    budget.about_to_build(len(text) + text.count("\t" if isinstance(text, str) else b"\t") * max(size, 0))


def translating(budget: Budget, arguments: Arguments, _options: Options) -> None:
    """`translate(table)`."""
    text, table = arguments[0], arguments[1] if len(arguments) > 1 else None
    longest = 1
    if isinstance(table, Mapping):
        longest = max((length_of(part) for part in cast("Mapping[Any, Any]", table).values()), default=1)
    budget.about_to_build(len(text) * max(longest, 1))


_MANY = 1_000_000


def splitting(budget: Budget, arguments: Arguments, options: Options) -> None:
    """`split(separator)`, `rsplit`, `splitlines`."""
    text = arguments[0]
    separator = _argument(arguments, options, 1, "sep", None)
    if isinstance(separator, (str, bytes)) and separator:
        budget.elements(text.count(separator) + 1)
    elif len(text) > _MANY:
        blanks: Any = " \t\n\r" if isinstance(text, str) else b" \t\n\r"
        budget.elements(sum(text.count(blanks[at : at + 1]) for at in range(4)))
    budget.look_at(text)


def joining(budget: Budget, separator: object, values: Iterable[object]) -> None:
    """A list of values put together with a separator."""
    total = budget.look_at(values)
    budget.step(length_of(values) // WEIGHED_PER_STEP)
    budget.about_to_build(total + length_of(values) * len(str(separator)))


def percent(budget: Budget, template: str, values: object) -> None:
    """`template % values`: every number in the template may be a width, every `%` may write all values."""
    numbers = _numbers(template)
    for number in numbers:
        budget.width(number)
    if "*" in template:
        for value in cast("tuple[object, ...]", values if isinstance(values, tuple) else (values,)):
            budget.width(value)
    budget.about_to_build(
        len(template) + sum(numbers) + template.count("%") * budget.weight(cast("object", values))
    )


def field(budget: Budget, specification: str) -> None:
    """The format of one field of `str.format`."""
    for number in _numbers(specification):
        budget.width(number)


def _numbers(text: str) -> list[int]:
    """The numbers in a format; one of many digits counts as too great, whatever it is."""
    digits = "".join(character if character in "0123456789" else " " for character in text)
    return [int(run[:9]) for run in digits.split()]


def wrapping(budget: Budget, arguments: Arguments, options: Options) -> None:
    """`wordwrap(width, break_long_words, wrapstring)`: a long word is copied for every line that it fills."""
    text = str(arguments[0])
    columns = _argument(arguments, options, 1, "width", 79)
    columns = max(columns, 1) if isinstance(columns, int) else 1
    separator = length_of(_argument(arguments, options, 3, "wrapstring", None) or "\n")
    budget.about_to_build(len(text) + (len(text) // columns + 1 + text.count("\n")) * separator)
    budget.step(len(text) * len(text) // columns // (64 * SIZE_PER_STEP))


def writing(factor: int) -> Callable[[Budget, Arguments, Options], None]:
    """A filter that writes a value out, each character as at most `factor`."""

    def check(budget: Budget, arguments: Arguments, options: Options) -> None:
        indent = _argument(arguments, options, 1, "indent", None)
        budget.width(indent)
        times = factor + (indent if isinstance(indent, int) else 0)
        budget.about_to_build(budget.look_at(arguments[0]) * times)

    return check


def walking(per_step: int, factor: int = 1) -> Callable[[Budget, Arguments, Options], None]:
    """A filter that goes through a text or value in Python: so many characters for one step."""
    builds = writing(factor)

    def check(budget: Budget, arguments: Arguments, options: Options) -> None:
        budget.step(budget.weight(arguments[0]) // per_step)
        builds(budget, arguments, options)

    return check


def printing(budget: Budget, arguments: Arguments, _options: Options) -> None:
    """`string`: the text of a container."""
    budget.step(budget.weight(arguments[0]) // 16)


def sorting(budget: Budget, arguments: Arguments, _options: Options) -> None:
    """A filter that compares elements."""
    budget.elements(length_of(arguments[0]))
    budget.step(20 * (1 + budget.look_at(arguments[0]) // SIZE_PER_STEP))


def summing(budget: Budget, arguments: Arguments, options: Options) -> None:
    """`sum(attribute, start)`: adding lists copies what was added before."""
    size = budget.look_at(arguments[0])
    budget.step(length_of(arguments[0]) // WEIGHED_PER_STEP)
    if not isinstance(_argument(arguments, options, 2, "start", 0), (int, float)):
        budget.about_to_build(size * length_of(arguments[0]))


def rounding(budget: Budget, arguments: Arguments, options: Options) -> None:
    """`round(precision)`: works with a power of ten."""
    precision = _argument(arguments, options, 1, "precision", 0)
    if isinstance(precision, int):
        budget.integer(4 * abs(precision))


def nothing(_budget: Budget, _arguments: Arguments, _options: Options) -> None:
    """A filter whose work does not depend on its input."""


def looking(budget: Budget, arguments: Arguments, _options: Options) -> None:
    """A filter whose result is no greater than its input."""
    budget.elements(length_of(arguments[0]) if not isinstance(arguments[0], str) else 0)
    budget.look_at(*arguments)


def listing(budget: Budget, arguments: Arguments, options: Options) -> None:
    """A filter that takes a text apart, too."""
    budget.elements(length_of(arguments[0]))
    width(budget, arguments, options)


METHODS: Mapping[str, Callable[[Budget, Arguments, Options], None]] = {
    "center": width,
    "expandtabs": tabs,
    "ljust": width,
    "replace": replacing,
    "rjust": width,
    "rsplit": splitting,
    "split": splitting,
    "splitlines": splitting,
    "to_bytes": width,
    "translate": translating,
    "zfill": width,
}
"""Methods of texts, bytes and numbers that can give more than they take; `join` is done by the caller."""

FILTERS: Mapping[str, Callable[[Budget, Arguments, Options], None]] = {
    "attr": nothing,
    "capitalize": walking(128),
    "batch": listing,
    "center": width,
    "count": nothing,
    "d": nothing,
    "default": nothing,
    "dictsort": sorting,
    "e": writing(6),
    "escape": writing(6),
    "first": nothing,
    "forceescape": writing(6),
    "groupby": sorting,
    "indent": indenting,
    "items": nothing,
    "last": nothing,
    "length": nothing,
    "list": listing,
    "map": nothing,
    "max": sorting,
    "min": sorting,
    "pprint": walking(4, 20),
    "reject": nothing,
    "rejectattr": nothing,
    "replace": replacing,
    "round": rounding,
    "select": nothing,
    "selectattr": nothing,
    "slice": listing,
    "sort": sorting,
    "string": printing,
    "striptags": walking(32),
    "sum": summing,
    "title": walking(4),
    "tojson": walking(16, 6),
    "truncate": width,
    "unique": sorting,
    "urlencode": walking(16, 12),
    "urlize": walking(1, 50),
    "wordcount": walking(16),
    "wordwrap": wrapping,
    "xmlattr": writing(8),
}
"""Jinja's filters; those that are not named here give no more than they take."""


def binary(budget: Budget, operator: str, left: Any, right: Any) -> None:
    """An arithmetic operator, before it is applied."""
    budget.step(2)
    if operator == "%" and isinstance(left, (str, bytes)):
        percent(budget, left if isinstance(left, str) else left.decode("latin-1"), right)
    elif isinstance(left, int) and isinstance(right, int):
        _integers(budget, operator, left, right)
    elif operator == "*":
        repeated, times = (right, left) if isinstance(left, int) else (left, right)
        if isinstance(times, int) and isinstance(repeated, (str, bytes, list, tuple)):
            count = len(cast("Sized", repeated)) * max(times, 0)
            budget.elements(0 if isinstance(repeated, (str, bytes)) else count)
            budget.about_to_build(budget.weight(cast("object", repeated)) * max(times, 0))
    elif operator == "+" and isinstance(left, (str, bytes, list, tuple)):
        budget.about_to_build(budget.weight(cast("object", left)) + budget.weight(right))


def _integers(budget: Budget, operator: str, left: int, right: int) -> None:
    if operator == "*":
        budget.integer(left.bit_length() + right.bit_length())
    elif operator == "**" and right > 0 and abs(left) > 1:
        budget.integer(left.bit_length() * right)
    elif operator == "<<" and right > 0:
        budget.integer(left.bit_length() + right)
