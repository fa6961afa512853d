"""Health: whatever contradicts "never stuck" in a store, and how it is mended.

`examine` only reads, in short transactions, so it may see what is about to be done: what it finds is looked
at again before it is mended. Mending goes through the same door as everything else: what nothing would end is
abandoned, and follows the workflow's own rules.
"""

import os
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal, NamedTuple

from orchestrion.actions.revisions import SHOWN, folder_of_revisions
from orchestrion.core.events import AttemptReported
from orchestrion.core.invariants import check, unfinished
from orchestrion.core.status import COMPLETED
from orchestrion.errors import SealError
from orchestrion.runtime.dispatcher import Dispatcher
from orchestrion.runtime.ledger import Attempt, attempt_of
from orchestrion.runtime.peers import INQUIRY, SUBWORKFLOW
from orchestrion.runtime.recovery import clear_up, end_leftovers
from orchestrion.runtime.unit import Unit
from orchestrion.runtime.workflow import Workflow, result_of
from orchestrion.store.sqlite import Transaction
from orchestrion.store.vault import key_file_of

LEAST_FREE: Final = 256 * 1024 * 1024
"""Less room on the disk is a problem, in bytes."""

_PAGE: Final = 100
_LOST: Final = "Nothing was left that would have ended this action (orchestrion doctor)."
_FORBIDDEN: Final = stat.S_IRWXG | stat.S_IRWXO

Kind = Literal[
    "process", "leftover", "workflow", "attempt", "execution", "engine", "disk", "key", "file", "pack"
]


class Finding(NamedTuple):
    """Something that is wrong; a `note` is only worth knowing. `subject` names what it is about."""

    kind: Kind
    subject: str
    text: str
    mendable: bool = True
    note: bool = False


def examine(dispatcher: Dispatcher) -> list[Finding]:
    """Everything that is wrong with a store, and the processes and files around it."""
    found = [*_processes(dispatcher), *_leftovers(dispatcher)]
    for number in _workflows(dispatcher):
        with dispatcher.store.reading() as transaction:
            found += _of_workflow(transaction, dispatcher, number)
    found += [*_executions(dispatcher), *_unattended(dispatcher)]
    return [*found, *_revisions(dispatcher), *_files(dispatcher)]


def mend(dispatcher: Dispatcher) -> None:
    """Mend what can be mended; look again afterwards."""
    with dispatcher.store.reading() as transaction:
        dead = _dead(transaction, dispatcher)
    clear_up(dispatcher, dead)
    end_leftovers(dispatcher)
    for number in _workflows(dispatcher):
        with dispatcher.unit() as unit:
            _mend_workflow(unit, number)
    with dispatcher.unit() as unit:
        _mend_executions(unit)
    path = dispatcher.store.path
    for file in (path, key_file_of(path)):
        if file.exists() and file.stat().st_mode & _FORBIDDEN and _is_ours(file):
            file.chmod(0o600)


# --- processes


def _dead(transaction: Transaction, dispatcher: Dispatcher) -> list[str]:
    """The processes that are known or named, and live no more."""
    names = {row["id"] for row in transaction.all("engines")}
    names |= {row["engine"] for row in transaction.all("named_engines")} - {SUBWORKFLOW, INQUIRY}
    return sorted(name for name in names if not dispatcher.peers.is_alive(transaction, name))


def _processes(dispatcher: Dispatcher) -> Iterator[Finding]:
    with dispatcher.store.reading() as transaction:
        for name in _dead(transaction, dispatcher):
            counts = transaction.one("count_of_engine", engine=name)
            assert counts is not None
            if not counts["attempts"] and not counts["trees"]:
                continue  # what it has left was taken over already
            text = (
                f"has died, and what it has left (attempts: {counts['attempts']}, executions: "
                f"{counts['trees']}) nobody has taken over yet"
            )
            yield Finding("process", name, text)


def _leftovers(dispatcher: Dispatcher) -> Iterator[Finding]:
    with dispatcher.store.reading() as transaction:
        for row in transaction.all("leftover_processes"):
            if not dispatcher.peers.is_alive(transaction, row["engine"]):
                what = (
                    "what may be left of its processes" if row["pid"] is None else f"its process {row['pid']}"
                )
                yield Finding("leftover", row["execution"], f"was given up, and {what} is still to be ended")


# --- workflow executions


def _workflows(dispatcher: Dispatcher) -> Iterator[str]:
    """The workflow executions in which something is to happen, page by page."""
    after = ""
    while True:
        with dispatcher.store.reading() as transaction:
            page = [row["id"] for row in transaction.all("workflows_at_work", after=after, count=_PAGE)]
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1]


def _of_workflow(transaction: Transaction, dispatcher: Dispatcher, number: str) -> Iterator[Finding]:
    if transaction.one("load_workflow", id=number) is None:
        return  # it was purged meanwhile
    subject = dispatcher.load(transaction, number)
    execution, state, status = subject.row["execution"], subject.state, subject.head.status
    if subject.row["status"] != status:
        yield Finding("workflow", execution, f"is listed as {subject.row['status']}, and is {status}")
    elif subject.row["expires_at"] != subject.expires_at:
        yield Finding("workflow", execution, "is not listed with the time at which its timeout ends it")
    attempts = [attempt_of(row) for row in transaction.all("attempts_of_workflow", workflow=number)]
    missing, surplus = _differences(subject, attempts)
    for entry, item, _ in missing:
        task = state.entries[entry].task if item is None else f"{state.entries[entry].task}[{item}]"
        yield Finding("workflow", execution, f"waits for the end of {task}, and nothing would bring it")
    for attempt in surplus:
        yield Finding("attempt", attempt.execution, "is still at work or waits, and its task is over")
    if not missing:
        for problem in check(state):
            yield Finding("workflow", execution, _contradicting(execution, problem), mendable=False)


def _contradicting(execution: str, problem: str) -> str:
    return (
        f"contradicts itself: {problem}. This is a bug of Orchestrion, and nothing can mend it. End it with "
        f"orchestrion execution cancel {execution}, run it anew with orchestrion execution re-run "
        f"{execution}, and report this sentence with what orchestrion execution export {execution} writes"
    )


def _differences(
    subject: Workflow, attempts: list[Attempt]
) -> tuple[list[tuple[int, int | None, int]], list[Attempt]]:
    """The attempts that a workflow waits for and that are not there; and those that are there in vain."""
    expected = unfinished(subject.state)
    known = {tuple(attempt.token[1:]) for attempt in attempts}
    missing = sorted(expected - known, key=lambda one: (one[0], one[1] or 0))
    return missing, [attempt for attempt in attempts if tuple(attempt.token[1:]) not in expected]


def _mend_workflow(unit: Unit, number: str) -> None:
    """Look at a workflow execution again, and mend it."""
    if unit.transaction.one("load_workflow", id=number) is None:
        return
    subject = unit.workflow(number)
    if (subject.row["status"], subject.row["expires_at"]) != (subject.head.status, subject.expires_at):
        subject.changes.append(subject.head)  # writes the row anew
    attempts = [attempt_of(row) for row in unit.transaction.all("attempts_of_workflow", workflow=number)]
    missing, surplus = _differences(subject, attempts)
    for attempt in surplus:
        if attempt.engine is not None:
            unit.ledger.suspect_process(attempt)
        unit.ledger.end(attempt.execution)
        execution = unit.ledger.execution(attempt.execution)
        if execution.status not in COMPLETED:
            execution.show("canceled", unit.now, {"error": _LOST})
    for entry, item, attempt_number in missing:
        unit.deliver(number, AttemptReported(entry, item, attempt_number, "abandoned", {"error": _LOST}))
    unit.settle()


# --- executions


def _executions(dispatcher: Dispatcher) -> Iterator[Finding]:
    with dispatcher.store.reading() as transaction:
        for row in transaction.all("disagreeing_executions"):
            yield Finding(
                "execution", row["id"], f"shows {row['status']}, and its workflow is {row['expected']}"
            )
        for row in transaction.all("unattended_executions"):
            text = f"({row['action']}) shows {row['status']}, and nothing would end it"
            yield Finding("execution", row["id"], text)


def _mend_executions(unit: Unit) -> None:
    for row in unit.transaction.all("disagreeing_executions"):
        subject = unit.workflow(row["workflow"])
        result = result_of(subject.state) if subject.head.status in COMPLETED else None
        unit.ledger.execution(row["id"]).show(subject.head.status, unit.now, result)
    for row in unit.transaction.all("unattended_executions"):
        unit.ledger.execution(row["id"]).show("abandoned", unit.now, {"error": _LOST})


def _unattended(dispatcher: Dispatcher) -> Iterator[Finding]:
    """What waits for somebody to work: no fault of the store, and no reason to mend it."""
    with dispatcher.store.reading() as transaction:
        if dispatcher.peers.service(transaction) is None:
            for row in transaction.all("ownerless_trees"):
                text = (
                    f"is {row['status']}, and no process works for it. Go on with orchestrion serve, or "
                    f"orchestrion execution resume {row['execution']}"
                )
                yield Finding("engine", row["execution"], text, mendable=False, note=True)


# --- around the store


def _revisions(dispatcher: Dispatcher) -> Iterator[Finding]:
    """What unfinished executions use of packs, and is not there."""
    folder = folder_of_revisions(dispatcher.store.path)
    with dispatcher.store.reading() as transaction:
        for row in transaction.all("pinned_of_unfinished"):
            place = folder / row["pack"] / row["revision"]
            if not place.is_dir():
                text = (
                    f"uses the revision {row['revision'][:SHOWN]} of the pack {row['pack']}, which is not in "
                    f"{place.parent}: put {row['revision']} back there from a backup, or let its tasks of "
                    f"that pack fail, and re-run them with orchestrion execution re-run {row['execution']} "
                    "--tasks TASK"
                )
                yield Finding("pack", row["execution"], text, mendable=False)


def _files(dispatcher: Dispatcher) -> Iterator[Finding]:
    path = dispatcher.store.path
    yield from _open_to_others("file", path, "it")
    free = shutil.disk_usage(path.parent).free
    if free < LEAST_FREE:
        text = (
            f"only {free // 2**20} MiB are free on its disk: make room; orchestrion purge --older-than 30d "
            "has the store use again what old executions took"
        )
        yield Finding("disk", str(path), text, mendable=False)
    key = key_file_of(path)
    if key.exists() and key.stat().st_mode & _FORBIDDEN:
        yield from _open_to_others("key", key, "the key")
        return
    try:
        with dispatcher.store.reading() as transaction:
            proof = transaction.value("vault_proof")
            if proof is not None:
                transaction.unlock()
    except SealError as error:
        yield Finding("key", str(key), error.message, mendable=False)


def _open_to_others(kind: Kind, file: Path, what: str) -> Iterator[Finding]:
    mode = stat.S_IMODE(file.stat().st_mode)
    if mode & _FORBIDDEN:
        ours = _is_ours(file)
        remedy = "" if ours else f"; its owner forbids that with: chmod 600 {file}"
        yield Finding(
            kind, str(file), f"others may read or change {what} (mode {mode:04o}){remedy}", mendable=ours
        )


def _is_ours(file: Path) -> bool:
    """Whether we may change its mode."""
    return os.geteuid() in (0, file.stat().st_uid)


def sqlite_version() -> str:
    """The version of SQLite."""
    return sqlite3.sqlite_version
