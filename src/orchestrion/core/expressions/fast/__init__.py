"""The fast path: the commonest expressions as plain Python closures (architecture, section 2).

An expression that this package does not fully understand has no fast form. A value that a fast form does not
handle makes it raise, and the evaluator of the language then has the last word, so that both always give the
same.
"""

from collections.abc import Callable

from orchestrion.core.expressions.fast import jinja, yaql
from orchestrion.core.expressions.scope import Scope
from orchestrion.core.values import Json

__all__ = ["compile_fast"]


def compile_fast(language: str, text: str) -> Callable[[Scope], Json] | None:
    """The fast form of an expression without its delimiters, or None. What it raises means nothing."""
    return yaql.compile_fast(text) if language == "yaql" else jinja.compile_fast(text)
