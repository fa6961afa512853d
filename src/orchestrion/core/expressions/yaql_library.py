# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUntypedFunctionDecorator=false
"""YAQL's standard library, with books kept about what it does (architecture, section 2)."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, cast

from yaql.language import specs
from yaql.language.contexts import ContextBase
from yaql.language.utils import FrozenDict

from orchestrion.core.expressions import jinja_limits as limits
from orchestrion.core.expressions.bounds import (
    ELEMENTS_PER_STEP,
    SIZE_PER_STEP,
    STEPS_PER_ARGUMENT,
    STEPS_PER_YAQL_CALL,
    WEIGHED_PER_STEP,
    Budget,
)
from orchestrion.core.expressions.evaluation import current
from orchestrion.core.expressions.functions import STATE_FUNCTIONS
from orchestrion.core.expressions.views import FrozenView
from orchestrion.core.expressions.yaql_quick import order_by, order_by_descending, quicken_parameters

Payload = Callable[..., Any]
Check = Callable[..., None]

_MODULAR_STEPS = 50_000


@specs.name("#finalize")
def finalize(obj: Any) -> Any:
    """Give the value as it is; `results.py` makes JSON of it."""
    return obj


def _repeat(budget: Budget, left: Any, right: Any, *_: Any) -> None:
    limits.binary(budget, "*", left, right)


def _power(budget: Budget, a: Any, b: Any, c: Any = None) -> None:
    if c is None:
        limits.binary(budget, "**", a, b)
    else:
        budget.step(_MODULAR_STEPS)


def _shift(budget: Budget, value: int, bits_number: int) -> None:
    limits.binary(budget, "<<", value, bits_number)


def _round(budget: Budget, number: Any, ndigits: int = 0) -> None:
    limits.rounding(budget, (number, ndigits), {})


def _concat(budget: Budget, *parts: str) -> None:
    budget.about_to_build(sum(map(len, parts)))


def _replace(budget: Budget, string: str, old: str, new: str, count: int = -1) -> None:
    limits.replacing(budget, (string, old, new, count), {})


def _split(budget: Budget, string: str, separator: str | None = None, *_: Any) -> None:
    limits.splitting(budget, (string, separator), {})


def _look(budget: Budget, *values: Any, **_: Any) -> None:
    budget.look_at(*values)


def _characters(budget: Budget, string: str) -> None:
    budget.elements(len(string))
    budget.step(len(string) // WEIGHED_PER_STEP)


def _format(budget: Budget, _dt: Any, format__: str = "") -> None:
    limits.field(budget, format__)


_CHECKS: Mapping[str, Check] = {
    "collections.contains": _look,
    "collections.contains_value": _look,
    "collections.in_": _look,
    "collections.int_by_list": _repeat,
    "collections.list_by_int": _repeat,
    "common.eq": _look,
    "common.neq": _look,
    "date_time.format_": _format,
    "date_time.datetime_from_string": _look,
    "math.multiplication": _repeat,
    "math.pow_": _power,
    "math.round_": _round,
    "math.shift_bits_left": _shift,
    "strings.concat": _concat,
    "strings.in_": _look,
    "strings.index_of": _look,
    "strings.index_of_": _look,
    "strings.int_by_string": _repeat,
    "strings.last_index_of": _look,
    "strings.last_index_of_": _look,
    "strings.replace": _replace,
    "strings.right_split": _split,
    "strings.split": _split,
    "strings.str_": _look,
    "strings.string_by_int": _repeat,
    "strings.to_char_array": _characters,
}
"""What is asked before a function of the standard library runs; what it built is looked at after it."""


def _join(sequence: Any, separator: str, str_delegate: Payload) -> str:
    budget = current().budget
    texts = [value if type(value) is str else str_delegate(value) for value in budget.counted(sequence)]
    limits.joining(budget, separator, texts)
    return separator.join(texts)


def _join_texts(separator: str, sequence: Any, str_delegate: Payload) -> str:
    return _join(sequence, separator, str_delegate)


def _replace_with_dict(string: str, str_func: Payload, replacements: Any, count: int = -1) -> str:
    for key, value in replacements.items():
        old, new = str_func(key), str_func(value)
        _replace(current().budget, string, old, new, count)
        string = string.replace(old, new, count)
    return string


def _join_collections(
    _engine: Any, collection1: Any, collection2: Any, predicate: Payload, selector: Payload
) -> Any:
    budget = current().budget
    others = tuple(budget.counted(collection2))
    for item in collection1:
        for other in budget.counted(others):
            if predicate(item, other):
                yield selector(item, other)


def _zone(offset: timedelta) -> Any:
    from dateutil import tz

    return tz.tzutc() if not offset else tz.tzoffset(None, offset.total_seconds())


def _now(offset: timedelta = timedelta()) -> datetime:
    return current().scope.now.astimezone(_zone(offset))


def _datetime_from_string(string: str, format__: str | None = None) -> datetime:
    from dateutil import parser

    if format__:
        found = datetime.strptime(string, format__)  # noqa: DTZ007  # the zone is added below
    else:
        today = current().scope.now.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
        found = parser.parse(string, default=today)
    return found if found.tzinfo else found.replace(tzinfo=_zone(timedelta()))


def _random() -> float:
    return current().scope.random()


def _random_between(from_: int, to_: int) -> int:
    if to_ < from_:
        raise ValueError(f"empty range for randrange() ({from_}, {to_ + 1}, {to_ + 1 - from_})")
    return from_ + int(current().scope.random() * (to_ - from_ + 1))


_REPLACED: Mapping[str, Payload] = {
    "date_time.datetime_from_string": _datetime_from_string,
    "date_time.localtz": timedelta,
    "date_time.now": _now,
    "math.random_": _random,
    "math.random__": _random_between,
    "queries.join": _join_collections,
    "queries.order_by": order_by,
    "queries.order_by_descending": order_by_descending,
    "strings.join": _join,
    "strings.join_": _join_texts,
    "strings.replace_with_dict": _replace_with_dict,
}
"""Functions whose own code would read the clock or the environment, throw dice, or loop without asking."""

_PASSING = frozenset(
    {
        "boolean.and_",
        "boolean.or_",
        "branching.coalesce",
        "branching.switch",
        "branching.switch_case",
        "collections.dict_get",
        "collections.dict_indexer",
        "collections.dict_indexer_with_default",
        "collections.dict_items",
        "collections.dict_keys",
        "collections.dict_keyword_access",
        "collections.dict_values",
        "collections.list_indexer",
        "collections.to_list",
        "queries.default_if_empty",
        "queries.first",
        "queries.last",
        "queries.memorize",
        "queries.single",
        "system.assert__",
        "system.elvis_operator",
        "system.get_context_data",
        "system.get_property",
        "system.op_dot",
        "system.send_context",
        "yaql_library.finalize",
    }
)
"""Functions that give on what they were given: nothing was built."""


_CONSTANT_TIME = frozenset(
    {"collections.contains_key", "collections.dict_len", "collections.is_list", "collections.sequence_len"}
)


def _bounded(payload: Payload) -> Payload:
    name = f"{payload.__module__.rpartition('.')[2]}.{payload.__name__}"
    check = _CHECKS.get(name)
    call = _REPLACED.get(name, payload)
    passing = name in _PASSING or payload in STATE_FUNCTIONS
    constant_time = passing or name in _CONSTANT_TIME

    @wraps(payload)
    def bounded(*args: Any, **kwargs: Any) -> Any:
        budget = current().budget
        budget.step(STEPS_PER_YAQL_CALL + STEPS_PER_ARGUMENT * len(args))
        if not constant_time:
            _charge(budget, args)
        if check is not None:
            check(budget, *args, **kwargs)
        result = call(*args, **kwargs)
        return result if passing or isinstance(result, (FrozenView, ContextBase)) else _paid(budget, result)

    bounded.__wrapped__ = payload
    return bounded


def _charge(budget: Budget, args: tuple[Any, ...]) -> None:
    """Pay for texts, lists and mappings that a function may go through."""
    for value in args:
        if isinstance(value, str):
            budget.step(len(value) // SIZE_PER_STEP)
        elif isinstance(value, tuple):
            budget.step(len(cast("tuple[Any, ...]", value)) // ELEMENTS_PER_STEP)
        elif isinstance(value, (FrozenView, FrozenDict)):
            budget.step(len(value) // WEIGHED_PER_STEP)


def _paid(budget: Budget, result: Any) -> Any:
    if isinstance(result, Iterator):
        return budget.counted(cast("Iterator[Any]", result))
    if isinstance(result, (str, int, tuple, list, dict, frozenset, Mapping)):
        return budget.built(cast("object", result))
    return result


def bound_library(context: Any) -> None:
    """Make every function that `context` and its parents hold ask the budget.

    Called once for each context.
    """
    while context is not None:
        for definitions in context._functions.values():  # noqa: SLF001  # yaql has no public way
            for definition in definitions:
                definition.payload = _bounded(definition.payload)
                quicken_parameters(definition)
        context = context.parent
