"""Bulk operations: one request for all executions that a query finds, done one by one at a rate.

Which executions these are is decided when it is asked for, and kept with what came of each; so it goes on
after a crash, and nobody is asked twice: each part is a request with a name of its own.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from orchestrion.client.commands import Commands
from orchestrion.errors import NotFound, Refused, UsageError
from orchestrion.operations import Asking
from orchestrion.runtime.clock import Clock, Ids
from orchestrion.runtime.peers import Peers
from orchestrion.store import rows
from orchestrion.store.sqlite import Transaction, Writing

BulkKind: TypeAlias = Literal["pause", "resume", "cancel", "re-run"]

Obstacle: TypeAlias = Callable[[str, BulkKind], str | None]
"""Gives why somebody may not have it done any more; None: they may."""

PROBLEMS_SHOWN: Final = 100
"""How many of the refusals its progress tells."""

PLANNED_SHOWN: Final = 100
"""How many of the executions its plan names."""

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


class BulkPlan(NamedTuple):
    """What a bulk operation would be for now: how many `executions` in all, and the first of them."""

    kind: str
    total: int
    executions: tuple[str, ...]


class BulkProblem(NamedTuple):
    """Why an execution was left as it was."""

    execution: str
    problem: str


class BulkView(NamedTuple):
    """How far a bulk operation is; times in microseconds since 1970. What is `left` at its end stays so.

    `problem`: why it was ended before it was done.
    """

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
    problem: str | None

    @property
    def as_asked(self) -> "BulkView":
        """The same as it was when it was asked for, whatever has come of it since."""
        return self._replace(
            ended_at=None, is_canceled=False, done=0, refused=0, left=self.total, problems=(), problem=None
        )


class Bulks:
    """The bulk operations of one store."""

    def __init__(self, store: Writing, clock: Clock) -> None:
        self._store: Final = store
        self._clock: Final = clock
        self._ids: Final = Ids(clock)

    def plan(self, request: BulkRequest) -> BulkPlan:
        """What it would be for now. Raises UsageError where that would be all executions."""
        with self._store.reading() as transaction:
            found = transaction.all("chosen_for_bulk", count=PLANNED_SHOWN, **_choice_of(request.query))
        total = found[0]["total"] if found else 0
        return BulkPlan(request.kind, total, tuple(row["id"] for row in found))

    def add(self, request: BulkRequest, actor: str, request_id: str | None = None) -> str:
        """Ask for one; returns its id, or that of the one which was asked for under this name before.

        Raises UsageError where it would be for all executions, Refused where its name stands for another
        request.
        """
        choice = _choice_of(request.query)
        asked: dict[str, object] = {
            "kind": request.kind,
            "choice": rows.to_json(request.query._asdict()),
            "rate": request.rate,
            "actor": actor,
        }
        with self._store.transaction() as transaction:
            known = _known(transaction, asked, request_id)
            if known is not None:
                return known
            number = self._ids.next()
            transaction.run(
                "add_bulk",
                id=number,
                reason=request.reason,
                created_at=self._clock(),
                request_id=request_id,
                **asked,
            )
            transaction.run("add_bulk_parts", bulk=number, **choice)
            transaction.run("set_bulk_total", id=number)
        return number

    def cancel(self, number: str) -> None:
        """Do no more of it; what was done stays. Raises NotFound, Refused when it has ended."""
        with self._store.transaction() as transaction:
            if transaction.run("end_bulk", id=number, at=self._clock(), is_canceled=True, problem=None):
                return
        self.progress(number)
        raise Refused(f"The bulk operation {number} has ended already.")

    def progress(self, number: str) -> BulkView:
        """How far it is. Raises NotFound."""
        with self._store.reading() as transaction:
            row = transaction.one("bulk", id=number)
            if row is None:
                raise NotFound(f'There is no bulk operation "{number}".')
            return _view(transaction, row)

    def newest(self, count: int) -> list[BulkView]:
        """The newest ones, however far they are."""
        with self._store.reading() as transaction:
            return [_view(transaction, row) for row in transaction.all("newest_bulks", count=count)]


def _choice_of(query: BulkQuery) -> dict[str, object]:
    """Which executions, as the statements have it. Raises UsageError where that would be all."""
    if not any(query):
        raise UsageError("Say which executions: by status, action, user or since.")
    return {
        "statuses": rows.to_json([*query.statuses]) if query.statuses else None,
        "action": query.action,
        "user": query.user,
        "since": query.since,
    }


def _known(transaction: Transaction, asked: Mapping[str, object], request_id: str | None) -> str | None:
    """The one that was asked for under a name before. Raises Refused where that is another request's."""
    if request_id is None:
        return None
    row = transaction.one("bulk_of_request", request_id=request_id)
    if row is not None and {name: row[name] for name in asked} == asked:
        return str(row["id"])
    if row is not None or transaction.one("operation_of_request", request_id=request_id) is not None:
        raise Refused(
            f"The request id {request_id} was used for another request. Give every request an id of its own."
        )
    return None


def _view(transaction: Transaction, row: Mapping[str, Any]) -> BulkView:
    problems = transaction.all("bulk_problems", id=row["id"], count=PROBLEMS_SHOWN)
    return BulkView(
        row["id"],
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
        row["problem"],
    )


def no_obstacle(_actor: str, _kind: BulkKind) -> None:
    """Whoever has asked for it may have it done: where nobody is asked who they are."""
    return


class BulkWork:
    """Does the bulk operations of a store, each at its rate; `run_once` does what is due.

    `commands` gives what somebody may ask. Another process that lives and does one already keeps it. Where
    there is an `obstacle` it ends.
    """

    def __init__(
        self,
        store: Writing,
        commands: Callable[[str], Commands],
        peers: Peers,
        clock: Clock,
        obstacle: Obstacle,
    ) -> None:
        self._store: Final = store
        self._commands: Final = commands
        self._peers: Final = peers
        self._clock: Final = clock
        self._obstacle: Final = obstacle
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
        obstacle = self._obstacle(actor, kind)
        with self._store.transaction() as transaction:
            transaction.run("take_bulk", id=number, worker=self._peers.id)
            found = () if obstacle is not None else transaction.all("bulk_parts_left", id=number, count=count)
            left = [row["execution"] for row in found]
            if not left:
                transaction.run("end_bulk", id=number, at=self._clock(), is_canceled=False, problem=obstacle)
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
