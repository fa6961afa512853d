"""What a list shows: a part of the whole (limit, offset), and of each object some attributes (1.4)."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Annotated, Any, Final, cast

import orjson
from fastapi import Depends, Query
from fastapi.responses import Response

from orchestrion.api.access import Caller, caller_of, may_show_secrets
from orchestrion.api.faults import FaultError, whole
from orchestrion.core.values import Json

Include = Annotated[
    str | None,
    Query(
        description="The attributes to show, separated by commas; `a.b` is a part of one. With the id always."
    ),
]
Exclude = Annotated[str | None, Query(description="The attributes to leave out, separated by commas.")]
Limit = Annotated[int, Query(description="How many at most; -1: all.")]
Offset = Annotated[int, Query(description="How many of the first ones to leave out.")]
ShowSecrets = Annotated[bool, Query(description="Show secrets as they are, which only an admin may.")]


def shows_secrets(
    caller: Annotated[Caller, Depends(caller_of)], *, show_secrets: ShowSecrets = False
) -> bool:
    """Whether secrets are shown, because who asks wants it and may. Raises FaultError (403)."""
    return may_show_secrets(caller, asked=show_secrets)


Shows = Annotated[bool, Depends(shows_secrets)]

MOST: Final = 2**31
_BITS: Final = 63

_OF_USERS: Final = frozenset(("parameters", "result"))
"""Attributes whose names inside are data: a dot there would not separate names."""

_Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which attributes of an object are shown. `include` None: all but those to `exclude`."""

    include: tuple[_Path, ...] | None = None
    exclude: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        include: str | None,
        exclude: str | None,
        *,
        always: Sequence[str],
        may_exclude: AbstractSet[str],
    ) -> "Selection":
        """What is asked for; what is `always` shown is added. Raises FaultError (400)."""
        wanted, unwanted = names(include), names(exclude)
        if wanted and unwanted:
            raise FaultError(400, "Give include_attributes or exclude_attributes, not both.")
        for name in unwanted:
            if name not in may_exclude:
                raise FaultError(400, f"Invalid or unsupported exclude attribute specified: {name}")
        if not wanted:
            return cls(None, frozenset(unwanted))
        return cls(tuple(dict.fromkeys(_path_of(name) for name in (*always, *wanted))))

    def wants(self, *names: str) -> bool:
        """Whether any of these attributes is shown, or a part of one; `a.b` is a part."""
        if self.include is None:
            return any(name not in self.exclude for name in names)
        paths = [_path_of(name) for name in names]
        return any(
            one[: len(path)] == path or path[: len(one)] == one for path in paths for one in self.include
        )

    def applied_to(self, found: Mapping[str, Json]) -> dict[str, Json]:
        """An object with these attributes."""
        if self.include is None:
            return {name: value for name, value in found.items() if name not in self.exclude}
        return _part(found, self.include)


def window(limit: int, offset: int) -> tuple[int, int]:
    """How many objects to show (-1: all), and how many to leave out before. Raises FaultError (400)."""
    if limit == 0 or limit < -1:
        raise FaultError(400, f"The limit must be positive, or -1 for all: {limit}.")
    if offset < 0:
        raise FaultError(400, f"The offset must not be negative: {offset}.")
    return min(limit, MOST), min(offset, MOST)


def shown(found: Sequence[Any], limit: int, offset: int) -> Sequence[Any]:
    """That part of a list. Raises FaultError (400)."""
    size, skip = window(limit, offset)
    return found[skip:] if size < 0 else found[skip : skip + size]


def listed(found: Sequence[Mapping[str, Json]], total: int, limit: int | None) -> Response:
    """The answer that is a part of a list with so many objects."""
    headers = {"X-Total-Count": str(total)}
    if limit is not None:
        headers["X-Limit"] = str(limit)
    return json_answer([*found], headers=headers)


def json_answer(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A value as the answer; it is JSON already, and need not be looked through."""
    try:
        text = orjson.dumps(value)
    except TypeError:  # of a file of a pack, which may hold more than can be told
        text = orjson.dumps(_told(value))
    return Response(text, status, headers, media_type="application/json")


def _told(value: Any) -> Any:
    """What can be told of a value: numbers of 64 bits, and whole characters."""
    if isinstance(value, dict):
        known = cast("dict[str, Any]", value)
        return {_told(name): _told(one) for name, one in known.items()}
    if isinstance(value, list):
        return [_told(one) for one in cast("list[Any]", value)]
    if isinstance(value, str):
        return whole(value)
    if isinstance(value, int) and value.bit_length() > _BITS:
        return str(value)
    return value


def names(text: str | None) -> list[str]:
    """The names in a text, which are separated by commas."""
    return [name for name in map(str.strip, (text or "").split(",")) if name]


def _path_of(name: str) -> _Path:
    path: list[str] = []
    for part in name.split("."):
        path.append(part)
        if part in _OF_USERS:
            break
    return tuple(path)


def _part(found: Mapping[str, Json], paths: Sequence[_Path]) -> dict[str, Json]:
    whole = {path[0] for path in paths if len(path) == 1}
    below: dict[str, list[_Path]] = {}
    for path in paths:
        if len(path) > 1 and path[0] not in whole:
            below.setdefault(path[0], []).append(path[1:])
    part: dict[str, Json] = {}
    for name, value in found.items():
        if name in whole:
            part[name] = value
        elif name in below and isinstance(value, dict):
            part[name] = _part(value, below[name])
    return part
