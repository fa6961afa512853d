"""Inspects a definition: every problem in one pass (spec 1.7).

All four categories look at the same document, each at what is well-formed for it; nothing stops at the first
problem.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from orchestrion.core.graph import Graph, build_graph
from orchestrion.core.language.advice import Advice, graph_advice, inline_advice, text_advice
from orchestrion.core.language.attributes import Attributes, attributes_of
from orchestrion.core.language.checker import Work
from orchestrion.core.language.context import context_defects
from orchestrion.core.language.document import Document, read_copies
from orchestrion.core.language.grammar import Grammar
from orchestrion.core.language.loader import build_definition
from orchestrion.core.language.problems import (
    Category,
    Inspection,
    Language,
    Problem,
    in_reading_order,
)
from orchestrion.core.language.semantics import semantic_defects
from orchestrion.core.language.syntax import path_text, syntax_problems
from orchestrion.core.language.tree import Path

_ENDS_OF_PARTS: Final = re.compile(r"[.\[]|$")


def inspect_counted(text: str, known: Collection[str], work: Work) -> Inspection:
    """Inspect, and count in `work` what is done, so that a test can see how the cost grows."""
    documents = read_copies(text)
    document = next(documents)
    problems, warnings = _inspect(document, known, work)
    for copy in documents:
        repeated = {path_text(path) or "" for path in copy.repeated}
        problems.extend(each for each in _inspect(copy, known, work)[0] if _lies_below(each, repeated))
    return Inspection(in_reading_order(problems), in_reading_order(warnings))


def _inspect(document: Document, known: Collection[str], work: Work) -> tuple[list[Problem], list[Problem]]:
    """The problems and the warnings of one document."""
    work.steps += document.nodes
    problems = syntax_problems(document, work)
    warnings = [
        Problem("syntax", note.message, path_text(note.path), None, line=note.mark[0], column=note.mark[1])
        for note in document.notes
    ]
    if document.is_complete and isinstance(document.value, dict):
        graph = build_graph(build_definition(document.value))
        attributes = attributes_of(document.value)
        problems.extend(_further_problems(document, attributes, graph, known, work))
        warnings.extend(_warnings(document, attributes, graph, work))
    return problems, warnings


def _lies_below(problem: Problem, paths: Collection[str]) -> bool:
    """Whether a problem concerns a part with one of these paths.

    What another copy of a key changes elsewhere is no news.
    """
    where = problem.spec_path or ""
    return any(where[: end.start()] in paths for end in _ENDS_OF_PARTS.finditer(where))


def _further_problems(
    document: Document, attributes: Attributes, graph: Graph, known: Collection[str], work: Work
) -> Iterator[Problem]:
    """Everything but syntax."""
    for defect in semantic_defects(graph, work):
        yield _problem(document, "semantics", defect.message, defect.path, defect.schema_path)
    grammar = Grammar(work)
    for attribute in attributes.all():
        for each in grammar.defects(attribute):
            language, expression = each.language, each.expression
            yield _problem(
                document,
                "expressions",
                each.message,
                each.path,
                each.schema_path,
                at=each.at,
                language=language,
                expression=expression,
            )
    for defect in context_defects(attributes, graph, known, grammar.references, work):
        yield _problem(
            document,
            "context",
            defect.message,
            defect.path,
            defect.schema_path,
            at=defect.at,
            language=defect.expression.language,
            expression=defect.expression.text,
        )


def _warnings(document: Document, attributes: Attributes, graph: Graph, work: Work) -> Iterator[Problem]:
    def placed(advice: Iterable[Advice]) -> Iterator[Problem]:
        for each in advice:
            work.steps += 1
            yield _problem(document, each.category, each.message, each.path, each.schema_path)

    for attribute in attributes.all():
        yield from placed(text_advice(attribute))
    yield from placed(inline_advice(document.value))
    yield from placed(graph_advice(graph, attributes, work))


def _problem(
    document: Document,
    category: Category,
    message: str,
    path: Path,
    schema_path: tuple[str, ...],
    *,
    at: Path | None = None,
    language: Language | None = None,
    expression: str | None = None,
) -> Problem:
    line, column = document.locate(path if at is None else at)
    return Problem(
        category, message, path_text(path), ".".join(schema_path), language, expression, line, column
    )
