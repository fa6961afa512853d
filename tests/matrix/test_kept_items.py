"""Re-runs inside of the sub-workflows of items that an earlier re-run has kept."""

from collections.abc import Iterator
from contextlib import closing
from io import StringIO
from itertools import permutations
from pathlib import Path

import pytest

from orchestrion.cli.render.executions import next_command
from orchestrion.cli.render.output import Output
from orchestrion.cli.render.progress import Lines
from orchestrion.errors import Refused
from orchestrion.operations import RerunPlan, RerunRequest
from tests.matrix.stage import Stage
from tests.unit.actions.packs import add_workflow

KIDS = """\
version: 1.0
tasks:
  kids:
    with: {items: "i in <% list(0, 1, 2) %>"}
    action: own.kid n=<% item(i) %>
"""
ONE_BY_ONE = KIDS.replace('"}', '", concurrency: 1}')
KID = """\
version: 1.0
input: [n]
tasks:
  x: {action: core.local cmd='<% ctx(n) %>.x', next: [{when: <% succeeded() %>, do: y}]}
  y: {action: core.local cmd='<% ctx(n) %>.y'}
"""
BESIDE = "version: 1.0\ntasks:\n  it:\n    with: i in <% list(0, 1) %>\n    action: own.child\n"
EVERY_Y = {"0.y": 1, "1.y": 1, "2.y": 1}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    add_workflow(tmp_path / "packs" / "own", "kid", KID, "parameters: {n: {type: integer}}\n")
    add_workflow(tmp_path / "packs" / "own", "kids", ONE_BY_ONE)
    with closing(Stage(tmp_path)) as stage:
        yield stage


def started(stage: Stage, text: str = KIDS) -> Stage:
    """The sub-workflows of three items: x has run in all of them, and y has failed."""
    stage.start(text)
    stage.rest(stage.subject, EVERY_Y)
    assert stage.status(stage.subject) == "failed"
    return stage


def rerun(
    stage: Stage,
    *tasks: str,
    no_reset: tuple[str, ...] = (),
    items: tuple[int, ...] = (),
    ends: dict[str, int] | None = None,
) -> list[str]:
    """Re-run to the end, and say what has begun. What the plan says of sub-workflows has happened in them."""
    request = RerunRequest(stage.subject, tasks, no_reset, {"kids": items} if items else {})
    session, engine = stage.operator
    since = len(stage.begun)
    plan = session.operations.plan(request)
    stage.subject = session.operations.rerun(request, engine).execution
    stage.rest(stage.subject, ends)
    stage.check_invariants()
    begun = sorted(one.name for one in stage.begun[since:])
    inside = {
        f"{path[5:-1]}.{one.task}"
        for path, below in plan.below.items()
        if path.startswith("kids[")
        for one in below.plan.restarts
    }
    assert ends or inside <= {*begun}
    return begun


def planned(stage: Stage, *tasks: str) -> RerunPlan:
    session, _ = stage.operator
    return session.operations.plan(RerunRequest(stage.subject, tasks))


def shown(stage: Stage) -> list[tuple[int, str, list[tuple[str, bool]]]]:
    """The items that have sub-workflows, as an operator sees them: each task, and whether it is kept."""
    (kids,) = stage.view(stage.subject).tasks
    return [
        (one.item, one.status, [(task.task, task.kept_from is not None) for task in one.tasks])
        for one in sorted(kids.workflows, key=lambda one: one.item)
    ]


def hint(stage: Stage) -> str:
    found = next_command(stage.view(stage.subject))
    return "" if found is None else found[1].partition("--tasks ")[2]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_one_item_after_the_other(stage: Stage, order: tuple[int, ...]) -> None:
    started(stage)
    first, second, third = order
    assert rerun(stage, f"kids[{first}]/y") == [f"{first}.y"]
    left = [f"'kids[{item}]/y'" for item in sorted((second, third))]
    assert hint(stage) == " ".join(left)
    assert [(item, status) for item, status, _ in shown(stage)] == [
        (item, "succeeded" if item == first else "failed") for item in range(3)
    ]
    assert rerun(stage, f"kids[{second}]/y") == [f"{second}.y"]
    assert rerun(stage, f"kids[{third}]/y") == [f"{third}.y"]
    assert stage.status(stage.subject) == "succeeded"
    last = {third: [("x", True), ("y", False)]}
    assert [one for one in shown(stage) if one[0] == third] == [(third, "succeeded", last[third])]
    assert [status for _, status, _ in shown(stage)] == ["succeeded"] * 3


def test_without_an_item_it_is_every_one_of_them(stage: Stage) -> None:
    started(stage)
    assert rerun(stage, "kids[1]/y") == ["1.y"]
    assert rerun(stage, "kids/y") == ["0.y", "1.y", "2.y"]
    assert stage.status(stage.subject) == "succeeded"
    assert rerun(stage, "kids/x") == ["0.x", "0.y", "1.x", "1.y", "2.x", "2.y"]


def test_the_progress_tells_nothing_of_those_that_are_kept(stage: Stage) -> None:
    started(stage)
    rerun(stage, "kids[1]/y")
    told = StringIO()
    Lines(Output(told)).show(stage.view(stage.subject))
    assert [line.split()[1] for line in told.getvalue().splitlines()] == ["kids[1]/y:", "kids:", "test.wf:"]


def test_after_chosen_items_and_without_reset(stage: Stage) -> None:
    started(stage)
    assert rerun(stage, items=(0,)) == ["0.x", "0.y"]
    assert rerun(stage, "kids[2]/y", ends={"2.y": 1}) == ["2.y"]
    assert rerun(stage, "kids", no_reset=("kids",), ends={"1.y": 1}) == ["1.x", "1.y", "2.x", "2.y"]
    assert rerun(stage, "kids/y", ends={"0.y": 1}) == ["0.y", "1.y", "2.y"]
    assert rerun(stage, "kids[0]/y", "kids[2]/x") == ["0.y", "2.x", "2.y"]
    assert stage.status(stage.subject) == "succeeded"


def test_an_item_that_has_run_anew_is_its_new_sub_workflow(stage: Stage) -> None:
    started(stage)
    rerun(stage, items=(0,), ends={"0.x": 1})
    rerun(stage, "kids[1]/y")
    with pytest.raises(Refused, match=r'The task "kids\[0\]/y" never ran'):
        rerun(stage, "kids[0]/y")
    assert rerun(stage, "kids[0]/x") == ["0.x", "0.y"]


def test_those_that_have_had_no_slot_yet_are_still_there(stage: Stage) -> None:
    started(stage, ONE_BY_ONE)
    assert rerun(stage, items=(1, 2)) == ["1.x", "1.y", "2.x", "2.y"]
    assert rerun(stage, "kids/y", ends={"0.y": 1}) == ["0.y"]
    assert rerun(stage, "kids/y") == ["0.y", "1.y", "2.y"]


def test_those_that_have_had_no_slot_yet_go_on_inside_when_another_item_is_re_run(stage: Stage) -> None:
    started(stage, ONE_BY_ONE)
    rerun(stage, items=(1, 2))
    assert rerun(stage, "kids/y", ends={"0.y": 1}) == ["0.y"]
    plan = planned(stage, "kids[0]/y")
    assert plan.notes == (
        "kids[1] has waited to go on inside since an earlier re-run, and does so.",
        "kids[2] has waited to go on inside since an earlier re-run, and does so.",
    )
    assert rerun(stage, "kids[0]/y", ends={"0.y": 1}) == ["0.y"]
    assert rerun(stage, "kids[0]/y", "kids[1]/x") == ["0.y", "1.x", "1.y", "2.y"]


@pytest.mark.parametrize(
    "tasks, no_reset, items, second",
    [
        (("kids",), ("kids",), (), ["1.x", "1.y"]),
        (("kids",), (), (), ["1.x", "1.y"]),
        ((), (), (0, 2), ["1.y"]),
    ],
)
def test_what_is_asked_of_them_later_counts(
    stage: Stage, tasks: tuple[str, ...], no_reset: tuple[str, ...], items: tuple[int, ...], second: list[str]
) -> None:
    started(stage, ONE_BY_ONE)
    rerun(stage, items=(1, 2))
    assert rerun(stage, "kids/y", ends={"0.y": 1}) == ["0.y"]
    begun = rerun(stage, *tasks, no_reset=no_reset, items=items)
    assert begun == ["0.x", "0.y", *second, "2.x", "2.y"]


def test_a_level_further_down_the_later_request_counts(stage: Stage) -> None:
    stage.start("version: 1.0\ntasks:\n  middle: {action: own.kids}\n")
    stage.rest(stage.subject)
    assert rerun(stage, "middle/kids/y", ends={"0.y": 1}) == ["0.y"]
    begun = rerun(stage, "middle/kids[0]/y", "middle/kids[1]/x", "middle/kids[2]/y")
    assert begun == ["0.y", "1.x", "1.y", "2.y"]


def test_what_still_runs_inside_of_a_kept_item_is_not_run_beside_itself(stage: Stage) -> None:
    stage.start(BESIDE)
    for name, well in (("it.a", True), ("it.a", True), ("it.b", False), ("it.b", False)):
        stage.end(name, well=well)
    session, engine = stage.operator
    stage.subject = session.operations.rerun(RerunRequest(stage.subject, ("it[0]/b",)), engine).execution
    stage.work()
    stage.end("it.b", well=False)
    assert [one.name for one in stage.held] == ["it.c", "it.c"]
    with pytest.raises(Refused) as caught:
        session.operations.rerun(RerunRequest(stage.subject, ("it",)), engine)
    assert [problem.partition(":")[0] for problem in caught.value.problems] == ["In it[0]", "In it[1]"]
