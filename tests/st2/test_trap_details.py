"""Where StackStorm's clients stumble (stackstorm-api 7), beside `test_traps`; each test names its traps."""

import socket
from typing import Any

import pytest

from tests.st2.library import Found
from tests.st2.site import Site
from tests.unit.actions.packs import write_pack

DELAYED = """\
version: 1.0
tasks:
  items:
    with: {items: "<% list(0, 1, 2) %>", concurrency: 2}
    delay: 1
    action: core.noop
"""
RETRIED = """\
version: 1.0
tasks:
  flaky:
    retry: {count: 5, delay: 0, when: <% failed() %>}
    action: core.local cmd="echo x >> FOLDER/tries; test $(wc -l < FOLDER/tries) -ge 3"
"""
GATED = """\
version: 1.0
tasks:
  items:
    with: {items: "<% list(0, 1, 2) %>", concurrency: 1}
    action: core.local cmd="./act item<% item() %>"
"""
SIBLINGS = """\
version: 1.0
tasks:
  a: {action: core.noop, next: [{do: [log, fail]}]}
  log: {action: core.local cmd="./act log"}
"""
EMPTY = """\
version: 1.0
tasks:
  none: {with: "<% list() %>", action: core.noop, next: [{publish: [{r: <% result() %>}], do: after}]}
  after: {action: core.noop}
output: [{r: <% ctx(r) %>}]
"""
WITHIN = "version: 1.0\ntasks:\n  below: {action: PACK.empty}\n"
STATE = """\
version: 1.0
tasks:
  a: {action: core.noop, next: [{do: b}]}
  b: {action: core.local cmd="test -e FOLDER/state"}
"""
INPUTS = """\
version: 1.0
input: [declared: one, {undeclared: two}]
tasks:
  t: {action: core.noop}
output: [{declared: <% ctx(declared) %>}, {undeclared: <% ctx(undeclared) %>}]
"""
KEYS = """\
version: 1.0
tasks:
  t: {action: core.noop}
output:
  - given: ["<% st2kv('system.none', default => null) %>", "<% st2kv('system.none', default => '') %>"]
  - mine: <% st2kv(mine) %>
  - dotted: <% ctx(value)['a.b'] %>
vars: [{value: {a.b: 1}}]
"""
TEXT = """\
version: 1.0
input: [said]
tasks:
  t: {action: core.echo message=<% ctx(said) %>, next: [{publish: [{out: <% result().stdout %>}]}]}
output: [{out: <% ctx(out) %>}]
"""
ACTION = """\
from st2common.runners.base_action import Action


class Told(Action):
    def run(self, **parameters):
        import os

        known = {name: os.environ[name] for name in ("ST2_ACTION_API_URL", "ST2_ACTION_PACK_NAME")}
        return True, {"parameters": parameters, "environment": known}
"""
TOLD = """\
name: told
runner_type: python-script
entry_point: told.py
parameters: {a: {type: string}, b: {type: integer, default: 2}}
"""


def output_of(site: Site, action: str, **parameters: Any) -> Any:
    ended = site.library.run(action, **parameters)
    assert ended["status"] == "succeeded", ended
    return ended["result"]["output"]


def items(found: list[Found]) -> list[int]:
    return [one["context"]["orquesta"]["item_id"] for one in found]


def test_a_delay_shows_in_the_first_items_only(site: Site) -> None:
    """Traps 15 and 17: children wait visibly; items that have not begun are not there."""
    st2 = site.library
    started = st2.start(site.add("delayed", DELAYED))
    waiting = st2.wait_tasks(started, "items", "delayed", 2)
    assert items(waiting) == [0, 1]
    ended = st2.wait(started)
    found = st2.tasks(ended)
    assert items(found) == [0, 1, 2]
    assert ["delayed" in [one["status"] for one in each["log"]] for each in found][2] is False


def test_a_delay_of_the_api_counts_in_milliseconds(site: Site) -> None:
    """Trap 15."""
    body = {"action": "core.noop", "delay": 300}
    number = site.http.post("/executions", json=body).json()
    ended = site.library.wait(number)
    assert ended["status"] == "succeeded"


def test_attempts_are_children_of_their_own(site: Site) -> None:
    """Trap 16."""
    ended = site.library.run(site.add("retried", RETRIED.replace("FOLDER", str(site.shell.folder))))
    assert ended["status"] == "succeeded"
    attempts = site.library.tasks(ended, "flaky")
    assert [one["status"] for one in attempts] == ["failed", "failed", "succeeded"]
    assert ended["children"] == [one["id"] for one in attempts]


def test_items_are_there_once_they_begin(site: Site) -> None:
    """Traps 13 and 17."""
    st2 = site.library
    gates = [site.shell.gate(f"item{number}") for number in range(3)]
    started = st2.start(site.add("gated", GATED))
    for number, gate in enumerate(gates):
        gate.arrived()
        assert items(st2.tasks(started)) == [*range(number + 1)]
        assert st2.get(started)["status"] == "running"
        gate.open()
    assert st2.wait(started)["status"] == "succeeded"


def test_a_cancelled_workflow_lets_its_commands_end(site: Site) -> None:
    """Trap 14; and a late result changes nothing of an action that is canceled itself."""
    st2, gate = site.library, site.shell.gate("item0")
    started = st2.start(site.add("gated", GATED))
    gate.arrived()
    st2.cancel(started)
    (child,) = st2.tasks(started)
    assert (st2.get(started)["status"], child["status"]) == ("canceling", "running")
    gate.open()
    assert st2.wait(started)["status"] == "canceled"
    assert st2.get(child)["status"] == "succeeded"
    assert site.shell.ended == ["item0"]


def test_what_stands_beside_fail_still_runs(site: Site) -> None:
    """Trap 18."""
    st2 = site.library
    ended = st2.run(site.add("siblings", SIBLINGS))
    assert ended["status"] == "failed"
    assert [error["task_id"] for error in ended["result"]["errors"]] == ["fail"]
    st2.wait(st2.tasks(ended, "log")[0], "succeeded")
    assert site.shell.ended == ["log"]


def test_commands_see_the_machine(site: Site) -> None:
    """Traps 19 and 20: bash, the shell's expansions, the caller's files, and its tools."""
    st2 = site.library
    assert st2.run("core.echo", message="a $((1 + 1)) `echo b` \\n")["result"]["stdout"] == "a 2 b \\n"
    file = site.shell.folder / "touched"
    shown = st2.run("core.local", cmd=f"touch {file}; cat {file}; sleep 0.1; echo $0 | grep -c bash")
    assert (file.exists(), shown["result"]["stdout"]) == (True, 1)


def test_python_actions_have_their_base_class(site: Site) -> None:
    """Trap 21; parameters that are not given are null; the environment says where the API is."""
    files = {"actions/told.yaml": TOLD, "actions/told.py": ACTION}
    write_pack(site.pack, files)
    shown = site.library.run(site.ref("told"))["result"]
    environment = {"ST2_ACTION_API_URL": "http://127.0.0.1:9101/v1", "ST2_ACTION_PACK_NAME": site.pack.name}
    assert shown["result"] == {"parameters": {"a": None, "b": 2}, "environment": environment}
    assert (shown["exit_code"], shown["stdout"]) == (0, "")


@pytest.mark.parametrize("text", ["{{ 1 + 1 }}", "<% 1 + 1 %>", "{% raw %}", "{{ st2kv.system.x }}"])
def test_data_is_never_code(site: Site, text: str) -> None:
    """Traps 22 and 24."""
    action = site.add("text", TEXT, "parameters: {said: {type: string}}\n")
    assert output_of(site, action, said=text) == {"out": text}


def test_inputs_that_are_not_given(site: Site) -> None:
    """Trap 24: what the action declares is null, what it does not has the workflow's default."""
    action = site.add("inputs", INPUTS, "parameters: {declared: {type: string}}\n")
    assert output_of(site, action) == {"declared": None, "undeclared": "two"}


@pytest.mark.parametrize("concurrency", ["<% 0 %>", "<% -1 %>", "<% null %>"])
def test_a_concurrency_of_nothing_does_not_stall(site: Site, concurrency: str) -> None:
    """Trap 24."""
    text = DELAYED.replace("concurrency: 2", f'concurrency: "{concurrency}"').replace("    delay: 1\n", "")
    ended = site.library.run(site.add("few", text))
    assert (ended["status"], len(ended["children"])) == ("succeeded", 3)


def test_keys_and_dots(site: Site) -> None:
    """Traps 23, 24 and 29: null and "" are given defaults; a bare key is the user's; dots are data."""
    site.library.call("keys.update", id="mine", name="mine", value="my own", scope="user", secret=False)
    found = output_of(site, site.add("keys", KEYS))
    assert found == {"given": [None, ""], "mine": "my own", "dotted": 1}
    site.http.delete("/keys/mine", params={"scope": "user"})


def test_no_items_are_no_executions(site: Site) -> None:
    """Trap 25, in a sub-workflow, too."""
    empty = site.add("empty", EMPTY)
    ended = site.library.run(empty)
    assert ended["result"] == {"output": {"r": []}}
    assert [one["context"]["orquesta"]["task_name"] for one in site.library.tasks(ended)] == ["after"]
    within = site.library.run(site.add("within", WITHIN.replace("PACK", site.pack.name)))
    assert within["status"] == "succeeded"
    assert len(site.library.call("executions.get_children", within["id"])) == 2


def test_a_rerun_has_its_own_children(site: Site) -> None:
    """Trap 28."""
    st2, folder = site.library, site.shell.folder
    text = STATE.replace("FOLDER", str(folder))
    first = st2.run(site.add("state", text))
    assert first["status"] == "failed"
    (folder / "state").touch()
    again = st2.wait(st2.rerun(first, ["b"]))
    assert (again["status"], again["result"]) == ("succeeded", {"output": None})
    assert [one["context"]["orquesta"]["task_name"] for one in st2.tasks(again)] == ["b"]
    assert st2.tasks(again)[0]["parent"] == again["id"]
    assert again["context"]["workflow_execution"] == first["context"]["workflow_execution"]
    kept = st2.get(first)
    assert (kept["status"], kept["children"]) == ("failed", first["children"])


def test_one_id_for_an_inquiry_and_its_execution(site: Site) -> None:
    """Trap 30."""
    st2 = site.library
    started = st2.start("core.ask")
    assert st2.wait(started, "pending")["liveaction"]["id"] == started["id"]
    assert st2.call("inquiries.get_by_id", started["id"])["id"] == started["id"]
    assert st2.respond(started, {"continue": True})["response"] == {"continue": True}
    ended = st2.wait(started)
    assert (ended["status"], ended["result"]["response"]) == ("succeeded", {"continue": True})


def test_answers_are_strict_json(site: Site) -> None:
    """Trap 32: what a command writes may be neither UTF-8 nor of 64 bits."""
    for written in (r"printf '\xff\xfe'", "echo NaN", "echo 123456789012345678901234", r"printf '\ud800'"):
        shown = site.library.run("core.local", cmd=written)
        assert shown["status"] == "succeeded"
        assert isinstance(shown["result"]["stdout"], str)


def test_connections_are_cheap(site: Site) -> None:
    """Trap 33: each request may come on its own connection, which the server closes when it is asked to."""
    host, _, port = site.server.addresses["api"].removeprefix("http://").partition("/")[0].partition(":")
    path = site.server.addresses["api"].removeprefix(f"http://{host}:{port}")
    for _ in range(200):
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            request = f"GET {path}/v1/runnertypes/noop HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
            connection.sendall(request.encode())
            answer = b""
            while data := connection.recv(65536):
                answer += data
        assert answer.startswith(b"HTTP/1.1 200 OK")
