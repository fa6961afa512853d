"""JSONPath queries (`jsonpath_query`), through the `jsonpath-ng` library."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, cast

from jsonpath_ng.parser import parse  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

from orchestrion.core.expressions.evaluation import current


@lru_cache(maxsize=256)
def _parsed(query: str) -> Any:
    return parse(query)


def find(value: object, query: str) -> list[object] | None:
    """All that `query` finds in a plain value, in order; None when it finds nothing."""
    budget = current().budget
    budget.pattern(query)
    # A descent visits each node once for every node above it, and each further descent does so again.
    size, depth = budget.look_at(value), _depth(value)
    budget.step(1 + size // 8 * depth ** query.count(".."))
    return [match.value for match in _parsed(query).find(value)] or None


def _depth(value: object) -> int:
    depth, level = 0, [value]
    while level:
        depth += 1
        level = [part for container in level for part in _parts(container)]
    return depth


def _parts(container: object) -> Iterable[object]:
    if isinstance(container, dict):
        return cast("dict[str, object]", container).values()
    return cast("list[object]", container) if isinstance(container, list) else ()
