"""An inspection in the shapes that Orquesta and StackStorm give it (spec 1.7; StackStorm's API 3.1)."""

from typing import Final

from orchestrion.core.language.problems import Inspection, Problem
from orchestrion.core.values import Json

_STACKSTORM_TYPES: Final = {
    "syntax": "syntax",
    "semantics": "semantic",
    "expressions": "expression",
    "context": "context",
}
_CATEGORIES: Final = ("context", "expressions", "semantics", "syntax")


def as_orquesta(inspection: Inspection) -> dict[str, list[dict[str, Json]]]:
    """The problems by category, sorted by paths, each distinct entry once; no lines and columns."""
    report: dict[str, list[dict[str, Json]]] = {}
    for category in _CATEGORIES:
        problems = [problem for problem in inspection.problems if problem.category == category]
        if problems:
            entries = {
                _identity(problem): _orquesta_entry(problem) for problem in sorted(problems, key=_order)
            }
            report[category] = list(entries.values())
    return report


def as_stackstorm(inspection: Inspection) -> list[dict[str, Json]]:
    """The problems as StackStorm's flat list, sorted by type and schema path; with line and column."""
    report: list[dict[str, Json]] = []
    seen: set[tuple[str | None, ...]] = set()
    for problem in sorted(inspection.problems, key=_order):
        if _identity(problem) in seen:
            continue
        seen.add(_identity(problem))
        entry = _orquesta_entry(problem)
        if "type" in entry:
            entry["language"] = entry["type"]
        entry["type"] = _STACKSTORM_TYPES[problem.category]
        entry["line"] = problem.line
        entry["column"] = problem.column
        report.append(entry)
    report.sort(key=lambda entry: (str(entry["type"]), str(entry["schema_path"] or "")))
    return report


def _orquesta_entry(problem: Problem) -> dict[str, Json]:
    entry: dict[str, Json] = {}
    if problem.category in ("expressions", "context"):
        entry["type"] = problem.language
        entry["expression"] = problem.expression
    entry["message"] = problem.message
    entry["spec_path"] = problem.spec_path
    entry["schema_path"] = problem.schema_path
    return entry


def _identity(problem: Problem) -> tuple[str | None, ...]:
    return (
        problem.category,
        problem.message,
        problem.spec_path,
        problem.schema_path,
        problem.language,
        problem.expression,
    )


def _order(problem: Problem) -> tuple[str, str]:
    return (problem.schema_path or "", problem.spec_path or "")
