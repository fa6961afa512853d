"""An engine: it claims attempts, runs their actions, and delivers what they report (architecture 4).

One thread does all of it, in rounds (`run_once`): deliver what has been reported, claim what is due, commit,
then start what was claimed. Actions run outside (`worker`). Which part of the store's work an engine does is
its share: the trees that it owns, or all that belongs to nobody. What engines that died have left is the part
of `recovery`.
"""

from collections.abc import Collection, Mapping, Sequence
from time import monotonic
from typing import Final

from orchestrion.actions.metadata import Action
from orchestrion.errors import InvariantViolation, StoreError
from orchestrion.runtime.beginning import Beginner, Waiting, unbegun
from orchestrion.runtime.begun import CLAIMS, Begun
from orchestrion.runtime.deadlines import deadline_of, end_overdue
from orchestrion.runtime.dispatcher import Dispatcher
from orchestrion.runtime.inbox import Inbox, Request, RequestError
from orchestrion.runtime.ledger import Attempt, Execution
from orchestrion.runtime.peers import Kind
from orchestrion.runtime.pins import Catalogs, PinnedPacks, Pins
from orchestrion.runtime.recovery import end_leftovers
from orchestrion.runtime.renewal import may_begin, renew
from orchestrion.runtime.share import Pool, Share, Trees
from orchestrion.runtime.unit import EMPTY_ENDS, Unit
from orchestrion.runtime.worker import Report, Worker

GROUP_SECONDS: Final = 0.005
"""How long an engine takes up reports for one commit; the rest waits for the next one."""

EXPECTED: Final = 10
"""For how many reports an engine reads together what they need."""

POLL_SECONDS: Final = 0.25
"""How long an engine sleeps at the most: the net under lost wake-ups."""

_MICROSECONDS: Final = 1_000_000
_CONTRADICTION: Final = (
    "The end of an action could not be recorded ({error}): a bug of Orchestrion. Nothing was written."
)
_RESUME: Final = "Go on with: orchestrion execution resume ID"


class Engine:
    """Does the work of its share: `run_once` is one round; `wait` sleeps until something may be to do."""

    def __init__(
        self, dispatcher: Dispatcher, worker: Worker, catalogs: Catalogs, kind: Kind = "command"
    ) -> None:
        self.id: Final = dispatcher.peers.id
        self.trees: Final = Trees(self.id)
        self.worker: Final = worker
        self.inbox: Final = Inbox(worker.interrupt)
        self._share: Share = self.trees if kind == "command" else Pool()
        self._kind: Kind = kind
        self.dispatcher: Final = dispatcher
        self._pins = Pins(PinnedPacks(dispatcher.store, catalogs, self._beat_amid))
        self._beginner = Beginner(self.id, self._pins, worker.output, worker.is_ready)
        self._recorded: set[str] = set()
        self._begun = Begun(worker)
        self._next_beat = 0
        self._seen: int | None = None
        self._draining = False
        self._in_doubt = False

    @property
    def has_copied(self) -> bool:
        """Whether it has copied a pack, which perhaps no execution has been pinned to."""
        return self._pins.has_copied

    @property
    def is_draining(self) -> bool:
        """Whether it starts nothing more."""
        return self._draining

    # --- rounds

    def run_once(self) -> int:
        """One round; the number of things that were done: starts, reports, claims."""
        done = self.worker.start_all() + self._pins.prepare() + self._deliver() + self.worker.start_all()
        self.dispatcher.measures.round_at = monotonic()
        return done

    def wait(self, seconds: float = POLL_SECONDS) -> None:
        """Sleep until an action has ended, somebody else has committed, something is due.

        Or `seconds` have passed.
        """
        if self.worker.is_pending or self.inbox:
            return
        due = self._next_due()
        if due is not None:
            seconds = min(seconds, max(0.0, (due - self.dispatcher.clock()) / _MICROSECONDS))
        self.worker.wait(seconds)

    def _deliver(self) -> int:
        """Commit all that was asked for and reported as one group.

        What cannot be done of what was asked for is told to who asked; the others are done one by one then.
        """
        requests = self._asked()
        if not requests:
            return self._deliver_reports()
        reports = self._reported()
        try:
            return self._commit(requests, reports)
        except BaseException as error:
            self.worker.reports.extendleft(reversed(reports))
            if isinstance(error, StoreError) or not isinstance(error, Exception):
                self._in_doubt = True
                for request in requests:
                    request.refuse(error)
                raise
        return sum(map(self._perform_alone, requests)) + self._deliver_reports()

    def _asked(self) -> list[Request]:
        """What is to be done of what waits in the inbox; what is only to be rehearsed is done here."""
        requests = self.inbox.take()
        for request in requests:
            if request.is_rehearsal:
                request.rehearse(self.dispatcher)
        return [request for request in requests if not request.is_rehearsal]

    def _perform_alone(self, request: Request) -> int:
        """Do what was asked for in a unit of its own, or tell why that cannot be."""
        try:
            return self._commit([request], [])
        except RequestError as error:
            request.refuse(error.reason)
        except StoreError as error:
            self._in_doubt = True
            request.refuse(error)
        except Exception as error:  # noqa: BLE001  # whatever it is, it is told to who asked
            request.refuse(error)
        return 1

    def _reported(self) -> list[Report]:
        waiting = self.worker.reports
        return [waiting.popleft() for _ in range(len(waiting))]

    def _deliver_reports(self) -> int:
        """Commit what was reported; a report that cannot be taken holds up only itself."""
        reports = self._reported()
        try:
            return self._commit([], reports)
        except StoreError:
            self._in_doubt = True
            self.worker.reports.extendleft(reversed(reports))
            raise
        except Exception as error:
            if len(reports) <= 1:
                raise InvariantViolation(_CONTRADICTION.format(error=error), hint=_RESUME) from error
            return self._deliver_singly(reports)

    def _deliver_singly(self, reports: list[Report]) -> int:
        """Deliver each report in a unit of its own; what fails is told once the others are safe."""
        done = 0
        failure: Exception | None = None
        for report in reports:
            try:
                done += self._commit([], [report])
            except Exception as error:  # noqa: BLE001  # whatever it is, it must not hold up the others
                failure = error
        if failure is not None:
            raise InvariantViolation(_CONTRADICTION.format(error=failure), hint=_RESUME) from failure
        return done

    def _commit(self, requests: Sequence[Request], reports: list[Report]) -> int:
        """Commit requests, then reports, as many as there is time for; the rest waits for the next group."""
        fresh = self.worker.fresh[:]
        taken: list[Report] = []
        asked: list[Request] = []
        with self.dispatcher.unit(self) as unit:
            until = monotonic() + GROUP_SECONDS
            for request in requests:
                request.perform(unit)
                asked.append(request)
                if monotonic() > until:
                    break
            opened = unit.note_opened([*self.worker.opened])
            ends = {report.execution for report in reports}
            self.worker.output.store(unit.transaction, self.id, unit.now, ends)
            for at, report in enumerate(reports):
                if at % EXPECTED == 0:
                    unit.expect([one.execution for one in reports[at : at + EXPECTED]])
                self.worker.release(report.execution)
                unit.report(*report[:3], engine=self.id)
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
        self._seen = unit.now
        self.inbox.put_back(requests[len(asked) :])
        for request in asked:
            request.acknowledge()
        self.worker.reports.extendleft(reversed(reports[len(taken) :]))
        del self.worker.fresh[: len(fresh)]
        for _ in range(opened):
            self.worker.opened.popleft()
        self._recorded.update(process.execution for process in begun)
        self._recorded.difference_update(ended)
        now = monotonic()
        for report in taken:
            self.worker.forget(report.execution)
            if report.at is not None:
                self.dispatcher.measures.transitions.note(now - report.at)
        self._in_doubt = False
        self._end_unwanted()
        if asked:
            end_leftovers(self.dispatcher)
        return len(asked) + len(taken) + unit.has_changed

    def _take_up(self, unit: Unit) -> None:
        """Do what earlier units have left, and claim what is due."""
        if self._seen is None or unit.now < self._seen:  # the date was set back, perhaps while nobody worked
            unit.transaction.run("keep_order", now=unit.now)
        overdue = self._share.overdue(unit.transaction, unit.now, CLAIMS)
        end_overdue(unit, overdue)
        unit.end_empty(self._share.empties(unit.transaction, EMPTY_ENDS))
        unit.settle()
        if overdue:
            self._begun.forget_ended(unit)
        if self.worker.waiting:
            self._look_again(unit, self.worker.waiting)
            unit.settle()
        if self.worker.has_room and not self._draining:
            unit.claim(self._share.due(unit.transaction, unit.now, self._begun.claims_left))
            unit.settle()

    def _look_again(self, unit: Unit, waiting: Mapping[str, Action | None]) -> None:
        """Begin what was claimed and has waited, if it may and what it has waited for is there.

        Its time begins then. An engine that drains leaves it to the next one.
        """
        self._begun.has_looked = True
        for attempt in renew(unit, waiting.keys(), self.id):
            number = attempt.execution
            execution = unit.ledger.execution(number)
            if self._draining:
                unit.ledger.keep(unbegun(attempt)._replace(engine=None))
            elif self._beginner.is_ready(unit, attempt, waiting[number]):
                begun = attempt.claimed_by(self.id, deadline_of(unit, attempt.token))
                unit.ledger.keep(begun)
                self.begin(unit, begun, execution)
            else:
                self._begun.waiting[number] = waiting[number]

    def _reclaim_unknown(self, unit: Unit, ends: Collection[str]) -> None:
        """A commit that raised may have happened all the same: what it has taken is to be taken again.

        Not the executions whose `ends` are being delivered, now or by the next commit.
        """
        if self._kind == "command":
            for row in unit.transaction.all("trees_of_engine", engine=self.id, count=-1):
                self.trees.roots[row["id"]] = None
        for row in unit.transaction.all("attempts_of_engine", engine=self.id, count=-1):
            attempt = unit.ledger.attempt(row["execution"])
            if attempt is None or row["execution"] in ends or self.worker.knows(row["execution"]):
                continue
            if may_begin(unit, attempt):  # nothing has
                unit.repeat(attempt._replace(repeatable=True))

    def _end_unwanted(self) -> None:
        """End the processes of attempts that somebody has given up."""
        if self.worker.has_processes:
            with self.dispatcher.store.reading() as transaction:
                left = transaction.all("leftover_processes_of", engine=self.id)
            self.worker.end([row["execution"] for row in left])

    def _next_due(self) -> int | None:
        with self.dispatcher.store.reading() as transaction:
            if self._share.empties(transaction, 1):
                return 0
            times = [self._share.next_expiry(transaction)]
            if self.worker.has_room and not self._draining:
                times.append(self._share.next_due(transaction))
        return min((time for time in times if time is not None), default=None)

    # --- claims

    def open_unit(self) -> None:
        """A new unit: a new share of claims."""
        self._begun = Begun(self.worker)

    def close_unit(self, *, committed: bool) -> None:
        """What was begun in the unit is to be done now, or never was."""
        begun, self._begun = self._begun, Begun(self.worker)
        if committed:
            begun.commit()
            self._next_beat = begun.beat or self._next_beat
            return
        if begun.roll_back():
            self._in_doubt = True  # the commit may be what has failed
        for root in begun.roots:
            self.trees.roots.pop(root, None)

    def runs(self, execution: str) -> bool:
        """Whether something that this engine has started for an execution has not ended."""
        return self.worker.knows(execution)

    def may_claim(self, unit: Unit, root: str) -> bool:
        """Whether this engine works for the tree, and has a free slot."""
        return (
            self.worker.has_room
            and self._begun.claims_left > 0
            and not self._draining
            and self._share.covers(unit, root)
        )

    def begin(self, unit: Unit, attempt: Attempt, execution: Execution) -> None:
        """Note what starts after the commit. What waits for something before has not started."""
        self._begun.claims_left -= 1
        outcome = self._beginner.begin(unit, attempt, execution)
        self._begun.note(execution.id, outcome)
        if not isinstance(outcome, Waiting):
            execution.started_at = execution.started_at or unit.now
        elif not attempt.repeatable:  # it was claimed just now
            execution.started_at = None

    # --- which trees, and how long

    def own(self, unit: Unit, root: str) -> bool:
        """Become the engine of a tree, unless another one that lives is; whether this one is now.

        Where a service lives, the tree is left to it. A service itself owns none: what it does not get done
        before it ends is taken up by the next one.
        """
        row = unit.workflow(root).row
        before = row["engine"]
        if before != self.id and unit.is_alive(before):
            return False
        is_left = self._kind != "command" or self.dispatcher.peers.service(unit.transaction)
        after = None if is_left else self.id
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
        self._begun.beat = self.dispatcher.peers.beat(unit.transaction, self._kind)
        if self._draining:
            self.dispatcher.peers.drain(unit.transaction)

    @property
    def _is_silent(self) -> bool:
        """Whether it is time to say so again."""
        return self.dispatcher.peers.monotonic() >= self._next_beat

    def _beat_amid(self) -> None:
        """Say that this engine lives, while it is busy with something else than its rounds."""
        if self._is_silent:
            with self.dispatcher.unit(self) as unit:
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
        with self.dispatcher.store.reading() as transaction:
            if not self.trees.is_over(transaction):
                return False
        with self.dispatcher.unit() as unit:
            if not self.trees.is_over(unit.transaction):
                return False
            unit.transaction.run("release_trees", engine=self.id)
            self.dispatcher.peers.leave(unit.transaction)
        self.trees.roots.clear()
        return True
