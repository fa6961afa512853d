"""A job that would begin long after the commit of its claim looks again: the machine stands still in between,
and another process asks for something.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from orchestrion.queries.explaining import explain
from orchestrion.queries.facts import facts_about
from orchestrion.queries.history import StatusChange, history_of
from orchestrion.runtime.worker import BEGIN_WITHIN
from tests.faults.late_world import ONE, SECOND, World

ITEMS: Final = (
    "tasks:\n  a:\n    with: {items: 'i in <% [0, 1, 2] %>', concurrency: 2}\n"
    "    action: core.local cmd='item <% item(i) %>'\n"
)
RETRIED: Final = (
    "tasks:\n  a: {action: core.local cmd='a', retry: {count: 1}}\n"
    "  b: {action: core.local cmd='b', retry: {count: 1}}\n"
)
NESTED: Final = "tasks:\n  a: {action: own.child}\n"


def no_timeout(*_: object) -> None:
    """Actions of the test have none."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.leave()


def test_what_is_late_begins_if_nothing_has_come_in_between(world: World) -> None:
    number = world.claim(ONE)
    world.stand_still()
    world.work()
    assert world.begun == ["a"]
    world.end_all()
    assert world.view(number).status == "succeeded"
    assert world.statuses(number) == ["succeeded"]


def test_what_was_claimed_before_a_pause_begins_soon_after_it(world: World) -> None:
    number = world.claim(ONE)
    world.operator.operations.pause(number, None)
    world.stand_still(BEGIN_WITHIN)
    world.work()
    assert world.begun == ["a"]
    assert world.view(number).status == "pausing"


def test_a_pause_has_what_is_late_given_back_until_the_resume(world: World) -> None:
    number = world.claim(ONE)
    assert world.statuses(number) == ["running"]
    world.operator.operations.pause(number, None)
    world.stand_still()
    world.work()
    assert world.begun == []
    assert world.view(number).status == "paused"
    assert world.task(number).status == "scheduled"
    (attempt,) = world.task(number).attempts
    assert (attempt.status, attempt.started_at) == ("requested", None)
    assert not world.engine.worker.busy
    world.check()
    world.operator.operations.resume(number, None)
    world.work()
    assert world.begun == ["a"]
    world.end_all()
    assert world.view(number).status == "succeeded"
    assert [one.id for one in world.task(number).attempts] == [attempt.id]


def test_a_cancellation_ends_what_is_late(world: World) -> None:
    number = world.claim(ONE)
    world.operator.operations.cancel(number, None)
    assert world.view(number).status == "canceling"
    world.stand_still()
    world.work()
    assert world.begun == []
    assert world.view(number).status == "canceled"
    (attempt,) = world.task(number).attempts
    assert (attempt.status, attempt.result) == ("canceled", {"error": "Canceled before it had begun."})
    assert world.engine.leave_if_over()
    world.check()


@pytest.mark.parametrize("kind", ["pause", "cancel"])
def test_what_is_late_below_hears_of_what_was_asked_above(world: World, kind: str) -> None:
    number = world.claim(NESTED)
    assert world.engine.worker.busy
    getattr(world.operator.operations, kind)(number, None)
    world.stand_still()
    world.work()
    assert world.begun == []
    assert world.view(number).status == ("paused" if kind == "pause" else "canceled")
    world.check()


def test_items_that_are_late_keep_their_slots_and_start_at_the_resume(world: World) -> None:
    number = world.claim(ITEMS)
    world.operator.operations.pause(number, None)
    world.stand_still()
    world.work()
    assert world.begun == []
    assert world.view(number).status == "paused"
    assert world.statuses(number) == ["requested", "requested"]
    world.operator.operations.resume(number, None)
    world.work()
    assert world.begun == ["item 0", "item 1"]
    world.end_all()
    world.end_all()
    assert world.begun == ["item 0", "item 1", "item 2"]
    assert world.view(number).status == "succeeded"
    world.check()


def test_a_retry_that_is_late_is_not_counted_twice(world: World) -> None:
    number = world.claim(RETRIED)
    world.work()

    def pause_and_stand_still() -> None:
        world.operator.operations.pause(number, None)
        world.stand_still()

    world.while_starting = pause_and_stand_still
    world.end_all(well=False)
    assert world.begun == ["a", "b", "a"]
    assert [task.status for task in world.view(number).tasks] == ["running", "scheduled"]
    world.check()
    world.while_starting = lambda: None
    world.operator.operations.resume(number, None)
    world.work()
    world.end_all(well=False)
    assert world.begun == ["a", "b", "a", "b"]
    assert world.view(number).status == "failed"
    assert [len(task.attempts) for task in world.view(number).tasks] == [2, 2]


def test_what_is_late_and_out_of_time_never_begins(world: World) -> None:
    number = world.claim(ONE.replace("'a'}", "'a', timeout: 5}"))
    world.stand_still()
    world.date += 5 * SECOND
    world.work()
    assert world.begun == []
    assert world.view(number).status == "failed"


def test_a_pause_while_others_are_started_holds_those_whose_turn_comes_late(world: World) -> None:
    number = world.claim(
        "".join(["tasks:\n", *(f"  {t}: {{action: core.local cmd='{t}'}}\n" for t in "abcde")])
    )

    def be_slow() -> None:
        world.stand_still(BEGIN_WITHIN // 2 + 1)
        if world.begun == ["a"]:
            world.operator.operations.pause(number, None)

    world.while_starting = be_slow
    world.work()
    assert world.begun == ["a", "b"]
    assert world.view(number).status == "pausing"
    world.end_all()
    assert world.view(number).status == "paused"
    world.check()
    world.operator.operations.resume(number, None)
    world.work()
    assert sorted(world.begun) == ["a", "b", "c", "d", "e"]


def test_history_and_explanation_tell_of_it(world: World) -> None:
    number = world.claim(ONE)
    world.operator.operations.pause(number, None)
    world.stand_still()
    world.work()
    changes = [one for one in history_of(world.session.store, number) if isinstance(one, StatusChange)]
    assert [(one.subject, one.status) for one in changes if one.cause == "AttemptReturned"] == [
        (None, "paused"),
        ("a", "scheduled"),
    ]
    facts = facts_about(world.session.store, world.session.peers, world.clock, number, no_timeout)
    (wait,) = explain(facts).waits
    assert (wait.kind, wait.why) == ("held", "held by a pause that was requested by tester")
