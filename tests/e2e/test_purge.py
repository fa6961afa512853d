"""`purge`, and `serve --keep`: what ended long ago goes."""

import sqlite3
from contextlib import closing

from tests.e2e.commands import Shell
from tests.e2e.test_services import service, stop

DAY = 86_400_000_000
ONE = """\
version: 1.0
tasks:
  one:
    action: core.local cmd="./act one"
"""


def age(shell: Shell, number: str, days: int) -> None:
    """Let an execution have ended days ago, and begun shortly before."""
    with closing(sqlite3.connect(shell.folder / "store.db")) as connection, connection:
        [(workflow, ended)] = connection.execute(
            "SELECT workflow, ended_at - ? FROM execution WHERE id = ?", (days * DAY, number)
        )
        connection.execute("UPDATE execution SET ended_at = ? WHERE id = ?", (ended, number))
        older = f"{ended - 1:014x}{workflow[14:]}"
        for table, column in (("execution", "workflow"), ("execution", "of_workflow"), ("workflow", "root")):
            connection.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", (older, workflow))
        connection.execute("UPDATE workflow SET id = ? WHERE id = ?", (older, workflow))


def ids(shell: Shell) -> list[str]:
    return [one["id"] for one in shell.json("execution", "list")]


def test_what_is_older_goes_and_a_plan_only_tells(shell: Shell) -> None:
    shell.run("run", "examples.hello", "name=old")
    old = shell.newest()
    shell.run("run", "examples.hello", "name=young")
    young = shell.newest()
    age(shell, old, days=31)

    plan = shell.json("purge", "--older-than", "30d", "--plan")
    assert [(one["status"], one["count"]) for one in plan["executions"]] == [("succeeded", 1)]
    assert ids(shell) == [young, old]
    assert shell.json("purge", "--older-than", "30d", "--status", "failed")["purged"] == 0
    done = shell.run("purge", "--older-than", "30d")
    assert (done.code, "Purged 1 execution" in done.out) == (0, True)
    assert ids(shell) == [young]
    assert shell.run("execution", "get", old).code == 4
    assert shell.run("purge", "--older-than", "soon").code == 2


def test_it_counts_what_vanishes_from_the_list(shell: Shell) -> None:
    shell.fail("one")
    shell.run("run", shell.write("one.yaml", ONE))
    shell.mend()
    shell.run("execution", "re-run", shell.newest(), "--tasks", "one")
    age(shell, shell.newest(), days=31)
    shell.run("run", "core.echo", "message=old")
    with closing(sqlite3.connect(shell.folder / "store.db")) as connection:
        [(hidden,)] = connection.execute("SELECT id FROM execution WHERE top = 0 AND parent IS NULL")
    age(shell, hidden, days=31)
    assert len(ids(shell)) == 3
    plan = shell.json("purge", "--older-than", "30d", "--plan")
    assert [(one["status"], one["count"]) for one in plan["executions"]] == [("succeeded", 3)]
    assert shell.json("purge", "--older-than", "30d")["purged"] == 3
    assert ids(shell) == []


def test_a_service_keeps_what_ended_for_so_many_days(shell: Shell) -> None:
    shell.run("run", "examples.hello", "name=old")
    old = shell.newest()
    age(shell, old, days=8)
    with service(shell, "serve", "--keep", "7") as running:
        running.wait_for_error("Purged what ended long ago: executions 1")
        assert ids(shell) == []
        stop(running)
