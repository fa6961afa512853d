"""What one unit does to executions and attempts: kept in memory, read through to the store.

Written after each thing that is done in the unit, and at its end.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, NamedTuple

from orchestrion.core.status import COMPLETED, Status
from orchestrion.core.values import Json
from orchestrion.store import rows
from orchestrion.store.sqlite import Transaction
from orchestrion.store.states import Seal, sealed


class Token(NamedTuple):
    """What names an attempt for ever, and what each report of it must present (fencing)."""

    workflow: str
    entry: int
    item: int | None
    number: int


class Attempt(NamedTuple):
    """An attempt that has not ended.

    `execution` is the id of its execution, `root` the tree that it belongs to. `engine` has claimed it.
    `repeatable`: it has begun, and may be started again when its engine dies. `expires_at`: it has begun, and
    is ended then. `delayed`: nothing starts it before `due_at`; else that is only its place in the queue.
    """

    execution: str
    token: Token
    root: str
    due_at: int
    engine: str | None = None
    repeatable: bool = False
    expires_at: int | None = None
    delayed: bool = False

    def claimed_by(self, engine: str, expires_at: int | None) -> "Attempt":
        """The attempt once an engine has claimed it."""
        return Attempt(
            self.execution, self.token, self.root, self.due_at, engine, self.repeatable, expires_at
        )

    def is_due(self, now: int) -> bool:
        """Whether it may start, if there is room for it. A date that was set back delays nothing."""
        return not self.delayed or self.due_at <= now


@dataclass(slots=True)
class Execution:
    """An action execution, as one row. Times in microseconds since 1970, UTC.

    `top`: people see it in lists, and `user` has started it.
    """

    id: str
    action: str
    status: Status
    parameters: Json
    created_at: int
    runner: str = ""
    source: str | None = None
    result: Json = None
    started_at: int | None = None
    ended_at: int | None = None
    workflow: str | None = None
    parent: str | None = None
    token: Token | None = None
    task: str | None = None
    route: int | None = None
    rerun_of: str | None = None
    user: str | None = None
    top: bool = False
    to_seal: bool = False
    """Its parameters were stored before it was known that there is a secret in them."""
    stored: Status | None = None
    """The status that the store had when the unit read it; None: the unit has made the execution."""

    def show(self, status: Status, at: int, result: Json = None) -> None:
        """The execution has a new status from `at` on."""
        self.status = status
        if result is not None:
            self.result = result
        if self.started_at is None and (status == "running" or (self.workflow and status in COMPLETED)):
            self.started_at = at
        if self.ended_at is None and status in COMPLETED:
            self.ended_at = at


class Ledger:
    """The executions and attempts of one unit.

    `_executions` and `_attempts` are to be written; `_known` and `_stored` are as the store has them.
    """

    def __init__(self, transaction: Transaction) -> None:
        self._transaction: Final = transaction
        self._executions: Final[dict[str, Execution]] = {}
        self._known: Final[dict[str, Execution]] = {}
        self._new: Final[dict[str, None]] = {}
        self._attempts: Final[dict[str, Attempt | None]] = {}
        self._stored: Final[dict[str, Attempt | None]] = {}
        self._processes: Final[list[rows.Row]] = []
        self._by_token: Final[dict[Token, str]] = {}

    def add(self, execution: Execution) -> None:
        """A new execution."""
        self._executions[execution.id] = execution
        self._new[execution.id] = None

    def add_attempt(self, attempt: Attempt) -> None:
        """A new attempt; its execution is added too."""
        self._attempts[attempt.execution] = attempt
        self._stored[attempt.execution] = None
        self._by_token[attempt.token] = attempt.execution

    def expect(self, executions: Iterable[str]) -> set[str]:
        """Read executions and their attempts together, before they are asked for one by one.

        Gives the workflow executions and roots to which those belong that have not ended.
        """
        wanted = [number for number in executions if number not in self._stored]
        self._stored.update(dict.fromkeys(wanted))
        owners: set[str] = set()
        for row in self._transaction.all("at_work_among", executions=rows.to_json(wanted)):
            number = row["id"]
            execution = execution_of(row)
            assert execution.token is not None, number
            if number not in self._executions:
                self._known.setdefault(number, execution)
            self._stored[number] = _attempt_of(row, number, execution.token)
            owners.add(row["root"])
            owners.add(execution.token.workflow)
        return owners

    def execution(self, number: str) -> Execution:
        """An execution that exists. What is changed on it is saved."""
        found = self._executions.get(number)
        if found is None:
            found = self._known.pop(number, None) or self._read(number)
            self._executions[number] = found
        return found

    def _read(self, number: str) -> Execution:
        row = self._transaction.one("execution", id=number)
        assert row is not None, number
        return execution_of(row)

    @property
    def moved(self) -> Iterator[Execution]:
        """The executions whose status is another one than before the unit."""
        every = chain(self._known.values(), self._executions.values())
        return (one for one in every if one.status != one.stored)

    def of_entry(self, workflow: str, entry: int) -> list[Execution]:
        """Those executions of an entry that are not as the store has them."""
        return [one for one in self._executions.values() if one.token and one.token[:2] == (workflow, entry)]

    def attempt(self, execution: str) -> Attempt | None:
        """The attempt of an execution, unless it has ended."""
        if execution in self._attempts:
            return self._attempts[execution]
        if execution not in self._stored:
            row = self._transaction.one("attempt", execution=execution)
            self._stored[execution] = None if row is None else attempt_of(row)
        return self._stored[execution]

    def attempt_with(self, token: Token) -> Attempt | None:
        """The attempt with a token, unless it has ended."""
        execution = self._by_token.get(token)
        if execution is None:
            row = self._transaction.one("attempt_of", **token._asdict())
            execution = None if row is None else row["execution"]
        return None if execution is None else self.attempt(execution)

    def keep(self, attempt: Attempt) -> None:
        """An attempt in its new form: an engine has claimed it, or has given it back."""
        self._attempts[attempt.execution] = attempt

    def suspect_process(self, attempt: Attempt) -> None:
        """A process of a lost attempt may be left, even if nobody has recorded it."""
        self._processes.append((attempt.execution, attempt.engine, None, None))

    def end(self, execution: str) -> None:
        """An attempt has ended, or is not wanted any more."""
        self._attempts[execution] = None

    def write(self, sealer: Callable[[Execution], Seal | None]) -> None:
        """Write all of it; `sealer` gives what seals the values of an execution, if they are sealed."""
        new: list[rows.Row] = []
        known: list[rows.Row] = []
        late: list[rows.Row] = []
        for number, execution in self._executions.items():
            batch, row, values = (
                (new, _new_row(execution), (5, 6)) if number in self._new else (known, _row(execution), (1,))
            )
            seal = sealer(execution)
            batch.append(row if seal is None else sealed(row, values, seal))
            if seal is not None and execution.to_seal:
                late.append((seal(rows.to_json(execution.parameters)), number))
        self._write("add_executions", new)
        self._write("save_executions", known)
        self._write("seal_parameters", late)
        self._known.update(self._executions)
        self._executions.clear()
        self._new.clear()
        self._write_attempts()

    def _write_attempts(self) -> None:
        added: list[rows.Row] = []
        claimed: list[rows.Row] = []
        ended: list[rows.Row] = []
        for number, attempt in self._attempts.items():
            before = self._stored.get(number)
            if attempt is None:
                if before is not None or number not in self._stored:
                    ended.append((number,))
            elif before is None:
                _, token, *rest = attempt
                added.append((number, *token, *rest))
            elif attempt != before:
                _, _, _, *rest = attempt
                claimed.append((*rest, number))
        self._write("add_attempts", added)
        self._write("claim_attempts", claimed)
        self._write("delete_attempts", ended)
        self._write("add_processes", self._processes)
        self._processes.clear()
        self._stored.update(self._attempts)
        self._attempts.clear()

    def _write(self, statement: str, batch: list[rows.Row]) -> None:
        if batch:
            self._transaction.many(statement, batch)


def execution_of(row: Any) -> Execution:
    """The execution of a row."""
    token = None
    if row["of_workflow"] is not None:
        token = Token(row["of_workflow"], row["entry"], row["item"], row["attempt"])
    return Execution(
        id=row["id"],
        action=row["action"],
        status=row["status"],
        parameters=rows.from_json(row["parameters"]),
        created_at=row["created_at"],
        runner=row["runner"],
        source=row["source"],
        result=None if row["result"] is None else rows.from_json(row["result"]),
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        workflow=row["workflow"],
        parent=row["parent"],
        token=token,
        task=row["task"],
        route=row["route"],
        rerun_of=row["rerun_of"],
        user=row["user"],
        top=bool(row["top"]),
        stored=row["status"],
    )


def attempt_of(row: Any) -> Attempt:
    """The attempt of a row."""
    return _attempt_of(
        row, row["execution"], Token(row["workflow"], row["entry"], row["item"], row["number"])
    )


def _attempt_of(row: Any, execution: str, token: Token) -> Attempt:
    return Attempt(
        execution,
        token,
        row["root"],
        row["due_at"],
        row["engine"],
        bool(row["repeatable"]),
        row["expires_at"],
        bool(row["delayed"]),
    )


def _new_row(execution: Execution) -> rows.Row:
    return (
        execution.id,
        execution.action,
        execution.runner,
        execution.source,
        execution.status,
        rows.to_json(execution.parameters),
        _text(execution.result),
        execution.created_at,
        execution.started_at,
        execution.ended_at,
        execution.workflow,
        execution.parent,
        *(execution.token or (None, None, None, None)),
        execution.task,
        execution.route,
        execution.rerun_of,
        execution.user,
        execution.top,
    )


def _row(execution: Execution) -> rows.Row:
    return (
        execution.status,
        _text(execution.result),
        execution.started_at,
        execution.ended_at,
        execution.runner,
        execution.workflow,
        execution.id,
    )


def _text(value: Json) -> str | None:
    return None if value is None else rows.to_json(value)
