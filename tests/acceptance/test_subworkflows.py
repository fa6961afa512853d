"""The seed's operations on a parent with two sub-workflows, and on one of them: pause, resume, cancel."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrion.core.conductor import Decision
from orchestrion.core.events import CancelRequested, Event, PauseRequested, ResumeRequested, Started
from orchestrion.core.language import load_definition
from orchestrion.core.status import Status
from tests.conformance.player import Player
from tests.e2e.commands import Shell
from tests.unit.actions.packs import add_workflow

PARENT = """\
version: 1.0
tasks:
  left:
    action: own.child name="left"
    next: [{when: <% succeeded() %>, do: left_after}]
  right:
    action: own.child name="right"
    next: [{when: <% succeeded() %>, do: right_after}]
  left_after:
    action: core.local cmd="./act left_after"
  right_after:
    action: core.local cmd="./act right_after"
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
"""
ALL = [
    "left.first",
    "left.second",
    "left_after",
    "right.first",
    "right.second",
    "right_after",
]
FIRSTS = ["left.first", "right.first"]


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    shell = Shell(tmp_path)
    own = tmp_path / "packs" / "own"
    add_workflow(own, "parent", PARENT)
    add_workflow(own, "child", CHILD, "parameters: {name: {type: string}}\n")
    yield shell
    shell.close()


def statuses(view: dict[str, Any]) -> dict[str, str]:
    """The status of the parent and of its tasks' sub-workflows."""
    inner = {task["task"]: one["status"] for task in view["tasks"] for one in task["workflows"]}
    return {"parent": view["status"], **inner}


def child_of(view: dict[str, Any], name: str) -> str:
    return next(task["workflows"][0]["id"] for task in view["tasks"] if task["task"] == name)


class TestCommands:
    def test_pause_and_resume_the_parent(self, shell: Shell) -> None:
        gates = [shell.gate(name) for name in FIRSTS]
        running = shell.start("run", "own.parent")
        for gate in gates:
            gate.arrived()
        number = shell.newest()
        assert shell.run("execution", "pause", number).code == 0
        assert statuses(shell.get(number)) == {"parent": "pausing", "left": "pausing", "right": "pausing"}
        for gate in gates:
            gate.open()
        assert running.end().code == 5
        assert statuses(shell.get(number)) == {"parent": "paused", "left": "paused", "right": "paused"}
        assert sorted(shell.begun) == FIRSTS
        assert shell.run("execution", "resume", number).code == 0
        assert sorted(shell.begun) == ALL

    def test_pause_one_while_the_other_branch_starts_new_tasks(self, shell: Shell) -> None:
        left, right = (shell.gate(name) for name in FIRSTS)
        running = shell.start("run", "own.parent")
        left.arrived()
        right.arrived()
        view = shell.get(shell.newest())
        child = child_of(view, "left")
        assert shell.run("execution", "pause", child).code == 0
        assert statuses(shell.get(view["id"])) == {"parent": "running", "left": "pausing", "right": "running"}
        left.open()
        running.wait_for("left: paused")
        right.open()
        running.wait_for("right_after: succeeded")
        assert running.end().code == 5
        assert statuses(shell.get(view["id"])) == {"parent": "paused", "left": "paused", "right": "succeeded"}
        assert "left.second" not in shell.begun
        assert shell.run("execution", "resume", child).code == 0
        assert shell.get(view["id"])["status"] == "succeeded"
        assert sorted(shell.begun) == ALL

    def test_resume_one_under_a_paused_parent(self, shell: Shell) -> None:
        gates = [shell.gate(name) for name in FIRSTS]
        running = shell.start("run", "own.parent")
        for gate in gates:
            gate.arrived()
        view = shell.get(shell.newest())
        shell.run("execution", "pause", view["id"])
        for gate in gates:
            gate.open()
        running.end()
        assert shell.run("execution", "resume", child_of(view, "left")).code == 0
        assert statuses(shell.get(view["id"])) == {"parent": "paused", "left": "succeeded", "right": "paused"}
        assert sorted(shell.begun) == ["left.first", "left.second", "right.first"]
        assert shell.run("execution", "resume", view["id"]).code == 0
        assert sorted(shell.begun) == ALL

    @pytest.mark.parametrize("which", ["parent", "left"])
    def test_cancel_with_tasks_running(self, shell: Shell, which: str) -> None:
        gates = [shell.gate(name) for name in FIRSTS]
        running = shell.start("run", "own.parent")
        for gate in gates:
            gate.arrived()
        view = shell.get(shell.newest())
        number = view["id"] if which == "parent" else child_of(view, "left")
        assert shell.run("execution", "cancel", number).code == 0
        assert statuses(shell.get(view["id"])) == dict.fromkeys(("parent", "left", "right"), "canceling")
        for gate in gates:
            gate.open()
        assert running.end().code == 1
        assert statuses(shell.get(view["id"])) == dict.fromkeys(("parent", "left", "right"), "canceled")
        assert sorted(shell.begun) == sorted(shell.ended) == FIRSTS

    def test_a_rerun_goes_on_in_the_parent_or_stands_alone(self, shell: Shell) -> None:
        shell.fail("left.second")
        assert shell.run("run", "own.parent").code == 1
        view = shell.get(shell.newest())
        shell.mend()
        done = shell.run("execution", "re-run", child_of(view, "left"), "--tasks", "second")
        assert done.code == 0
        assert f"re-run {view['id']} --tasks left" in done.err
        assert shell.get(view["id"])["status"] == "failed"
        again = shell.json("execution", "re-run", view["id"], "--tasks", "left")
        assert again["status"] == "succeeded"
        assert shell.begun.count("left.first") == 2
        assert shell.begun.count("right.first") == shell.begun.count("right_after") == 1


class TestCore:
    """The parent alone: what its sub-workflows do is reported to it."""

    def test_pause_and_resume_the_parent(self) -> None:
        parent = Parent()
        assert parent.tell(PauseRequested()) == ("pausing", [])
        assert parent.report("left", "paused") == ("pausing", [])
        assert parent.report("right", "paused") == ("paused", [])
        assert parent.tell(ResumeRequested()) == ("resuming", [])
        assert parent.report("left", "running") == ("running", [])
        assert parent.report("right", "running") == ("running", [])
        assert parent.report("left", "succeeded") == ("running", ["left_after"])
        assert parent.report("right", "succeeded") == ("running", ["right_after"])
        parent.report("left_after", "succeeded")
        assert parent.report("right_after", "succeeded") == ("succeeded", [])

    def test_pause_one_while_the_other_branch_starts_new_tasks(self) -> None:
        parent = Parent()
        assert parent.report("left", "paused") == ("running", [])
        assert parent.report("right", "succeeded") == ("running", ["right_after"])
        assert parent.report("right_after", "succeeded") == ("paused", [])
        assert parent.report("left", "running") == ("running", [])
        assert parent.report("left", "succeeded") == ("running", ["left_after"])
        assert parent.report("left_after", "succeeded") == ("succeeded", [])

    def test_resume_one_under_a_paused_parent(self) -> None:
        parent = Parent()
        parent.tell(PauseRequested())
        parent.report("left", "paused")
        parent.report("right", "paused")
        assert parent.report("left", "running")[1] == []
        assert parent.report("left", "succeeded") == ("paused", [])
        status, begun = parent.tell(ResumeRequested())
        assert (status, begun) == ("running", ["left_after"])

    def test_cancel_with_tasks_running(self) -> None:
        parent = Parent()
        assert parent.tell(CancelRequested()) == ("canceling", [])
        assert parent.report("left", "canceled") == ("canceling", [])
        assert parent.report("right", "canceled") == ("canceled", [])


class Parent:
    """The parent in the core, with both sub-workflows running."""

    def __init__(self) -> None:
        self._player = Player(load_definition(PARENT))
        assert self.tell(Started({}, {})) == ("running", ["left", "right"])

    def tell(self, event: Event) -> tuple[str, list[str]]:
        """Conduct an event: the status after it, and the tasks that begin with it."""
        answer, listings = self._player.tell(event)
        assert isinstance(answer, Decision), answer
        return self._player.state.head.status, [listing.entry.task for listing in listings]

    def report(self, task: str, status: Status) -> tuple[str, list[str]]:
        """A task's sub-workflow or action reports."""
        return self.tell(self._player.report(task, 0, None, status, {}))
