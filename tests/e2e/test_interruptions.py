"""Ctrl-C once and twice, and engines that die: what ran ends or is given up, nothing runs twice."""

import os
import signal

import pytest

from tests.e2e.commands import Gate, Running, Shell

CHAIN = """\
version: 1.0
tasks:
  one:
    action: core.local cmd="./act one"
    next:
      - when: <% succeeded() %>
        do: two
  two:
    action: core.local cmd="./act two"
    next:
      - when: <% succeeded() %>
        do: three
  three:
    action: core.local cmd="./act three"
"""
REMEDIED = """\
version: 1.0
tasks:
  one:
    action: core.local cmd="./act one"
    next:
      - when: <% failed() %>
        do: repair
  repair:
    action: core.local cmd="./act repair"
"""


def started(shell: Shell, at: str = "two", text: str = CHAIN) -> tuple[Running, str, Gate]:
    """A run that waits in a task; its execution's id."""
    gate = shell.gate(at)
    running = shell.start("run", shell.write("chain.yaml", text))
    gate.arrived()
    return running, shell.newest(), gate


def killed(shell: Shell, at: str = "two", text: str = CHAIN) -> tuple[str, Gate]:
    """A run of which the engine is gone while a task runs."""
    running, number, gate = started(shell, at, text)
    running.kill()
    return number, gate


def test_the_first_ctrl_c_pauses_and_lets_end(shell: Shell) -> None:
    running, number, gate = started(shell)
    running.interrupt()
    running.wait_for("A pause is requested")
    running.wait_for("chain.yaml: pausing")
    gate.open()
    done = running.end()
    assert done.code == 5
    assert f"orchestrion execution resume {number}" in done.out
    assert shell.ended == ["one", "two"]
    assert shell.get(number)["status"] == "paused"
    assert shell.run("execution", "resume", number).code == 0
    assert shell.ended == ["one", "two", "three"]


def test_ctrl_c_in_the_last_task_leaves_nothing_but_the_end_to_do(shell: Shell) -> None:
    running, number, gate = started(shell, "three")
    running.interrupt()
    running.wait_for("A pause is requested")
    running.wait_for("chain.yaml: pausing")
    gate.open()
    assert running.end().code == 5
    assert shell.run("execution", "resume", number).code == 0
    assert shell.begun == ["one", "two", "three"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_request_to_terminate_is_as_ctrl_c(shell: Shell, number: signal.Signals) -> None:
    running, _, gate = started(shell)
    running.process.send_signal(number)
    running.wait_for("A pause is requested")
    running.wait_for("chain.yaml: pausing")
    gate.open()
    assert running.end().code == 5


def test_the_second_ctrl_c_leaves_at_once(shell: Shell) -> None:
    running, number, _gate = started(shell)
    running.interrupt()
    running.wait_for("A pause is requested")
    running.interrupt()
    done = running.end()
    assert done.code == 130
    assert f"orchestrion execution resume {number}" in done.err
    assert "Traceback" not in done.err
    assert shell.ended == ["one"]
    view = shell.get(number)
    assert view["engine"] is None
    assert view["status"] in {"running", "pausing"}  # the request may have been on its way
    assert shell.run("execution", "resume", number).code == 1
    assert shell.get(number)["status"] == "failed"
    assert shell.begun == ["one", "two"]


def test_ctrl_c_while_following_another_engine_pauses_it(shell: Shell) -> None:
    running, number, gate = started(shell)
    shell.run("execution", "pause", number)
    second = shell.start("execution", "resume", number)
    second.wait_for("two: running")
    second.interrupt()
    second.wait_for("A pause is requested")
    second.wait_for("chain.yaml: pausing")
    gate.open()
    assert second.end().code == 5
    assert running.end().code == 5
    assert shell.get(number)["status"] == "paused"


def test_who_follows_an_engine_that_is_killed_takes_over(shell: Shell) -> None:
    running, number, _gate = started(shell, "one", REMEDIED)
    shell.run("execution", "pause", number)
    second = shell.start("execution", "resume", number)
    second.wait_for("one: running")
    running.kill()
    done = second.end()
    assert done.code == 0
    assert "one: failed" in done.out
    assert shell.ended == ["repair"]


def test_an_execution_whose_engine_was_killed_says_so(shell: Shell) -> None:
    number, _ = killed(shell)
    view = shell.get(number)
    assert (view["status"], view["engine"]) == ("running", None)
    assert "running (no engine)" in shell.run("execution", "list").out
    text = shell.run("execution", "get", number).out
    assert "running (no engine)" in text
    assert f"orchestrion execution resume {number}" in text


def test_resume_after_kill_gives_up_what_ran_and_a_rerun_goes_on(shell: Shell) -> None:
    number, _ = killed(shell)
    done = shell.run("execution", "resume", number)
    assert done.code == 1
    assert "--tasks two" in done.out
    view = shell.json("execution", "get", number, "--attempts")
    assert view["status"] == "failed"
    assert [attempt["status"] for task in view["tasks"] for attempt in task["attempts"]] == [
        "succeeded",
        "abandoned",
    ]
    assert shell.ended == ["one"]
    (shell.folder / "gate-two").unlink()
    assert shell.run("execution", "re-run", number, "--tasks", "two").code == 0
    assert shell.ended == ["one", "two", "three"]


def test_the_processes_of_a_killed_engine_are_ended(shell: Shell) -> None:
    number, gate = killed(shell)
    shell.run("execution", "resume", number)
    with pytest.raises(OSError, match="No such device"):  # nobody stands at the gate any more
        os.open(gate.path, os.O_WRONLY | os.O_NONBLOCK)


def test_an_abandoned_task_follows_the_workflow_own_rules(shell: Shell) -> None:
    number, _ = killed(shell, "one", REMEDIED)
    assert shell.run("execution", "resume", number).code == 0
    assert shell.begun == ["one", "repair"]


def test_pause_after_kill_takes_over_and_ends(shell: Shell) -> None:
    number, _ = killed(shell, "one", REMEDIED)
    done = shell.run("execution", "pause", number)
    assert done.code == 0, done
    assert shell.get(number)["status"] == "paused"
    assert shell.begun == ["one"]
    assert shell.run("execution", "resume", number).code == 0
    assert shell.begun == ["one", "repair"]


def test_cancel_after_kill_takes_over_and_ends(shell: Shell) -> None:
    number, _ = killed(shell, "one", REMEDIED)
    done = shell.run("execution", "cancel", number)
    assert done.code == 0, done
    assert shell.get(number)["status"] == "canceled"
    assert shell.begun == ["one"]


def test_rerun_after_kill_is_refused_until_it_is_taken_over(shell: Shell) -> None:
    number, _ = killed(shell)
    done = shell.run("execution", "re-run", number, "--tasks", "two")
    assert done.code == 3
    assert number in done.err
    assert "Traceback" not in done.err
    assert shell.run("execution", "cancel", number).code in {0, 1}
    (shell.folder / "gate-two").unlink()
    assert shell.run("execution", "re-run", number, "--tasks", "two").code == 0
    assert shell.ended == ["one", "two", "three"]


def test_resume_of_a_canceling_execution_without_engine_only_takes_over(shell: Shell) -> None:
    running, number, _gate = started(shell)
    shell.run("execution", "cancel", number)
    running.kill()
    done = shell.run("execution", "resume", number)
    assert done.code == 1, done
    assert shell.get(number)["status"] == "canceled"
    assert shell.begun == ["one", "two"]


def test_an_engine_that_is_killed_again_and_again_runs_nothing_twice(shell: Shell) -> None:
    number, _ = killed(shell, "two", CHAIN.replace("when: <% succeeded() %>", "when: <% completed() %>"))
    gate = shell.gate("three")
    second = shell.start("execution", "resume", number)
    gate.arrived()
    second.kill()
    assert shell.run("execution", "resume", number).code == 1
    assert shell.begun == ["one", "two", "three"]
    assert shell.ended == ["one"]
