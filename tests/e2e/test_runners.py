"""Each kind of action, from the command line to its end, with real servers."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.commands import Shell
from tests.servers.http_server import HttpServer
from tests.servers.ssh_server import SshServer, free_port
from tests.unit.actions.runners.collecting import wait_for_end


@pytest.fixture
def http() -> Iterator[HttpServer]:
    server = HttpServer()
    yield server
    server.close()


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    server = SshServer(tmp_path_factory.mktemp("sshd"))
    yield server
    server.close()


def results_of(shell: Shell, code: int, **tasks: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """Run a workflow of these tasks, each an action and its input; their results."""
    found = {name: {"action": action, "input": inputs} for name, (action, inputs) in tasks.items()}
    shell.write("some.yaml", json.dumps({"version": 1.0, "tasks": found}))
    done = shell.run("run", "some.yaml")
    assert done.code == code, done
    return {name: attempt["result"] for name, attempt in attempts(shell).items()}


def attempts(shell: Shell) -> dict[str, Any]:
    """What became of the actions of the newest execution, by task."""
    view = shell.json("execution", "get", shell.newest(), "--attempts")
    return {task["task"]: task["attempts"][0] for task in view["tasks"]}


def test_script_http_and_remote_actions(shell: Shell, http: HttpServer, sshd: SshServer) -> None:
    parameters = "parameters: {name: {type: string, position: 0}, loud: {type: boolean}}\n"
    actions = shell.folder / "packs" / "tools" / "actions"
    actions.mkdir(parents=True)
    (actions.parent / "pack.yaml").write_text("name: tools\n")
    for name, runner in (("here", "local-shell-script"), ("there", "remote-shell-script")):
        metadata = f"name: {name}\nrunner_type: {runner}\nentry_point: greet.sh\n"
        (actions / f"{name}.yaml").write_text(metadata + parameters)
    (actions / "greet.sh").write_text('#!/bin/bash\necho "$@"\n')
    greeting = {"name": "Ada", "loud": True}
    host = {"hosts": "127.0.0.1", "port": sshd.port, "private_key": str(sshd.key)}
    found = results_of(
        shell,
        0,
        here=("tools.here", greeting),
        there=("tools.there", greeting | host),
        command=("core.remote", {"cmd": "echo '[1]'", **host}),
        request=("core.http", {"url": http.says_json("/a", {"a": 1}), "method": "POST", "body": "x"}),
    )
    assert found["here"]["stdout"] == "--loud Ada"
    assert found["there"]["127.0.0.1"]["stdout"] == "--loud Ada"
    assert found["command"]["127.0.0.1"]["stdout"] == [1]
    request = found["request"]
    assert (request["status_code"], request["body"], request["parsed"]) == (200, {"a": 1}, True)


def test_core_uuid_and_pause(shell: Shell) -> None:
    found = results_of(
        shell,
        0,
        any=("core.uuid", {"uuid_type": "uuid4"}),
        timed=("core.uuid", {"uuid_type": "uuid1"}),
        pause=("core.pause", {"max_pause": 0}),
    )
    text = found["any"]["result"]
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", text)
    assert found["any"] == {"exit_code": 0, "result": text, "stdout": "", "stderr": ""}
    assert found["timed"]["result"][14] == "1"
    assert found["pause"] == {"exit_code": 0, "result": None, "stdout": "", "stderr": ""}


def test_what_fails_says_why(shell: Shell, http: HttpServer, sshd: SshServer) -> None:
    url = f"http://127.0.0.1:{free_port()}/"
    host = {"hosts": "127.0.0.1", "port": sshd.port, "private_key": str(sshd.key)}
    # One that waits for its environment does not begin any more once another one has failed.
    found = results_of(shell, 1, error=("core.error", {"message": "as asked"}))
    found |= results_of(shell, 1, kind=("core.uuid", {"uuid_type": "uuid7"}))
    found |= results_of(
        shell,
        1,
        exit=("core.remote", {"cmd": "exit 3", **host}),
        missing=("core.http", {"url": http.says("/b", "no", 404)}),
        refused=("core.http", {"url": url}),
        hosts=("core.remote", {"cmd": "true", "hosts": "a b"}),
        address=("core.http", {"url": "ftp://x"}),
    )
    assert found["error"]["result"] == "as asked"
    assert found["exit"]["127.0.0.1"]["return_code"] == 3
    assert found["missing"]["body"] == "no"
    assert found["refused"]["error"] == f"GET {url} failed: [Errno 111] Connection refused"
    assert "'uuid7' is not one of ['uuid1', 'uuid4']" in found["kind"]["error"]
    assert found["hosts"]["error"] == "The parameter hosts names 'a b', which is no host and no HOST:PORT."
    assert found["address"]["error"].startswith("The parameter url must be an address such as https://")


def test_cancel_of_a_remote_action_ends_it_on_its_host(shell: Shell, sshd: SshServer) -> None:
    gate = shell.gate("there")
    command = f"echo $BASHPID > {shell.folder}/pid; trap '' TERM HUP; read x < {gate.path}"
    host = {"hosts": "127.0.0.1", "port": sshd.port, "private_key": str(sshd.key)}
    task = {"action": "core.remote", "input": {"cmd": command, **host}}
    shell.write("one.yaml", json.dumps({"version": 1.0, "tasks": {"one": task}}))
    running = shell.start("run", "one.yaml")
    gate.arrived()
    assert shell.run("execution", "cancel", attempts(shell)["one"]["id"]).code == 0
    assert running.end().code == 1
    wait_for_end(int((shell.folder / "pid").read_text()))


def test_actions_and_workflows_are_told_where_the_api_is(shell: Shell) -> None:
    text = (
        "version: 1.0\ntasks:\n  t:\n    action: core.local cmd='printenv ST2_ACTION_API_URL'\n"
        "    next: [{publish: [{told: <% result().stdout %>}]}]\n"
        "output: [{told: <% ctx(told) %>}, {known: <% ctx(st2).api_url %>}]\n"
    )
    for setting in ("http://127.0.0.1:9101", "https://o.example.org/api"):
        assert shell.run("run", shell.write("told.yaml", text), ORCHESTRION_PUBLIC_URL=setting).code == 0
        told = shell.get(shell.newest())["result"]["output"]
        assert told == {"told": f"{setting}/v1", "known": f"{setting}/v1"}


def test_output_that_is_too_long_as_json_does_not_fill_the_store(shell: Shell) -> None:
    done = shell.run("run", "core.local", "cmd=echo first; head -c 60000000 /dev/zero")
    assert done.code == 1
    number = shell.newest()
    result = shell.get(number)["result"]
    assert result["stdout"].startswith("first\n\0\0")
    assert "as JSON it has 343.3 MiB, and at most 64 MiB are kept" in result["error"]
    assert sum(file.stat().st_size for file in shell.folder.glob("store.db*") if file.is_file()) < 10_000_000
