"""`doctor`: what nothing would ever end is found and mended, and a store that is in use is healthy."""

import os
import sqlite3
from contextlib import closing

import pytest

from tests.e2e.commands import Shell
from tests.e2e.test_interruptions import CHAIN, REMEDIED
from tests.e2e.test_looking import MANY, write


def damage(shell: Shell, *statements: str) -> None:
    with closing(sqlite3.connect(shell.folder / "store.db")) as connection, connection:
        for statement in statements:
            assert connection.execute(statement).rowcount == 1, statement


def problems(shell: Shell) -> list[tuple[str, bool]]:
    done = shell.run("doctor", "-j")
    assert done.code == (0 if done.json["healthy"] else 1)
    return [(one["text"], one["mendable"]) for one in done.json["findings"] if not one["note"]]


def held(shell: Shell) -> str:
    """An execution that is paused before its second task."""
    gate = shell.gate("one")
    running = shell.start("run", shell.write("chain.yaml", CHAIN))
    gate.arrived()
    number = shell.newest()
    shell.run("execution", "pause", number)
    gate.open()
    assert running.end().code == 5
    return number


def test_what_runs_is_healthy(shell: Shell) -> None:
    left, item = shell.gate("left"), shell.gate("item")
    running = shell.start("run", write(shell, "many.yaml", MANY))
    left.arrived()
    item.arrived()
    assert problems(shell) == []
    assert shell.run("execution", "cancel", shell.newest()).code == 0
    assert problems(shell) == []
    left.open()
    item.open()
    running.end()
    done = shell.run("doctor")
    assert (done.code, "healthy. SQLite 3." in done.out) == (0, True)


def test_what_has_run_leaves_no_process_behind(shell: Shell) -> None:
    shell.run("run", "examples.hello", "name=you")
    assert problems(shell) == []


def test_what_waits_for_an_engine_is_only_noted(shell: Shell) -> None:
    shell.run("run", "--async", shell.write("chain.yaml", CHAIN))
    done = shell.run("doctor")
    assert done.code == 0
    assert done.out.startswith(f"note     engine {shell.newest()} is scheduled, and no process works for it")


def test_what_a_dead_process_left_is_given_up_and_ended(shell: Shell) -> None:
    gate = shell.gate("one")
    running = shell.start("run", shell.write("remedied.yaml", REMEDIED))
    gate.arrived()
    running.kill()
    [(text, mendable)] = problems(shell)
    assert text.startswith("has died, and what it has left (attempts: 1, executions: 1) nobody")
    assert mendable

    done = shell.run("doctor", "--mend")

    assert done.code == 0
    assert done.out.startswith("mended   process ")
    with pytest.raises(OSError, match="No such device"):  # nobody stands at the gate any more
        os.open(gate.path, os.O_WRONLY | os.O_NONBLOCK)
    assert shell.run("execution", "resume", shell.newest()).code == 0
    assert "repair" in shell.ended


def test_what_was_taken_over_is_no_problem_any_more(shell: Shell) -> None:
    gate = shell.gate("one")
    running = shell.start("run", shell.write("remedied.yaml", REMEDIED))
    gate.arrived()
    running.kill()
    assert shell.run("execution", "resume", shell.newest()).code == 0
    assert problems(shell) == []


def test_a_task_that_nothing_would_end_is_abandoned(shell: Shell) -> None:
    shell.run("run", "--async", shell.write("chain.yaml", CHAIN))
    number = shell.newest()
    damage(shell, "DELETE FROM attempt")
    assert [text for text, _ in problems(shell)] == [
        "waits for the end of one, and nothing would bring it",
        "(core.local) shows requested, and nothing would end it",
    ]
    assert shell.run("doctor", "-y").code == 0
    view = shell.json("execution", "get", number, "--attempts")
    assert (view["status"], view["tasks"][0]["status"]) == ("failed", "abandoned")
    assert [one["status"] for one in view["tasks"][0]["attempts"]] == ["abandoned"]
    assert shell.run("execution", "re-run", number, "--tasks", "one").code == 0


def test_an_attempt_whose_task_is_over_goes(shell: Shell) -> None:
    shell.run("run", "examples.hello", "name=you")
    damage(
        shell,
        "INSERT INTO attempt (execution, workflow, root, entry, item, number, due_at, repeatable) "
        "SELECT id, of_workflow, of_workflow, entry, item, attempt, 0, 0 FROM execution WHERE entry = 0",
    )
    assert problems(shell) == [("is still at work or waits, and its task is over", True)]
    assert shell.run("doctor", "--mend").code == 0
    assert problems(shell) == []


@pytest.mark.parametrize(
    "statement,text",
    [
        (
            "UPDATE execution SET status = 'running' WHERE workflow IS NOT NULL",
            "shows running, and its workflow is paused",
        ),
        ("UPDATE workflow SET status = 'running'", "is listed as running, and is paused"),
    ],
)
def test_statuses_that_disagree_are_made_to_agree(shell: Shell, statement: str, text: str) -> None:
    number = held(shell)
    damage(shell, statement)
    assert text in [found for found, _ in problems(shell)]
    assert shell.run("doctor", "--mend").code == 0
    assert shell.get(number)["status"] == "paused"
    assert shell.run("execution", "resume", number).code == 0


def test_what_contradicts_itself_is_told_with_what_to_do(shell: Shell) -> None:
    number = held(shell)
    damage(shell, "UPDATE workflow SET head = json_set(head, '$.waiting', 7)")
    [(text, mendable)] = problems(shell)
    assert text.startswith("contradicts itself: phases ")
    assert not mendable
    assert shell.run("doctor", "--mend").code == 1
    for words in (("cancel", number), ("re-run", number)):
        assert f"orchestrion execution {' '.join(words)}" in text
        assert shell.run("execution", *words).code == 0
    assert problems(shell) == []


def test_files_that_others_may_read_are_closed(shell: Shell) -> None:
    shell.run("key", "set", "a", "secret", "--encrypt")
    store, key = shell.folder / "store.db", shell.folder / "store.db.key"
    store.chmod(0o644)
    key.chmod(0o640)
    assert [text for text, _ in problems(shell)] == [
        "others may read or change it (mode 0644)",
        "others may read or change the key (mode 0640)",
    ]
    assert shell.run("doctor", "--mend").code == 0
    assert store.stat().st_mode & 0o777 == key.stat().st_mode & 0o777 == 0o600
    key.unlink()
    [(text, mendable)] = problems(shell)
    assert "the key file is not there" in text
    assert not mendable
