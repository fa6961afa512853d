"""Workflow files that no pack has, as words name them."""

import os
from pathlib import Path
from typing import Final, NamedTuple

from orchestrion.actions.metadata_file import read_text
from orchestrion.actions.on_disk import kind_of
from orchestrion.errors import NotFound

_SUFFIXES: Final = (".yaml", ".yml", ".json")


class WorkflowFile(NamedTuple):
    """A bare workflow file: its path as it was given, the place where it is, and its text."""

    path: str
    source: str
    text: str


def file_of(word: str) -> WorkflowFile | None:
    """The workflow file that a word names; None: it names none.

    Raises NotFound as `is_file` does, UsageError when the file cannot be read.
    """
    if not is_file(word):
        return None
    path = Path(word)
    place = path.resolve() if kind_of(path) == "file" else path.absolute()  # a pipe leads nowhere
    return WorkflowFile(_shown(path), _shown(place), read_text(path))


def is_file(word: str) -> bool:
    """Whether a word names a file, or a pipe that can be read as one.

    Raises NotFound when it can be nothing else, and is not there.
    """
    kind = kind_of(word)
    if kind in ("file", "other"):
        return True
    if word.endswith(_SUFFIXES) or "/" in word:
        what = "This is a folder, no file" if kind == "folder" else "There is no such file"
        raise NotFound(f"{word}: {what}. Name a workflow file, or a workflow of a pack: PACK.NAME.")
    return False


def _shown(path: str | Path) -> str:
    """A name of a file as text: it may be any bytes, and what is stored and shown is Unicode."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
