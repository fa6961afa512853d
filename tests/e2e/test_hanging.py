"""A service that hangs, as after `kill -STOP`, is given up; awake again it changes nothing, and works on."""

import os
import signal
from pathlib import Path
from typing import Any

from tests.e2e.commands import Gate, Shell
from tests.e2e.test_interruptions import REMEDIED
from tests.e2e.test_services import service, stop
from tests.faults.test_recovery import ended
from tests.unit.actions.packs import write_pack

AGAIN = """\
name: again
runner_type: local-shell-cmd
idempotent: true
parameters:
  cmd: {immutable: true, default: echo $$ >> FOLDER/pids; exec FOLDER/act again}
"""
REPEATED = "version: 1.0\ntasks:\n  again: {action: own.again}\n"
LAST = 'version: 1.0\ntasks:\n  last: {action: core.local cmd="./act last"}\n'


def suspend(process: int, database: Path) -> None:
    """Stop a process at a moment at which it neither writes nor waits for its turn: it holds up nobody."""
    files = [str(database.with_name(database.name + end).stat().st_ino) for end in (".turn", ".lock")]
    while True:
        os.kill(process, signal.SIGSTOP)
        os.waitid(os.P_PID, process, os.WSTOPPED)
        locks = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
        if not any(str(process) in one and one[-3].rpartition(":")[2] in files for one in locks):
            return
        os.kill(process, signal.SIGCONT)


def begin(shell: Shell, name: str, text: str) -> tuple[str, Gate]:
    """An execution whose action of that name has begun, and waits at its gate."""
    gate = shell.gate(name)
    assert shell.run("run", "--async", shell.write(f"{name}.yaml", text)).code == 0
    return shell.newest(), gate.arrived()


def seen(shell: Shell, number: str) -> tuple[Any, Any]:
    """All that is shown of an execution: what it is, and how it came to that."""
    found = shell.json("execution", "get", number, "--attempts")
    history = shell.json("execution", "history", number)["history"]
    listed = {one["id"]: one["status"] for one in shell.json("execution", "list")}
    changes = [one["status"] for one in history if one["what"] == "status" and one["task"] is None]
    assert found["status"] == listed[number] == changes[-1]
    return found, history


def test_a_service_that_hangs_is_given_up_and_works_on_once_it_is_awake(shell: Shell) -> None:
    write_pack(
        shell.folder / "packs" / "own",
        {"pack.yaml": "name: own\n", "actions/again.yaml": AGAIN.replace("FOLDER", str(shell.folder))},
    )
    with service(shell, "worker", "--slots", "2") as hung:
        remedied, one = begin(shell, "one", REMEDIED)
        repeated, again = begin(shell, "again", REPEATED)
        first = int((shell.folder / "pids").read_text())
        with service(shell, "serve", "--slots", "2") as other:
            repair = shell.gate("repair")
            suspend(hung.process.pid, shell.folder / "store.db")
            one.open()  # it succeeds, and nobody hears of it
            repair.arrived()  # the lease has run out
            assert shell.ended == ["one"]
            assert ended(first), "what was given up does not run beside what is started again"
            before = [seen(shell, remedied), seen(shell, repeated)]

            hung.process.send_signal(signal.SIGCONT)
            last, gate = begin(shell, "last", LAST)  # the other one has no slot for it
            gate.open()
            stop(hung)  # once all that it ran is reported

            assert [seen(shell, remedied), seen(shell, repeated)] == before
            assert seen(shell, last)[0]["status"] == "succeeded"
            again.open()
            repair.open()
            stop(other)
    (lost, repaired), (twice,) = (seen(shell, number)[0]["tasks"] for number in (remedied, repeated))
    assert [task["status"] for task in (lost, repaired, twice)] == ["failed", "succeeded", "succeeded"]
    assert [attempt["status"] for attempt in lost["attempts"]] == ["abandoned"]
    assert [attempt["result"]["stdout"] for attempt in twice["attempts"]] == ["again run 2"]
    assert sorted(shell.begun) == ["again", "again", "last", "one", "repair"]
    assert shell.json("doctor")["findings"] == []
