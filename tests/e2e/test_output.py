"""What the commands print: valid JSON, plain text in pipes, a picture on a terminal, help for all."""

import json
import os
import pty
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from tests.e2e.commands import Shell

WORKFLOW = """\
version: 1.0
tasks:
  prepare:
    action: core.local cmd="./act prepare"
    next:
      - when: <% succeeded() %>
        do: build
  build:
    with: <% list(1, 2, 3) %>
    action: core.local cmd="./act build.<% item() %>"
output:
  - text: "\\e[31mred"
"""
COMMANDS = [
    ["run"],
    ["execution", "list"],
    ["execution", "get"],
    ["execution", "pause"],
    ["execution", "resume"],
    ["execution", "cancel"],
    ["execution", "re-run"],
    ["workflow", "inspect"],
    ["workflow", "graph"],
]


def on_a_terminal(shell: Shell, *words: str, **environment: str) -> str:
    """What a command writes to a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "orchestrion", *words],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        cwd=shell.folder,
        env={**shell.environment, "TERM": "xterm-256color", "LANG": "C.UTF-8", "COLUMNS": "80"} | environment,
    )
    os.close(theirs)
    written = b""
    try:
        while part := os.read(ours, 65536):
            written += part
    except OSError:  # the other end is closed: Linux says so with an error
        pass
    os.close(ours)
    process.wait()
    return written.decode()


@pytest.mark.parametrize("words", COMMANDS)
def test_help_of_every_command_has_an_example(shell: Shell, words: list[str]) -> None:
    done = shell.run(*words, "--help")
    assert (done.code, done.err) == (0, "")
    assert f"orchestrion {' '.join(words)} " in done.out.partition("example")[2]
    assert max(map(len, done.out.splitlines())) <= 100


@pytest.mark.parametrize("words", [[], ["execution"], ["workflow"]])
def test_help_of_groups(shell: Shell, words: list[str]) -> None:
    done = shell.run(*words, "--help")
    assert (done.code, done.err) == (0, "")
    assert all(f" {command[-1]} " in done.out for command in COMMANDS if command[:-1] == words)


def test_help_imports_neither_core_nor_store(shell: Shell) -> None:
    program = (
        "import sys; from orchestrion.cli.main import main; code = main(sys.argv[1:]); "
        "heavy = {'rich', 'yaml', 'sqlite3', 'yaql', 'jinja2', 'orchestrion.core'} & set(sys.modules); "
        "sys.exit(repr((code, heavy)) if code or heavy else 0)"
    )
    command = [sys.executable, "-c", program, "execution", "re-run", "--help"]
    done = subprocess.run(
        command, cwd=shell.folder, env=shell.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_shell_completes_commands_and_options(shell: Shell) -> None:
    line = "orchestrion execution re"
    completed = shell.folder / "completed"
    environment = {
        **shell.environment,
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(completed),
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
    }
    subprocess.run([sys.executable, "-m", "orchestrion"], cwd=shell.folder, env=environment, check=False)
    assert sorted(completed.read_text().split("\v")) == ["re-run", "resume"]


def test_version(shell: Shell) -> None:
    assert shell.run("--version").out.startswith("orchestrion 0.")


def test_a_line_for_each_change_in_a_pipe(shell: Shell) -> None:
    done = shell.run("run", shell.write("w.yaml", WORKFLOW))
    assert done.code == 0
    changes = [line.split("  ", 1)[1] for line in done.out.splitlines() if line[2:3] == ":"]
    assert changes[0] == "w.yaml: running"
    assert changes[-2:] == ["build: succeeded (3 of 3 items)", "w.yaml: succeeded"]
    assert changes.count("prepare: succeeded") == 1
    assert len(changes) == len(set(changes))


def test_no_control_code_in_a_pipe_or_without_colour(shell: Shell) -> None:
    name = shell.write("w.yaml", WORKFLOW)
    shell.fail("build.2")
    texts = [shell.run("run", name, TERM="xterm").out, on_a_terminal(shell, "run", name, NO_COLOR="1")]
    number = shell.newest()
    for words in (["get", number, "--attempts"], ["list"], ["re-run", number, "--tasks", "build", "--plan"]):
        texts.append(shell.run("execution", *words, TERM="xterm").out)
        texts.append(on_a_terminal(shell, "execution", *words, NO_COLOR="1"))
    for text in texts:
        assert text
        assert not {one for one in text if one < " "} - {"\n", "\r"}, repr(text)


@pytest.mark.parametrize("columns", ["40", "60", "80"])
def test_tables_fit_their_terminal(shell: Shell, columns: str) -> None:
    shell.run("run", shell.write("w.yaml", WORKFLOW), "--async")
    number = shell.newest()
    commands = [
        "execution list",
        f"execution history {number}",
        "limits",
        "pack list",
        "action list",
        "config",
    ]
    for text in commands:
        lines = on_a_terminal(shell, *text.split(), NO_COLOR="1", COLUMNS=columns).splitlines()
        assert lines
        assert max(map(len, lines)) <= int(columns), text
    assert number in on_a_terminal(shell, "execution", "list", NO_COLOR="1", COLUMNS=columns)


def test_on_a_terminal_the_tasks_are_drawn_in_place(shell: Shell) -> None:
    text = on_a_terminal(shell, "run", shell.write("w.yaml", WORKFLOW))
    assert "━" in text
    assert "3 of 3 items" in text
    assert "\x1b[?25h" in text  # the cursor is there again
    assert "\x1b[31mred" not in text


def test_run_as_json_is_one_document(shell: Shell) -> None:
    done = shell.run("run", shell.write("w.yaml", WORKFLOW), "-j")
    assert done.err == ""
    view = json.loads(done.out)
    assert (view["status"], view["engine"]) == ("succeeded", None)
    assert datetime.fromisoformat(view["started_at"]).utcoffset() is not None
    assert view["started_at"].endswith("Z")
    assert [task["task"] for task in view["tasks"]] == ["prepare", "build"]
    assert view["tasks"][1]["items"]["succeeded"] == 3


def test_every_document_is_json(shell: Shell) -> None:
    shell.fail("build.2")
    done = shell.run("run", shell.write("w.yaml", WORKFLOW), "-j")
    assert done.code == 1
    number = done.json["id"]
    assert shell.json("execution", "get", number, "--attempts")["tasks"][0]["attempts"][0]["result"]
    plan = shell.json("execution", "re-run", number, "--tasks", "build", "--no-reset", "build", "--plan")
    assert plan["restarts"] == [{"task": "build", "route": 0, "status": "failed", "items": [1]}]
    assert [one["task"] for one in plan["kept"]] == ["prepare"]
    whole = shell.json("execution", "re-run", number, "--plan")
    assert whole["action"] == "w.yaml"
    assert shell.json("workflow", "inspect", "w.yaml") == []
    assert shell.newest() == number  # plans change nothing


def test_what_failed_and_the_command_that_goes_on(shell: Shell) -> None:
    shell.fail("build.2")
    done = shell.run("run", shell.write("w.yaml", WORKFLOW), "--db", "my store.db")
    assert "build  build.2 was told to fail" in done.out
    number = shell.json("execution", "list", "--db", "my store.db")[0]["id"]
    command = f"orchestrion execution re-run {number} --tasks build --no-reset build --db 'my store.db'"
    assert command in done.out


@pytest.mark.parametrize(
    "kind, start", [("text", "prepare  (first"), ("mermaid", "flowchart"), ("dot", "digraph")]
)
def test_graphs(shell: Shell, kind: str, start: str) -> None:
    done = shell.run("workflow", "graph", shell.write("w.yaml", WORKFLOW), "--format", kind)
    assert done.code == 0
    assert done.out.startswith(start)
    assert "build" in done.out


def test_a_reader_that_has_seen_enough(shell: Shell) -> None:
    shell.write("w.yaml", WORKFLOW)
    program = f"{sys.executable} -m orchestrion run w.yaml | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", program],
        cwd=shell.folder,
        env=shell.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.endswith("\n0\n")
    assert done.stderr == ""
    assert shell.get(shell.newest())["status"] == "succeeded"


def test_a_bug_is_one_sentence_and_a_traceback_for_who_asks(shell: Shell) -> None:
    program = (
        "import sys; from orchestrion.cli import main, execution; execution.location_of = None; "
        "sys.exit(main.main(['execution', 'list']))"
    )
    for debug in ("", "1"):
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=shell.folder,
            env={**shell.environment, "ORCHESTRION_DEBUG": debug},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert "bug" in done.stderr
        assert ("Traceback" in done.stderr) == bool(debug)


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_output_that_cannot_be_written_is_told(shell: Shell, unbuffered: str) -> None:
    shell.run("run", "examples.hello")
    number = shell.newest()
    told: dict[str, tuple[int, str]] = {}
    for text in (
        "--help",
        "--version",
        "limits",
        "completion bash",
        "execution list -j",
        f"execution export {number}",
        f"execution get {number} -y",
    ):
        program = [sys.executable, "-m", "orchestrion", *text.split()]
        with Path("/dev/full").open("w", encoding="utf-8") as full:
            done = subprocess.run(
                program,
                cwd=shell.folder,
                env={**shell.environment, "PYTHONUNBUFFERED": unbuffered},
                stdout=full,
                stderr=subprocess.PIPE,
                check=False,
            )
        told[text] = (done.returncode, done.stderr.decode())
    expected = "orchestrion: The output could not be written: No space left on device.\n"
    assert told == dict.fromkeys(told, (1, expected))


def test_a_reader_of_an_export_may_have_seen_enough(shell: Shell) -> None:
    shell.run("run", "examples.hello")
    program = f"{sys.executable} -m orchestrion execution export {shell.newest()}; echo $? >&2"
    done = subprocess.run(
        ["/bin/sh", "-c", f"({program}) | true"],
        cwd=shell.folder,
        env={**shell.environment, "PYTHONUNBUFFERED": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == "0\n"


def test_a_command_whose_output_is_closed_does_its_work(shell: Shell) -> None:
    program = f"{sys.executable} -m orchestrion run examples.hello >&-"
    words = ["/bin/sh", "-c", program]
    done = subprocess.run(words, cwd=shell.folder, env=shell.environment, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert shell.get(shell.newest())["status"] == "succeeded"
