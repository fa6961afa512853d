"""An engine: it claims attempts, runs their actions, and delivers what they report (architecture 4).

One thread does all of it, in rounds (`run_once`): deliver what has been reported, claim what is due, commit,
then start what was claimed. Actions run outside: their ends come from a waiting thread into a queue, which
the next round empties. So all that has been reported since the last round shares one commit.

An engine works for the trees that it owns. What the engine before it has left is `recovery`'s part.
"""

import os
import select
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from orchestrion.actions.catalog import Catalog
from orchestrion.actions.metadata import Action, workflow_path
from orchestrion.actions.parameters import resolve
from orchestrion.actions.runners.base import Job, Outcome
from orchestrion.actions.runners.processes import end_groups
from orchestrion.actions.runners.registry import WITHOUT_PROCESS, WORKFLOW_RUNNER, Runners, check_runnable
from orchestrion.core.language import as_stackstorm, inspect
from orchestrion.core.status import COMPLETED, Status
from orchestrion.core.values import Json, problem_with
from orchestrion.errors import InvariantViolation, OrchestrionError, StoreError
from orchestrion.runtime.definitions import read_definition
from orchestrion.runtime.dispatcher import Dispatcher, Unit
from orchestrion.runtime.ledger import Attempt, Execution
from orchestrion.runtime.presence import Presence
from orchestrion.runtime.subworkflows import Start, start_workflow
from orchestrion.store import rows
from orchestrion.store.sqlite import Transaction

SLOTS: Final = 20
"""How many actions with a process an engine runs at a time."""

CLAIMS: Final = 100
"""How many attempts an engine claims in one commit, so that nobody waits long for the lock."""

POLL_SECONDS: Final = 0.25
"""How long an engine sleeps at the most: the net under lost wake-ups."""

_MICROSECONDS: Final = 1_000_000
_CONTRADICTION: Final = (
    "The end of an action could not be recorded ({error}): a bug of Orchestrion. Nothing was written. "
    "Go on with: orchestrion execution resume ID"
)


class Report(NamedTuple):
    """The end of an action, on its way to the dispatcher."""

    execution: str
    status: Status
    result: Json


@dataclass(slots=True)
class _Begun:
    """What an engine has begun in a unit: it counts once the unit is committed."""

    claims_left: int = CLAIMS
    roots: list[str] = field(default_factory=list[str])
    jobs: list[tuple[Job, Action]] = field(default_factory=list[tuple[Job, Action]])
    reports: list[Report] = field(default_factory=list[Report])


def _report_of(execution: str, outcome: Outcome) -> Report:
    """What an outcome comes to: a result that is no value fails its action."""
    problem = problem_with(outcome.result)
    if problem is None:
        return Report(execution, outcome.status, outcome.result)
    return Report(execution, "failed", {"error": f"The result of the action cannot be kept. {problem}"})


class Engine:
    """Does the work of the trees in `roots`.

    `run_once` is one round; `wait` sleeps until there may be something to do.
    """

    def __init__(self, dispatcher: Dispatcher, presence: Presence, catalog: Catalog, user: str) -> None:
        self.id: Final = presence.id
        self.roots: Final[dict[str, None]] = {}
        self._dispatcher = dispatcher
        self._presence = presence
        self._catalog = catalog
        self._user = user
        self._runners = Runners()
        self._reports: deque[Report] = deque()
        self._jobs: deque[tuple[Job, Action]] = deque()
        self._processes: dict[str, tuple[int, str]] = {}
        self._new_processes: list[tuple[int, str, str]] = []
        self._running: dict[str, None] = {}
        self._recorded: set[str] = set()
        self._begun = _Begun()
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    # --- rounds

    def run_once(self) -> int:
        """One round; the number of things that were done: reports, claims, starts."""
        done = self._deliver()
        started = 0
        while self._jobs:
            job, action = self._jobs.popleft()
            self._start(job, action)
            started += 1
        return done + started

    def wait(self, seconds: float = POLL_SECONDS) -> None:
        """Sleep until an action has ended, somebody else has committed, something is due.

        Or `seconds` have passed.
        """
        if self._reports or self._jobs or self._new_processes:
            return
        due = self._next_due()
        if due is not None:
            seconds = min(seconds, max(0.0, (due - self._dispatcher.clock()) / _MICROSECONDS))
        select.select([self._wake_read, self._presence], [], [], seconds)
        self._presence.drain()
        with suppress(BlockingIOError):
            while os.read(self._wake_read, 4096):
                pass

    def interrupt(self) -> None:
        """Wake `wait` from a signal handler or another thread."""
        with suppress(BlockingIOError):
            os.write(self._wake_write, b"!")

    @property
    def busy(self) -> bool:
        """Whether actions run that this engine has started, or their ends are still to be delivered."""
        return bool(self._running or self._reports or self._jobs)

    def close(self) -> None:
        """End what still runs."""
        self._runners.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def kill(self) -> None:
        """End the processes of all actions at once, and report nothing: this engine is about to die."""
        end_groups(self._processes.values(), grace_seconds=0.0)

    def _deliver(self) -> int:
        """Commit all that was reported as one group; a report that cannot be taken holds up only itself."""
        reports = [self._reports.popleft() for _ in range(len(self._reports))]
        for report in reports:
            self._running.pop(report.execution, None)
        try:
            return self._commit(reports)
        except StoreError:
            self._reports.extendleft(reversed(reports))
            raise
        except Exception as error:
            if len(reports) <= 1:
                raise InvariantViolation(_CONTRADICTION.format(error=error)) from error
            return self._deliver_singly(reports)

    def _deliver_singly(self, reports: list[Report]) -> int:
        """Deliver each report in a unit of its own; what fails is told once the others are safe."""
        done = 0
        failure: Exception | None = None
        for report in reports:
            try:
                done += self._commit([report])
            except Exception as error:  # noqa: BLE001  # whatever it is, it must not hold up the others
                failure = error
        if failure is not None:
            raise InvariantViolation(_CONTRADICTION.format(error=failure)) from failure
        return done

    def _commit(self, reports: list[Report]) -> int:
        started = self._new_processes[:]
        ended = [report.execution for report in reports if report.execution in self._recorded]
        with self._dispatcher.unit(self) as unit:
            for report in reports:
                unit.report(*report, engine=self.id)
            if started:
                rows = [(number, self.id, pid, mark) for pid, mark, number in started]
                unit.transaction.many("add_processes", rows)
            if ended:
                unit.transaction.many("delete_processes", [(number, self.id) for number in ended])
            for root in self.roots:
                unit.end_empty(root)
            unit.settle()
            for root in self.roots:
                if self.may_claim(root):
                    unit.claim_due(root, self._begun.claims_left)
        del self._new_processes[: len(started)]
        self._recorded.update(number for _, _, number in started)
        self._recorded.difference_update(ended)
        for report in reports:
            self._processes.pop(report.execution, None)
        self._end_unwanted()
        return len(reports) + len(unit.workflows)

    def _end_unwanted(self) -> None:
        """End the processes of attempts that somebody has given up."""
        if self._processes:
            with self._dispatcher.store.reading() as transaction:
                left = transaction.all("leftover_processes_of", engine=self.id)
            unwanted = [self._processes.pop(row["execution"], None) for row in left]
            end_groups([process for process in unwanted if process is not None], grace_seconds=0.0)

    def _next_due(self) -> int | None:
        due: list[int] = []
        with self._dispatcher.store.reading() as transaction:
            for root in self.roots:
                if transaction.value("has_empties", root=root):
                    return 0
                value = transaction.value("next_due", root=root)
                if value is not None and len(self._running) < SLOTS:
                    due.append(value)
        return min(due, default=None)

    # --- claims

    def open_unit(self) -> None:
        """A new unit: a new share of claims."""
        self._begun = _Begun()

    def close_unit(self, *, committed: bool) -> None:
        """What was begun in the unit is to be done now, or never was."""
        begun, self._begun = self._begun, _Begun()
        if committed:
            self._jobs += begun.jobs
            self._reports += begun.reports
            return
        for root in begun.roots:
            self.roots.pop(root, None)
        for job, _ in begun.jobs:
            self._running.pop(job.execution_id, None)

    def may_claim(self, root: str) -> bool:
        """Whether this engine works for the tree and has a free slot."""
        return root in self.roots and len(self._running) < SLOTS and self._begun.claims_left > 0

    def begin(self, unit: Unit, attempt: Attempt, execution: Execution) -> None:
        """Note what starts after the commit; a sub-workflow starts in the unit itself."""
        self._begun.claims_left -= 1
        if not execution.action:
            self._begun.reports.append(Report(execution.id, "succeeded", None))
            return
        try:
            action = self._catalog.find(execution.action)
            check_runnable(action)
            values = execution.parameters if isinstance(execution.parameters, dict) else {}
            resolved = resolve(action, values)
            execution.runner = action.runner_type
            unit.ledger.keep(attempt._replace(repeatable=action.idempotent))
            if action.runner_type == WORKFLOW_RUNNER:
                self._begin_workflow(unit, attempt, execution, action, dict(resolved.action_parameters))
                return
        except OrchestrionError as error:
            message: dict[str, Json] = {"error": str(error)}
            self._begun.reports.append(Report(execution.id, "failed", message))
            return
        if action.runner_type not in WITHOUT_PROCESS:
            self._running[execution.id] = None
        job = Job(
            execution.id, action, resolved.runner_parameters, resolved.action_parameters, engine=self.id
        )
        self._begun.jobs.append((job, action))

    def _begin_workflow(
        self, unit: Unit, attempt: Attempt, execution: Execution, action: Action, inputs: dict[str, Json]
    ) -> None:
        definition = read_definition(workflow_path(action))
        problems = as_stackstorm(inspect(definition))
        if problems:
            result: dict[str, Json] = {"errors": [*problems], "output": None}
            self._begun.reports.append(Report(execution.id, "failed", result))
            return
        packs = tuple(rows.from_json(unit.workflow(attempt.root).row["packs"]))
        start = Start(execution, definition, inputs, self._user, packs)
        start_workflow(unit, start, attempt.token, attempt.root)

    def _start(self, job: Job, action: Action) -> None:
        def on_started(pid: int, mark: str) -> None:
            self._processes[job.execution_id] = (pid, mark)
            self._new_processes.append((pid, mark, job.execution_id))

        def on_done(outcome: Outcome) -> None:  # in the waiting thread
            self._reports.append(_report_of(job.execution_id, outcome))
            self.interrupt()

        self._runners.runner_for(action).start(job, on_started, on_done)

    # --- ownership

    def own(self, unit: Unit, root: str) -> bool:
        """Become the engine of a tree, unless another one that lives is; whether this one is now."""
        row = unit.workflow(root).row
        if row["engine"] != self.id:
            if row["engine"] is not None and unit.is_alive(row["engine"]):
                return False
            row["engine"] = self.id
            unit.transaction.run("set_engine", engine=self.id, root=root)
        if root not in self.roots:
            self.roots[root] = None
            self._begun.roots.append(root)
        return True

    def leave_if_over(self) -> bool:
        """Stop working for the trees if nothing moves in them any more: all ended or held, no action at work.

        Decided and committed at one moment, so that no request that comes in between waits for this engine.
        """
        if self.busy:
            return False
        with self._dispatcher.store.reading() as transaction:
            if not self._is_over(transaction):
                return False
        with self._dispatcher.unit() as unit:
            if not self._is_over(unit.transaction):
                return False
            for root in self.roots:
                unit.transaction.run("set_engine", engine=None, root=root)
        self.roots.clear()
        return True

    def _is_over(self, transaction: Transaction) -> bool:
        for root in self.roots:
            row = transaction.one("load_workflow", id=root)
            assert row is not None
            if row["status"] not in COMPLETED and row["status"] != "paused":
                return False
            if transaction.value("next_due", root=root) is not None:
                return False
        return True
