"""Inquiries: they hold the workflow, take an answer that fits, and end by it, by time or by cancellation."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.commands import Shell
from tests.unit.actions.packs import add_workflow, write_pack

ASK = """\
version: 1.0
tasks:
  one:
    action: own.ask
    next: [{when: <% succeeded() %>, publish: [{said: <% result().response.word %>}], do: after}]
  other:
    action: own.ask
  after:
    action: core.local cmd="./act <% ctx(said) %>"
"""
PARENT = """\
version: 1.0
tasks:
  child:
    action: own.asking
    next: [{when: <% succeeded() %>, do: last}]
  beside:
    action: core.local cmd="./act beside"
  last:
    action: core.local cmd="./act last"
"""


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    shell = Shell(tmp_path)
    own = tmp_path / "packs" / "own"
    schema = "{type: object, properties: {word: {type: string, required: true}}}"
    ask = f"name: ask\nrunner_type: inquirer\nparameters: {{schema: {{default: {schema}}}}}\n"
    private = "name: private\nrunner_type: inquirer\nparameters: {users: {default: [nobody]}}\n"
    write_pack(own, {"actions/ask.yaml": ask, "actions/private.yaml": private})
    add_workflow(own, "asking", "version: 1.0\ntasks:\n  q: {action: own.ask}\n")
    yield shell
    shell.close()


def asked(shell: Shell) -> dict[str, Any]:
    """The open inquiries by their tasks."""
    return {one["task"]: one for one in shell.json("inquiry", "list")}


def test_parallel_inquiries_hold_the_workflow_until_the_last_answer(shell: Shell) -> None:
    assert shell.run("run", shell.write("ask.yaml", ASK)).code == 5
    number = shell.newest()
    assert shell.get(number)["status"] == "paused"
    open_ones = asked(shell)
    assert set(open_ones) == {"one", "other"}
    done = shell.run("execution", "resume", number)
    assert "waits for an answer to: one, other" in done.err
    assert done.code == 5
    first = open_ones["one"]["id"]
    assert shell.run("inquiry", "respond", first, "word=hello").code == 5
    refused = shell.run("inquiry", "respond", first, "word=again")
    assert refused.code == 3
    assert "takes no answer any more: it is succeeded" in refused.err
    assert shell.ended == []
    assert shell.run("inquiry", "respond", open_ones["other"]["id"], "-r", '{"word": "x"}').code == 0
    assert shell.ended == ["hello"]
    assert shell.get(number)["status"] == "succeeded"


def test_an_answer_that_does_not_fit_is_refused_with_every_problem(shell: Shell) -> None:
    shell.run("run", shell.write("ask.yaml", ASK))
    first = asked(shell)["one"]["id"]
    done = shell.run("inquiry", "respond", first, "word=1")
    assert done.code == 2
    assert "1 is not of type 'string'" in done.err
    done = shell.run("inquiry", "respond", first)
    assert done.code == 2
    assert "'word' is a required property" in done.err
    assert shell.run("inquiry", "respond", first, "-r", "[1]").code == 2
    assert shell.run("inquiry", "respond", "nothing", "word=a").code == 4
    assert "word" in shell.run("inquiry", "get", first).out


def test_a_cancellation_cancels_inquiries(shell: Shell) -> None:
    shell.run("run", shell.write("ask.yaml", ASK))
    number = shell.newest()
    assert shell.run("execution", "cancel", number).code == 0
    assert shell.get(number)["status"] == "canceled"
    assert asked(shell) == {}


def test_only_those_who_are_asked_may_answer(shell: Shell) -> None:
    shell.run("run", shell.write("ask.yaml", "version: 1.0\ntasks:\n  q: {action: own.private}\n"))
    refused = shell.run("inquiry", "respond", asked(shell)["q"]["id"], "continue=true")
    assert refused.code == 3
    assert "may not answer" in refused.err


def test_an_inquiry_in_a_sub_workflow_holds_only_its_branch(shell: Shell) -> None:
    gate = shell.gate("beside")
    running = shell.start("run", shell.write("parent.yaml", PARENT))
    gate.arrived()
    inquiry = asked(shell)["q"]["id"]
    assert shell.get(shell.newest())["status"] == "running"
    gate.open()
    assert running.end().code == 5
    assert shell.run("inquiry", "respond", inquiry, "word=go").code == 0
    assert shell.ended == ["beside", "last"]
