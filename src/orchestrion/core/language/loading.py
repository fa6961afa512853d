"""The ways into the language: load a definition from its text, inspect it, find a part of it (spec 1).

All are total: `inspect` never raises, `load_definition` raises `DefinitionError` only. Loading needs neither
the graph nor the expression languages, so what inspects is imported by the first inspection.
"""

from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from orchestrion.core.language.checker import Work
from orchestrion.core.language.definition import Definition
from orchestrion.core.language.document import read_copies, read_document
from orchestrion.core.language.loader import build_definition
from orchestrion.core.language.problems import DefinitionError, Inspection
from orchestrion.core.language.syntax import syntax_problems
from orchestrion.core.language.tree import Mark, Path


def load_definition(text: str) -> Definition:
    """Build a definition from YAML 1.1 or JSON text.

    Raises DefinitionError with every syntax problem when no definition can be built. Other problems, such as
    targets that are not defined, do not keep a definition from being built: `inspect` finds them.
    """
    document = read_document(text)
    if syntax_problems(document, Work()):
        raise DefinitionError([each for each in inspect(text).problems if each.category == "syntax"])
    return build_definition(document.value)


def inspect(text: str, known: Collection[str] = ("st2", "parent")) -> Inspection:
    """List everything that is wrong with a definition, and warnings, in the order of the text. Never raises.

    `known` are the variables that exist besides the definition's own.
    """
    from orchestrion.core.language.inspection import inspect_counted

    return inspect_counted(text, known, Work())


class Outline(NamedTuple):
    """What can be read of a definition, and where its parts stand in the text.

    `locate` gives line and column, from 1, for the path of a part; for one that is absent, those of the
    nearest that is there.
    """

    definition: Definition
    locate: Callable[[Path], Mark]


def outlines(text: str) -> Iterator[Outline]:
    """What can be read of a text, whatever is wrong with the rest of it.

    For checks of what a definition names, which the language itself cannot make. There are several where keys
    are repeated: one for each copy.
    """
    for document in read_copies(text):
        yield Outline(build_definition(document.value), document.locate)
