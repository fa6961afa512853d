"""Two terminals on one store: what one runs, the other operates, up to the end that it leads to."""

import json

from tests.e2e.commands import Shell

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
"""


def test_pause_from_another_terminal_and_resume(shell: Shell) -> None:
    gate = shell.gate("one")
    first = shell.start("run", shell.write("two.yaml", CHAIN))
    gate.arrived()
    number = shell.newest()
    pause = shell.run("execution", "pause", number)
    assert (pause.code, pause.out) == (0, f"{number}  pausing\n")
    gate.open()
    done = first.end()
    assert done.code == 5
    assert f"orchestrion execution resume {number}" in done.out
    assert shell.begun == ["one"]
    resumed = shell.run("execution", "resume", number)
    assert resumed.code == 0, resumed
    assert shell.begun == ["one", "two"]
    assert shell.get(number)["status"] == "succeeded"


def test_resume_while_pausing_undoes_the_pause(shell: Shell) -> None:
    gate = shell.gate("one")
    first = shell.start("run", shell.write("two.yaml", CHAIN))
    gate.arrived()
    number = shell.newest()
    assert shell.run("execution", "pause", number).code == 0
    second = shell.start("execution", "resume", number)
    second.wait_for("one: running")
    gate.open()
    assert (first.end().code, second.end().code) == (0, 0)
    assert shell.begun == ["one", "two"]


def test_cancel_from_another_terminal(shell: Shell) -> None:
    gate = shell.gate("one")
    first = shell.start("run", shell.write("two.yaml", CHAIN))
    gate.arrived()
    number = shell.newest()
    canceled = shell.run("execution", "cancel", number)
    assert (canceled.code, canceled.out) == (0, f"{number}  canceling\n")
    gate.open()
    assert first.end().code == 1
    assert shell.begun == shell.ended == ["one"]
    assert shell.get(number)["status"] == "canceled"


def test_cancel_of_a_paused_execution_needs_no_engine(shell: Shell) -> None:
    gate = shell.gate("one")
    first = shell.start("run", shell.write("two.yaml", CHAIN))
    gate.arrived()
    number = shell.newest()
    shell.run("execution", "pause", number)
    gate.open()
    first.end()
    assert shell.run("execution", "cancel", number).code == 0
    assert shell.get(number)["status"] == "canceled"
    assert shell.begun == ["one"]


def test_one_action_is_canceled_by_its_own_id(shell: Shell) -> None:
    gate = shell.gate("one")
    first = shell.start("run", shell.write("two.yaml", CHAIN))
    gate.arrived()
    view = shell.json("execution", "get", shell.newest(), "--attempts")
    attempt = view["tasks"][0]["attempts"][0]
    assert attempt["status"] == "running"
    assert shell.run("execution", "cancel", attempt["id"]).code == 0
    assert first.end().code == 1
    assert shell.get(view["id"])["status"] == "canceled"
    assert shell.ended == []


def test_an_execution_that_is_followed_from_a_second_terminal_ends_in_both(shell: Shell) -> None:
    gate = shell.gate("one")
    first = shell.start("run", shell.write("two.yaml", CHAIN))
    gate.arrived()
    second = shell.start("execution", "resume", shell.newest())
    done = second.end()
    assert done.code == 3
    assert "running" in done.err
    gate.open()
    assert first.end().code == 0


def test_async_records_only_and_resume_does_the_work(shell: Shell) -> None:
    done = shell.run("run", shell.write("two.yaml", CHAIN), "--async")
    assert done.code == 0
    assert "Nothing moves until an engine runs" in done.out
    number = done.out.split()[0]
    assert shell.begun == []
    view = shell.get(number)
    assert view["engine"] is None
    assert f"{view['status']} (no engine)" in shell.run("execution", "list").out
    assert shell.run("execution", "resume", number).code == 0
    assert shell.begun == ["one", "two"]


def test_rerun_async_and_then_resume(shell: Shell) -> None:
    shell.fail("two")
    assert shell.run("run", shell.write("two.yaml", CHAIN)).code == 1
    number = shell.newest()
    shell.mend()
    done = shell.run("execution", "re-run", number, "--tasks", "two", "--async", "-j")
    assert done.code == 0
    again = json.loads(done.out)
    assert again["re_run_of"] == number
    assert shell.begun == ["one", "two"]
    assert shell.run("execution", "resume", again["id"]).code == 0
    assert shell.begun == ["one", "two", "two"]


def test_the_list_is_complete_and_newest_first(shell: Shell) -> None:
    name = shell.write("two.yaml", CHAIN)
    numbers = [shell.json("run", name)["id"] for _ in range(3)]
    assert [one["id"] for one in shell.json("execution", "list")] == numbers[::-1]
    assert [one["id"] for one in shell.json("execution", "list", "-n", "2")] == numbers[:0:-1]
