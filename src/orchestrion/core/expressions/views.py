"""What an expression sees of a scope's variables: lazy, read only, never a copy of the whole."""

from collections.abc import Iterator, Mapping
from typing import Any

from orchestrion.core.expressions.evaluation import current
from orchestrion.core.expressions.scope import Scope


class ContextView(Mapping[str, object]):
    """What `ctx()` gives: all variables that are not private (spec 2.2, 2.4).

    `freeze` is applied to what is read.
    """

    __slots__ = ("_freeze", "_scope")

    def __init__(self, scope: Scope, *, frozen: bool) -> None:
        self._scope = scope
        self._freeze = frozen

    def __getitem__(self, key: str) -> object:
        if not isinstance(key, str) or key.startswith("__"):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise KeyError(key)
        value = self._scope.variable(key)
        return freeze(value) if self._freeze else value

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(name for name in self._scope.names() if not name.startswith("__")))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return repr(dict(self))

    @property
    def raw(self) -> Mapping[str, object]:
        """The variables as they are."""
        return ContextView(self._scope, frozen=False) if self._freeze else self


class FrozenView(Mapping[Any, object]):
    """A mapping that YAQL can hash; its values are frozen when they are read, never all at once (spec 8)."""

    __slots__ = ("_hash", "raw")

    def __init__(self, raw: Mapping[Any, object]) -> None:
        self.raw = raw
        self._hash: int | None = None

    def __getitem__(self, key: object) -> object:
        return freeze(self.raw[key])

    def __iter__(self) -> Iterator[Any]:
        return iter(self.raw)

    def __len__(self) -> int:
        return len(self.raw)

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(frozenset(self.items()))
        return self._hash

    def __repr__(self) -> str:
        return repr(dict(self))


def freeze(value: object) -> object:
    """`value` as YAQL works with it: lists as tuples, mappings as views."""
    if isinstance(value, dict):
        return FrozenView(value)  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(value, list):
        return current().as_tuple(value, freeze)  # pyright: ignore[reportUnknownArgumentType]
    return value


def thaw(value: object) -> object:
    """The value behind a view, itself a view of nothing."""
    return value.raw if isinstance(value, (FrozenView, ContextView)) else value
