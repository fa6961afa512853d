"""An engine: it claims attempts, runs their actions, and delivers what they report (architecture 4).

One thread does all of it, in rounds (`run_once`): deliver what has been reported, claim what is due, commit,
then start what was claimed. Actions run outside: their ends come from a waiting thread into a queue, which
the next round empties. So all that has been reported since the last round shares one commit.

An engine works for the trees that it owns. Taking over a tree whose engine has died: attempts that it had
claimed are fenced, what is left of their processes is ended, and they are abandoned at once.
"""

import os
import select
from collections import deque
from contextlib import suppress
from typing import Final, NamedTuple

from orchestrion.actions.catalog import Catalog
from orchestrion.actions.metadata import Action, workflow_path
from orchestrion.actions.parameters import resolve
from orchestrion.actions.runners.base import Job, Outcome
from orchestrion.actions.runners.processes import end_groups, groups_of
from orchestrion.actions.runners.registry import WITHOUT_PROCESS, WORKFLOW_RUNNER, Runners, check_runnable
from orchestrion.core.language import as_stackstorm, inspect
from orchestrion.core.status import COMPLETED, Status
from orchestrion.core.values import Json
from orchestrion.errors import InvariantViolation, OrchestrionError, StoreError
from orchestrion.runtime.definitions import read_definition
from orchestrion.runtime.dispatcher import Dispatcher, Unit
from orchestrion.runtime.ledger import Attempt, Execution
from orchestrion.runtime.presence import Presence
from orchestrion.runtime.subworkflows import Start, start_workflow
from orchestrion.store import rows

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
_LOST: Final = "The process that ran this action is gone, and nobody knows how far the action has come."


class Report(NamedTuple):
    """The end of an action, on its way to the dispatcher."""

    execution: str
    status: Status
    result: Json


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
        self._claims_left = 0
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
            self._processes.pop(report.execution, None)
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
        processes = self._new_processes[:]
        try:
            with self._dispatcher.unit(self) as unit:
                for report in reports:
                    unit.report(*report)
                if processes:
                    unit.transaction.many("set_process", processes)
                unit.settle()
                for root in self.roots:
                    if self.may_claim(root):
                        unit.claim_due(root, self._claims_left)
                self._drop_unwanted(unit)
        except BaseException:
            self._forget_jobs()
            raise
        del self._new_processes[: len(processes)]
        return len(reports) + len(unit.workflows)

    def _forget_jobs(self) -> None:
        """The unit in which they were claimed was rolled back."""
        while self._jobs:
            self._running.pop(self._jobs.popleft()[0].execution_id, None)

    def _drop_unwanted(self, unit: Unit) -> None:
        """End the processes of attempts that somebody has given up."""
        if self._processes:
            rows = unit.transaction.all("attempts_of_engine", engine=self.id)
            wanted = {row["execution"] for row in rows} | unit.ledger.claimed
            gone = [number for number in self._processes if number not in wanted]
            end_groups([self._processes.pop(number) for number in gone], grace_seconds=0.0)

    def _next_due(self) -> int | None:
        due: list[int] = []
        with self._dispatcher.store.reading() as transaction:
            for root in self.roots:
                value = transaction.value("next_due", root=root)
                if value is not None and len(self._running) < SLOTS:
                    due.append(value)
        return min(due, default=None)

    # --- claims

    def open_unit(self) -> None:
        """A new unit: a new share of claims."""
        self._claims_left = CLAIMS

    def may_claim(self, root: str) -> bool:
        """Whether this engine works for the tree and has a free slot."""
        return root in self.roots and len(self._running) < SLOTS and self._claims_left > 0

    def begin(self, unit: Unit, attempt: Attempt, execution: Execution) -> None:
        """Note what starts after the commit; a sub-workflow starts in the unit itself."""
        self._claims_left -= 1
        if not execution.action:
            self._reports.append(Report(execution.id, "succeeded", None))
            return
        try:
            action = self._catalog.find(execution.action)
            check_runnable(action)
            values = execution.parameters if isinstance(execution.parameters, dict) else {}
            resolved = resolve(action, values)
            execution.runner = action.runner_type
            if action.runner_type == WORKFLOW_RUNNER:
                self._begin_workflow(unit, attempt, execution, action, dict(resolved.action_parameters))
                return
        except OrchestrionError as error:
            message: dict[str, Json] = {"error": str(error)}
            self._reports.append(Report(execution.id, "failed", message))
            return
        if action.runner_type not in WITHOUT_PROCESS:
            self._running[execution.id] = None
        job = Job(execution.id, action, resolved.runner_parameters, resolved.action_parameters)
        self._jobs.append((job, action))

    def _begin_workflow(
        self, unit: Unit, attempt: Attempt, execution: Execution, action: Action, inputs: dict[str, Json]
    ) -> None:
        definition = read_definition(workflow_path(action))
        problems = as_stackstorm(inspect(definition))
        if problems:
            result: dict[str, Json] = {"errors": [*problems], "output": None}
            self._reports.append(Report(execution.id, "failed", result))
            return
        packs = tuple(rows.from_json(unit.workflow(attempt.root).row["packs"]))
        start = Start(execution, definition, inputs, self._user, packs)
        start_workflow(unit, start, attempt.token, attempt.root)

    def _start(self, job: Job, action: Action) -> None:
        def on_started(pid: int, mark: str) -> None:
            self._processes[job.execution_id] = (pid, mark)
            self._new_processes.append((pid, mark, job.execution_id))

        def on_done(outcome: Outcome) -> None:  # in the waiting thread
            self._reports.append(Report(job.execution_id, outcome.status, outcome.result))
            self.interrupt()

        self._runners.runner_for(action).start(job, on_started, on_done)

    # --- ownership

    def own(self, unit: Unit, root: str) -> bool:
        """Become the engine of a tree, unless another one that lives is; whether this one is now.

        What a dead engine had claimed is abandoned.
        """
        row = unit.workflow(root).row
        before = row["engine"]
        if before not in (None, self.id) and self._presence.is_alive(before):
            return False
        row["engine"] = self.id
        self.roots[root] = None
        unit.transaction.run("set_engine", engine=self.id, root=root)
        if before not in (None, self.id):
            self._abandon(unit, root)
        return True

    def _abandon(self, unit: Unit, root: str) -> None:
        """End what is left of the processes of a dead engine, and give up their attempts."""
        lost = [
            unit.ledger.execution(row["execution"])
            for row in unit.transaction.all("attempts_at_work", root=root)
        ]
        groups = unit.transaction.all("processes_of_tree", root=root)
        unrecorded = {execution.id for execution in lost} - {row["execution"] for row in groups}
        end_groups([*((row["pid"], row["mark"]) for row in groups), *groups_of(unrecorded)])
        for execution in lost:
            attempt = unit.ledger.attempt(execution.id)
            if execution.workflow is not None or attempt is None:
                continue  # a sub-workflow has no process of its own
            if self._may_run_again(execution.action):
                self.begin(unit, unit.ledger.claim(attempt, self.id), execution)
            else:
                unit.report(execution.id, "abandoned", {"error": _LOST})

    def _may_run_again(self, action: str) -> bool:
        try:
            return not action or self._catalog.find(action).idempotent
        except OrchestrionError:
            return False

    def disown(self) -> None:
        """Stop working for the trees whose work is done or held, so that nobody waits for this engine."""
        with self._dispatcher.unit() as unit:
            for root in list(self.roots):
                unit.transaction.run("set_engine", engine=None, root=root)
                del self.roots[root]

    def is_over(self) -> bool:
        """Whether nothing moves any more in the trees of this engine: all ended or held.

        And no action at work.
        """
        if self.busy:
            return False
        with self._dispatcher.store.reading() as transaction:
            for root in self.roots:
                row = transaction.one("load_workflow", id=root)
                assert row is not None
                if row["status"] not in COMPLETED and row["status"] != "paused":
                    return False
                if transaction.value("next_due", root=root) is not None:
                    return False
        return True
