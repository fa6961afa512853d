"""What the store knows about everything of an execution that has not ended: `explaining` reasons from it."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from orchestrion.core.state import State
from orchestrion.core.values import Json
from orchestrion.queries.branches import Branch, Subject, subject_of
from orchestrion.queries.history import reason_of
from orchestrion.runtime.definitions import graph_of
from orchestrion.runtime.peers import INQUIRY, SUBWORKFLOW, Peers
from orchestrion.runtime.secrets import mask_of
from orchestrion.store import rows
from orchestrion.store.sqlite import Reading, Transaction
from orchestrion.store.states import load_state

Timeouts = Callable[[Transaction, Mapping[str, Any], str, Json], float | None]
"""Gives the timeout of an action in seconds: by the row of its tree's root, its name and its parameters."""


class Process(NamedTuple):
    """A process of Orchestrion on the store. `lease_until` is when it counts as dead unless it says so again.

    `kind` is empty for one of which nothing is known but its name.
    """

    id: str
    is_alive: bool
    kind: str = ""
    pid: int = 0
    started_at: int = 0
    lease_until: int = 0
    draining: bool = False


class AttemptFacts(NamedTuple):
    """An attempt that has not ended. `engine` has claimed it, `timeout` is its action's own, in seconds.

    `delayed`: nothing starts it before `due_at`; else that is only since when it waits, by the date of then.

    `expires_at` is the time at which it is ended, if it has one.

    `child` is the execution of the sub-workflow that it is, with its status.
    """

    execution: str
    entry: int
    item: int | None
    number: int
    due_at: int
    delayed: bool
    engine: str | None
    started_at: int | None
    timeout: float | None
    expires_at: int | None
    child: Branch | None


class BranchFacts(NamedTuple):
    """A workflow execution with its state and its attempts.

    `held`: nothing of it is claimed. `paused_by` is the first request to pause it since it last ran: who,
    when, why. `empties` are tasks without items whose end is about to be delivered.
    """

    branch: Branch
    state: State
    held: bool
    attempts: tuple[AttemptFacts, ...]
    empties: frozenset[int]
    paused_by: tuple[str, int, str | None] | None


class Facts(NamedTuple):
    """All that is known at the time `now`. `processes` are those on the store and those that it names."""

    now: int
    subject: Subject
    branches: tuple[BranchFacts, ...]
    processes: Mapping[str, Process]


def facts_about(
    store: Reading, peers: Peers, clock: Callable[[], int], number: str, timeouts: Timeouts
) -> Facts:
    """The facts about an execution. Raises NotFound."""
    now = clock()
    with store.reading() as transaction:
        subject = subject_of(transaction, number)
        known = {branch.workflow: branch for branch in subject.branches}

        def timeout_of(action: str, parameters: Json) -> float | None:
            return timeouts(transaction, subject.root, action, parameters)

        branches = tuple(
            _facts_about_branch(transaction, branch, known, timeout_of) for branch in subject.branches
        )
        named = {subject.root["engine"], *(one.engine for facts in branches for one in facts.attempts)}
        named -= {SUBWORKFLOW, INQUIRY}
        return Facts(now, subject, branches, _processes(transaction, peers, now, named))


def _facts_about_branch(
    transaction: Transaction,
    branch: Branch,
    known: Mapping[str, Branch],
    timeout_of: Callable[[str, Json], float | None],
) -> BranchFacts:
    row = transaction.one("load_workflow", id=branch.workflow)
    assert row is not None
    text = transaction.value("definition_text", hash=row["definition"])
    state = load_state(transaction, branch.workflow, rows.head_of(row["head"]), graph_of(text))
    attempts = [
        AttemptFacts(
            one["execution"],
            one["entry"],
            one["item"],
            one["number"],
            one["due_at"],
            bool(one["delayed"]),
            one["engine"],
            one["started_at"],
            timeout_of(one["action"], rows.from_json(one["parameters"])),
            one["expires_at"],
            None if one["child"] is None else known.get(one["child"]),
        )
        for one in transaction.all("unfinished_attempts_of_workflow", workflow=branch.workflow)
    ]
    empties = transaction.all("empties_of_workflow", workflow=branch.workflow)
    return BranchFacts(
        branch,
        state,
        bool(row["held"]),
        tuple(attempts),
        frozenset(entry for one in empties for entry in rows.from_json(one["entries"])),
        _paused_by(transaction, row),
    )


def _paused_by(transaction: Transaction, row: Mapping[str, Any]) -> tuple[str, int, str | None] | None:
    pauses = [
        one
        for one in transaction.all("operations_of_workflow", workflow=row["id"])
        if one["kind"] == "pause" and one["of_workflow"] is not None
    ]
    if not pauses:
        return None
    ran_at = transaction.value("last_ran", workflow=row["id"])
    found = next((one for one in pauses if ran_at is None or one["at"] >= ran_at), pauses[-1])
    return found["actor"], found["at"], reason_of(found, mask_of(row["secrets"]))


def _processes(
    transaction: Transaction, peers: Peers, now: int, named: set[str | None]
) -> dict[str, Process]:
    found = {
        row["id"]: Process(
            row["id"],
            peers.is_alive(transaction, row["id"]),
            row["kind"],
            row["pid"],
            row["started_at"],
            now + row["alive_until"] - peers.monotonic(),
            bool(row["draining"]),
        )
        for row in transaction.all("engines")
    }
    for name in named - found.keys() - {None}:
        assert name is not None
        found[name] = Process(name, peers.is_alive(transaction, name))
    return found
