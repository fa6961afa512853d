"""Looking at executions: lists, parts of documents, histories, explanations."""

import json
import re
from typing import Any

import pytest
import yaml

from tests.e2e.commands import Shell
from tests.e2e.test_interruptions import CHAIN

CHILD = """\
version: 1.0
tasks:
  inner:
    action: core.local cmd="./act inner"
"""
MANY = """\
version: 1.0
vars:
  - names: [a, b, c]
tasks:
  left:
    action: core.local cmd="FOLDER/act left"
    next: [{do: meet}]
  right:
    action: core.local cmd="FOLDER/act right"
    next: [{do: meet}]
  items:
    with: {items: x in <% ctx().names %>, concurrency: 1}
    action: core.local cmd="FOLDER/act item"
  later:
    action: core.noop
    delay: 3600
  meet:
    join: all
    action: core.noop
"""


def write(shell: Shell, name: str, text: str) -> str:
    return shell.write(name, text.replace("FOLDER", str(shell.folder)))


ONE_LEFT = """\
version: 1.0
tasks:
  late:
    action: core.local cmd="./act late"
  items:
    with:
      items: <% list(1, 2) %>
      concurrency: 1
    action: core.local cmd="./act item"
    next:
      - do: bad
  bad:
    action: core.local cmd="./act bad"
"""


def waits(document: Any) -> dict[str, Any]:
    return {one["task"]: one for one in document["waits"]}


def test_the_history_tells_changes_and_requests_in_their_order(shell: Shell) -> None:
    gate = shell.gate("two")
    running = shell.start("run", shell.write("chain.yaml", CHAIN))
    gate.arrived()
    number = shell.newest()
    assert shell.run("execution", "pause", number, "--reason", "a look").code == 0
    gate.open()
    assert running.end().code == 5
    assert shell.run("execution", "resume", number).code == 0

    history = shell.json("execution", "history", number)["history"]

    requests = [(one["kind"], one["reason"]) for one in history if one["what"] == "request"]
    assert requests == [("start", None), ("pause", "a look"), ("resume", None)]
    own = [one["status"] for one in history if one["what"] == "status" and one["task"] is None]
    assert own == ["scheduled", "running", "pausing", "paused", "resuming", "running", "succeeded"]
    assert [one["at"] for one in history] == sorted(one["at"] for one in history)
    at = next(place for place, one in enumerate(history) if one.get("kind") == "pause")
    assert history[at + 1]["status"] == "pausing"
    assert all(one["at"].endswith("Z") for one in history)
    shown = shell.run("execution", "history", number).out
    assert re.search(r"[+-]\d\d:\d\d  pause +accepted +by \w+: a look", shown)


def test_an_explanation_names_owners_timers_slots_and_missing_sources(shell: Shell) -> None:
    left, item = shell.gate("left"), shell.gate("item")
    running = shell.start("run", write(shell, "many.yaml", MANY))
    left.arrived()
    item.arrived()
    running.wait_for("right: succeeded")
    number = shell.newest()

    document = shell.json("execution", "explain", number)

    assert document["engine"]["alive"]
    assert document["engine"]["pid"] == running.process.pid
    found = waits(document)
    assert found["left"]["waits_for"] == "runs"
    assert found["left"]["until"] is not None  # the timeout of core.local
    assert found["later"]["waits_for"] == "timer"
    assert found["items"]["why"] == "2 items of it wait for its only slot, taken by 0"
    assert found["meet"]["why"] == "the join needs 2 of 2, has right, waits for left"
    assert shell.run("execution", "cancel", number).code == 0
    document = shell.json("execution", "explain", number)
    assert document["status"] == "canceling"
    assert f"orchestrion execution cancel {waits(document)['left']['execution']}" in document["remedies"]
    left.open()
    item.open()
    assert running.end().code == 1
    assert shell.json("execution", "explain", number)["reasons"] == ["It is over: canceled."]


def test_an_explanation_counts_one_as_one(shell: Shell) -> None:
    gate, item = shell.gate("late"), shell.gate("item")
    shell.fail("bad")
    running = shell.start("run", shell.write("one.yaml", ONE_LEFT))
    gate.arrived()
    item.arrived()
    number = shell.newest()
    assert waits(shell.json("execution", "explain", number))["items"]["why"] == (
        "1 item of it waits for its only slot, taken by 0"
    )
    item.open()
    running.wait_for("one.yaml: failed")
    assert shell.json("execution", "explain", number)["reasons"] == [
        "It is over: failed. 1 action of it still runs."
    ]
    gate.open()
    running.end()


def test_an_explanation_tells_that_nobody_works_for_it_and_why_it_is_held(shell: Shell) -> None:
    shell.run("run", "--async", shell.write("chain.yaml", CHAIN))
    number = shell.newest()
    document = shell.json("execution", "explain", number)
    assert document["reasons"] == ["No process works for it."]
    assert document["remedies"] == [f"orchestrion execution resume {number}"]
    assert waits(document)["one"]["waits_for"] == "queued"
    gate = shell.gate("one")
    running = shell.start("execution", "resume", number)
    gate.arrived()
    shell.run("execution", "pause", number, "--reason", "lunch")
    gate.open()
    assert running.end().code == 5
    document = shell.json("execution", "explain", number)
    assert re.fullmatch(r"A pause was requested by \w+ \(lunch\)\.", document["reasons"][0])
    assert waits(document)["two"]["waits_for"] == "held"
    assert shell.run("execution", "pause", number, "--reason", "again").code == 0  # it is paused already
    assert shell.json("execution", "explain", number) == document
    gate = shell.gate("two")
    running = shell.start("execution", "resume", number)
    gate.arrived()
    shell.run("execution", "pause", number, "--reason", "dinner")
    shell.run("execution", "pause", number, "--reason", "tea")
    found = shell.json("execution", "history", number)["history"]
    assert [one["reason"] for one in found if one["what"] == "request"][-2:] == ["dinner", "tea"]
    gate.open()
    assert running.end().code == 5
    reason = shell.json("execution", "explain", number)["reasons"][0]
    assert reason == document["reasons"][0].replace("lunch", "dinner")


def test_an_explanation_goes_down_to_the_inquiry_in_a_sub_workflow(shell: Shell) -> None:
    actions = shell.folder / "packs" / "own" / "actions"
    actions.mkdir(parents=True)
    (actions.parent / "pack.yaml").write_text("name: own\n")
    (actions / "child.yaml").write_text("name: child\nrunner_type: orquesta\nentry_point: child.wf\n")
    (actions / "child.wf").write_text("version: 1.0\ntasks:\n  asks: {action: core.ask ttl=60}\n")
    parent = "version: 1.0\ntasks:\n  above: {action: own.child}\n"
    assert shell.run("run", shell.write("parent.yaml", parent)).code == 5
    document = shell.json("execution", "explain", shell.newest())
    found = {tuple(one["path"]): one for one in document["waits"]}
    assert found[()]["why"] == "it waits for its sub-workflow, which is paused"
    inquiry = found["above",]
    assert (inquiry["task"], inquiry["waits_for"]) == ("asks", "inquiry")
    assert inquiry["remedy"] == f"orchestrion inquiry get {inquiry['execution']}"
    assert inquiry["until"] is not None
    assert document["reasons"] == ["1 sub-workflow below it is paused."]


def test_an_explanation_tells_that_an_attempt_is_lost(shell: Shell) -> None:
    gate = shell.gate("one")
    running = shell.start("run", shell.write("chain.yaml", CHAIN))
    gate.arrived()
    running.kill()
    document = shell.json("execution", "explain", shell.newest())
    assert document["engine"]["alive"] is False
    assert "is gone" in document["reasons"][0]
    assert waits(document)["one"]["waits_for"] == "lost"
    assert shell.run("doctor", "--mend").code == 0


def test_the_list_is_filtered(shell: Shell) -> None:
    shell.run("run", "examples.hello", "name=you")
    shell.fail("one")
    shell.run("run", shell.write("chain.yaml", CHAIN))

    def listed(*words: str) -> list[str]:
        return [one["status"] for one in shell.json("execution", "list", *words)]

    assert listed() == ["failed", "succeeded"]
    assert listed("--status", "failed", "canceled") == ["failed"]
    assert listed("--action", "examples.*") == ["succeeded"]
    assert listed("--since", "1h") == ["failed", "succeeded"]
    assert listed("--since", "2100-01-01") == []
    assert "no such executions" in shell.run("execution", "list", "--status", "paused").out
    assert shell.run("execution", "list", "--since", "soon").code == 2


def test_parts_of_documents_and_yaml(shell: Shell) -> None:
    shell.run("run", "examples.hello", "name=you")
    number = shell.newest()
    document = shell.get(number)
    assert yaml.safe_load(shell.run("execution", "get", number, "-y").out) == document
    assert shell.json("execution", "get", number, "-a", "status", "tasks.0.status") == {
        "status": "succeeded",
        "tasks.0.status": "succeeded",
    }
    assert (
        shell.run("execution", "get", number, "-k", "output").out
        == json.dumps(document["result"]["output"], ensure_ascii=False) + "\n"
    )
    assert shell.run("execution", "get", number, "-k", "nothing").code == 4
    listed = shell.run("execution", "list", "-a", "id", "status").out.split()
    assert listed == ["ID", "STATUS", number, "succeeded"]


def test_several_ids_are_done_each_by_itself(shell: Shell) -> None:
    for _ in range(2):
        shell.run("run", "--async", shell.write("chain.yaml", CHAIN))
    first, second = (one["id"] for one in shell.json("execution", "list"))
    assert [one["id"] for one in shell.json("execution", "get", first, second)] == [first, second]
    done = shell.run("execution", "get", first, "none", second, "-j")
    assert done.code == 4
    assert [one["id"] for one in done.json] == [first, second]
    assert 'There is no execution "none"' in done.err
    done = shell.run("execution", "cancel", first, second, "-j")
    assert [one["status"] for one in done.json] == ["canceled", "canceled"]
    assert shell.run("execution", "cancel", first, second, "--request-id", "x").code == 2


def test_several_are_resumed_together(shell: Shell) -> None:
    for _ in range(2):
        shell.run("run", "--async", shell.write("chain.yaml", CHAIN))
    first, second = (one["id"] for one in shell.json("execution", "list"))
    done = shell.run("execution", "resume", first, second, "-j")
    assert done.code == 0, done
    assert [one["status"] for one in done.json] == ["succeeded", "succeeded"]


@pytest.mark.parametrize("command", ["get", "history", "explain"])
def test_an_action_is_looked_at_by_its_own_id(shell: Shell, command: str) -> None:
    shell.run("run", shell.write("chain.yaml", CHAIN))
    tasks = shell.json("execution", "get", shell.newest(), "--attempts")["tasks"]
    number = tasks[0]["attempts"][0]["id"]
    document = shell.json("execution", command, number)
    assert document.get("execution", document.get("id")) == number
    if command == "history":
        assert [one["status"] for one in document["history"]] == ["scheduled", "running", "succeeded"]
