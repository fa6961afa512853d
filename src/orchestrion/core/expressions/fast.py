from collections.abc import Callable
from orchestrion.core.expressions.scope import Scope
from orchestrion.core.values import Json


class Fallback(Exception):
    pass


def compile_fast(language: str, text: str) -> Callable[[Scope], Json] | None:
    return None
