"""What `serve` logs: executions at info, attempts at debug, each line with the execution that it concerns."""

import json
from typing import Any

from tests.e2e.commands import Running, Shell
from tests.e2e.test_services import stop

OUTER = """\
version: 1.0
tasks:
  greet:
    action: core.noop
    next: [{do: deep}]
  deep: {action: examples.hello}
"""

ONE = """\
version: 1.0
tasks:
  one:
    action: core.local cmd="./act one"
"""


def logged(shell: Shell, *words: str) -> tuple[str, list[dict[str, Any]]]:
    """The id of an execution that a service has run, and what it has logged meanwhile."""
    running: Running = shell.start("serve", "--port", "0", "--log-format", "json", *words)
    running.wait_for_error("Working for")
    assert shell.run("run", shell.write("outer.yaml", OUTER)).code == 0
    stop_lines = len(running.error_lines)
    number = shell.newest()
    running.process.terminate()
    done = running.end()
    assert done.code == 0
    return number, [json.loads(line) for line in done.err.splitlines()[stop_lines:]]


def test_executions_are_told_at_info_each_with_its_id(shell: Shell) -> None:
    number, lines = logged(shell)
    own = [line for line in lines if line.get("execution") == number]
    assert {line["level"] for line in lines} == {"info"}
    assert own[-1]["message"] == "outer.yaml: succeeded"
    inner = [line for line in lines if line.get("parent") == number]
    assert [line["message"] for line in inner] == [
        "deep (examples.hello): running",
        "deep (examples.hello): succeeded",
    ]


def test_attempts_are_told_at_debug(shell: Shell) -> None:
    number, lines = logged(shell, "--log-level", "debug")
    attempts = [
        line["message"] for line in lines if line["level"] == "debug" and line.get("parent") == number
    ]
    assert attempts[-2:] == ["greet (core.noop): running", "greet (core.noop): succeeded"]


def test_at_warning_nothing_is_told_of_what_goes_well(shell: Shell) -> None:
    gate = shell.gate("one")
    shell.run("run", "--async", shell.write("one.yaml", ONE))
    running = shell.start("serve", "--port", "0", "--no-auth", "--log-level", "warning")
    gate.arrived().open()
    running.process.terminate()
    assert running.end() == (0, "", "")


def test_lines_are_text_for_people_unless_json_is_wanted(shell: Shell) -> None:
    running = shell.start("serve", "--port", "0", ORCHESTRION_LOG_LEVEL="debug")
    running.wait_for_error("info    Working for")
    assert shell.run("run", shell.write("outer.yaml", OUTER)).code == 0
    running.wait_for_error(f"info    outer.yaml: succeeded execution={shell.newest()}")
    stop(running)
