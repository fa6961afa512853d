"""What still runs inside of a sub-workflow that has failed is not run a second time beside itself."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from orchestrion.errors import Refused
from orchestrion.operations import RerunRequest
from tests.matrix.stage import Stage

ITEMS = "version: 1.0\ntasks:\n  it:\n    with: i in <% list(0, 1) %>\n    action: own.child\n"
BEHIND = """\
version: 1.0
tasks:
  before: {action: core.local cmd='before', next: [{when: <% succeeded() %>, do: outer}]}
  outer: {action: own.outer}
"""
STILL = "wait for it or end it first."


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with closing(Stage(tmp_path)) as stage:
        yield stage


def ask(stage: Stage, *tasks: str, items: tuple[int, ...] = ()) -> list[str]:
    """Re-run, or only plan it, and say what is wrong with that."""
    request = RerunRequest(stage.subject, tasks, (), {"it": items} if items else {})
    session, engine = stage.operator
    texts: list[str] = []
    for perform in (
        lambda: session.operations.plan(request),
        lambda: session.operations.rerun(request, engine),
    ):
        try:
            perform()
        except Refused as refusal:
            texts.append(" ".join(refusal.problems or (refusal.message.partition(": ")[2],)))
    assert len(texts) in {0, 2}
    assert texts[:1] == texts[1:]
    return texts[:1]


@pytest.fixture
def with_items(stage: Stage) -> Stage:
    """A task whose items are sub-workflows: both have failed, and task c of each still runs."""
    stage.start(ITEMS)
    for name, well in (("it.a", True), ("it.a", True), ("it.b", False), ("it.b", False)):
        stage.end(name, well=well)
    assert [one.name for one in stage.held] == ["it.c", "it.c"]
    assert stage.status(stage.subject) == "failed"
    return stage


def test_each_sub_workflow_that_would_start_anew_is_named(with_items: Stage) -> None:
    still = f'Task "c" (route 0) is still running: {STILL}'
    assert ask(with_items, "it") == [f"In it[0]: {still} In it[1]: {still}"]


def test_that_of_an_item_which_is_kept_is_let_be(with_items: Stage) -> None:
    assert ask(with_items, items=(1,)) == [f'In it[1]: Task "c" (route 0) is still running: {STILL}']
    with_items.end("it.c", well=True)  # of item 0
    assert ask(with_items, items=(0,)) == []


def test_a_sub_workflow_that_goes_on_lets_it_be(with_items: Stage) -> None:
    assert ask(with_items, "it[0]/b", "it[1]/b") == []
    with_items.rest(with_items.view(with_items.subject).continued_by)
    assert sorted(one.name for one in with_items.begun[4:]) == ["it.b", "it.b", "it.b", "it.b"]


def test_it_is_found_further_down_and_downstream_of_the_request(stage: Stage) -> None:
    stage.start(BEHIND)
    stage.end("before", well=True)
    stage.end("it.a", well=True)
    stage.end("it.b", well=False)
    assert ask(stage, "before") == [f'In outer/it: Task "c" (route 0) is still running: {STILL}']
    assert ask(stage, "outer/it") == [f'In outer/it: Task "c" (route 0) is still running: {STILL}']
    stage.end("it.c", well=True)
    assert ask(stage, "before") == []
