"""Bulk operations: one request for all executions that a query finds, done one by one at a rate.

Which executions these are is decided when it is asked for, and kept with what came of each; so it goes on
after a crash, and nobody is asked twice: each part is a request with a name of its own.
"""

from collections.abc import Callable, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

from orchestrion.client.commands import Commands
from orchestrion.errors import NotFound, Refused, UsageError
from orchestrion.operations import Asking
from orchestrion.runtime.clock import Clock, Ids
from orchestrion.runtime.peers import Peers
from orchestrion.store import rows
from orchestrion.store.sqlite import Reading, Writing

BulkKind: TypeAlias = Literal["pause", "resume", "cancel", "re-run"]

PROBLEMS_SHOWN: Final = 100
"""How many of the refusals its progress tells."""

AT_ONCE: Final = 20
"""How many parts are done before anything else gets its turn."""

_MICROSECONDS: Final = 1_000_000


class BulkQuery(NamedTuple):
    """Which executions: of these statuses, of an action (`*` for any text), by a user, created since then."""

    statuses: tuple[str, ...] = ()
    action: str | None = None
    user: str | None = None
    since: int | None = None


class BulkRequest(NamedTuple):
    """A bulk operation: what is done, to which executions, how many a second at the most, and why."""

    kind: BulkKind
    query: BulkQuery
    rate: float
    reason: str | None = None


class BulkProblem(NamedTuple):
    """Why an execution was left as it was."""

    execution: str
    problem: str


class BulkView(NamedTuple):
    """How far a bulk operation is; times in microseconds since 1970. What is `left` at its end stays so."""

    id: str
    kind: str
    actor: str
    reason: str | None
    rate: float
    created_at: int
    ended_at: int | None
    is_canceled: bool
    total: int
    done: int
    refused: int
    left: int
    problems: tuple[BulkProblem, ...]


class Bulks:
    """The bulk operations of one store."""

    def __init__(self, store: Writing, clock: Clock) -> None:
        self._store: Final = store
        self._clock: Final = clock
        self._ids: Final = Ids(clock)

    def add(self, request: BulkRequest, actor: str) -> str:
        """Ask for one; returns its id. Raises UsageError where it would be for all executions."""
        query = request.query
        if not any(query):
            raise UsageError("Say which executions: by status, action, user or since.")
        with self._store.transaction() as transaction:
            number = self._ids.next()
            transaction.run(
                "add_bulk",
                id=number,
                kind=request.kind,
                choice=rows.to_json(query._asdict()),
                rate=request.rate,
                reason=request.reason,
                actor=actor,
                created_at=self._clock(),
            )
            transaction.run(
                "add_bulk_parts",
                bulk=number,
                statuses=rows.to_json([*query.statuses]) if query.statuses else None,
                action=query.action,
                user=query.user,
                since=query.since,
            )
            transaction.run("set_bulk_total", id=number)
        return number

    def cancel(self, number: str) -> None:
        """Do no more of it; what was done stays. Raises NotFound, Refused when it has ended."""
        with self._store.transaction() as transaction:
            if transaction.run("end_bulk", id=number, at=self._clock(), is_canceled=True):
                return
        self.progress(number)
        raise Refused(f"The bulk operation {number} has ended already.")

    def progress(self, number: str) -> BulkView:
        """How far it is. Raises NotFound."""
        return progress_of(self._store, number)


def progress_of(store: Reading, number: str) -> BulkView:
    """How far a bulk operation is. Raises NotFound."""
    with store.reading() as transaction:
        row = transaction.one("bulk", id=number)
        if row is None:
            raise NotFound(f'There is no bulk operation "{number}".')
        problems = transaction.all("bulk_problems", id=number, count=PROBLEMS_SHOWN)
    return BulkView(
        number,
        row["kind"],
        row["actor"],
        row["reason"],
        row["rate"],
        row["created_at"],
        row["ended_at"],
        bool(row["is_canceled"]),
        row["total"],
        row["done"],
        row["refused"],
        row["total"] - row["done"] - row["refused"],
        tuple(BulkProblem(one["execution"], one["problem"]) for one in problems),
    )


class BulkWork:
    """Does the bulk operations of a store, each at its rate; `run_once` does what is due.

    `commands` gives what somebody may ask. Another process that lives and does one already keeps it.
    """

    def __init__(
        self, store: Writing, commands: Callable[[str], Commands], peers: Peers, clock: Clock
    ) -> None:
        self._store: Final = store
        self._commands: Final = commands
        self._peers: Final = peers
        self._clock: Final = clock
        self._due: Final[dict[str, float]] = {}

    def run_once(self) -> float | None:
        """Do what is due; returns the seconds until more is, or None when nothing waits."""
        with self._store.reading() as transaction:
            found = transaction.all("open_bulks")
            mine = [
                row
                for row in found
                if row["worker"] == self._peers.id or not self._peers.is_alive(transaction, row["worker"])
            ]
        for number in self._due.keys() - {row["id"] for row in mine}:
            del self._due[number]
        for row in mine:
            now = self._peers.monotonic() / _MICROSECONDS
            due = max(self._due.get(row["id"], now), now - 1)
            count = min(AT_ONCE, int((now - due) * row["rate"]) + 1) if due <= now else 0
            if count:
                due += self._perform(row["id"], row["kind"], row["actor"], row["reason"], count) / row["rate"]
            self._due[row["id"]] = due
        now = self._peers.monotonic() / _MICROSECONDS
        return min((max(0.0, due - now) for due in self._due.values()), default=None)

    def _perform(self, number: str, kind: BulkKind, actor: str, reason: str | None, count: int) -> int:
        """Do some parts, and end it with the last one; how many were done."""
        with self._store.transaction() as transaction:
            transaction.run("take_bulk", id=number, worker=self._peers.id)
            left = [row["execution"] for row in transaction.all("bulk_parts_left", id=number, count=count)]
            if not left:
                transaction.run("end_bulk", id=number, at=self._clock(), is_canceled=False)
        commands = self._commands(actor)
        for execution in left:
            outcome, problem = "done", None
            try:
                _ask(commands, kind, execution, Asking(reason, f"bulk {number} {execution}"))
            except (Refused, UsageError, NotFound) as error:
                outcome, problem = "refused", _text_of(error.message, error.problems)
            with self._store.transaction() as transaction:
                transaction.run(
                    "end_bulk_part", bulk=number, execution=execution, outcome=outcome, problem=problem
                )
        return len(left)


def _ask(commands: Commands, kind: BulkKind, execution: str, asking: Asking) -> None:
    match kind:
        case "pause":
            commands.pause(execution, asking)
        case "resume":
            commands.resume(execution, asking)
        case "cancel":
            commands.cancel(execution, asking)
        case "re-run":
            commands.start_again(execution, commands.whole_rerun_with(execution, {}), asking)


def _text_of(message: str, problems: Sequence[str]) -> str:
    return " ".join([message, *problems])
