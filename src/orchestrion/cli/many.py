"""Commands that take several ids: each by itself, and one document for all of them."""

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, cast

from orchestrion.cli.hints import Again
from orchestrion.cli.render.output import Output
from orchestrion.client.views import did_you_mean
from orchestrion.errors import OrchestrionError, UsageError

_MISSING: Final = object()


def for_each(ids: Sequence[str], perform: Callable[[str], int], again: Again) -> int:
    """Perform something for each id, each once; the exit code is the first one that is not 0.

    An error of one of several does not keep the others from being tried. `again` is for the commands that it
    tells.
    """
    codes: list[int] = []
    for number in dict.fromkeys(ids):
        try:
            codes.append(perform(number))
        except OrchestrionError as error:
            if len(ids) == 1:
                raise
            errors = Output(sys.stderr)
            errors.line(f"orchestrion: {again.sentence(error.advice)}")
            for problem in error.problems:
                errors.line(f"  - {again.sentence(problem)}")
            codes.append(error.exit_code)
    return next(filter(None, codes), 0)


def documents(output: Output, options: argparse.Namespace, found: Sequence[Any]) -> None:
    """Write what was found where programs read it: one document, or a list of them for several ids."""
    several = len(dict.fromkeys(options.ids)) > 1
    document = [*found] if several else next(iter(found), None)
    if document is not None:
        write_document(output, options, document)


def write_document(output: Output, options: argparse.Namespace, document: Any) -> bool:
    """Write a document as the options say; False where they ask for text to read."""
    if options.yaml:
        output.yaml(document)
    elif options.json:
        output.json(document)
    else:
        return False
    return True


def chosen(document: Any, names: Iterable[str]) -> dict[str, Any]:
    """Some attributes of a document; `a.b` is one within another, and what is not there is null."""
    return {name: at(document, name) for name in names}


def check_attributes(names: Iterable[str], known: Sequence[str]) -> None:
    """Whether a document has attributes of these names; what is within them only the document tells.

    Raises UsageError with every name that is unknown.
    """
    problems: list[str] = []
    for name in names:
        head = name.partition(".")[0]
        if "," in name:
            problems.append(f'"{name}": between names there is a blank, no comma.')
        elif head not in known:
            problems.append(f'There is no attribute "{head}".{did_you_mean(head, known)}')
    if problems:
        raise UsageError(f"There are the attributes {', '.join(known)}.", problems=problems)


def at(document: Any, path: str) -> Any:
    """What stands in a document under a path of names and indexes, such as `tasks.0.status`; else None."""
    found = _look_up(document, path)
    return None if found is _MISSING else found


def has(document: Any, path: str) -> bool:
    """Whether anything stands there."""
    return _look_up(document, path) is not _MISSING


def text_of(value: Any) -> str:
    """A value for people: a text as it is, nothing for null, all else as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _look_up(document: Any, path: str) -> Any:
    found = document
    for word in path.split("."):
        if isinstance(found, dict):
            found = cast("dict[str, Any]", found).get(word, _MISSING)
        elif isinstance(found, list) and word.isdecimal():
            known = cast("list[Any]", found)
            found = known[int(word)] if int(word) < len(known) else _MISSING
        else:
            return _MISSING
    return found
