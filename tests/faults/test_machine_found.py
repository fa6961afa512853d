"""The smallest program of each bug that the stateful machine has found."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrion.errors import Refused
from orchestrion.operations import RerunRequest
from tests.faults.machine import Machine
from tests.faults.machine_world import Life


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A machine; at the end all that it has done must have been sound, and must come to an end."""
    machine = Machine(tmp_path)
    yield machine
    machine.teardown()


def text_of(**tasks: str) -> str:
    lines = (f"  {name}: {{action: own.{action}}}" for name, action in tasks.items())
    return "\n".join(("version: 1.0", "tasks:", *lines))


def begin(machine: Machine, text: str, kind: str = "serve") -> Life:
    """A process that starts a workflow, and its first action."""
    life = machine.world.be_born("serve" if kind == "serve" else "command")
    machine.start_text(life, text)
    machine.round(0)  # finds that the pack is to be copied
    machine.round(0)
    return life


def test_an_engine_that_hung_does_not_take_the_end_of_its_first_start_for_that_of_its_second(
    machine: Machine,
) -> None:
    begin(machine, text_of(a="again"))
    machine.be_born("command")
    machine.hang(0)
    machine.doctor_mends(0, 0)  # its attempt is given up, and may start again
    machine.wake(0)
    machine.rest(0)  # it is awake again, and what it started still runs
    assert len(machine.world.starts) == 1
    machine.end(0, 2, 7)  # a late failure, which changes nothing
    machine.rest(0)
    assert len(machine.world.starts) == 2
    machine.all_end(1)
    machine.rest(0)
    assert [row["status"] for row in machine.audit.seen.workflows.values()] == ["succeeded"]


@pytest.mark.parametrize("kind", ["resume", "cancel"])
def test_what_a_service_works_for_has_an_engine(machine: Machine, kind: str) -> None:
    """So that a request that its status forbids is refused, and not answered as if it were taken over."""
    service = begin(machine, text_of(a="plain", b="chain, next: [{do: c}]", c="plain"))
    command = machine.world.be_born("command")
    root, child = machine.audit.seen.workflows.values()
    if kind == "cancel":
        machine.end(1, 2, 0)
        machine.round(0)
        machine.end(1, 2, 0)
        machine.round(0)
    number = root["execution"] if kind == "resume" else child["execution"]
    status = service.queries.brief(number).status
    with pytest.raises(Refused, match=status):
        getattr(command.operations, kind)(number, command.engine)
    with pytest.raises(Refused, match="Wait for its end"):
        command.operations.rerun(RerunRequest(root["execution"], ("a",)), command.engine)


def test_a_lost_attempt_starts_again_at_once_although_the_date_was_set_back(machine: Machine) -> None:
    begin(machine, text_of(a="again"))
    machine.be_born("serve")
    machine.clock_jumps(forward=False, rarely=0)
    machine.kill(0, 0)
    machine.rest(0)
    assert len(machine.world.starts) == 2


def test_a_date_set_back_leaves_nothing_out_of_a_pause_or_cancellation(machine: Machine) -> None:
    """Another process goes on with a tree whose ids are of a later date: its new ones sort behind them."""
    for kind, status in (("pause", "pausing"), ("cancel", "canceling")):
        machine.world.be_born("serve")
        machine.world.be_born("serve")
        machine.clock_jumps(forward=True, rarely=0)
        machine.start_text(machine.world.lives[0], text_of(a="nests"))
        machine.round(0)  # finds that the pack is to be copied
        machine.round(0)
        machine.clock_jumps(forward=False, rarely=0)
        machine.kill(0, 0)
        machine.rest(0)  # the action that was lost has ended; the sub-workflow of the sub-workflow begins
        root = [row for row in machine.audit.seen.workflows.values() if row["parent"] is None][-1]
        below = machine.audit.seen.subtree(root["id"])
        assert len(below) == 3
        with machine.world.acting(machine.world.lives[0]):
            getattr(machine.world.lives[0].operations, kind)(root["execution"], None)
        assert {machine.audit.seen.workflows[one]["status"] for one in below} == {status}
        machine.all_end(1)
        machine.rest(0)
        machine.kill(0, 0)


def test_an_action_whose_end_waits_for_the_next_commit_is_not_begun_again_in_doubt(machine: Machine) -> None:
    """The commit of two ends has failed, and the next one has time for the first of them only."""
    life = begin(machine, text_of(a="plain", b="plain"))
    machine.all_end(1)
    machine.doom(0, 1, "fails before")
    with machine.world.acting(life):
        life.engine.run_once()
    machine.commits_are_slow(slow=True)
    machine.rest(0)


def test_what_an_operation_has_claimed_begins_although_its_commit_was_told_to_fail(machine: Machine) -> None:
    machine.be_born("command")
    machine.doom(0, 1, "fails after")
    machine.start_text(machine.world.lives[0], text_of(a="plain"))
    assert machine.audit.seen.attempts
    machine.rest(0)
    assert len(machine.world.starts) == 1
    machine.all_end(1)
    machine.rest(0)
    assert [row["status"] for row in machine.audit.seen.workflows.values()] == ["succeeded"]


def test_what_is_held_of_a_task_that_ends_without_it_is_canceled(machine: Machine) -> None:
    life = begin(machine, text_of(a="chain, with: 'i in <% list(1, 2) %>'"))
    first, second = (row for row in machine.audit.seen.workflows.values() if row["parent"] is not None)
    with machine.world.acting(life):
        life.operations.pause(second["execution"], None)
    for _ in range(2):  # its two tasks
        for start in machine.world.running():
            of = machine.audit.seen.executions[start.execution]["of_workflow"]
            machine.world.finish(start, "failed" if of == first["id"] else "succeeded", 0)
        machine.rest(0)
    root = machine.audit.seen.workflows[first["root"]]
    second = machine.audit.seen.workflows[second["id"]]
    assert (root["status"], second["status"]) == ("failed", "canceled")


@pytest.mark.parametrize("kind, status", [("cancel", "canceled"), ("pause", "paused")])
def test_what_was_claimed_in_doubt_does_not_begin_long_after_a_request(
    machine: Machine, kind: str, status: str
) -> None:
    machine.be_born("command")
    machine.be_born("command")
    machine.doom(0, 1, "fails after")
    machine.start_text(machine.world.lives[0], text_of(a="plain"), revision=machine.world.revision())
    (row,) = machine.audit.seen.workflows.values()
    operator = machine.world.lives[1]
    with machine.world.acting(operator):
        getattr(operator.operations, kind)(row["execution"], None)
    machine.stand_still()
    machine.rest(0)
    assert machine.world.starts == []
    assert [row["status"] for row in machine.audit.seen.workflows.values()] == [status]
