"""One transaction of events: what is delivered in it commits together, or not at all.

What follows for a parent or a sub-workflow is delivered in the same unit: they never disagree. What a
decision asks for is written as attempts; those that this process may start at once are claimed in the commit
that creates them.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from orchestrion.core.commands import CancelAttempt, EndEmpty, RunAction, StopAttempt, WithdrawAttempt
from orchestrion.core.conductor import Answer, Decision, conduct
from orchestrion.core.events import (
    AttemptBegan,
    AttemptReported,
    EmptyEnded,
    Event,
    Occasion,
    RerunRequested,
    Started,
)
from orchestrion.core.state import State
from orchestrion.core.status import COMPLETED, Status
from orchestrion.core.values import Json
from orchestrion.runtime.deadlines import deadline_of, stop
from orchestrion.runtime.definitions import graph_of
from orchestrion.runtime.external import ExternalValues
from orchestrion.runtime.held import cancel_held
from orchestrion.runtime.ledger import Attempt, Execution, Ledger, Token
from orchestrion.runtime.renewal import may_begin
from orchestrion.runtime.revivals import revive, take_revival
from orchestrion.runtime.secrets import Secrets
from orchestrion.runtime.workflow import Workflow, as_reported, has_settled, result_of
from orchestrion.store import rows
from orchestrion.store.sqlite import Transaction
from orchestrion.store.states import Seal, save_changes

if TYPE_CHECKING:
    from orchestrion.runtime.dispatcher import Dispatcher

T = TypeVar("T")

_MICROSECONDS: Final = 1_000_000
EMPTY_ENDS: Final = 100
"""How many ends of with-items tasks without items one unit delivers: a loop of them must let others in."""


class Claimer(Protocol):
    """What a unit asks of the engine for which it works."""

    @property
    def id(self) -> str:
        """What names the engine."""
        ...

    def open_unit(self) -> None:
        """A unit begins."""
        ...

    def close_unit(self, *, committed: bool) -> None:
        """The unit has ended: what was begun in it is true now, or never was."""
        ...

    def may_claim(self, unit: "Unit", root: str) -> bool:
        """Whether the engine works for that tree, and has room for one more action."""
        ...

    def runs(self, execution: str) -> bool:
        """Whether something that the engine has started for an execution has not ended."""
        ...

    def begin(self, unit: "Unit", attempt: Attempt, execution: Execution) -> None:
        """An attempt was claimed: note what starts after the commit, or start a sub-workflow in this unit."""
        ...


class Unit:
    """One transaction of events. Made by `Dispatcher.unit`.

    `now` is the time of the event that was delivered last: a unit that evaluates much takes its own.
    """

    def __init__(self, dispatcher: "Dispatcher", transaction: Transaction, claimer: Claimer | None) -> None:
        self.transaction: Final = transaction
        self.ledger: Final = Ledger(transaction)
        self.secrets: Final = Secrets(transaction)
        self.ids: Final = dispatcher.ids
        self.workflows: Final[dict[str, Workflow]] = {}
        self.peers: Final = dispatcher.peers
        self.now = dispatcher.clock()
        self.has_changed = False
        """Whether anything was written that others should look at."""
        self._dispatcher = dispatcher
        self._claimer = claimer
        self._inbox: deque[tuple[str, Event]] = deque()
        self._empty: deque[tuple[str, EmptyEnded]] = deque()
        self._empty_ends_left = EMPTY_ENDS
        self._fresh: deque[Attempt] = deque()
        self._history: list[rows.Row] = []  # of all workflow executions, in the order of what has happened
        self._revived: deque[tuple[Workflow, RunAction, dict[str, Any]]] = deque()

    def deliver(self, workflow: str, event: Event) -> Answer:
        """Let the core decide about an event, and take over what it decides."""
        subject = self.workflow(workflow)
        self.now = self._dispatcher.clock()
        occasion = Occasion(self.now, self._dispatcher.seed())
        answer = conduct(subject.state, event, occasion, self.external_values(subject, event))
        if isinstance(answer, Decision):
            self._take(subject, answer, type(event).__name__)
        return answer

    def external_values(self, subject: Workflow, event: Event | None = None) -> ExternalValues:
        """What expressions may ask for from outside the state."""
        new = event.application if isinstance(event, (Started, RerunRequested)) else None
        application = subject.state.initial.application if new is None else new
        return ExternalValues(self, subject.id, application, self.secrets.of(subject.row))

    def is_alive(self, engine: str | None) -> bool:
        """Whether a process of Orchestrion lives."""
        return self.peers.is_alive(self.transaction, engine)

    def post(self, workflow: str, event: Event) -> None:
        """Have an event delivered in this unit, after what is being delivered now."""
        self._inbox.append((workflow, event))

    def expect(self, executions: Iterable[str]) -> None:
        """Read together what the reports of these attempts will need."""
        numbers = self.ledger.expect(executions) - self.workflows.keys()
        if numbers:
            self.workflows.update(self._dispatcher.load_all(self.transaction, numbers))

    def report(self, execution: str, status: Status, result: Json, engine: str | None = None) -> bool:
        """An action has ended, as the `engine` that ran it reports, or because somebody says so.

        False: its attempt was given up meanwhile, or is somebody else's, so nothing changes.
        """
        attempt = self.ledger.attempt(execution)
        if attempt is None or (engine is not None and attempt.engine != engine):
            return False
        self.ledger.end(execution)
        subject = self.ledger.execution(execution)
        subject.show(status, self.now, result)
        token = attempt.token
        self.secrets.of(self.workflow(token.workflow).row).note_result(subject.action, result)
        self.deliver(token.workflow, AttemptReported(token.entry, token.item, token.number, status, result))
        return True

    def note_opened(self, opened: Sequence[tuple[str, str]]) -> int:
        """What actions have opened, by their executions, is secret from now on; how many values those are.

        Known before what the actions have written is stored, which is sealed by what the rows say.
        """
        for execution, value in opened:
            attempt = self.ledger.attempt(execution)
            if attempt is not None:
                self.secrets.of(self.workflow(attempt.root).row).note([value])
        if opened:
            self.secrets.write()
        return len(opened)

    def repeat(self, attempt: Attempt) -> None:
        """An attempt whose engine has died is back in the queue, and may start again at once.

        Its place is not behind what comes from now on, also where the date was set back since it began.
        """
        waiting = attempt._replace(engine=None, expires_at=None, due_at=min(attempt.due_at, self.now))
        self.ledger.keep(waiting)
        self._fresh.append(waiting)

    def end_empty(self, left: Iterable[Mapping[str, Any]]) -> None:
        """Deliver ends of tasks without items that earlier units have left over."""
        for row in left:
            self.transaction.run("delete_empty", id=row["id"])
            self._empty.append((row["workflow"], EmptyEnded(tuple(rows.from_json(row["entries"])))))

    def claim(self, due: Iterable[Mapping[str, Any]]) -> None:
        """Claim attempts that are due, as far as they may start."""
        for row in due:
            attempt = self.ledger.attempt(row["execution"])
            if attempt is not None and attempt.engine is None:
                self._offer(attempt)

    def settle(self) -> None:
        """Deliver all that follows, and claim what may start at once, until nothing is left.

        Only the ends of tasks without items may be left over; they are kept for a later unit.
        """
        while self._fresh or self._follows:
            if self._fresh:
                self._offer(self._fresh.popleft())
            else:
                self._deliver_next()

    def settle_without_starts(self) -> None:
        """Deliver all that follows. Nothing is claimed yet: what is asked next may forbid that it starts."""
        while self._follows:
            self._deliver_next()

    @property
    def _follows(self) -> bool:
        return bool(self._revived or self._inbox or (self._empty and self._empty_ends_left))

    def _deliver_next(self) -> None:
        if self._revived:
            revive(self, *self._revived.popleft())
        elif self._empty and self._empty_ends_left:
            self._empty_ends_left -= 1
            self.deliver(*self._empty.popleft())
        else:
            self.deliver(*self._inbox.popleft())

    # --- workflow executions

    def workflow(self, number: str) -> Workflow:
        """A workflow execution with its state."""
        found = self.workflows.get(number)
        if found is None:
            found = self.workflows[number] = self._dispatcher.load(self.transaction, number)
        return found

    def add_workflow(self, row: dict[str, Any], definition: str) -> None:
        """A new workflow execution, which is still to be started."""
        self.transaction.run("add_workflow", **row)
        secrets = None if row["parent"] is None else self.workflow(row["parent"]).row["secrets"]
        self.workflows[row["id"]] = Workflow(
            {**row, "secrets": secrets, "revivals": 0, "expires_at": None}, State(graph_of(definition))
        )

    def perform(self, work: Callable[["Unit"], T]) -> T:
        """Do what somebody has asked for, and all that follows; written, so that the next one finds it."""
        answer = work(self)
        self.settle()
        self.save()
        return answer

    def save(self) -> None:
        """Write everything that has changed since it was written last."""
        touched = [workflow for workflow in self.workflows.values() if workflow.changes]
        self.has_changed |= bool(touched)
        for workflow in touched:
            if workflow.head.status in COMPLETED:
                execution = self.ledger.execution(workflow.row["execution"])
                result = result_of(workflow.state)
                execution.show(workflow.head.status, self.now, result)
                self.secrets.of(workflow.row).note_result(execution.action, result)
        self.secrets.write()
        self.ledger.write(self._sealers())
        seals = {one.id: seal for one in touched if (seal := self.secrets.sealer(one.row)) is not None}
        save_changes(self.transaction, {workflow.id: workflow.changes for workflow in touched}, seals)
        if touched:
            self.transaction.many("save_history", self._history)
            self.transaction.many("save_workflows", [_row_of(one, seals.get(one.id)) for one in touched])
        for workflow in touched:
            workflow.changes.clear()
            workflow.noted = 0
        self._history.clear()
        for number, event in self._empty:
            self.transaction.run("add_empty", workflow=number, entries=rows.to_json([*event.entries]))
        self._empty.clear()

    def _sealers(self) -> Callable[[Execution], Seal | None]:
        """Gives what seals the values of an execution, if its tree has secrets."""
        known: dict[str, Seal | None] = {}

        def sealer_of(execution: Execution) -> Seal | None:
            number = execution.workflow
            if execution.token is not None and (number is None or number not in self.workflows):
                number = execution.token.workflow
            assert number is not None
            if number not in known:
                known[number] = self.secrets.sealer(self.workflow(number).row)
            return known[number]

        return sealer_of

    # --- what a decision brings

    def _take(self, subject: Workflow, decision: Decision, cause: str) -> None:
        before = subject.head
        self._history += subject.history_of(decision, cause, self.now)
        subject.state.apply(decision.changes)
        subject.changes += decision.changes
        for command in decision.commands:
            match command:
                case RunAction():
                    self._add_attempt(subject, command)
                case WithdrawAttempt(entry, item, number):
                    self._withdraw(Token(subject.id, entry, item, number))
                case StopAttempt(entry, item, number):
                    stop(self, Token(subject.id, entry, item, number))
                case CancelAttempt(entry, item, number):
                    cancel_held(self, Token(subject.id, entry, item, number))
                case EndEmpty(entries):
                    self._empty.append((subject.id, EmptyEnded(entries)))
        after = subject.head
        if after.status != before.status or has_settled(after) != has_settled(before):
            self._follow_status(subject, before.status)

    def _add_attempt(self, subject: Workflow, command: RunAction) -> None:
        revival = take_revival(self, subject, command)
        if revival is not None:
            self._revived.append((subject, command, revival))
            return
        token = Token(subject.id, command.entry, command.item, command.attempt)
        execution = Execution(
            id=self.ids.next(),
            action=command.action or "",
            status="delayed" if command.delay else "requested",
            parameters=command.input,
            created_at=self.now,
            parent=subject.row["execution"],
            token=token,
            task=command.task,
            route=command.route,
        )
        if subject.row["wraps"]:
            wrapper = self.ledger.execution(subject.row["execution"])
            execution.user, execution.top, execution.rerun_of = wrapper.user, True, wrapper.rerun_of
        due_at = self.now + command.delay * _MICROSECONDS
        attempt = Attempt(execution.id, token, subject.row["root"], due_at, delayed=command.delay > 0)
        self.ledger.add(execution)
        self.ledger.add_attempt(attempt)
        self._fresh.append(attempt)

    def _withdraw(self, token: Token) -> None:
        attempt = self.ledger.attempt_with(token)
        if attempt is not None:
            self.ledger.end(attempt.execution)
            self.ledger.execution(attempt.execution).show("canceled", self.now)

    def _follow_status(self, subject: Workflow, before: Status) -> None:
        """Its execution shows a workflow's status; a parent hears of its end, hold and release."""
        status = subject.head.status
        row = subject.row
        ended = status in COMPLETED
        result = result_of(subject.state) if ended else None
        self.ledger.execution(row["execution"]).show(status, self.now, result)
        if row["parent"] is None:
            return
        report: Status
        if ended:
            if not has_settled(subject.head):
                return
            report = status
            self.ledger.end(row["execution"])
        elif status == "paused":
            report = "paused"
        elif before == "paused":
            report = "running"
        else:
            return
        token = (row["parent_entry"], row["parent_item"], row["parent_attempt"])
        self.post(row["parent"], AttemptReported(*token, report, as_reported(result, row["execution"])))

    def _offer(self, attempt: Attempt) -> None:
        """Claim an attempt, if it is still wanted, may start now, and there is room for it.

        Else it waits in the queue.
        """
        current = self.ledger.attempt(attempt.execution)
        claimer = self._claimer
        if current is None or claimer is None or not current.is_due(self.now):
            return
        if current.repeatable and claimer.runs(current.execution):
            return  # it was taken from this engine; the end of its first start is not that of its second
        execution = self.ledger.execution(attempt.execution)
        subject = self.workflow(attempt.token.workflow)
        is_free = (subject.claimable or current.repeatable) and not subject.is_overdue(self.now)
        if not is_free or not claimer.may_claim(self, attempt.root):
            return
        if current.repeatable and execution.started_at is None and not may_begin(self, current):
            return
        if not current.repeatable:
            token = attempt.token
            answer = self.deliver(subject.id, AttemptBegan(token.entry, token.item, token.number))
            if not isinstance(answer, Decision):
                self.ledger.end(attempt.execution)
                return
            execution.show("running", self.now)
        claimed = current.claimed_by(claimer.id, deadline_of(self, current.token))
        self.ledger.keep(claimed)
        claimer.begin(self, claimed, execution)


def _row_of(workflow: Workflow, seal: Seal | None) -> rows.Row:
    """The row of `save_workflows`."""
    head = workflow.head
    text = rows.head_text(head)
    return (
        head.status,
        head.event,
        not workflow.claimable,
        text if seal is None else seal(text),
        workflow.expires_at,
        workflow.id,
    )
