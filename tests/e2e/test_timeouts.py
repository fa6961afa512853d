"""Timeouts with real processes: what is late is ended, with all that it has started."""

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.commands import Shell
from tests.unit.actions.packs import add_workflow

TASK = """\
version: 1.0
tasks:
  slow:
    action: core.local cmd="./act slow"
    timeout: 3
    next: [{when: <% failed() %>, do: instead}]
  instead:
    action: core.local cmd="./act instead"
"""
PARENT = """\
version: 1.0
timeout: 8
tasks:
  child: {action: own.child, next: [{do: after}]}
  after: {action: core.noop}
  later: {action: core.noop, delay: 600}
output:
  - done: false
"""
CHILD = 'version: 1.0\ntasks:\n  slow: {action: core.local cmd="./act slow"}\n'


def by_task(view: Any) -> dict[str, Any]:
    return {task["task"]: task for task in view["tasks"]}


def test_an_action_is_killed_by_the_timeout_of_its_task(shell: Shell) -> None:
    gate = shell.gate("slow")
    running = shell.start("run", shell.write("task.yaml", TASK))
    gate.arrived()
    assert running.end().code == 0
    with pytest.raises(BrokenPipeError):  # nobody stands at the gate any more
        gate.open()
    assert shell.ended == ["instead"]
    assert shell.json("execution", "list", "--status", "timeout") == []
    (attempt,) = by_task(shell.json("execution", "get", shell.newest(), "--attempts"))["slow"]["attempts"]
    assert (attempt["status"], attempt["result"]) == (
        "timeout",
        {"error": "Execution timed out after 3 seconds."},
    )


def test_the_timeout_of_a_workflow_ends_its_sub_workflow_and_what_that_runs(
    shell: Shell, tmp_path: Path
) -> None:
    add_workflow(tmp_path / "packs" / "own", "child", CHILD)
    gate = shell.gate("slow")
    running = shell.start("run", shell.write("parent.yaml", PARENT))
    gate.arrived()
    number = shell.newest()
    explanation, shown = shell.json("execution", "explain", number), shell.get(number)
    done = running.end()
    assert done.code == 1
    with pytest.raises(BrokenPipeError):
        gate.open()
    view = shell.get(number)
    assert (view["status"], view["result"]["output"]) == ("timeout", {"done": False})
    assert shown["timeout_at"] == explanation["timeout_at"] <= view["ended_at"]
    assert view["timeout_at"] is None
    assert view["result"]["errors"][0]["message"] == "The workflow execution timed out after 8 seconds."
    tasks = by_task(view)
    assert {name: task["status"] for name, task in tasks.items()} == {
        "child": "failed",
        "later": "not started",
    }
    assert tasks["child"]["workflows"][0]["status"] == "timeout"
    assert "timed out after 8 seconds" in done.out
    assert shell.run("doctor").code == 0
    again = shell.run("execution", "re-run", number, "--tasks", "child", "--plan")
    assert again.code == 0, again
