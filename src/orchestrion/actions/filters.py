"""The functions and filters of metadata's Jinja: StackStorm's, `decrypt_kv` and `to_complex` (spec 6.3).

Each call of one that workflows know, too, is an evaluation of its own, with the same bounds.
"""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import lru_cache, wraps
from typing import TYPE_CHECKING, Any

from orchestrion.actions.key_lookups import KeyReference, decrypted
from orchestrion.actions.rendering import Functions
from orchestrion.core.values import Json

if TYPE_CHECKING:
    from jinja2.runtime import Context


@lru_cache(maxsize=1)
def metadata_functions() -> Functions:
    """All of them, by name; always the same objects, so that what is compiled with them is kept."""
    from jinja2 import pass_context

    from orchestrion.core.expressions.stackstorm import FUNCTIONS

    shared = {name: _bounded(function) for name, function in FUNCTIONS.items()}
    return {**shared, "decrypt_kv": pass_context(_decrypt_kv), "to_complex": _to_complex}


def _bounded(function: Callable[..., Any]) -> Callable[..., Any]:
    from orchestrion.core.expressions.evaluation import Evaluation

    @wraps(function)
    def call(*values: Any, **named: Any) -> Any:
        plain = [str(value) if isinstance(value, KeyReference) else value for value in values]
        return Evaluation(_NoScope(), frozen=False).run(lambda: function(*plain, **named))

    return call


def _decrypt_kv(context: "Context", value: object) -> str:
    """The plain value of an encrypted key."""
    return decrypted(context.get("st2kv"), value)


def _to_complex(value: object) -> str:
    """A list or mapping as JSON text, which a parameter's type makes a value again."""
    return json.dumps(value)


class _NoScope:
    """A scope without a workflow: none of these functions looks at one."""

    task = None
    item: Json = None

    def variable(self, name: str) -> Json:
        raise KeyError(name)

    def names(self) -> Iterator[str]:
        return iter(())

    def task_status(self, name: str, route: int | None) -> str | None:  # noqa: ARG002  # as `Scope` has it
        return None

    def external(self, key: tuple[str | int | bool | None, ...]) -> Json:
        raise KeyError(key)

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    def random(self) -> float:
        return 0.0
