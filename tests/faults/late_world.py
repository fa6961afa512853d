"""An engine whose actions begin and end as the test says, and an operator in another process.

The clock of the machine is the test's. What an operation claims is started by the next round of the engine.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from orchestrion.actions.catalog import Catalog
from orchestrion.actions.metadata import Action
from orchestrion.actions.revisions import Revisions
from orchestrion.actions.runners.base import Job, OnDone, OnStarted, Outcome, Runner
from orchestrion.actions.runners.registry import WORKFLOW_RUNNER, Runners
from orchestrion.client.session import Session
from orchestrion.core.invariants import check
from orchestrion.operations import StartRequest
from orchestrion.operations.health import examine
from orchestrion.queries.executions import ExecutionView, TaskView
from orchestrion.runtime import engine
from orchestrion.runtime.engine import Engine
from orchestrion.runtime.peers import Kind
from orchestrion.runtime.worker import BEGIN_WITHIN, Worker
from tests.unit.actions.packs import add_workflow

ONE: Final = "tasks:\n  a: {action: core.local cmd='a'}\n"
SECOND: Final = 1_000_000


class World(Runners):
    """An engine, an operator in another process, and actions that end when the test says so."""

    def __init__(self, folder: Path, kind: Kind = "command") -> None:
        super().__init__()
        self.time = 0
        self.date = 1_800_000_000 * SECOND
        self.begun: list[str] = []
        self.ends: list[OnDone] = []
        self.while_starting: Callable[[], None] = lambda: None
        add_workflow(folder / "packs" / "own", "child", f"version: 1.0\n{ONE}")
        catalog = Catalog([folder / "packs"])
        pack = catalog.pack("own")
        assert pack is not None
        self._revision = Revisions(folder / "s.db").take(pack)
        self.session, self.operator = (
            Session(folder / "s.db", "tester", clock=self.clock, monotonic=lambda: self.time) for _ in "12"
        )
        worker = Worker(self.session.presence, runners=self, clock=lambda: self.time)
        self.engine: Final = Engine(self.session.dispatcher, worker, lambda _: catalog, kind)

        self._limits: Final = pytest.MonkeyPatch()
        self._limits.setattr(engine, "GROUP_SECONDS", 1e6)  # a group is never cut short by chance

    def clock(self) -> int:
        self.date += 1
        return self.date

    # --- as the runners of the engine

    def runner_for(self, action: Action) -> Runner:
        assert action.runner_type != WORKFLOW_RUNNER
        return self

    def start(self, job: Job, on_started: OnStarted, on_done: OnDone) -> None:
        del on_started
        self.begun.append(str(job.runner_parameters["cmd"]))
        self.ends.append(on_done)
        self.while_starting()

    # --- what happens

    def claim(self, text: str) -> str:
        """Start a workflow: its actions are claimed, and not started yet."""
        return self.session.operations.start(self.request(text), self.engine)

    def request(self, text: str, rerun_of: str | None = None) -> StartRequest:
        return StartRequest("t", f"version: 1.0\n{text}", {}, revision=self._revision, rerun_of=rerun_of)

    def stand_still(self, microseconds: int = BEGIN_WITHIN + 1) -> None:
        self.time += microseconds

    def work(self) -> None:
        while self.engine.run_once() or self.engine.worker.is_pending:
            pass

    def end_all(self, *, well: bool = True) -> None:
        """What runs ends, and what follows from that is done."""
        ends, self.ends = self.ends, []
        for end in ends:
            end(Outcome("succeeded" if well else "failed", {}))
        self.work()

    def view(self, number: str) -> ExecutionView:
        return self.session.queries.execution(number, attempts=True)

    def task(self, number: str) -> TaskView:
        return self.view(number).tasks[0]

    def statuses(self, number: str) -> list[str]:
        """Of the attempts."""
        return [attempt.status for attempt in self.task(number).attempts]

    def check(self) -> None:
        assert examine(self.session.dispatcher) == []
        with self.session.dispatcher.rehearsal() as unit:
            for row in unit.transaction.all("workflows_at_work", after="", count=100):
                assert check(unit.workflow(row["id"]).state) == []

    def leave(self) -> None:
        self.engine.worker.close()
        self.operator.close()
        self.session.close()
        self._limits.undo()
