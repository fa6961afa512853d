"""Engines that die: what they had claimed is given up once, by whatever is asked next; nothing runs on."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrion.actions.catalog import Catalog
from orchestrion.actions.runners.processes import start_mark
from orchestrion.client.session import Session
from orchestrion.errors import Refused
from orchestrion.operations import RerunRequest, StartRequest
from orchestrion.runtime.engine import Engine
from orchestrion.runtime.peers import LEASE
from orchestrion.runtime.recovery import give_up_lost, sweep

FAILED_BESIDE = """
version: 1.0
tasks:
  fails: {action: core.local cmd="exit 1"}
  runs: {action: core.local cmd="echo $$ > PID; exec sleep 600"}
"""
RUNS = """
version: 1.0
tasks:
  runs: {action: core.local cmd="echo $$ > PID; exec sleep 600"}
"""
PARENT = """
version: 1.0
tasks:
  child: {action: own.child}
"""
EMPTY_LOOP = """
version: 1.0
tasks:
  start: {action: core.noop, next: [{do: a}]}
  a:
    with: x in <% list() %>
    action: core.noop
    next: [{do: b}]
  b:
    with: x in <% list() %>
    action: core.noop
    next: [{do: a}]
"""


class World:
    """A store with processes on it that the test makes live and die."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.date = 1_800_000_000_000_000
        self.time = 0
        self.lives: list[Session] = []
        self.engines: list[Engine] = []
        actions = folder / "packs" / "own" / "actions"
        actions.mkdir(parents=True)
        (actions.parent / "pack.yaml").write_text("name: own\n")
        (actions / "child.yaml").write_text("name: child\nrunner_type: orquesta\nentry_point: child.wf\n")
        (actions / "child.wf").write_text(self.text(FAILED_BESIDE))

    def engine(self) -> tuple[Session, Engine]:
        """A new process that is an engine."""
        session = Session(
            self.folder / "s.db", "tester", clock=lambda: self.date, monotonic=lambda: self.time
        )
        engine = session.engine(lambda _: Catalog([self.folder / "packs"]))
        self.lives.append(session)
        self.engines.append(engine)
        return session, engine

    def die(self, session: Session, engine: Engine) -> None:
        """A process is gone, as after `kill -9`: its actions run on."""
        session.presence.close()
        self.lives.remove(session)
        self.engines.remove(engine)

    def run_until_pid(self, text: str) -> tuple[str, int, Session, Engine]:
        """Start a workflow, and work until its action has written its pid."""
        session, engine = self.engine()
        pid_file = self.folder / "pid"
        number = session.operations.start(StartRequest("test.wf", self.text(text), {}), engine)
        while not (pid_file.exists() and pid_file.read_text().strip()):
            engine.run_once()
            engine.wait(0.01)
        return number, int(pid_file.read_text()), session, engine

    def text(self, text: str) -> str:
        return text.replace("PID", str(self.folder / "pid"))

    def work(self, engine: Engine) -> None:
        while not engine.leave_if_over():
            engine.run_once()
            engine.wait()

    def close(self) -> None:
        for engine in self.engines:
            engine.worker.kill()
        for session in self.lives:
            session.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with contextlib.closing(World(tmp_path)) as world:
        yield world


def failed_with_a_lost_task(world: World) -> tuple[str, int, Session, Engine]:
    """A failed execution of which a task ran on until its engine died; another process."""
    number, pid, session, engine = world.run_until_pid(FAILED_BESIDE)
    while session.queries.execution(number).status != "failed":
        engine.run_once()
        engine.wait(0.01)
    world.die(session, engine)
    return number, pid, *world.engine()


def statuses(session: Session, number: str) -> dict[str, tuple[str, bool]]:
    return {task.task: (task.status, task.lost) for task in session.queries.execution(number).tasks}


def ended(pid: int) -> bool:
    """Whether a process is gone; it belongs to this one, so it may wait to be collected."""
    mark = start_mark(pid)
    return mark is None or Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


def rows_of(session: Session, query: str, **parameters: Any) -> list[Any]:
    with session.store.reading() as transaction:
        return list(transaction.all(query, **parameters))


def test_a_task_of_a_failed_execution_whose_engine_died_is_shown_as_lost(world: World) -> None:
    number, _, session, _ = failed_with_a_lost_task(world)
    assert statuses(session, number) == {"fails": ("failed", False), "runs": ("running", True)}


def test_a_rerun_gives_up_the_lost_tasks_of_a_failed_execution(world: World) -> None:
    number, pid, session, engine = failed_with_a_lost_task(world)
    request = RerunRequest(number, ("fails", "runs"))
    plan = session.operations.plan(request).plan
    assert {one.task for one in plan.restarts} == {"fails", "runs"}
    assert statuses(session, number)["runs"] == ("running", True)  # a plan changes nothing
    assert not ended(pid)
    session.operations.rerun(RerunRequest(number, ("fails",)), engine)
    assert ended(pid)
    assert rows_of(session, "leftover_processes") == []
    world.work(engine)
    assert statuses(session, number)["runs"] == ("failed", False)


def child_that_failed(world: World) -> tuple[str, str, int, Session, Engine]:
    """A parent whose only task is a sub-workflow that has failed while a task of it still runs."""
    number, pid, session, engine = world.run_until_pid(PARENT)
    while session.queries.execution(number).status != "failed":
        engine.run_once()
        engine.wait(0.01)
    child = session.queries.execution(number).tasks[0].workflows[0].id
    return number, child, pid, session, engine


def test_a_child_that_is_rerun_alone_takes_what_is_lost_below_it_along(world: World) -> None:
    number, child, pid, session, engine = child_that_failed(world)
    world.die(session, engine)
    session, engine = world.engine()
    accepted = session.operations.rerun(RerunRequest(child, ("fails",)), engine)
    assert ended(pid)
    world.work(engine)
    assert session.queries.execution(accepted.execution).status == "failed"
    assert statuses(session, accepted.execution)["runs"] == ("failed", False)
    assert session.queries.execution(number).status == "failed"


def test_a_child_that_is_rerun_alone_has_an_engine_of_its_own(world: World) -> None:
    _, child, pid, _, engine = child_that_failed(world)
    other, second = world.engine()
    accepted = other.operations.rerun(RerunRequest(child, ("fails",)), second)
    assert list(second.trees.roots) == [other.queries.execution(child).workflow]
    assert statuses(other, accepted.execution)["runs"] == ("running", False)  # the first engine still runs it
    runs = other.queries.execution(child, attempts=True).tasks[1].attempts[0]
    other.operations.cancel(runs.id, second)
    world.work(engine)
    assert ended(pid)
    world.work(second)
    assert other.queries.execution(accepted.execution).status == "canceled"


def test_a_refused_rerun_ends_no_process(world: World) -> None:
    number, pid, session, engine = failed_with_a_lost_task(world)
    with pytest.raises(Refused, match="never ran"):
        session.operations.rerun(RerunRequest(number, ("none",)), engine)
    assert engine.trees.roots == {}
    assert statuses(session, number)["runs"] == ("running", True)
    assert not ended(pid)


@pytest.mark.parametrize("kind", ["resume", "cancel", "pause"])
def test_any_request_takes_over_what_is_lost_in_a_failed_execution(world: World, kind: str) -> None:
    number, pid, session, engine = failed_with_a_lost_task(world)
    accepted = getattr(session.operations, kind)(number, engine)
    assert accepted.status == "failed"
    assert "taken over" in accepted.notes[0]
    assert statuses(session, number)["runs"] == ("failed", False)
    assert ended(pid)


def test_the_action_of_a_dead_engine_is_canceled_by_its_own_id(world: World) -> None:
    number, pid, session, engine = failed_with_a_lost_task(world)
    attempts = session.queries.execution(number, attempts=True).tasks[1].attempts
    session.operations.cancel(attempts[0].id, engine)
    assert statuses(session, number)["runs"] == ("canceled", False)
    assert ended(pid)


@pytest.mark.parametrize("held", [False, True])
def test_the_cancellation_of_a_lost_execution_ends_canceled(world: World, *, held: bool) -> None:
    number, pid, session, engine = world.run_until_pid(RUNS)
    if held:
        session.operations.pause(number, engine)
    world.die(session, engine)
    session, engine = world.engine()
    session.operations.cancel(number, engine)
    world.work(engine)
    assert session.queries.execution(number).status == "canceled"
    assert ended(pid)


def test_a_request_between_the_end_of_the_work_and_the_leave_is_not_lost(world: World) -> None:
    session, engine = world.engine()
    text = "version: 1.0\ntasks:\n  a: {action: core.noop, next: [{do: b}]}\n  b: {action: core.noop}\n"
    number = session.operations.start(StartRequest("test.wf", text, {}), engine)
    session.operations.pause(number, engine)
    engine.run_once()
    engine.run_once()
    assert session.queries.execution(number).status == "paused"
    other, _ = world.engine()
    other.operations.resume(number, None)  # the engine lives, so its sender only follows
    assert not engine.leave_if_over()
    world.work(engine)
    assert session.queries.execution(number).status == "succeeded"


def test_an_endless_loop_without_items_lets_others_in_and_survives_a_crash(world: World) -> None:
    session, engine = world.engine()
    number = session.operations.start(StartRequest("test.wf", EMPTY_LOOP, {}), engine)
    engine.run_once()
    engine.run_once()
    laps = len(session.queries.execution(number).tasks)
    assert laps > 1
    engine.run_once()
    assert len(session.queries.execution(number).tasks) > laps
    world.die(session, engine)
    session, engine = world.engine()
    session.operations.resume(number, engine)
    engine.run_once()
    assert len(session.queries.execution(number).tasks) > laps
    session.operations.pause(number, engine)
    world.work(engine)
    assert session.queries.execution(number).status == "paused"
    session.operations.resume(number, engine)
    engine.run_once()
    session.operations.cancel(number, engine)
    world.work(engine)
    assert session.queries.execution(number).status == "canceled"


def test_an_engine_that_hangs_loses_its_lease_and_what_it_reports_later(world: World) -> None:
    text = "version: 1.0\ntasks:\n  a: {action: core.local cmd=true, next: [{when: <% failed() %>, do: b}]}\n"
    text += "  b: {action: core.noop}\n"
    session, hung = world.engine()
    number = session.operations.start(StartRequest("test.wf", text, {}), hung)
    hung.worker.start_all()
    while not hung.worker.reports:  # the action has ended, but the engine hangs
        hung.worker.wait(0.1)
    other, second = world.engine()
    with pytest.raises(Refused, match="it is running"):
        other.operations.resume(number, second)
    world.time += LEASE + 1
    other.operations.resume(number, second)
    world.work(second)
    assert statuses(other, number) == {"a": ("failed", False), "b": ("succeeded", False)}
    world.work(hung)  # it wakes
    assert statuses(other, number) == {"a": ("failed", False), "b": ("succeeded", False)}
    assert rows_of(other, "engines") == []


def test_what_an_engine_runs_that_hangs_is_ended_and_that_it_hangs_is_found_once(world: World) -> None:
    number, pid, session, hung = world.run_until_pid(RUNS)
    other, _ = world.engine()
    world.time += LEASE + 1
    assert sweep(other.dispatcher) == [hung.id]
    assert ended(pid)
    assert statuses(other, number) == {"runs": ("failed", False)}
    assert sweep(other.dispatcher) == []
    assert [row["id"] for row in rows_of(other, "engines")] == [hung.id]
    hung.run_once()  # it wakes
    with other.store.reading() as transaction:
        assert other.peers.is_alive(transaction, hung.id)
    world.time += LEASE + 1
    world.die(session, hung)
    assert sweep(other.dispatcher) == [hung.id]
    assert rows_of(other, "engines") == []


def test_what_nobody_has_finished_ending_is_ended_by_the_next_sweep(world: World) -> None:
    _, pid, session, engine = world.run_until_pid(RUNS)
    world.die(session, engine)
    other, _ = world.engine()
    with other.dispatcher.unit() as unit:
        give_up_lost(unit, unit.transaction.all("trees_of_engine", engine=engine.id, count=1)[0]["id"])
        unit.transaction.run("delete_engine", id=engine.id)
    assert not ended(pid)
    assert sweep(other.dispatcher) == [engine.id]  # its tree names it still
    assert ended(pid)


def test_a_tree_that_names_a_process_which_nobody_knows_is_given_back(world: World) -> None:
    session, _ = world.engine()
    number = session.operations.start(StartRequest("test.wf", world.text(RUNS), {}), None)
    workflow = session.queries.execution(number).workflow
    with session.store.transaction() as transaction:
        transaction.run("set_engine", engine="engine-of-before", root=workflow)
    assert sweep(session.dispatcher) == ["engine-of-before"]
    assert [row["engine"] for row in rows_of(session, "states_of_tree", root=workflow)] == [None]


def test_an_idempotent_action_runs_again_when_its_engine_is_gone(world: World) -> None:
    actions = world.folder / "packs" / "own" / "actions"
    command = f"test -e {world.folder}/pid && exit; echo $$ > {world.folder}/pid; sleep 600"
    (actions / "again.yaml").write_text(
        "name: again\nrunner_type: local-shell-cmd\nidempotent: true\n"
        f"parameters: {{cmd: {{immutable: true, default: '{command}'}}}}\n"
    )
    number, pid, session, engine = world.run_until_pid("version: 1.0\ntasks:\n  a: {action: own.again}\n")
    session.operations.pause(number, engine)
    world.die(session, engine)
    session, engine = world.engine()
    session.operations.pause(number, engine)
    assert ended(pid)
    world.work(engine)  # it had begun, so it runs although nothing new may start
    assert statuses(session, number) == {"a": ("succeeded", False)}
    assert session.queries.execution(number).status == "paused"


def test_an_inquiry_that_nobody_answers_ends_in_time_once_and_whoever_works_then(world: World) -> None:
    actions = world.folder / "packs" / "own" / "actions"
    (actions / "ask.yaml").write_text("name: ask\nrunner_type: inquirer\nparameters: {ttl: {default: 3}}\n")
    text = "version: 1.0\ntasks:\n  q: {action: own.ask, next: [{when: <% failed() %>, do: b}]}\n"
    text += "  b: {action: core.noop}\n"
    session, engine = world.engine()
    number = session.operations.start(StartRequest("test.wf", text, {}), engine)
    world.work(engine)
    assert session.queries.execution(number).status == "paused"
    world.date += 179_000_000
    pool = session.engine(lambda _: Catalog([world.folder / "packs"]), "serve")
    assert pool.run_once() == 0
    world.date += 2_000_000
    while pool.run_once():
        pass
    assert session.queries.execution(number).status == "succeeded"
    assert statuses(session, number) == {"q": ("failed", False), "b": ("succeeded", False)}
    pool.worker.close()


def test_a_delay_waits_for_its_time_and_a_clock_that_goes_back_starts_nothing_early(world: World) -> None:
    session, engine = world.engine()
    text = "version: 1.0\ntasks:\n  a: {action: core.noop, delay: 100}\n"
    number = session.operations.start(StartRequest("test.wf", text, {}), engine)
    world.date -= 50_000_000
    assert engine.run_once() == 0
    world.date += 149_000_000
    assert engine.run_once() == 0
    assert session.queries.execution(number).status == "running"
    world.date += 2_000_000
    world.work(engine)
    assert session.queries.execution(number).status == "succeeded"


def test_a_failure_far_below_is_recorded_on_every_level(world: World) -> None:
    actions = world.folder / "packs" / "own" / "actions"
    (actions / "deep.yaml").write_text(
        "name: deep\nrunner_type: orquesta\nentry_point: deep.wf\nparameters: {n: {type: integer}}\n"
    )
    (actions / "deep.wf").write_text(
        "version: 1.0\ninput: [n]\ntasks:\n  a:\n    action: core.noop\n    next:\n"
        "      - {when: <% ctx(n) > 0 %>, do: b}\n      - {when: <% ctx(n) <= 0 %>, do: fail}\n"
        "  b: {action: own.deep n=<% ctx(n) - 1 %>}\n"
    )
    session, engine = world.engine()
    text = "version: 1.0\ntasks:\n  a: {action: own.deep n=120}\n"
    number = session.operations.start(StartRequest("test.wf", text, {}), engine)
    world.work(engine)
    view = session.queries.execution(number)
    assert view.status == "failed"
    assert "nested too deeply to be repeated here. See the execution" in str(view.result)
