"""The seed's examples: re-runs of t1 -> t2 -> t3 and of t1 -> {t2, t3} -> t4, from every end."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.stages import CommandStage, CoreStage, Stage

CHAIN = """\
version: 1.0
vars: [{said: null}]
tasks:
  t1:
    action: core.local cmd="./act t1"
    next: [{when: <% succeeded() %>, do: t2}]
  t2:
    action: core.local cmd="./act t2"
    next: [{when: <% succeeded() %>, do: t3}]
  t3:
    action: core.local cmd="./act t3"
    next: [{when: <% succeeded() %>, publish: [{said: <% result().stdout %>}]}]
output: [{t3: <% ctx(said) %>}]
"""
ITEMS_CHAIN = """\
version: 1.0
vars: [{said: null}]
tasks:
  t1:
    action: core.local cmd="./act t1"
    next: [{when: <% succeeded() %>, do: t2}]
  t2:
    with: <% list(0, 1, 2) %>
    action: core.local cmd="./act t2.<% item() %>"
    next: [{when: <% succeeded() %>, publish: [{said: <% result().select($.stdout) %>}], do: t3}]
  t3:
    action: core.local cmd="./act t3"
output: [{t2: <% ctx(said) %>}]
"""
DIAMOND = """\
version: 1.0
vars: [{r2: null}, {r3: null}, {seen: null}]
tasks:
  t1:
    action: core.local cmd="./act t1"
    next: [{when: <% succeeded() %>, do: [t2, t3]}]
  t2:
    action: core.local cmd="./act t2"
    next: [{when: <% succeeded() %>, publish: [{r2: <% result().stdout %>}], do: t4}]
  t3:
    action: core.local cmd="./act t3"
    next: [{when: <% succeeded() %>, publish: [{r3: <% result().stdout %>}], do: t4}]
  t4:
    join: all
    action: core.local cmd="./act t4"
    next: [{when: <% succeeded() %>, publish: [{seen: "<% list(ctx(r2), ctx(r3)) %>"}]}]
output: [{t4: <% ctx(seen) %>}]
"""
ITEMS_DIAMOND = """\
version: 1.0
vars: [{r2: null}, {r3: null}, {seen: null}]
tasks:
  t1:
    action: core.local cmd="./act t1"
    next: [{when: <% succeeded() %>, do: [t2, t3]}]
  t2:
    with: <% list(0, 1, 2) %>
    action: core.local cmd="./act t2.<% item() %>"
    next: [{when: <% succeeded() %>, publish: [{r2: <% result().select($.stdout) %>}], do: t4}]
  t3:
    with: <% list(0, 1, 2) %>
    action: core.local cmd="./act t3.<% item() %>"
    next: [{when: <% succeeded() %>, publish: [{r3: <% result().select($.stdout) %>}], do: t4}]
  t4:
    join: all
    action: core.local cmd="./act t4"
    next: [{when: <% succeeded() %>, publish: [{seen: "<% list(ctx(r2), ctx(r3)) %>"}]}]
output: [{t4: <% ctx(seen) %>}]
"""
ITEMS_2 = ["t2.0", "t2.1", "t2.2"]
ITEMS_3 = ["t3.0", "t3.1", "t3.2"]
ENDS = ["failed", "canceled", "succeeded"]


@pytest.fixture(params=[CoreStage, CommandStage], ids=["core", "commands"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    stage = request.param(tmp_path)
    yield stage
    if isinstance(stage, CommandStage):
        stage.shell.close()


def prepare(stage: Stage, text: str, end: str, bad: list[str]) -> None:
    """Run a workflow to an end: `bad` have failed, unless it succeeds."""
    ended = stage.run(text, () if end == "succeeded" else bad, bad if end == "canceled" else ())
    assert ended.status == end
    expected = [name for name in ("t1", *bad) if name not in ended.begun]
    assert not expected, f"{expected} have not begun"


def results(names: list[str], runs: list[int]) -> list[str]:
    return [f"{name} run {run}" for name, run in zip(names, runs, strict=True)]


@pytest.mark.parametrize("end", ENDS)
class TestChain:
    @pytest.mark.parametrize("tasks", [["t2"], ["t2", "t2"]])
    def test_from_t2(self, stage: Stage, end: str, tasks: list[str]) -> None:
        prepare(stage, CHAIN, end, ["t2"])
        ended = stage.rerun(tasks)
        said = "t3 run 2" if end == "succeeded" else "t3 run 1"
        assert ended == ("succeeded", {"t3": said}, ["t2", "t3"])

    @pytest.mark.parametrize("tasks", [["t1", "t2"], ["t1"]])
    def test_from_t1_with_t2_downstream(self, stage: Stage, end: str, tasks: list[str]) -> None:
        prepare(stage, CHAIN, end, ["t2"])
        ended = stage.rerun(tasks)
        assert (ended.status, ended.begun) == ("succeeded", ["t1", "t2", "t3"])

    def test_again_and_again(self, stage: Stage, end: str) -> None:
        prepare(stage, CHAIN, end, ["t2"])
        stage.rerun(["t2"])
        assert stage.rerun(["t3"]).begun == ["t3"]
        assert stage.rerun(["t1"]).begun == ["t1", "t2", "t3"]

    def test_the_whole(self, stage: Stage, end: str) -> None:
        prepare(stage, CHAIN, end, ["t2"])
        ended = stage.whole_rerun()
        assert (ended.status, ended.begun) == ("succeeded", ["t1", "t2", "t3"])

    def test_no_reset_runs_what_did_not_succeed(self, stage: Stage, end: str) -> None:
        prepare(stage, ITEMS_CHAIN, end, ["t2.1"])
        ended = stage.rerun(["t2"], ["t2"])
        runs = [1, 1, 1] if end == "succeeded" else [1, 2, 1]
        rerun = ["t3"] if end == "succeeded" else ["t2.1", "t3"]
        assert ended == ("succeeded", {"t2": results(ITEMS_2, runs)}, rerun)

    def test_reset_runs_all_items(self, stage: Stage, end: str) -> None:
        prepare(stage, ITEMS_CHAIN, end, ["t2.1"])
        ended = stage.rerun(["t2"])
        assert ended == ("succeeded", {"t2": results(ITEMS_2, [2, 2, 2])}, [*ITEMS_2, "t3"])


@pytest.mark.parametrize("end", ["failed", "canceled"])
def test_a_task_that_never_ran(stage: Stage, end: str) -> None:
    prepare(stage, CHAIN, end, ["t2"])
    assert "t3" in stage.refused(["t3"])
    assert "t3" in stage.refused(["t2", "t3"])


@pytest.mark.parametrize("end", ENDS)
class TestDiamond:
    def test_from_both_branches(self, stage: Stage, end: str) -> None:
        prepare(stage, DIAMOND, end, ["t2", "t3"])
        ended = stage.rerun(["t2", "t3"])
        assert ended == ("succeeded", {"t4": ["t2 run 2", "t3 run 2"]}, ["t2", "t3", "t4"])

    def test_from_the_first_task(self, stage: Stage, end: str) -> None:
        prepare(stage, DIAMOND, end, ["t2", "t3"])
        ended = stage.rerun(["t1"])
        assert ended == ("succeeded", {"t4": ["t2 run 2", "t3 run 2"]}, ["t1", "t2", "t3", "t4"])

    def test_the_whole(self, stage: Stage, end: str) -> None:
        prepare(stage, DIAMOND, end, ["t2", "t3"])
        assert stage.whole_rerun().begun == ["t1", "t2", "t3", "t4"]

    def test_no_reset_of_both(self, stage: Stage, end: str) -> None:
        prepare(stage, ITEMS_DIAMOND, end, ["t2.1", "t3.1"])
        ended = stage.rerun(["t2", "t3"], ["t2", "t3"])
        runs = [1, 1, 1] if end == "succeeded" else [1, 2, 1]
        items = [] if end == "succeeded" else ["t2.1", "t3.1"]
        output = {"t4": [results(ITEMS_2, runs), results(ITEMS_3, runs)]}
        assert ended == ("succeeded", output, [*items, "t4"])

    def test_no_reset_of_one(self, stage: Stage, end: str) -> None:
        prepare(stage, ITEMS_DIAMOND, end, ["t2.1", "t3.1"])
        ended = stage.rerun(["t2", "t3"], ["t3"])
        runs = [1, 1, 1] if end == "succeeded" else [1, 2, 1]
        items = ITEMS_2 if end == "succeeded" else [*ITEMS_2, "t3.1"]
        output = {"t4": [results(ITEMS_2, [2, 2, 2]), results(ITEMS_3, runs)]}
        assert ended == ("succeeded", output, [*items, "t4"])

    def test_no_reset_downstream_of_a_request_resets(self, stage: Stage, end: str) -> None:
        prepare(stage, ITEMS_DIAMOND, end, ["t2.1", "t3.1"])
        ended = stage.rerun(["t1"], ["t2", "t3"])
        output = {"t4": [results(ITEMS_2, [2, 2, 2]), results(ITEMS_3, [2, 2, 2])]}
        assert ended == ("succeeded", output, ["t1", *ITEMS_2, *ITEMS_3, "t4"])


def test_one_branch_of_two_that_failed_does_not_suffice(stage: Stage) -> None:
    prepare(stage, DIAMOND, "failed", ["t2", "t3"])
    ended = stage.rerun(["t2"])
    assert (ended.status, ended.begun) == ("failed", ["t2"])
    assert stage.rerun(["t3"]).begun == ["t3", "t4"]
