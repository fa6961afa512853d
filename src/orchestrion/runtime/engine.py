"""An engine: it claims attempts, runs their actions, and delivers what they report (architecture 4).

One thread does all of it, in rounds (`run_once`): deliver what has been reported, claim what is due, commit,
then start what was claimed. Actions run outside (`worker`). Which part of the store's work an engine does is
its share: the trees that it owns, or all that belongs to nobody. What engines that died have left is the part
of `recovery`.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import Final

from orchestrion.actions.metadata import Action, workflow_path
from orchestrion.actions.parameters import resolve
from orchestrion.actions.runners.base import Job
from orchestrion.actions.runners.registry import INQUIRER, WORKFLOW_RUNNER, check_runnable
from orchestrion.core.language import as_stackstorm, inspect
from orchestrion.core.status import COMPLETED
from orchestrion.core.values import Json
from orchestrion.errors import InvariantViolation, OrchestrionError, StoreError
from orchestrion.runtime.deadlines import end_overdue, with_deadline
from orchestrion.runtime.definitions import read_definition
from orchestrion.runtime.dispatcher import Dispatcher
from orchestrion.runtime.inquiries import ask
from orchestrion.runtime.ledger import Attempt, Execution
from orchestrion.runtime.peers import SUBWORKFLOW, Kind
from orchestrion.runtime.pins import Catalogs, PinnedPacks, Pins
from orchestrion.runtime.readiness import Readiness
from orchestrion.runtime.renewal import renew
from orchestrion.runtime.secrets import secret_output, secret_parameters
from orchestrion.runtime.share import Pool, Share, Trees
from orchestrion.runtime.subworkflows import Start, start_workflow
from orchestrion.runtime.surroundings import job_of_task, surroundings_of_task
from orchestrion.runtime.unit import EMPTY_ENDS, Unit
from orchestrion.runtime.worker import Report, Worker
from orchestrion.store import rows
from orchestrion.store.sqlite import Transaction

CLAIMS: Final = 100
"""How many attempts an engine claims in one commit, so that nobody waits long for the lock."""

GROUP_SECONDS: Final = 0.005
"""How long an engine takes up reports for one commit; the rest waits for the next one."""

EXPECTED: Final = 10
"""For how many reports an engine reads together what they need."""

POLL_SECONDS: Final = 0.25
"""How long an engine sleeps at the most: the net under lost wake-ups."""

_MICROSECONDS: Final = 1_000_000
_CONTRADICTION: Final = (
    "The end of an action could not be recorded ({error}): a bug of Orchestrion. Nothing was written. "
    "Go on with: orchestrion execution resume ID"
)


@dataclass(slots=True)
class _Begun:
    """What an engine has begun in a unit: it counts once the unit is committed."""

    claims_left: int = CLAIMS
    roots: list[str] = field(default_factory=list[str])
    jobs: list[Job] = field(default_factory=list[Job])
    reports: list[Report] = field(default_factory=list[Report])
    beat: int | None = None
    renewed: list[Job] | None = None


class Engine:
    """Does the work of its share: `run_once` is one round; `wait` sleeps until something may be to do."""

    def __init__(
        self, dispatcher: Dispatcher, worker: Worker, catalogs: Catalogs, user: str, kind: Kind = "command"
    ) -> None:
        self.id: Final = dispatcher.peers.id
        self.trees: Final = Trees(self.id)
        self.worker: Final = worker
        self._share: Share = self.trees if kind == "command" else Pool()
        self._kind: Kind = kind
        self._dispatcher = dispatcher
        self._pins = Pins(PinnedPacks(dispatcher.store, catalogs, self._beat_amid))
        self._readiness = Readiness(self._pins, worker)
        self._user = user
        self._recorded: set[str] = set()
        self._begun = _Begun()
        self._next_beat = 0
        self._draining = False
        self._in_doubt = False

    # --- rounds

    def run_once(self) -> int:
        """One round; the number of things that were done: starts, reports, claims."""
        return self.worker.start_all() + self._readiness.prepare() + self._deliver() + self.worker.start_all()

    def wait(self, seconds: float = POLL_SECONDS) -> None:
        """Sleep until an action has ended, somebody else has committed, something is due.

        Or `seconds` have passed.
        """
        if self.worker.is_pending:
            return
        due = self._next_due()
        if due is not None:
            seconds = min(seconds, max(0.0, (due - self._dispatcher.clock()) / _MICROSECONDS))
        self.worker.wait(seconds)

    def _deliver(self) -> int:
        """Commit all that was reported as one group; a report that cannot be taken holds up only itself."""
        waiting = self.worker.reports
        reports = [waiting.popleft() for _ in range(len(waiting))]
        try:
            return self._commit(reports)
        except StoreError:
            self._in_doubt = True
            waiting.extendleft(reversed(reports))
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
        fresh = self.worker.fresh[:]
        taken: list[Report] = []
        with self._dispatcher.unit(self) as unit:
            opened = self._note_opened(unit)
            ends = {report.execution for report in reports}
            self.worker.output.store(unit.transaction, self.id, unit.now, ends)
            until = monotonic() + GROUP_SECONDS
            for at, report in enumerate(reports):
                if at % EXPECTED == 0:
                    unit.expect([one.execution for one in reports[at : at + EXPECTED]])
                self.worker.release(report.execution)
                unit.report(*report, engine=self.id)
                unit.settle()
                taken.append(report)
                if monotonic() > until:
                    break
            done = {report.execution for report in taken}
            begun = [process for process in fresh if process.execution not in done]
            if begun:
                unit.transaction.many("add_processes", [(p.execution, self.id, p.pid, p.mark) for p in begun])
            ended = [number for number in done if number in self._recorded]
            if ended:
                unit.transaction.many("delete_processes", [(number, self.id) for number in ended])
            if self._in_doubt:
                self._reclaim_unknown(unit, ends)
            self._take_up(unit)
            if self._draining or self._is_silent:
                self.beat(unit)
        self.worker.reports.extendleft(reversed(reports[len(taken) :]))
        del self.worker.fresh[: len(fresh)]
        for _ in range(opened):
            self.worker.opened.popleft()
        self._recorded.update(process.execution for process in begun)
        self._recorded.difference_update(ended)
        for report in taken:
            self.worker.forget(report.execution)
        self._in_doubt = False
        self._end_unwanted()
        return len(taken) + len(unit.workflows)

    def _note_opened(self, unit: Unit) -> int:
        """What actions have opened is secret from now on; how many values those are."""
        opened = [*self.worker.opened]
        for execution, value in opened:
            attempt = unit.ledger.attempt(execution)
            if attempt is not None:
                unit.secrets.of(unit.workflow(attempt.root).row).note([value])
        if opened:
            unit.secrets.write()  # before the output of the action, which is sealed by what the rows say
        return len(opened)

    def _take_up(self, unit: Unit) -> None:
        """Do what earlier units have left, and claim what is due."""
        overdue = self._share.overdue(unit.transaction, unit.now, CLAIMS)
        end_overdue(unit, overdue)
        unit.end_empty(self._share.empties(unit.transaction, EMPTY_ENDS))
        unit.settle()
        if overdue:
            self._forget_ended(unit)
        if self.worker.late:
            self._begun.renewed = renew(unit, self.worker.late.values(), self.id)
            unit.settle()
        if self.worker.has_room and not self._draining:
            due = self._readiness.due(unit, self._share, self._begun.claims_left)
            unit.claim(due)
            unit.settle()
            self._readiness.pass_over(unit, due)

    def _forget_ended(self, unit: Unit) -> None:
        """What this unit has claimed and ended again, because the time was over, never begins."""
        ended = [job for job in self._begun.jobs if unit.ledger.attempt(job.execution_id) is None]
        for job in ended:
            self._begun.jobs.remove(job)
            self.worker.release(job.execution_id)

    def _reclaim_unknown(self, unit: Unit, ends: Collection[str]) -> None:
        """A commit that raised may have happened all the same: what it has taken is to be taken again.

        Not the executions whose `ends` are being delivered, now or by the next commit.
        """
        if self._kind == "command":
            for row in unit.transaction.all("trees_of_engine", engine=self.id, count=-1):
                self.trees.roots[row["id"]] = None
        for row in unit.transaction.all("attempts_of_engine", engine=self.id, count=-1):
            attempt = unit.ledger.attempt(row["execution"])
            if attempt is not None and not (row["execution"] in ends or self.worker.knows(row["execution"])):
                unit.repeat(attempt._replace(repeatable=True))  # nothing has begun

    def _end_unwanted(self) -> None:
        """End the processes of attempts that somebody has given up."""
        if self.worker.has_processes:
            with self._dispatcher.store.reading() as transaction:
                left = transaction.all("leftover_processes_of", engine=self.id)
            self.worker.end([row["execution"] for row in left])

    def _next_due(self) -> int | None:
        with self._dispatcher.store.reading() as transaction:
            if self._share.empties(transaction, 1):
                return 0
            times = [self._share.next_expiry(transaction)]
            if self.worker.has_room and not self._draining:
                times.append(self._share.next_due(transaction, self._readiness.passed_over_until))
        return min((time for time in times if time is not None), default=None)

    # --- claims

    def open_unit(self) -> None:
        """A new unit: a new share of claims."""
        self._begun = _Begun()

    def close_unit(self, *, committed: bool) -> None:
        """What was begun in the unit is to be done now, or never was."""
        begun, self._begun = self._begun, _Begun()
        if committed:
            self.worker.enqueue(begun.jobs, begun.renewed)
            self.worker.reports.extend(begun.reports)
            self._next_beat = begun.beat or self._next_beat
            return
        if begun.roots or begun.jobs or begun.reports:
            self._in_doubt = True  # the commit may be what has failed
        for root in begun.roots:
            self.trees.roots.pop(root, None)
        for job in begun.jobs:
            self.worker.release(job.execution_id)

    def runs(self, execution: str) -> bool:
        """Whether something that this engine has started for an execution has not ended."""
        return self.worker.knows(execution)

    def may_claim(self, unit: Unit, root: str, action: str) -> bool:
        """Whether this engine works for the tree, has a free slot, and what the action needs is ready."""
        return (
            self.worker.has_room
            and self._begun.claims_left > 0
            and not self._draining
            and self._share.covers(unit, root)
            and self._readiness.is_ready(unit, root, action)
        )

    def begin(self, unit: Unit, attempt: Attempt, execution: Execution) -> None:
        """Note what starts after the commit; a sub-workflow starts in the unit itself."""
        self._begun.claims_left -= 1
        attempt = with_deadline(unit, attempt)
        if not execution.action:
            unit.ledger.keep(attempt._replace(repeatable=True))
            self._begun.reports.append(Report(execution.id, "succeeded", None))
            return
        action = None
        try:
            action = self._pins.find(unit, attempt.root, execution.action)
            check_runnable(action)
            values = execution.parameters if isinstance(execution.parameters, dict) else {}
            resolved = resolve(action, values, surroundings_of_task(unit, execution, action))
            secrets = unit.secrets.of(unit.workflow(attempt.root).row)
            had_secrets = bool(secrets)
            secrets.note_parameters(action.ref, secret_parameters(action, resolved.all))
            execution.to_seal = bool(secrets) and not had_secrets
            secrets.note_output(action.ref, secret_output(action))
            execution.runner = action.runner_type
            unit.ledger.keep(attempt._replace(repeatable=action.idempotent))
            if action.runner_type == WORKFLOW_RUNNER:
                self._begin_workflow(unit, attempt, execution, action, dict(resolved.action_parameters))
                return
            if action.runner_type == INQUIRER:
                ask(unit, attempt, execution, resolved.runner_parameters)
                return
            on_output = partial(self.worker.output.add, execution.id)
            job = job_of_task(unit, execution, action, resolved, self.id, on_output)
        except OrchestrionError as error:
            message: dict[str, Json] = {"error": action.pack.told(str(error)) if action else str(error)}
            unit.ledger.keep(attempt._replace(repeatable=True))  # nothing has begun
            self._begun.reports.append(Report(execution.id, "failed", message))
            return
        self.worker.reserve(action, execution.id)
        self._begun.jobs.append(job)

    def _begin_workflow(
        self, unit: Unit, attempt: Attempt, execution: Execution, action: Action, inputs: dict[str, Json]
    ) -> None:
        definition = read_definition(workflow_path(action))
        problems = as_stackstorm(inspect(definition))
        if problems:
            result: dict[str, Json] = {"errors": [*problems], "output": None}
            unit.ledger.keep(attempt._replace(repeatable=True))
            self._begun.reports.append(Report(execution.id, "failed", result))
            return
        packs = tuple(rows.from_json(unit.workflow(attempt.root).row["packs"]))
        start = Start(execution, definition, inputs, self._user, packs)
        start_workflow(unit, start, attempt.token, attempt.root)
        unit.ledger.keep(attempt._replace(engine=SUBWORKFLOW, expires_at=None))  # its time is its own

    # --- which trees, and how long

    def own(self, unit: Unit, root: str) -> bool:
        """Become the engine of a tree, unless another one that lives is; whether this one is now.

        Where a service lives, the tree is left to it.
        """
        row = unit.workflow(root).row
        before = row["engine"]
        if before != self.id and unit.is_alive(before):
            return False
        after = None if self._dispatcher.peers.service(unit.transaction) else self.id
        if after != before:
            row["engine"] = after
            unit.transaction.run("set_engine", engine=after, root=root)
        if after is None:
            return False
        if root not in self.trees.roots:
            self.beat(unit)
            self.trees.roots[root] = None
            self._begun.roots.append(root)
        return True

    def beat(self, unit: Unit) -> None:
        """Say that this engine lives."""
        self._begun.beat = self._dispatcher.peers.beat(unit.transaction, self._kind)
        if self._draining:
            self._dispatcher.peers.drain(unit.transaction)

    @property
    def _is_silent(self) -> bool:
        """Whether it is time to say so again."""
        return self._dispatcher.peers.monotonic() >= self._next_beat

    def _beat_amid(self) -> None:
        """Say that this engine lives, while it is busy with something else than its rounds."""
        if self._is_silent:
            with self._dispatcher.unit(self) as unit:
                self.beat(unit)

    def drain(self) -> None:
        """Start nothing more; what runs may end."""
        self._draining = True

    def leave_if_over(self) -> bool:
        """Stop working for the trees if nothing moves in them any more: all ended or held, no action at work.

        Decided and committed at one moment, so that no request that comes in between waits for this engine.
        """
        if self.worker.busy or self._in_doubt:
            return False
        with self._dispatcher.store.reading() as transaction:
            if not self._is_over(transaction):
                return False
        with self._dispatcher.unit() as unit:
            if not self._is_over(unit.transaction):
                return False
            unit.transaction.run("release_trees", engine=self.id)
            self._dispatcher.peers.leave(unit.transaction)
        self.trees.roots.clear()
        return True

    def _is_over(self, transaction: Transaction) -> bool:
        for root in self.trees.roots:
            row = transaction.one("load_workflow", id=root)
            assert row is not None
            if row["status"] not in COMPLETED and row["status"] != "paused":
                return False
        return self._share.next_due(transaction) is None and not self._share.empties(transaction, 1)
