"""`execution tail`: what actions write is seen while they run, and afterwards."""

from tests.e2e.commands import Shell

TALKS = """\
version: 1.0
tasks:
  talks:
    action: core.local
    input:
      cmd: |
        cd FOLDER
        echo first
        echo complaint >&2
        read answer < gate-talks
        echo last
    next: [{do: short}]
  short:
    action: core.local cmd="echo at once"
"""
SECRET = """\
version: 1.0
tasks:
  talks:
    action: core.local
    input:
      cmd: |
        cd FOLDER
        printf 'it is {{ st2kv("system.password", decrypt=true) }}, and\\nso on\\n'
        read answer < gate-talks
"""


def start(shell: Shell, text: str) -> str:
    return shell.write("talks.yaml", text.replace("FOLDER", str(shell.folder)))


def test_what_a_workflow_writes_is_seen_while_it_runs_and_until_it_has_ended(shell: Shell) -> None:
    gate = shell.gate("talks")
    running = shell.start("run", start(shell, TALKS))
    gate.arrived()
    tail = shell.start("execution", "tail", shell.newest())
    assert tail.wait_for("first") == "talks | first\n"
    assert tail.wait_for_error("complaint") == "talks | complaint\n"
    gate.open()
    done = tail.end()
    assert done.code == 0
    assert done.out.splitlines() == ["talks | first", "talks | last", "short | at once"]
    assert running.end().code == 0


def test_an_action_that_has_ended_is_told_from_its_result_without_a_name(shell: Shell) -> None:
    gate = shell.gate("talks")
    running = shell.start("run", start(shell, TALKS))
    gate.open()
    assert running.end().code == 0
    tasks = shell.json("execution", "get", shell.newest(), "--attempts")["tasks"]
    number = tasks[1]["attempts"][0]["id"]
    assert shell.run("execution", "tail", number).out == "at once\n"


def test_looking_once_does_not_wait(shell: Shell) -> None:
    shell.run("run", "--async", start(shell, TALKS))
    done = shell.run("execution", "tail", shell.newest(), "--no-follow")
    assert (done.code, done.out) == (0, "")
    assert shell.run("execution", "tail", "none").code == 4


def test_secrets_are_stored_sealed_and_are_not_seen(shell: Shell) -> None:
    shell.run("key", "set", "password", "hunter2hunter2", "--encrypt")
    gate = shell.gate("talks")
    running = shell.start("run", start(shell, SECRET))
    gate.arrived()
    tail = shell.start("execution", "tail", shell.newest())
    assert tail.wait_for("it is") == "talks | it is ********, and\n"
    stored = b"".join(path.read_bytes() for path in shell.folder.glob("store.db*") if path.is_file())
    assert b"hunter2hunter2" not in stored
    gate.open()
    assert tail.end().code == 0
    assert running.end().code == 0


def test_what_a_lost_action_wrote_is_kept(shell: Shell) -> None:
    gate = shell.gate("talks")
    running = shell.start("run", start(shell, TALKS))
    gate.arrived()
    number = shell.newest()
    tail = shell.start("execution", "tail", number)
    tail.wait_for("first")
    running.kill()
    assert shell.run("execution", "resume", number).code == 0
    assert tail.end().code == 0
    tasks = shell.json("execution", "get", number, "--attempts")["tasks"]
    assert [one["status"] for one in tasks[0]["attempts"]] == ["abandoned"]
    assert shell.run("execution", "tail", number).out == "talks | first\nshort | at once\n"
