# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
"""YAQL expressions (spec 2.1 to 2.3), through the `yaql` library.

Only the yaql_* modules know it; it is untyped.
"""

import collections.abc  # noqa: F401  # pyright: ignore[reportUnusedImport]  # `import yaql` 3.2 needs it to be imported before
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import yaql
from yaql.language.exceptions import YaqlParsingException
from yaql.language.factory import YaqlFactory

from orchestrion.core.expressions import yaql_regexes
from orchestrion.core.expressions.bounds import MAX_ELEMENTS
from orchestrion.core.expressions.functions import FUNCTIONS
from orchestrion.core.expressions.yaql_library import bound_library, finalize
from orchestrion.core.expressions.yaql_nodes import Layer, quickened

Engine = Any


@lru_cache(maxsize=1)
def _engine() -> Engine:
    return YaqlFactory().create({"yaql.limitIterators": MAX_ELEMENTS})


@lru_cache(maxsize=1)
def _root() -> Any:
    """The functions of the standard library, bounded, and ours above them."""
    root: Any = yaql.create_context(finalizer=finalize, regex=False)
    yaql_regexes.register(root)
    context = root.create_child_context()
    for name, function in FUNCTIONS.items():
        context.register_function(function, name=name)
    bound_library(context)
    return context


def _parsed(text: str) -> Any:
    """The syntax tree of an expression.

    The parser keeps its state in the lexer, so each parse has its own.
    """
    engine = _engine()
    from yaql.language.expressions import Statement

    return Statement(engine.parser.parse(text, lexer=engine.lexer.clone()), engine)


def compile_expression(text: str) -> Callable[[], object]:
    """Compile an expression given without its delimiters; it is evaluated in the current evaluation."""
    statement, root = quickened(_parsed(text), redefines="def" in text), _root()
    return lambda: statement.evaluate(context=Layer(root))


def grammar_error(text: str) -> str | None:
    """What the parser says about an expression without its delimiters, or None."""
    try:
        _parsed(text)
    except YaqlParsingException as error:
        return str(error)
    except (ValueError, RecursionError) as error:
        return str(error)
    return None
