"""What leaves an expression: JSON values of the domain, texts, and truths (spec 2.1, 2.5, 5.3)."""

from collections.abc import Iterable, Iterator, KeysView, Mapping, Sized, ValuesView
from collections.abc import Set as AbstractSet
from datetime import date, timedelta
from typing import cast

from orchestrion.core.expressions.bounds import MAX_DEPTH, Budget
from orchestrion.core.expressions.syntax import Language
from orchestrion.core.expressions.views import ContextView, FrozenView
from orchestrion.core.values import LARGEST_INTEGER, SMALLEST_INTEGER, Json, problem_with_scalar

_HINT = {"yaql": "toList()", "jinja": "the filter list"}


def to_json(value: object, budget: Budget, language: Language) -> Json:
    """`value` as JSON: tuples and iterators become lists, keys become texts.

    TypeError for what JSON cannot say.
    """
    return _to_json(value, budget, language, 0)


def _to_json(value: object, budget: Budget, language: Language, depth: int) -> Json:
    kind = type(value)
    if value is None or kind is bool or (kind is str and cast("str", value).isascii()):
        return cast("Json", value)
    if kind is int and SMALLEST_INTEGER <= cast("int", value) <= LARGEST_INTEGER:
        return cast("Json", value)
    if depth >= MAX_DEPTH:
        raise budget.fail("gives a value that is nested too deeply", "MAX_DEPTH")
    if isinstance(value, FrozenView):
        return (
            cast("Json", value.raw)
            if isinstance(value.raw, dict)
            else _mapping(value, budget, language, depth)
        )
    if isinstance(value, Mapping):
        return _mapping(cast("Mapping[object, object]", value), budget, language, depth)
    if isinstance(value, (list, tuple)) or _is_lazy_list(value, language):
        return _list(cast("Iterable[object]", value), budget, language, depth)
    return _scalar(value, language)


def _is_lazy_list(value: object, language: Language) -> bool:
    """Generators are lists (spec 2.1); so is any sequence that YAQL makes, except its sets and views."""
    if isinstance(value, Iterator):
        return True
    return (
        language == "yaql"
        and isinstance(value, Iterable)
        and not isinstance(value, (str, bytes, AbstractSet, ValuesView))
    )


def _scalar(value: object, language: Language) -> Json:
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return checked(kind(value))
    if hasattr(value, "_fail_with_undefined_error"):
        str(value)  # Jinja's own error for what has no value
    name = "set" if isinstance(value, (set, frozenset)) else type(value).__name__
    if isinstance(value, Iterable):
        raise TypeError(f'A value of type "{name}" is not JSON; {_HINT[language]} makes a list of it.')
    raise TypeError(f'A value of type "{name}" is not JSON.')


def checked(value: Json) -> Json:
    """A scalar, if it is in the value domain; else ValueError."""
    problem = problem_with_scalar(value)
    if problem:
        raise ValueError(problem)
    return value


def _mapping(mapping: Mapping[object, object], budget: Budget, language: Language, depth: int) -> Json:
    budget.step(len(mapping))
    changed = type(mapping) is not dict
    converted: dict[str, Json] = {}
    for key, part in mapping.items():
        new = _to_json(part, budget, language, depth + 1)
        changed = changed or new is not part or type(key) is not str
        converted[key if type(key) is str and key.isascii() else _key(key)] = new
    return converted if changed else cast("Json", mapping)


def _key(key: object) -> str:
    """A key as JSON writes it."""
    if isinstance(key, str):
        return cast("str", checked(str(key)))
    if key is None or isinstance(key, bool):
        return {None: "null", True: "true", False: "false"}[key]
    if isinstance(key, (int, float)):
        return repr(key)
    raise TypeError(f'A key of type "{type(key).__name__}" is not JSON.')


def _list(values: Iterable[object], budget: Budget, language: Language, depth: int) -> Json:
    converted: list[Json] = []
    changed = type(values) is not list
    for part in budget.counted(values):
        new = _to_json(part, budget, language, depth + 1)
        changed = changed or new is not part
        converted.append(new)
    return converted if changed else cast("Json", values)


def is_list(value: object, language: Language) -> bool:
    """Whether with-items accepts it (spec 5.6): a list, or what becomes one.

    No set, view or Jinja `range()`.
    """
    return isinstance(value, (list, tuple)) or (
        not isinstance(value, (str, Mapping, AbstractSet)) and _is_lazy_list(value, language)
    )


def to_text(value: object, budget: Budget, language: Language) -> str:
    """`value` inside a text: the Python `str()` of it (spec 2.1), always the same for the same value."""
    if isinstance(value, str):
        return cast("str", checked(str(value)))
    if isinstance(value, (int, date, timedelta, range)):
        return str(value)
    if isinstance(value, (set, frozenset, AbstractSet)) and (
        language == "yaql" or isinstance(value, (set, frozenset))
    ):
        members = [repr(to_json(member, budget, language)) for member in cast("AbstractSet[object]", value)]
        return "{" + ", ".join(sorted(members)) + "}" if members else "set()"
    if isinstance(value, (KeysView, ValuesView, AbstractSet)):
        budget.look_at(list(cast("Iterable[object]", value)))
        return (
            str(cast("object", value))
            if language == "jinja"
            else str(to_json(list(cast("Iterable[object]", value)), budget, language))
        )  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(value, ContextView):
        value = dict(value)
    converted = to_json(value, budget, language)
    budget.about_to_build(budget.weight(converted))
    return str(converted)


def to_truth(value: object, budget: Budget, language: Language) -> bool:
    """Whether `value` holds as a condition: Python's truth of anything, be it JSON or not (spec 5.3).

    What is lazy counts as the list that it is.
    """
    if isinstance(value, Sized) or not _is_lazy_list(value, language):
        return bool(value)
    return bool(list(budget.counted(cast("Iterable[object]", value))))
