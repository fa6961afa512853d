"""Scenarios for crashes: a random workflow of every kind of task, and a script of what its operators do.

No action has a process, and each may be run again, so that the end does not depend on where a process died.
The clock is the test's. A script's next step is taken when nothing moves any more, under a request id of its
own: whoever takes it after a crash repeats the request.
"""

import atexit
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Final

import yaml

from orchestrion.actions.catalog import Catalog
from orchestrion.actions.revisions import folder_of_revisions
from orchestrion.client.session import Session
from orchestrion.core.status import COMPLETED
from orchestrion.errors import Refused
from orchestrion.operations import Asking, RerunRequest, StartRequest
from orchestrion.runtime.engine import Engine
from orchestrion.store.sqlite import Store
from tests.unit.actions.packs import add_workflow, write_pack

START: Final = 1_800_000_000_000_000
_MAX_STEPS: Final = 40

_ACTIONS: Final = {
    "ok": "name: ok\nrunner_type: noop\nidempotent: true\n",
    "bad": "name: bad\nrunner_type: noop\nidempotent: true\nparameters: {x: {required: true}}\n",
    "ask": "name: ask\nrunner_type: inquirer\nparameters: {schema: {default: {}}, ttl: {default: 1}}\n",
}
_CHILDREN: Final = {
    "fine": (
        "version: 1.0\ntasks:\n  a: {action: own.ok, next: [{do: b}]}\n  b: {action: own.ok}\n"
        "output: [{x: 1}]\n"
    ),
    "failing": (
        "version: 1.0\ntasks:\n  a: {action: own.ok, next: [{when: <% succeeded() %>, do: b}]}\n"
        "  b: {action: own.bad}\n"
    ),
    "items": "version: 1.0\ntasks:\n  a: {with: i in <% list(1, 2, 3) %>, action: own.ok}\n",
    "asking": "version: 1.0\ntasks:\n  a: {action: own.ask, next: [{do: b}]}\n  b: {action: own.ok}\n",
}
_OPERATIONS: Final = ("none", "none", "pause", "cancel", "rerun", "rerun", "inside")


@dataclass(frozen=True)
class Scenario:
    """A workflow, and what is done at its first moments of rest."""

    seed: int
    text: str
    script: tuple[str, ...]
    answers: bool
    """Whether anybody answers what is asked; else its time passes."""


@dataclass
class Ending:
    """How a scenario ended: everything that must not depend on crashes."""

    status: str
    result: Any
    tasks: list[tuple[Any, ...]] = field(default_factory=list[tuple[Any, ...]])


def scenario(seed: int) -> Scenario:
    """The scenario of a seed."""
    dice = random.Random(seed)
    names = [f"t{number}" for number in range(dice.randint(2, 5))]
    tasks = {name: _task(dice, name, names[at + 1 :]) for at, name in enumerate(names)}
    targets = [target for task in tasks.values() for step in task.get("next", ()) for target in step["do"]]
    for name in names:
        if targets.count(name) > 1 and dice.random() < 0.7:
            tasks[name]["join"] = dice.choice(["all", 1])
    output = [{"seen": "<% ctx().get(v) %>"}]
    workflow: dict[str, Any] = {"version": 1.0, "tasks": tasks, "output": output}
    if dice.random() < 0.25:
        workflow["timeout"] = dice.choice([10, 40, 70])
    text = yaml.safe_dump(workflow, sort_keys=False)
    return Scenario(seed, text, tuple(dice.choices(_OPERATIONS, k=2)), dice.random() < 0.7)


def _task(dice: random.Random, name: str, later: list[str]) -> dict[str, Any]:
    kind = dice.choice(["ok", "ok", "bad", "items", "badItems", "child", "delay", "retry", "ask", "empty"])
    task: dict[str, Any] = {"action": "own.bad" if kind in ("bad", "retry", "badItems") else "own.ok"}
    if kind in ("items", "badItems"):
        # One after the other where they fail: how many fail side by side depends on the order of results.
        concurrency = 1 if kind == "badItems" else dice.randint(1, 3)
        task["with"] = {"items": "i in <% list(1, 2, 3) %>", "concurrency": concurrency}
    elif kind == "empty":
        task["with"] = "i in <% list() %>"
    elif kind == "child":
        task["action"] = f"own.{dice.choice(list(_CHILDREN))}"
        if dice.random() < 0.3:
            task["with"] = "i in <% list(1, 2) %>"
    elif kind == "delay":
        task["delay"] = dice.randint(1, 30)
    elif kind == "retry":
        task["retry"] = {"count": dice.randint(1, 2), "delay": dice.randint(0, 5)}
    elif kind == "ask":
        task["action"] = "own.ask"
    if dice.random() < 0.25:
        task["timeout"] = dice.choice([10, 40, 70])
    steps: list[dict[str, Any]] = []
    for target in later:
        if dice.random() < 0.5:
            when = dice.choice(["<% succeeded() %>", "<% failed() %>", "<% completed() %>"])
            steps.append({"when": when, "publish": [{"v": name}], "do": [target]})
    if steps:
        task["next"] = steps
    return task


@cache
def _common() -> Path:
    """What all scenarios have in common, made once: the packs, their revisions, an empty store."""
    folder = Path(mkdtemp(prefix="orchestrion-scenarios-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    own = folder / "packs" / "own"
    write_pack(own, {f"actions/{name}.yaml": text for name, text in _ACTIONS.items()})
    for name, text in _CHILDREN.items():
        add_workflow(own, name, text, "idempotent: true\n")
    (folder / "revisions").mkdir()
    Store(folder / "empty.db").close()
    return folder


class Run:
    """One process after the other brings a scenario to its end. `open_store` makes their stores."""

    def __init__(self, folder: Path, scenario: Scenario, open_store: Callable[[Path], Store] = Store) -> None:
        self.folder = folder
        self.scenario = scenario
        self.date = START
        self.number: str | None = None
        self._refused: set[str] = set()
        self._open_store = open_store
        common = _common()
        folder.mkdir()
        shutil.copyfile(common / "empty.db", folder / "s.db")
        folder_of_revisions(folder / "s.db").symlink_to(common / "revisions")
        self._catalog = Catalog([common / "packs"])
        self.session: Session
        self.engine: Engine
        self.be_born()

    def be_born(self) -> None:
        """A new process."""
        self.session = Session(
            self.folder / "s.db", "tester", self._open_store, clock=lambda: self.date, monotonic=lambda: 0
        )
        self.engine = self.session.engine(lambda _: self._catalog)

    def die(self) -> None:
        """The process is gone: what it had in memory is lost, what the kernel held for it is free."""
        self.engine.worker.close()
        self.session.close()

    def live(self) -> Ending:
        """Do all that is left of the scenario; returns how it ended. May be called again after a crash."""
        asking = Asking(request_id="start")
        first = self.session.operations.start(
            StartRequest("test.wf", self.scenario.text, {}), self.engine, asking
        )
        self.number = first
        self.session.operations.take_over(first, self.engine)
        current = first
        for at, operation in enumerate(self.scenario.script):
            self._rest(current)
            current = self._operate(operation, current, f"step {at}")
        self._end(current)
        return self._ending(current)

    def _rest(self, current: str) -> None:
        """Work until nothing moves: all that is left waits for a time, an answer or an operator."""
        self.session.operations.take_over(current, self.engine)
        while self.engine.run_once() or self.engine.worker.is_pending:
            pass

    def _operate(self, operation: str, current: str, name: str) -> str:
        """Take a step of the script, if the state allows it; returns the execution that goes on."""
        operations, asking = self.session.operations, Asking(request_id=name)
        if name in self._refused:  # the operator knows, and does not try again
            return current
        try:
            if operation == "pause":
                operations.pause(current, self.engine, asking)
                self._rest(current)
                operations.resume(current, self.engine, Asking(request_id=f"{name} resume"))
            elif operation == "cancel":
                operations.cancel(current, self.engine, asking)
            elif operation in ("rerun", "inside"):
                request = self._request(current, inside=operation == "inside")
                if request is not None:
                    current = operations.rerun(request, self.engine, asking).execution
        except Refused:
            self._refused.add(name)
        return current

    def _request(self, current: str, *, inside: bool) -> RerunRequest | None:
        """Re-run from the first task that did not succeed, or from the first of all."""
        view = self.session.queries.execution(current)
        chosen = [task for task in view.tasks if task.status != "succeeded"] or list(view.tasks)
        if not chosen:
            return None
        task = chosen[0]
        if inside and task.workflows and task.workflows[-1].tasks:
            return RerunRequest(current, (f"{task.task}/{task.workflows[-1].tasks[-1].task}",))
        return RerunRequest(current, (task.task,), (task.task,) if task.items is not None else ())

    def _end(self, current: str) -> None:
        """Answer what is asked, or let the time pass, until it has ended."""
        for _ in range(_MAX_STEPS):
            self._rest(current)
            if self.session.queries.brief(current).status in COMPLETED:
                return
            inquiries = self.session.queries.inquiries(10)
            if inquiries and self.scenario.answers:
                oldest = inquiries[-1].id
                self.session.operations.respond(oldest, {}, self.engine, Asking(request_id=oldest))
            else:
                self.date += 30_000_000
        raise AssertionError(f"seed {self.scenario.seed} does not end: {self._ending(current)}")

    def _ending(self, current: str) -> Ending:
        view = self.session.queries.execution(current)
        tasks = [(task.task, task.route, task.status, task.items) for task in view.tasks]
        return Ending(view.status, view.result, sorted(tasks, key=repr))
