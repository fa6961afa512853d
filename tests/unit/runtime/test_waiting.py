"""A Python action that was claimed waits until its zygote is up; here that waits at a gate of the test."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from orchestrion.actions.catalog import Catalog
from orchestrion.client.session import Session
from orchestrion.operations import StartRequest
from orchestrion.operations.health import examine
from orchestrion.queries.executions import ExecutionView
from orchestrion.queries.explaining import explain
from orchestrion.queries.facts import facts_about
from orchestrion.runtime.engine import POLL_SECONDS, Engine
from orchestrion.runtime.renewal import CANCELED
from tests.unit.actions.packs import write_pack
from tests.unit.actions.runners.collecting import WAIT_SECONDS

TWO = """
version: 1.0
tasks:
  slow: {action: own.slow, next: [{when: <% failed() %>, publish: [{why: <% result().error %>}]}]}
  quick: {action: core.noop, next: [{do: later}]}
  later: {action: core.noop}
output: [{why: <% ctx().get(why) %>}]
"""
FAILING = """
version: 1.0
tasks:
  slow: {action: own.slow}
  quick: {action: core.noop, next: [{do: [fail]}]}
"""
CODE = """
from st2common.runners.base_action import Action

class Slow(Action):
    def run(self):
        return 1
"""


class World:
    """An engine on a store, and an environment of Python actions that starts when the gate opens."""

    def __init__(self, folder: Path) -> None:
        packs = folder / "packs"
        slow = {
            "pack.yaml": "name: own\n",
            "requirements.txt": "something\n",
            "actions/slow.yaml": "name: slow\nrunner_type: python-script\nentry_point: slow.py\n",
            "actions/slow.py": CODE,
        }
        write_pack(packs / "own", slow)
        self.gate = folder / "gate"
        os.mkfifo(self.gate)
        environment = folder / "virtualenvs" / "own"
        program = f'#!/bin/sh\nread -r line < {self.gate}\n$line\nexec {sys.executable} "$@"\n'
        write_pack(environment, {"requirements": "something\n", "bin/python": program})
        (environment / "bin" / "python").chmod(0o755)
        self.seconds = 1_800_000_000
        self.folder = folder
        self.begin_anew()

    def begin_anew(self) -> None:
        """A new process that is an engine."""
        self.session = Session(self.folder / "s.db", "tester", clock=self.clock)
        catalog = Catalog([self.folder / "packs"])
        self.engine: Engine = self.session.engine(lambda _: catalog)

    def die(self) -> None:
        """The process of the engine is gone, and there is another one."""
        self.engine.worker.close()
        self.session.presence.close()
        self.session.store.close()
        self.begin_anew()

    def clock(self) -> int:
        return self.seconds * 1_000_000

    def start(self, text: str) -> str:
        return self.session.operations.start(StartRequest("w", text, {}, "w"), self.engine)

    def rounds(self) -> None:
        """Do all that can be done at once."""
        while self.engine.run_once() or self.engine.worker.is_pending:
            pass

    def run_to_the_end(self) -> None:
        self.rounds()
        while not self.engine.leave_if_over():
            self.engine.worker.wait(WAIT_SECONDS)
            self.rounds()

    def operate(self, kind: str, number: str) -> None:
        getattr(self.session.operations, kind)(number, self.engine)
        self.rounds()

    def view(self, number: str) -> ExecutionView:
        return self.session.queries.execution(number, attempts=True)

    def statuses(self, number: str) -> dict[str, str]:
        return {task.task: task.status for task in self.view(number).tasks}

    def result(self, number: str) -> Any:
        return self.view(number).result

    def close(self) -> None:
        self.engine.worker.close()
        self.session.close()


def no_timeout(*_: object) -> None:
    """Actions of the test have none."""


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("ORCHESTRION_VIRTUALENVS", str(tmp_path / "virtualenvs"))
    made = World(tmp_path)
    yield made
    made.close()


def test_what_is_not_ready_waits_and_nothing_waits_for_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = world.start(TWO)
    world.rounds()
    assert world.statuses(number) == {"slow": "running", "quick": "succeeded", "later": "succeeded"}
    world.engine.worker.wait(0)  # what has ended has woken it
    naps: list[float] = []
    with monkeypatch.context() as patched:
        patched.setattr(world.engine.worker, "wait", naps.append)
        world.engine.wait()
    assert naps == [POLL_SECONDS]  # it does not look again and again
    world.gate.write_text("true\n")
    begin = monotonic()
    world.run_to_the_end()
    assert monotonic() - begin < WAIT_SECONDS  # it was woken
    assert world.statuses(number)["slow"] == "succeeded"


def test_it_runs_although_its_workflow_has_failed_meanwhile(world: World) -> None:
    number = world.start(FAILING)
    world.rounds()
    assert world.view(number).status == "failed"
    assert world.statuses(number)["slow"] == "running"
    world.gate.write_text("true\n")
    world.run_to_the_end()
    assert world.statuses(number)["slow"] == "succeeded"


def test_a_pause_does_not_wait_for_it(world: World) -> None:
    number = world.start(TWO)
    world.rounds()
    world.operate("pause", number)
    assert world.view(number).status == "paused"
    assert world.statuses(number)["slow"] == "scheduled"
    assert not world.engine.worker.busy
    world.operate("resume", number)
    world.gate.write_text("true\n")
    world.run_to_the_end()
    assert world.statuses(number)["slow"] == "succeeded"


def test_nothing_is_lost_when_its_engine_dies(world: World) -> None:
    number = world.start(TWO)
    world.rounds()
    world.die()
    world.operate("resume", number)
    world.gate.write_text("true\n")
    world.run_to_the_end()
    assert world.statuses(number)["slow"] == "succeeded"


def test_a_cancellation_comes_before_it(world: World) -> None:
    number = world.start(TWO)
    world.rounds()
    world.engine.worker.wait(0)
    world.session.operations.cancel(number, None)
    world.gate.write_text("true\n")
    world.engine.worker.wait(WAIT_SECONDS)
    world.rounds()
    assert world.statuses(number)["slow"] == "canceled"
    assert not world.engine.worker.has_processes
    assert world.engine.leave_if_over()


def test_its_own_cancellation_does_not_wait_for_it(world: World) -> None:
    number = world.start(TWO)
    world.rounds()
    (slow,) = [task for task in world.view(number).tasks if task.task == "slow"]
    world.operate("cancel", slow.attempts[0].id)
    assert world.view(number).status == "canceled"
    assert not world.engine.worker.busy
    assert examine(world.session.dispatcher) == []
    world.gate.write_text("true\n")
    world.engine.worker.wait(WAIT_SECONDS)
    world.rounds()
    assert not world.engine.worker.has_processes
    assert examine(world.session.dispatcher) == []


def test_what_cannot_be_ready_fails_with_the_reason(world: World) -> None:
    number = world.start(TWO)
    world.rounds()
    world.gate.write_text("exit 3\n")
    world.run_to_the_end()
    assert world.statuses(number)["slow"] == "failed"
    assert "cannot start Python actions: it was ended. Try again" in world.result(number)["output"]["why"]


def test_its_time_runs_from_when_it_begins(world: World) -> None:
    number = world.start(TWO.replace("own.slow,", "own.slow, timeout: 3,"))
    world.rounds()
    world.seconds += 4
    world.rounds()
    assert world.statuses(number)["slow"] == "running"
    world.gate.write_text("true\n")
    world.run_to_the_end()
    assert world.statuses(number)["slow"] == "succeeded"
    (slow,) = [task for task in world.view(number).tasks if task.task == "slow"]
    assert slow.attempts[0].started_at == world.clock()


def test_who_drains_leaves_it_to_the_next(world: World) -> None:
    number = world.start(TWO)
    world.rounds()
    world.engine.drain()
    world.rounds()
    assert not world.engine.worker.busy
    assert world.statuses(number)["slow"] == "running"
    assert examine(world.session.dispatcher) == []
    world.die()
    world.operate("resume", number)
    world.gate.write_text("true\n")
    world.run_to_the_end()
    assert world.statuses(number)["slow"] == "succeeded"


@pytest.mark.parametrize(
    "kind, status, task", [("pause", "paused", "scheduled"), ("cancel", "canceled", "canceled")]
)
def test_what_was_left_before_it_had_begun_is_controlled_like_what_waits(
    world: World, kind: str, status: str, task: str
) -> None:
    number = world.start(TWO)
    world.rounds()
    world.engine.drain()
    world.rounds()
    world.die()
    world.operate(kind, number)
    assert world.view(number).status == status
    assert world.statuses(number)["slow"] == task
    assert examine(world.session.dispatcher) == []


def test_what_was_lost_before_it_had_begun_is_canceled_like_what_waits(world: World) -> None:
    number = world.start(TWO)
    world.rounds()
    world.die()
    world.operate("cancel", number)
    assert world.view(number).status == "canceled"
    (slow,) = [task for task in world.view(number).tasks if task.task == "slow"]
    assert (slow.attempts[0].status, slow.attempts[0].result) == ("canceled", CANCELED)


def test_explain_shows_it_as_running(world: World) -> None:
    number = world.start(TWO)
    world.rounds()
    facts = facts_about(world.session.store, world.session.peers, world.clock, number, no_timeout)
    (wait,) = explain(facts).waits
    assert (wait.kind, wait.task, wait.why) == ("runs", "slow", "what its action needs is made ready")
    assert (wait.since, wait.until) == (None, None)
    world.gate.write_text("true\n")
