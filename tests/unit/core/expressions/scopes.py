"""A plain scope in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from orchestrion.core.expressions import MissingValue
from orchestrion.core.values import Json


@dataclass
class Task:
    name: str = "t1"
    route: int = 0
    status: str | None = "succeeded"
    result: Json = None


@dataclass
class PlainScope:
    variables: Mapping[str, Json] = field(default_factory=dict[str, Json])
    task: Task | None = None
    item: Json = None
    statuses: Mapping[str, str] = field(default_factory=dict[str, str])
    outside: Mapping[tuple[str | int | bool | None, ...], Json | Exception] = field(
        default_factory=dict[tuple[str | int | bool | None, ...], "Json | Exception"]
    )
    now: datetime = datetime(2024, 2, 29, 13, 14, 15, 16, UTC)
    dice: float = 0.5

    def variable(self, name: str) -> Json:
        return self.variables[name]

    def names(self) -> Iterator[str]:
        return iter(self.variables)

    def task_status(self, name: str, route: int | None) -> str | None:  # noqa: ARG002
        return self.statuses.get(name)

    def external(self, key: tuple[str | int | bool | None, ...]) -> Json:
        if key not in self.outside:
            raise MissingValue(key)
        value = self.outside[key]
        if isinstance(value, Exception):
            raise value
        return value

    def random(self) -> float:
        return self.dice
