"""The workflow language: definitions as text, as records, and what is wrong with them (spec 1)."""

from orchestrion.core.language.definition import (
    ENGINE_COMMANDS,
    Assignment,
    Definition,
    Items,
    Retry,
    Task,
    Transition,
)
from orchestrion.core.language.loading import Outline, inspect, load_definition, outlines
from orchestrion.core.language.problems import DefinitionError, Inspection, Problem
from orchestrion.core.language.reports import as_orquesta, as_stackstorm

__all__ = [
    "ENGINE_COMMANDS",
    "Assignment",
    "Definition",
    "DefinitionError",
    "Inspection",
    "Items",
    "Outline",
    "Problem",
    "Retry",
    "Task",
    "Transition",
    "as_orquesta",
    "as_stackstorm",
    "inspect",
    "load_definition",
    "outlines",
]
