"""A sub-workflow that was re-run by its own id stands alone; a path from its parent takes it back."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from orchestrion.errors import Refused
from orchestrion.operations import RerunRequest
from orchestrion.queries.executions import TaskView
from orchestrion.runtime.retention import Retention
from tests.matrix.stage import Stage
from tests.unit.actions.packs import add_workflow

KID = """\
version: 1.0
input: [n]
tasks:
  x: {action: core.local cmd='<% ctx(n) %>.x', next: [{when: <% succeeded() %>, do: y}]}
  y: {action: core.local cmd='<% ctx(n) %>.y'}
"""
ONE = """\
version: 1.0
tasks:
  kid: {action: own.kid n=0, next: [{when: <% succeeded() %>, do: after}]}
  after: {action: core.local cmd='after'}
"""
MANY = ONE.replace("own.kid n=0", "own.kid n=<% item() %>, with: '<% list(0, 1) %>'")
DEEP = "version: 1.0\ntasks:\n  middle: {action: own.middle}\n"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    add_workflow(tmp_path / "packs" / "own", "kid", KID, "parameters: {n: {type: integer}}\n")
    add_workflow(tmp_path / "packs" / "own", "middle", ONE)
    with closing(Stage(tmp_path)) as stage:
        yield stage


def rerun(
    stage: Stage, number: str, *tasks: str, ends: dict[str, int] | None = None
) -> tuple[str, list[str]]:
    """Re-run to the end; the new execution, and what has begun."""
    session, engine = stage.operator
    since = len(stage.begun)
    session.operations.plan(RerunRequest(number, tasks))
    new = session.operations.rerun(RerunRequest(number, tasks), engine).execution
    stage.rest(new, ends)
    stage.check_invariants()
    return new, [one.name for one in stage.begun[since:]]


def task(stage: Stage, *path: str) -> TaskView:
    """A task of the root, or of its sub-workflows."""
    tasks = stage.view(stage.root).tasks
    for name in path[:-1]:
        (within,) = [one for one in tasks if one.task == name]
        tasks = within.tasks
    (found,) = [one for one in tasks if one.task == path[-1]]
    return found


def alone(stage: Stage, text: str, *path: str, ends: dict[str, int] | None = None) -> str:
    """Start a workflow in which y fails, and re-run y there by the sub-workflow's own id."""
    stage.start(text)
    stage.rest(stage.root, {"0.y": 1, "1.y": 1})
    assert stage.status(stage.root) == "failed"
    number, begun = rerun(stage, task(stage, *path).attempts[0].id, "y", ends=ends)
    assert begun == ["0.y"]
    return number


def test_the_parent_takes_it_back_as_it_is_by_now_and_goes_on(stage: Stage) -> None:
    child = alone(stage, ONE, "kid")
    assert stage.status(stage.root) == "failed"
    new, begun = rerun(stage, stage.root, "kid/y")
    assert begun == ["0.y", "after"]
    assert stage.status(new) == "succeeded"
    assert stage.status(child) == "succeeded"
    assert stage.view(child).continued_by is not None
    assert stage.parent_of(stage.view(child).continued_by) == new


def test_it_can_stand_alone_again(stage: Stage) -> None:
    alone(stage, ONE, "kid")
    stage.root, _ = rerun(stage, stage.root, "kid/y", ends={"0.y": 1})
    assert stage.status(stage.root) == "failed"
    again, begun = rerun(stage, task(stage, "kid").attempts[0].id, "x")
    assert (stage.status(again), begun) == ("succeeded", ["0.x", "0.y"])
    stage.root, begun = rerun(stage, stage.root, "kid/x")
    assert (stage.status(stage.root), begun) == ("succeeded", ["0.x", "0.y", "after"])


def test_as_long_as_it_runs_alone_it_is_waited_for(stage: Stage) -> None:
    stage.start(ONE)
    stage.rest(stage.root, {"0.y": 1})
    session, engine = stage.operator
    child = session.operations.rerun(
        RerunRequest(task(stage, "kid").attempts[0].id, ("y",)), engine
    ).execution
    stage.work()
    with pytest.raises(Refused) as refusal:
        rerun(stage, stage.root, "kid/y")
    assert refusal.value.message == f"{stage.root}: kid is running in {child}: wait for its end."
    stage.rest(child)
    assert rerun(stage, stage.root, "kid/y")[1] == ["0.y", "after"]


def test_one_of_several_items(stage: Stage) -> None:
    stage.start(MANY)
    stage.rest(stage.root, {"0.y": 1, "1.y": 1})
    first, second = (one.id for one in task(stage, "kid").attempts)
    assert rerun(stage, second, "y")[1] == ["1.y"]
    assert rerun(stage, stage.root, "kid/y")[1] == ["0.y", "1.y", "after"]
    assert stage.parent_of(first) == stage.root


def test_the_answer_names_the_way_on_with_the_parent(stage: Stage) -> None:
    stage.start(MANY)
    stage.rest(stage.root, {"0.y": 1, "1.y": 1})
    second = task(stage, "kid").attempts[1].id
    session, engine = stage.operator
    (note,) = session.operations.rerun(RerunRequest(second, ("y",)), engine).notes
    assert note.endswith(f"To go on with the parent: re-run {stage.root} --tasks kid[1]/TASK")


def test_what_is_below_it_comes_along(stage: Stage) -> None:
    stage.start(DEEP)
    stage.rest(stage.root, {"0.y": 1})
    middle = task(stage, "middle").attempts[0].id
    assert rerun(stage, middle, "kid/y", ends={"0.y": 1})[1] == ["0.y"]
    new, begun = rerun(stage, stage.root, "middle/kid/y")
    assert (stage.status(new), begun) == ("succeeded", ["0.y", "after"])
    Retention(stage.operator.session.store).purge(stage.date + 1_000_000)
    left = {line.split()[2] for line in stage.content() if line.startswith("INSERT")}
    assert not left & {'"workflow"', '"execution"', '"attempt"', '"entry"', '"history"', '"operation"'}


def test_a_task_that_has_a_newer_one_keeps_that(stage: Stage) -> None:
    alone(stage, ONE, "kid")
    stage.root, begun = rerun(stage, stage.root, "kid", ends={"0.y": 1})
    assert begun == ["0.x", "0.y"]
    newer = task(stage, "kid").attempts[0].id
    stage.root, begun = rerun(stage, stage.root, "kid/y")
    assert (stage.status(stage.root), begun) == ("succeeded", ["0.y", "after"])
    assert stage.view(newer).continued_by is not None


def test_a_plan_is_another_one_once_it_has_moved(stage: Stage) -> None:
    alone(stage, ONE, "kid", ends={"0.y": 1})
    session, _ = stage.operator
    request = RerunRequest(stage.root, ("kid/y",))
    before = session.operations.plan(request).digest
    assert session.operations.plan(request).digest == before
    (row,) = [line for line in session.queries.executions(10) if line.rerun_of is not None]
    rerun(stage, row.id, "y")
    assert session.operations.plan(request).digest != before
