"""A file of tests for a workflow: read, checked, and each part with the line on which it stands."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

from orchestrion.actions.metadata_file import line_of, read_document
from orchestrion.core.spelling import did_you_mean
from orchestrion.core.status import COMPLETED, Status
from orchestrion.core.values import Json, problem_with
from orchestrion.errors import UsageError

_NUMBER: Final = {"type": "integer", "minimum": 0}
_CANNED: Final = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "task": {"type": "string"},
        "route": _NUMBER,
        "pass": {"type": "integer", "minimum": 1},
        "item": _NUMBER,
        "attempt": {"type": "integer", "minimum": 1},
        "status": {"enum": sorted(COMPLETED)},
        "result": {},
        "takes": {"type": "number", "minimum": 0},
        "input": {"type": "object"},
    },
}
_EXPECTED: Final = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "status": {"enum": sorted(COMPLETED)},
        "output": {"type": ["object", "null"]},
        "tasks": {"type": "array", "items": {"type": "string"}},
        "errors": {"type": "array", "items": {"type": ["string", "object"]}},
    },
}
_SCHEMA: Final = {
    "type": "object",
    "additionalProperties": False,
    "required": ["workflow", "tests"],
    "properties": {
        "workflow": {"type": "string"},
        "tests": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["name"],
                "properties": {
                    "name": {"type": "string"},
                    "inputs": {"type": "object"},
                    "user": {"type": "string"},
                    "time": {"type": "string"},
                    "keys": {"type": "object", "additionalProperties": {"type": "string"}},
                    "results": {"type": "array", "items": _CANNED},
                    "expect": _EXPECTED,
                },
            },
        },
    },
}

_BEGINNING: Final = "2026-01-01T00:00:00+00:00"


class Canned(NamedTuple):
    """What actions report that no runner runs. What is None fits every action.

    `lap` counts the passes of a loop through the task, from 1. `input`, if it is there, is what the action
    must be given.
    """

    line: int
    task: str | None = None
    route: int | None = None
    lap: int | None = None
    item: int | None = None
    attempt: int | None = None
    status: Status = "succeeded"
    result: Json = None
    takes: float = 0
    input: Json = None

    def fits(self, *, task: str, route: int, lap: int, item: int | None, attempt: int) -> bool:
        """Whether it is meant for an action."""
        given = ((self.task, task), (self.route, route), (self.lap, lap), (self.item, item))
        return all(mine is None or mine == its for mine, its in (*given, (self.attempt, attempt)))


@dataclass(frozen=True, slots=True)
class Case:
    """One test. `lines` has the line of each expectation."""

    name: str
    line: int
    inputs: Mapping[str, Json] = field(default_factory=dict[str, Json])
    user: str = "nobody"
    at: int = 0
    keys: Mapping[str, str] = field(default_factory=dict[str, str])
    results: tuple[Canned, ...] = ()
    expected: Mapping[str, Json] = field(default_factory=dict[str, Json])
    lines: Mapping[str, int] = field(default_factory=dict[str, int])


class Script(NamedTuple):
    """A file of tests for one workflow, which is named relative to the file, or by its pack."""

    file: Path
    workflow: str
    cases: tuple[Case, ...]


def read_script(file: Path) -> Script:
    """Read a file of tests. Raises UsageError with every problem and its line."""
    document = read_document(file)
    problems = [f"{file}:{line_of(file, path)}: {text}" for path, text in _problems(document)]
    if problems:
        raise UsageError(f"{file}: this is no file of tests for a workflow.", problems=problems)
    assert isinstance(document, dict)
    cases = cast("list[dict[str, Any]]", document["tests"])
    return Script(file, str(document["workflow"]), tuple(_case(file, *one) for one in enumerate(cases)))


def check_names(script: Script, tasks: Sequence[str], inputs: Sequence[str]) -> None:
    """Raise UsageError when a test names a task or an input that the workflow has not."""
    problems: list[str] = []
    for case in script.cases:
        named = [(one.line, one.task) for one in case.results if one.task is not None]
        ran = cast("list[str]", case.expected.get("tasks") or [])
        named += [(case.lines["tasks"], name.partition("[")[0]) for name in ran]
        problems += [
            f"{script.file}:{line}: {_unknown('task', name, tasks)}"
            for line, name in named
            if name not in tasks
        ]
        strange = [name for name in case.inputs if name not in inputs]
        problems += [f"{script.file}:{case.line}: {_unknown('input', name, inputs)}" for name in strange]
    if problems:
        raise UsageError(
            f"{script.file}: the tests do not fit the workflow.", problems=dict.fromkeys(problems)
        )


def _unknown(what: str, name: str, known: Sequence[str]) -> str:
    hint = did_you_mean(name, known) or f" There are: {', '.join(known) or 'none'}."
    return f'The workflow has no {what} "{name}".{hint}'


def _problems(document: Json) -> Iterator[tuple[list[str], str]]:
    """What is wrong with a file, each with its place."""
    from jsonschema import Draft202012Validator

    problem = problem_with(document)
    if problem is not None:
        yield [], problem
        return
    validator: Any = Draft202012Validator(_SCHEMA)
    for error in validator.iter_errors(document):
        path = [str(part) for part in error.absolute_path]
        yield path, f"{'.'.join(path)}: {error.message}." if path else f"{error.message}."
    match document:
        case {"tests": list(cases)}:
            for number, case in enumerate(cases):
                if isinstance(case, dict) and _moment(case.get("time", _BEGINNING)) is None:
                    yield (
                        ["tests", str(number), "time"],
                        f"time: {case['time']!r} is no time such as {_BEGINNING}.",
                    )
        case _:
            pass


def _moment(value: object) -> int | None:
    """Microseconds since 1970, UTC."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return round(moment.timestamp() * 1_000_000) if moment.tzinfo else None


def _case(file: Path, number: int, document: Mapping[str, Any]) -> Case:
    def line(*path: str) -> int:
        return line_of(file, ("tests", str(number), *path))

    expected = document.get("expect", {})
    return Case(
        name=document["name"],
        line=line("name"),
        inputs=document.get("inputs", {}),
        user=document.get("user", "nobody"),
        at=_moment(document.get("time", _BEGINNING)) or 0,
        keys=document.get("keys", {}),
        results=tuple(
            Canned(
                line("results", str(at)),
                lap=one.get("pass"),
                **{key: one[key] for key in one if key != "pass"},
            )
            for at, one in enumerate(document.get("results", []))
        ),
        expected=expected,
        lines={key: line("expect", key) for key in expected},
    )
