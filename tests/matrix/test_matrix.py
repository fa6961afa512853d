"""Every operation, in every status, to every kind of task: what it answers and where it leads (`table`)."""

import re
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from orchestrion.core.transitions import WORKFLOW
from orchestrion.errors import Refused
from orchestrion.runtime.worker import SLOTS
from tests.matrix.stage import Stage
from tests.matrix.table import REQUESTS, STANDINGS, Acceptance, Impossible, Kind, Refusal, Standing, kinds

RERUNS: Final = ("tasks", "no-reset", "items")

_ID: Final = re.compile(r"\b[0-9a-f]{24}\b")

PLAYED: Final = [
    pytest.param(kind, standing, id=f"{kind.name}-{standing.name}")
    for kind in kinds()
    for standing in kind.standings.values()
    if standing.is_possible
]


def bring(stage: Stage, kind: Kind, standing: Standing) -> None:
    """An execution with the task of a kind, brought to a standing."""
    stage.clear()
    if "busy" in standing.way:
        stage.fill()
    stage.start(kind.workflow)
    if kind.name == "child-own":
        stage.turn_to_child()
    for step in standing.way:
        take(stage, step)
    stage.leave()
    assert stage.status(stage.subject) == standing.status
    assert (standing.name == "failed-running") <= bool(stage.held)


def take(stage: Stage, step: str) -> None:
    match step.split():
        case ["ok", name]:
            stage.end(name, well=True)
        case ["fail", name]:
            stage.end(name, well=False)
        case ["time", seconds]:
            stage.wait(int(seconds))
        case ["answer"]:
            stage.answer(stage.root)
        case ["busy" | "narrow"]:
            pass  # said of the process, not of the execution
        case [request]:
            stage.ask(request, "")
            stage.work()
        case _:
            raise AssertionError(step)


def reasons(error: Refused) -> list[str]:
    """The message and every problem, without ids."""
    texts = [_ID.sub("ID", text) for text in (error.message, *error.problems)]
    return [texts[0].removeprefix("ID: "), *texts[1:]]


def check_refusal(stage: Stage, kind: Kind, request: str, expected: Refusal) -> None:
    """It is refused with every reason, its plan likewise, and nothing has changed in the store."""
    before = stage.content()
    with pytest.raises(Refused) as refusal:
        stage.ask(request, kind.task)
    found = [reasons(refusal.value)]
    if request in RERUNS:
        with pytest.raises(Refused) as refusal:
            stage.plan(request, kind.task)
        found.append(reasons(refusal.value))
    for texts in found:
        assert len(texts) == len(expected.texts), texts
        for text, start in zip(texts, expected.texts, strict=True):
            assert text.startswith(start), text
    assert stage.content() == before
    stage.work()
    assert stage.content() == before, "work was left over"


def check_acceptance(stage: Stage, kind: Kind, request: str, expected: Acceptance) -> None:
    """It is accepted; the statuses that it leads to, and what runs, are as expected."""
    with_parent = "(" in expected.end
    parent = stage.parent_of(stage.subject) if with_parent else None

    def shown(number: str) -> str:
        status = stage.status(number)
        return status if parent is None else f"{status} ({stage.status(parent)})"

    if request in RERUNS:
        before = stage.content()
        stage.plan(request, kind.task)
        assert stage.content() == before, "a plan changes nothing"
    old, since = stage.view(stage.subject), len(stage.begun)
    accepted = stage.ask(request, kind.task)
    number = accepted.execution
    answer = shown(number)
    assert answer.split()[0] == accepted.status
    if request == "whole":
        assert stage.view(stage.subject) == old
    failing = kind.fails if request in (*RERUNS, "whole") else {}
    stage.rest(number, failing)
    rest = shown(number)
    took = stage.help_on(number)
    found = Acceptance(answer, rest, tuple(took), shown(number), tuple(stage.runs(number, since)))
    expected = replace(expected, runs=tuple(sorted(expected.runs)))
    assert found == expected, f"{found}, not {expected}"
    stage.check_invariants()
    if request in RERUNS:
        check_old(stage, number, old.status)


def check_old(stage: Stage, new: str, status: str) -> None:
    """The old execution keeps its status, and refuses what the new one takes."""
    view = stage.view(stage.subject)
    assert (view.status, view.continued_by) == (status, new)
    for request in ("pause", "resume", "cancel"):
        with pytest.raises(Refused, match=f"continued by {new}. Give the command for {new}"):
            stage.ask(request, "")


@pytest.mark.parametrize("kind, standing", PLAYED)
def test_every_request_is_answered_as_the_table_says(kind: Kind, standing: Standing, tmp_path: Path) -> None:
    refusals = {name: cell for name, cell in standing.cells.items() if isinstance(cell, Refusal)}
    acceptances = {name: cell for name, cell in standing.cells.items() if isinstance(cell, Acceptance)}
    wrong: list[str] = []
    narrow = {"busy", "narrow"} & set(standing.way)
    with closing(Stage(tmp_path, slots=1 if narrow else SLOTS)) as stage:
        bring(stage, kind, standing)
        for request, cell in refusals.items():
            with noted(wrong, request):
                check_refusal(stage, kind, request, cell)
        for request, cell in acceptances.items():
            if request != next(iter(acceptances)):
                bring(stage, kind, standing)
            with noted(wrong, request):
                check_acceptance(stage, kind, request, cell)
    assert not wrong, "\n".join(wrong)


@contextmanager
def noted(wrong: list[str], request: str) -> Generator[None]:
    """One wrong answer does not hide the others."""
    try:
        yield
    except (AssertionError, pytest.fail.Exception, Refused) as error:
        wrong.append(f"{request}: {type(error).__name__}: {error}")


def test_the_table_is_total(evidence: Callable[[str], None]) -> None:
    """A cell for every kind, standing and request, and a reason for each moment that there is not."""
    counts: Counter[str] = Counter()
    for kind in kinds():
        assert list(kind.standings) == list(STANDINGS), kind.name
        for standing in kind.standings.values():
            assert list(standing.cells) == list(REQUESTS), (kind.name, standing.name)
            counts.update(type(cell).__name__ for cell in standing.cells.values())
            assert standing.is_possible or {*map(type, standing.cells.values())} == {Impossible}
    assert counts.total() == len(kinds()) * len(STANDINGS) * len(REQUESTS)
    told = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    evidence(f"matrix of the operations: {counts.total()} cells: {told}")


def test_every_status_of_a_workflow_has_a_standing() -> None:
    statuses = next(iter(WORKFLOW.values())).keys() - {"timeout"}  # which `test_timed_out` is about
    assert {standing.status for kind in kinds() for standing in kind.standings.values()} == statuses


def test_a_whole_rerun_is_the_same_in_every_status() -> None:
    """So that the documents need no table of it."""
    for kind in kinds():
        found = {standing.cells["whole"] for standing in kind.standings.values() if standing.is_possible}
        assert len(found) == 1, kind.name
