"""Our own views as JSON, both ways: the records themselves say how they look.

A record, a dataclass or a named tuple, is an object with its fields; a path is a text; all else is as JSON
has it. So the client rebuilds exactly what the server had, and the OpenAPI document tells every field.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache
from pathlib import PurePath
from types import UnionType
from typing import Any, Final, ForwardRef, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import orjson
from pydantic import BaseModel, TypeAdapter, create_model

T = TypeVar("T")

_MODELS: Final[dict[type[Any], type[BaseModel]]] = {}


def written(value: object) -> bytes:
    """A value of records as JSON."""
    return orjson.dumps(plain(value))


def read(kind: type[T], text: str | bytes) -> T:
    """The value of that kind that was written. Raises ValueError when it is none."""
    return cast("T", _adapter(kind).validate_json(text))


def plain(value: object) -> Any:
    """A value of records as lists and mappings."""
    if isinstance(value, tuple):
        names: tuple[str, ...] | None = getattr(cast("Any", value), "_fields", None)
        parts = [plain(part) for part in cast("tuple[object, ...]", value)]
        return parts if names is None else dict(zip(names, parts, strict=True))
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, list):
        return [plain(part) for part in cast("list[object]", value)]
    if isinstance(value, Mapping):
        return {key: plain(part) for key, part in cast("Mapping[str, object]", value).items()}
    return str(value) if isinstance(value, PurePath) else value


def model_of(kind: Any) -> Any:
    """What the OpenAPI document says of a kind: a record, or a list or union of such."""
    new: list[type[BaseModel]] = []
    found = _described(kind, new)
    by_name = {model.__name__: model for model in _MODELS.values()}
    for model in new:
        model.model_rebuild(_types_namespace=by_name)
    return by_name[found.__forward_arg__] if isinstance(found, ForwardRef) else _resolved(found, by_name)


def _described(hint: Any, new: list[type[BaseModel]]) -> Any:
    """A type in which names of models stand for records."""
    if isinstance(hint, type) and (is_dataclass(hint) or hasattr(cast("Any", hint), "_fields")):
        return ForwardRef(_model(cast("type[Any]", hint), new))
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (tuple, list):
        return list[_described(arguments[0], new)]
    if origin in (Union, UnionType):
        return Union[tuple(_described(one, new) for one in arguments)]  # noqa: UP007  # it is made at run time
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return dict[str, _described(arguments[1], new)]
    return cast("Any", hint)


def _model(kind: type[Any], new: list[type[BaseModel]]) -> str:
    if kind not in _MODELS:
        _MODELS[kind] = BaseModel  # it may hold itself
        hints = {name: hint for name, hint in get_type_hints(kind).items() if not name.startswith("_")}
        described: dict[str, Any] = {name: (_described(hint, new), ...) for name, hint in hints.items()}
        _MODELS[kind] = create_model(kind.__name__, __doc__=kind.__doc__, **described)
        new.append(_MODELS[kind])
    return kind.__name__


def _resolved(hint: Any, by_name: Mapping[str, type[BaseModel]]) -> Any:
    """The type with the models themselves."""
    if isinstance(hint, ForwardRef):
        return by_name[hint.__forward_arg__]
    origin, arguments = get_origin(hint), get_args(hint)
    if not arguments:
        return hint
    parts = tuple(_resolved(one, by_name) for one in arguments)
    return Union[parts] if origin is Union else origin[parts]  # noqa: UP007  # as above


@lru_cache(maxsize=64)
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
