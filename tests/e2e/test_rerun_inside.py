"""Re-runs inside of sub-workflows, of chosen items, with other parameters; request ids."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.commands import Shell
from tests.unit.actions.packs import add_workflow

PARENT = """\
version: 1.0
tasks:
  before:
    action: core.local cmd="./act before"
    next: [{do: [left, right]}]
  left:
    action: own.child name="left"
    next: [{when: <% succeeded() %>, publish: [{out: <% result().output.said %>}], do: last}]
  right:
    action: own.child name="right"
    next: [{when: <% succeeded() %>, do: last}]
  last:
    join: all
    action: core.local cmd="./act last"
output: [{out: <% ctx(out) %>}]
"""
ROLLOUT = """\
version: 1.0
tasks:
  rollout:
    with: {items: "n in <% list(a, b, c) %>", concurrency: 1}
    action: own.child name=<% item(n) %>
    next: [{when: <% succeeded() %>, do: last}]
  last:
    action: core.local cmd="./act last"
"""
CHILD = """\
version: 1.0
input: [name]
tasks:
  first:
    action: core.local cmd="./act <% ctx(name) %>.first"
    next: [{when: <% succeeded() %>, do: second}]
  second:
    action: core.local cmd="./act <% ctx(name) %>.second"
    next: [{when: <% succeeded() %>, publish: [{said: <% result().stdout %>}]}]
output: [{said: <% ctx(said) %>}]
"""
GRAND = "version: 1.0\ntasks:\n  middle: {action: own.parent}\n"


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    shell = Shell(tmp_path)
    own = tmp_path / "packs" / "own"
    add_workflow(own, "child", CHILD, "parameters: {name: {type: string}}\n")
    for name, text in (("parent", PARENT), ("rollout", ROLLOUT), ("grand", GRAND)):
        add_workflow(own, name, text)
    yield shell
    shell.close()


def test_a_task_inside_of_a_sub_workflow_runs_again_and_the_parent_goes_on(shell: Shell) -> None:
    shell.fail("left.second")
    failed = shell.run("run", "own.parent")
    number = shell.newest()
    assert failed.code == 1
    assert f"re-run {number} --tasks left/second\n" in failed.out
    shell.mend()
    plan = shell.run("execution", "re-run", number, "--tasks", "left/second", "--plan")
    assert plan.code == 0
    assert "Inside of left" in plan.out
    done = shell.run("execution", "re-run", number, "--tasks", "left/second")
    assert done.code == 0, done
    assert shell.begun[-2:] == ["left.second", "last"]
    assert shell.begun.count("left.first") == shell.begun.count("right.first") == 1
    view = shell.get(shell.newest())
    assert view["status"] == "succeeded"
    assert view["result"]["output"] == {"out": "left.second run 2"}
    before = {task["task"]: task for task in shell.get(number)["tasks"]}
    after = {task["task"]: task for task in view["tasks"]}
    old, new = before["left"]["workflows"][0], after["left"]["workflows"][0]
    assert old["workflow_execution"] == new["workflow_execution"]
    assert old["status"] == "failed"
    assert old["continued_by"] == new["id"]
    assert new["parent"] == view["id"]
    assert after["right"]["kept"]


def test_names_inside_are_checked_and_told_at_once(shell: Shell) -> None:
    shell.fail("left.second")
    shell.run("run", "own.parent")
    words = ["execution", "re-run", shell.newest(), "--tasks"]
    done = shell.run(*words, "left/secnd", "before/x", "lft/second", "last")
    assert done.code == 3
    assert 'The task "left/secnd" never ran. Did you mean "left/second"?' in done.err
    assert "before has no sub-workflow" in done.err
    assert 'The task "lft/second" never ran.' in done.err
    assert 'The task "last" never ran.' in done.err
    done = shell.run(*words, "left", "left/second", "--plan")
    assert "left/second lies inside of left, which runs again from its beginning" in done.out


def test_two_levels_down(shell: Shell) -> None:
    shell.fail("right.second")
    assert shell.run("run", "own.grand").code == 1
    shell.mend()
    done = shell.run("execution", "re-run", shell.newest(), "--tasks", "middle/right/second")
    assert done.code == 0, done
    assert shell.begun[-2:] == ["right.second", "last"]
    assert shell.get(shell.newest())["status"] == "succeeded"


def test_the_child_of_one_item(shell: Shell) -> None:
    shell.fail("b.second")
    failed = shell.run("run", "own.rollout")
    assert failed.code == 1
    assert "c.first" not in shell.begun
    assert "--tasks 'rollout[1]/second'\n" in failed.out
    assert "    ✘ [1] second  failed" in shell.run("execution", "get", shell.newest()).out
    shell.mend()
    done = shell.run("execution", "re-run", shell.newest(), "--tasks", "rollout[1]/second")
    assert done.code == 0, done
    assert shell.begun.count("a.second") == shell.begun.count("b.first") == 1
    assert shell.begun.count("b.second") == 2
    assert shell.begun[-1] == "last"


def test_a_pause_of_a_child_is_explained_from_above(shell: Shell) -> None:
    gate = shell.gate("left.second")
    running = shell.start("run", "own.parent")
    gate.arrived()
    number = shell.newest()
    left = next(task for task in shell.get(number)["tasks"] if task["task"] == "left")
    child = left["workflows"][0]["id"]
    assert shell.run("execution", "pause", child, "--reason", "a look").code == 0
    gate.open()
    assert running.end().code == 5
    explained = shell.run("execution", "explain", number).out
    assert "A pause of left was requested by" in explained
    assert "(a look)" in explained
    assert f"orchestrion execution resume {child}" in explained

    assert shell.run("execution", "resume", child, "--async").code == 0
    explained = shell.json("execution", "explain", number)
    assert explained["reasons"] == ["No process works for it."]
    assert explained["remedies"] == [f"orchestrion execution resume {number}"]


def test_one_action_that_is_canceled_cancels_the_whole_tree(shell: Shell) -> None:
    gates = [shell.gate("left.first"), shell.gate("right.first")]
    running = shell.start("run", "own.parent")
    for gate in gates:
        gate.arrived()
    number = shell.newest()
    left = next(task for task in shell.get(number)["tasks"] if task["task"] == "left")
    child = shell.json("execution", "get", left["workflows"][0]["id"], "--attempts")
    done = shell.run("execution", "cancel", child["tasks"][0]["attempts"][0]["id"])
    assert done.code == 0
    assert f"Its whole tree is canceled, from {number} on." in done.err
    gates[1].open()
    assert running.end().code == 1
    assert shell.get(number)["status"] == "canceled"
    assert not {"left.second", "right.second", "last"} & {*shell.begun}


def test_every_child_in_which_the_task_ran(shell: Shell) -> None:
    assert shell.run("run", "own.rollout").code == 0
    done = shell.run("execution", "re-run", shell.newest(), "--tasks", "rollout/second")
    assert done.code == 0, done
    assert shell.begun.count("a.first") == 1
    assert [shell.begun.count(f"{name}.second") for name in "abc"] == [2, 2, 2]
    assert shell.begun.count("last") == 2


def test_chosen_items_run_again(shell: Shell) -> None:
    text = (
        "version: 1.0\ntasks:\n  t:\n    with: n in <% list(0, 1, 2, 3) %>\n"
        '    action: core.local cmd="./act item<% item(n) %>"\n'
    )
    assert shell.run("run", shell.write("items.yaml", text)).code == 0
    number = shell.newest()
    assert shell.run("execution", "re-run", number, "--items", "t=0,2-3").code == 0
    assert [shell.begun.count(f"item{n}") for n in range(4)] == [2, 1, 2, 2]
    done = shell.run("execution", "re-run", number, "--items", "t=9", "--no-reset", "t")
    assert done.code == 3
    assert shell.run("execution", "re-run", number, "--items", "t:1").code == 2


def test_a_whole_rerun_takes_other_parameters(shell: Shell) -> None:
    text = 'version: 1.0\ninput: [name]\ntasks:\n  t: {action: core.local cmd="./act <% ctx(name) %>"}\n'
    assert shell.run("run", shell.write("named.yaml", text), "name=one").code == 0
    number = shell.newest()
    assert shell.run("execution", "re-run", number, "name=two").code == 0
    assert shell.ended == ["one", "two"]
    assert shell.run("execution", "re-run", number, "nme=x").code == 2
    assert shell.run("execution", "re-run", number, "name=x", "--tasks", "t").code == 2


def test_a_request_that_comes_again_gets_the_first_answer(shell: Shell) -> None:
    text = 'version: 1.0\ntasks:\n  t: {action: core.local cmd="./act t"}\n'
    file = shell.write("one.yaml", text)
    assert shell.run("run", file, "--request-id", "r1").code == 0
    number = shell.newest()
    assert shell.run("run", file, "--request-id", "r1").code == 0
    assert shell.ended == ["t"]
    words = ("execution", "re-run", number, "--tasks", "t", "--reason", "a test", "--request-id", "r2")
    first = shell.json(*words)
    assert shell.json(*words)["id"] == first["id"]
    assert shell.ended == ["t", "t"]
    done = shell.run("execution", "re-run", number, "--request-id", "r2")
    assert done.code == 3
    assert "was used for another request" in done.err


def test_a_whole_rerun_of_a_sub_workflow_names_the_way_on_with_the_parent(shell: Shell) -> None:
    shell.fail("b.second")
    assert shell.run("run", "own.rollout").code == 1
    number = shell.newest()
    (rollout,) = shell.json("execution", "get", number, "--attempts", "-j")["tasks"]
    (child,) = [one["id"] for one in rollout["attempts"] if one["item"] == 1]
    shell.mend()
    done = shell.run("execution", "re-run", child)
    assert done.code == 0
    assert f"To go on with the parent: re-run {number} --items rollout=1" in done.err
    assert shell.run("execution", "re-run", number, "--items", "rollout=1").code == 0
