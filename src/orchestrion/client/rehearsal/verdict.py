"""What differs between a run in memory and what its test expects."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

from orchestrion.actions.catalog import Catalog
from orchestrion.actions.metadata import workflow_path
from orchestrion.actions.metadata_file import read_text
from orchestrion.actions.parameters import resolve
from orchestrion.client.packs import catalog_of
from orchestrion.client.rehearsal.play import MAX_EVENTS, Play, Ran
from orchestrion.client.rehearsal.script import Case, Script, check_names, read_script
from orchestrion.client.targets import inspected, workflow_action
from orchestrion.core.graph import build_graph
from orchestrion.core.language import Definition
from orchestrion.core.values import Json

_NOTHING: Final = "nothing"
_LONGEST: Final = 200


class Difference(NamedTuple):
    """What differs, and the line of the test that says so."""

    line: int
    text: str


class Outcome(NamedTuple):
    """What has come of one test."""

    name: str
    line: int
    status: str
    differences: tuple[Difference, ...]


class Rehearsal(NamedTuple):
    """What has come of all tests of a file."""

    file: Path
    workflow: str
    outcomes: tuple[Outcome, ...]


def rehearse(file: Path, packs: Sequence[Path]) -> Rehearsal:
    """Run all tests of a file. Raises UsageError with every problem, NotFound."""
    script = read_script(file)
    catalog = catalog_of(packs)
    action, definition, cases = _prepared(script, catalog)
    graph = build_graph(definition)
    outcomes: list[Outcome] = []
    for case in cases:
        play = Play(graph, action, case)
        play.run()
        found = tuple(sorted(_differences(play, case)))
        outcomes.append(Outcome(case.name, case.line, play.state.head.status, found))
    return Rehearsal(file, script.workflow, tuple(outcomes))


def _prepared(script: Script, catalog: Catalog) -> tuple[str, Definition, Sequence[Case]]:
    """The workflow, and the tests with their inputs as it would get them: a pack's has further defaults."""
    path = script.file.parent / script.workflow
    if path.is_file():
        definition, _ = inspected(read_text(path), path, catalog)
        check_names(script, [*definition.tasks], [one.name for one in definition.inputs])
        return path.name, definition, script.cases
    action = workflow_action(script.workflow, catalog)
    path = workflow_path(action)
    definition, _ = inspected(read_text(path), path, catalog)
    check_names(script, [*definition.tasks], [*action.all_parameters])
    cases = [replace(case, inputs=resolve(action, case.inputs).action_parameters) for case in script.cases]
    return action.ref, definition, cases


def _differences(play: Play, case: Case) -> Iterator[Difference]:
    for ran in play.ran:
        yield from _input(ran)
    if play.unanswered is not None:
        yield Difference(case.line, _no_result(play.unanswered))
        return
    if play.is_endless:
        yield Difference(case.line, f"the workflow has not ended after {MAX_EVENTS:,} events")
        return
    used = {id(ran.canned) for ran in play.ran}
    for canned in case.results:
        if canned.task is not None and id(canned) not in used:
            yield Difference(canned.line, f"this result of {canned.task} was never asked for")
    head = play.state.head
    got: dict[str, Json] = {
        "status": head.status,
        "output": head.output,
        "tasks": [ran.name for ran in play.ran],
        "errors": [*play.state.errors()],
    }
    for name, expected in case.expected.items():
        texts = _errors(expected, got[name]) if name == "errors" else compare(expected, got[name], name)
        yield from (Difference(case.lines[name], text) for text in texts)


def _no_result(ran: Ran) -> str:
    command = ran.command
    place = "".join(
        f", {word} {value}"
        for word, value in (("route", command.route or None), ("item", command.item))
        if value is not None
    )
    attempt = f", attempt {command.attempt}" if command.attempt > 1 else ""
    return f"there is no result for {command.task}{place}{attempt} ({command.action} {_shown(command.input)})"


def _input(ran: Ran) -> Iterator[Difference]:
    if ran.canned is not None and ran.canned.input is not None:
        for text in compare(ran.canned.input, ran.command.input, f"input of {ran.name}"):
            yield Difference(ran.canned.line, text)


def _errors(expected: Json, got: Json) -> Iterator[str]:
    """Each error that is expected is a part of a message, or some members of an error, in their order."""
    assert isinstance(expected, list)
    assert isinstance(got, list)
    for at in range(max(len(expected), len(got))):
        if at >= len(got):
            yield f"errors[{at}]: expected {_shown(expected[at])}, got {_NOTHING}"
        elif at >= len(expected):
            yield f"errors[{at}]: expected {_NOTHING}, got {_shown(got[at])}"
        else:
            yield from _error(expected[at], got[at], f"errors[{at}]")


def _error(expected: Json, got: Json, place: str) -> Iterator[str]:
    assert isinstance(got, dict)
    if isinstance(expected, str):
        if expected not in str(got.get("message")):
            yield f"{place}: expected a message with {_shown(expected)}, got {_shown(got.get('message'))}"
        return
    assert isinstance(expected, dict)
    for name, value in expected.items():
        if name not in got:
            yield f"{place}.{name}: expected {_shown(value)}, got {_NOTHING}"
        else:
            yield from compare(value, got[name], f"{place}.{name}")


def compare(expected: Json, got: Json, place: str) -> Iterator[str]:
    """One sentence for each part in which two values differ."""
    if isinstance(expected, dict) and isinstance(got, dict):
        for name in {**expected, **got}:
            inner = f"{place}.{name}"
            if name not in got:
                yield f"{inner}: expected {_shown(expected[name])}, got {_NOTHING}"
            elif name not in expected:
                yield f"{inner}: expected {_NOTHING}, got {_shown(got[name])}"
            else:
                yield from compare(expected[name], got[name], inner)
    elif isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        for at, (one, other) in enumerate(zip(expected, got, strict=True)):
            yield from compare(one, other, f"{place}[{at}]")
    elif expected != got or isinstance(expected, bool) != isinstance(got, bool):
        yield f"{place}: expected {_shown(expected)}, got {_shown(got)}"


def _shown(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
