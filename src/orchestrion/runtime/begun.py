"""What an engine has begun in a unit: it is true once the unit is committed, or never was."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from orchestrion.actions.metadata import Action
from orchestrion.actions.runners.base import Job
from orchestrion.runtime.beginning import Waiting
from orchestrion.runtime.worker import Report, Worker

if TYPE_CHECKING:
    from orchestrion.runtime.unit import Unit

CLAIMS: Final = 100
"""How many attempts an engine claims in one commit, so that nobody waits long for the lock."""


@dataclass(slots=True)
class Begun:
    """Of one unit: the trees that were taken, and what has become of the attempts that were claimed.

    `waiting` are those that cannot begin yet. `has_looked`: also what had waited before has begun in this
    unit, waits on, or never begins.
    """

    worker: Worker
    claims_left: int = CLAIMS
    roots: list[str] = field(default_factory=list[str])
    jobs: dict[str, Job] = field(default_factory=dict[str, Job])
    reports: list[Report] = field(default_factory=list[Report])
    waiting: dict[str, Action | None] = field(default_factory=dict[str, Action | None])
    has_looked: bool = False
    beat: int | None = None

    def note(self, execution: str, outcome: Job | Report | Waiting | None) -> None:
        """Note what follows from an attempt that was claimed; what is to start takes its slot at once."""
        match outcome:
            case Job() as job:
                self.worker.reserve(job.action, execution)
                self.jobs[execution] = job
            case Waiting(action):
                self.worker.reserve(action, execution)
                self.waiting[execution] = action
            case Report() as report:
                self.reports.append(report)
            case None:
                pass

    def forget_ended(self, unit: "Unit") -> None:
        """What was claimed in the unit and ended again, because the time was over, never begins."""
        for number in [one for one in (*self.jobs, *self.waiting) if unit.ledger.attempt(one) is None]:
            self.jobs.pop(number, None)
            self.waiting.pop(number, None)
            self.worker.release(number)

    def commit(self) -> None:
        """The unit was committed: what was begun may start."""
        before: Mapping[str, Action | None] = self.worker.waiting
        if before or self.waiting:
            after = self.waiting if self.has_looked else {**before, **self.waiting}
            for number in before.keys() - after.keys() - self.jobs.keys():
                self.worker.release(number)
            self.worker.keep_waiting(after)
        self.worker.enqueue(self.jobs.values())
        self.worker.reports.extend(self.reports)

    def roll_back(self) -> bool:
        """Nothing was begun; whether anything would have been."""
        for number in {*self.jobs, *self.waiting} - self.worker.waiting.keys():
            self.worker.release(number)
        return bool(self.roots or self.jobs or self.reports or self.waiting)
