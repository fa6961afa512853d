"""Scripts of packs: where they are, what runs them, and how they get their parameters (spec 6.1, 6.5).

A parameter that has a `position` is an argument at that place. Every other one that the action declares
beyond its runner's comes before them as NAME=VALUE, with the text of `kwarg_op` before the name; a boolean is
its bare name when it is true and nothing when it is false; what is null or empty is left out.
"""

import json
import os
from pathlib import Path
from typing import TypeGuard

from orchestrion.actions.metadata import Action, Parameter
from orchestrion.actions.on_disk import kind_of
from orchestrion.actions.runners.base import Job
from orchestrion.actions.runners.environment import NotStartable, bytes_of
from orchestrion.core.values import Json


def script_path(action: Action) -> Path:
    """Give the file of an action's script. Raises `NotStartable` when there is none in its pack."""
    pack = action.pack
    remedy = f"Correct entry_point in {pack.told(str(action.metadata_file))}."
    if not action.entry_point:
        message = f"Action {action.ref} names no script. {remedy}"
        raise NotStartable(message)
    path = Path(os.path.normpath(pack.actions_folder / action.entry_point)).absolute()
    if not path.is_relative_to(os.path.normpath(pack.folder.absolute())):
        message = f"The entry_point {action.entry_point} of action {action.ref} leaves its pack. {remedy}"
        raise NotStartable(message)
    if kind_of(path) != "file":
        shown = pack.told(str(path))
        when = "" if pack.copy_of is None else " in its pack as this execution uses it"
        message = f"The script {shown} of action {action.ref} does not exist{when}. {remedy}"
        raise NotStartable(message)
    return path


def interpreter_of(path: Path) -> list[bytes]:
    """Give what must stand before a script's path so that it runs, whether or not it is executable.

    Nothing for an executable file with `#!` or a binary; else what `#!` names, or bash. Raises `NotStartable`
    when the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            first_line = file.readline(4096)
    except OSError as error:
        message = f"The script {path} cannot be read: {error.strerror}."
        raise NotStartable(message) from error
    if os.access(path, os.X_OK) and (first_line.startswith(b"#!") or b"\0" in first_line):
        return []
    words = first_line[2:].strip().split(None, 1) if first_line.startswith(b"#!") else []
    return words or [b"bash"]  # as the kernel does: what follows the interpreter is one argument


def script_arguments(job: Job) -> list[bytes]:
    """Give the arguments of a script: the named ones, then those with a position. Raises `NotStartable`."""
    given = job.action_parameters
    prefix = job.runner_parameters.get("kwarg_op")
    prefix = prefix if isinstance(prefix, str) else "--"
    placed: dict[int, bytes] = {}
    named: list[bytes] = []
    for name, parameter in job.action.parameters.items():
        position = parameter.schema.get("position")
        if _is_position(position):
            placed[position] = bytes_of(_positional(parameter, given.get(name)), name)
        elif name in given:
            named += [bytes_of(text, name) for text in _named(f"{prefix}{name}", given[name])]
    return [*named, *(placed[position] for position in sorted(placed))]


def _is_position(value: Json) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _positional(parameter: Parameter, value: Json) -> str:
    """Give the text of a positional argument: nothing is empty, booleans are 1 and 0, lists have commas."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, list) and parameter.type != "object":
        return ",".join(item if isinstance(item, str) else _text(item) for item in value)
    return _text(value)


def _named(name: str, value: Json) -> list[str]:
    if value is None or value == "" or value is False:
        return []
    return [name] if value is True else [f"{name}={_text(value)}"]


def _text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
