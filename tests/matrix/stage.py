"""Where the matrix is played: real engines on a real store, two processes as at a terminal each.

One process has started the execution and does its work; the other is the operator's, and asks as the command
line does. The clock is the test's, and so is the moment and the way in which an action ends: the actions are
those of `core`, only what runs their commands is the test's.
"""

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from orchestrion.actions.catalog import Catalog
from orchestrion.actions.metadata import Action
from orchestrion.actions.revisions import Revisions
from orchestrion.actions.runners.base import Job, OnDone, OnStarted, Outcome, Runner
from orchestrion.actions.runners.registry import Runners, check_runnable
from orchestrion.client.session import Session
from orchestrion.client.targets import chosen_items, whole_rerun
from orchestrion.core.invariants import check
from orchestrion.core.status import COMPLETED
from orchestrion.operations import RerunPlan, RerunRequest, StartRequest
from orchestrion.runtime.engine import Engine
from orchestrion.runtime.worker import SLOTS, Worker
from tests.unit.actions.packs import add_workflow

FILLER: Final = "filler"
"""An action that takes the only slot of a process."""

_START: Final = 1_800_000_000_000_000
_SECOND: Final = 1_000_000
_MOST_ROUNDS: Final = 20
_FILLING: Final = f"version: 1.0\ntasks:\n  t: {{action: core.local, input: {{cmd: {FILLER}}}}}\n"
_CHILD: Final = """\
version: 1.0
tasks:
  a: {action: core.local cmd='it.a', next: [{when: <% succeeded() %>, do: b}]}
  b: {action: core.local cmd='it.b'}
  c: {action: core.local cmd='it.c'}
"""
_OUTER: Final = "version: 1.0\ntasks:\n  it: {action: own.child}\n"


class Held(NamedTuple):
    """An action at work."""

    name: str
    execution: str
    on_done: OnDone


class Begun(NamedTuple):
    """Something that has begun: an action, or an inquiry."""

    name: str
    execution: str


class Answer(NamedTuple):
    """The execution that an accepted request names, and its status then."""

    execution: str
    status: str


class _Script(Runners):
    """What runs the commands of actions: they end when the test says so."""

    def __init__(self, held: list[Held], begun: list[Begun]) -> None:
        super().__init__()
        self._held = held
        self._begun = begun

    def runner_for(self, action: Action) -> Runner:
        check_runnable(action)
        return self

    def start(self, job: Job, on_started: OnStarted, on_done: OnDone) -> None:
        del on_started
        name = str(job.runner_parameters["cmd"])
        self._held.append(Held(name, job.execution_id, on_done))
        self._begun.append(Begun(name, job.execution_id))


class Process(NamedTuple):
    """A process on the store."""

    session: Session
    engine: Engine


class Stage:
    """A store, with the execution of one workflow; `subject` is the execution that is asked about."""

    def __init__(self, folder: Path, *, slots: int = SLOTS) -> None:
        self.date = _START
        self.held: list[Held] = []
        self.begun: list[Begun] = []
        self.root = ""
        self.subject = ""
        self._path = folder / "s.db"
        self._catalog = Catalog([_packs(folder)])
        pack = self._catalog.pack("own")
        assert pack is not None
        self._revision = Revisions(self._path).take(pack)
        self.owner: Final = self._process(slots)
        self.operator: Final = self._process(SLOTS)
        self._rows = sqlite3.connect(self._path)

    def _process(self, slots: int) -> Process:
        session = Session(self._path, "tester", clock=lambda: self.date, monotonic=lambda: 0)
        worker = Worker(
            session.presence, slots, _Script(self.held, self.begun), clock=session.peers.monotonic
        )
        return Process(session, Engine(session.dispatcher, worker, lambda _: self._catalog))

    def close(self) -> None:
        """Both processes leave."""
        self._rows.close()
        for session, engine in (self.operator, self.owner):
            engine.worker.close()
            session.close()

    def clear(self) -> None:
        """What still runs ends; it belongs to nothing that is still looked at."""
        while self.held:
            self.end(self.held[0].name, well=True)

    # --- what there is

    def status(self, number: str) -> str:
        """The status of an execution."""
        return self.operator.session.queries.brief(number).status

    def view(self, number: str) -> Any:
        """All that an operator sees of an execution."""
        return self.operator.session.queries.execution(number, attempts=True)

    def parent_of(self, number: str) -> str | None:
        """The execution whose sub-workflow it is."""
        return self.operator.session.queries.brief(number).parent

    def runs(self, number: str, since: int) -> list[str]:
        """What has begun since then in the tree of an execution, by name."""
        root = self._root_of(number)
        return sorted(one.name for one in self.begun[since:] if self._root_of(one.execution) == root)

    def _root_of(self, number: str) -> str:
        root = self.operator.session.queries.root_view(number)
        assert root is not None
        return root.id

    def content(self) -> list[str]:
        """Everything that stands in the store."""
        return list(self._rows.iterdump())

    def check_invariants(self) -> None:
        """Every invariant holds in every workflow execution of the store."""
        with self.operator.session.dispatcher.rehearsal() as unit:
            for (number,) in self._rows.execute("SELECT id FROM workflow").fetchall():
                workflow = unit.workflow(number)
                assert check(workflow.state) == []
                assert workflow.head.status == workflow.row["status"]

    # --- what the processes do

    def start(self, text: str) -> None:
        """Start the workflow that the stage is about."""
        self.root = self.subject = self._start(text)
        self.work()

    def fill(self) -> None:
        """Start something else, which takes a slot."""
        self._start(_FILLING)
        self.work()

    def _start(self, text: str) -> str:
        session, engine = self.owner
        request = StartRequest("test.wf", text, {}, "test.yaml", revision=self._revision)
        return session.operations.start(request, engine)

    def turn_to_child(self) -> None:
        """From now on the sub-workflow is asked about, by its own id."""
        (task,) = [one for one in self.view(self.root).tasks if one.task == "it"]
        self.subject = task.attempts[0].id

    def work(self) -> None:
        """Work until nothing moves: what is left waits for a time, an action, an answer or an operator."""
        engines = (self.owner.engine, self.operator.engine)
        while sum(engine.run_once() or engine.worker.is_pending for engine in engines):  # each of them
            pass
        known = {one.execution for one in self.begun}
        for one in self.operator.session.queries.inquiries(10):
            if one.id not in known:
                self.begun.append(Begun(str(one.task), one.id))

    def leave(self) -> None:
        """The process that has started the execution leaves, if it has nothing left to do."""
        self.owner.engine.leave_if_over()

    def end(self, name: str, *, well: bool) -> None:
        """An action at work ends."""
        names = [one.name for one in self.held]
        assert name in names, f"{name} is not at work: {names}"
        held = self.held.pop(names.index(name))
        held.on_done(Outcome("succeeded" if well else "failed", {"stdout": name}))
        self.work()

    def asks(self, number: str) -> list[str]:
        """The open inquiries of an execution."""
        return [one.id for one in self.operator.session.queries.inquiries(10) if one.parent == number]

    def answer(self, number: str) -> None:
        """An operator answers the open inquiry of an execution."""
        (inquiry,) = self.asks(number)
        self.operator.session.operations.respond(inquiry, {"continue": True}, self.operator.engine)
        self.work()

    def wait(self, seconds: int) -> None:
        """Time passes."""
        self.date += seconds * _SECOND
        self.work()

    # --- requests, as the command line makes them

    def ask(self, request: str, task: str) -> Answer:
        """Make a request of the subject. Raises Refused."""
        session, engine = self.operator
        if request == "whole":
            return self._rerun_whole()
        if request in ("pause", "resume", "cancel"):
            accepted = getattr(session.operations, request)(self.subject, engine)
        else:
            accepted = session.operations.rerun(self.rerun_request(request, task), engine)
        return Answer(accepted.execution, accepted.status)

    def plan(self, request: str, task: str) -> RerunPlan:
        """The plan of a re-run from a task. Raises Refused."""
        return self.operator.session.operations.plan(self.rerun_request(request, task))

    def rerun_request(self, request: str, task: str) -> RerunRequest:
        """A re-run from a task, with the choice of what is reset."""
        if request == "items":
            return RerunRequest(self.subject, (), (), chosen_items([f"{task}=1"]), self._revision)
        kept = (task,) if request == "no-reset" else ()
        return RerunRequest(self.subject, (task,), kept, revision=self._revision)

    def _rerun_whole(self) -> Answer:
        session, engine = self.operator
        queries = session.queries
        text, parameters = queries.definition_of(self.subject), queries.parameters_of(self.subject)
        target = whole_rerun(self.view(self.subject), parameters, text, (), self._catalog)
        request = StartRequest(
            target.action,
            target.definition,
            target.inputs,
            target.source,
            self.subject,
            revision=self._revision,
            wraps=target.wraps,
        )
        number = session.operations.start(request, engine)
        return Answer(number, self.status(number))

    # --- to the end

    def rest(self, number: str, ends: Mapping[str, int] | None = None) -> None:
        """Let all that runs end, and time pass where only that is left to wait for.

        `ends` says of which actions how many ends are failures.
        """
        failing = dict(ends or {})
        for _ in range(_MOST_ROUNDS):
            self.work()
            if self.held:
                name = self.held[0].name
                failing[name] = failing.get(name, 0) - 1
                self.end(name, well=failing[name] < 0)
            elif all(self.status(one) in {*COMPLETED, "paused"} for one in (number, self._root_of(number))):
                return
            else:
                self.wait(30)
        raise AssertionError(f"{number} does not come to rest: it is {self.status(number)}")

    def help_on(self, number: str) -> list[str]:
        """Answer and resume until the execution has ended; says what it took."""
        took: list[str] = []
        while self.status(number) not in COMPLETED:
            assert len(took) < 3, took
            if self.asks(number):
                took.append("answer")
                self.answer(number)
            else:
                took.append("resume")
                self.operator.session.operations.resume(number, self.operator.engine)
            self.rest(number)
        return took


def _packs(folder: Path) -> Path:
    for name, text in (("child", _CHILD), ("outer", _OUTER)):
        add_workflow(folder / "packs" / "own", name, text)
    return folder / "packs"
