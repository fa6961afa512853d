"""What another process asks for begins at once: it wakes the engine, which claims in its next round."""

import select
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrion.operations import RerunRequest
from tests.faults.late_world import ONE, World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An engine that works for the whole store, as that of `serve` does."""
    made = World(tmp_path, "serve")
    with made.session.dispatcher.unit(made.engine) as unit:
        made.engine.beat(unit)
    yield made
    made.leave()


def is_woken(world: World) -> bool:
    """Whether the engine would not sleep now, even if it never polled."""
    readable, _, _ = select.select([world.session.presence], [], [], 0)
    return bool(readable)


def fall_asleep(world: World) -> None:
    """The engine has nothing to do."""
    world.work()
    world.engine.worker.wait(0)
    assert not is_woken(world)


def test_a_resume_elsewhere_has_the_next_round_begin(world: World) -> None:
    number = world.claim(f"{ONE}  b: {{action: core.local cmd='b', delay: 1}}\n")
    fall_asleep(world)
    world.operator.operations.pause(number, None)
    world.end_all()
    assert world.view(number).status == "paused"
    world.date += 1_000_000
    fall_asleep(world)
    assert world.begun == ["a"]
    world.operator.operations.resume(number, None)
    assert is_woken(world)
    world.engine.run_once()
    assert world.begun == ["a", "b"]


@pytest.mark.parametrize("is_whole", [True, False])
def test_a_rerun_elsewhere_has_the_next_round_begin(world: World, *, is_whole: bool) -> None:
    number = world.claim(ONE)
    fall_asleep(world)
    world.end_all()
    fall_asleep(world)
    if is_whole:
        world.operator.operations.start(world.request(ONE, rerun_of=number), None)
    else:
        world.operator.operations.rerun(RerunRequest(number, ("a",)), None)
    assert is_woken(world)
    world.engine.run_once()
    assert world.begun == ["a", "a"]


def test_what_is_asked_in_the_process_of_the_engine_is_claimed_by_its_own_commit(world: World) -> None:
    number = world.claim(ONE)
    world.work()
    world.end_all()
    again = world.session.operations.rerun(RerunRequest(number, ("a",)), world.engine).execution
    assert world.statuses(again) == ["running"]
