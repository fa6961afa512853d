"""Expressions of the workflow language: YAQL and Jinja, bounded, over a narrow view of the state (spec 2)."""

from orchestrion.core.expressions.errors import ExpressionError
from orchestrion.core.expressions.scope import CurrentTask, ExternalError, MissingValue, Scope
from orchestrion.core.expressions.syntax import (
    Expression,
    expressions_in,
    grammar_error,
    referenced_variables,
)
from orchestrion.core.expressions.template import Template, compile_template

__all__ = [
    "CurrentTask",
    "Expression",
    "ExpressionError",
    "ExternalError",
    "MissingValue",
    "Scope",
    "Template",
    "compile_template",
    "expressions_in",
    "grammar_error",
    "referenced_variables",
]
