"""The date is set back by an hour: what waits for room starts as ever, what waits for its time does not."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrion.operations import StartRequest
from orchestrion.queries.explaining import Wait
from orchestrion.runtime.peers import Kind
from tests.faults.machine_ending import work
from tests.faults.machine_shown import explained
from tests.faults.machine_world import Life, World

SECOND = 1_000_000
HOUR = 3_600 * SECOND
KINDS: tuple[Kind, ...] = ("command", "serve")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with contextlib.closing(World(tmp_path)) as world:
        yield world


def tasks(action: str, *names: str) -> str:
    return "".join(f"  {name}: {{action: own.{action}}}\n" for name in names)


def start(life: Life, text: str) -> str:
    """A workflow whose work has begun, as far as there is room."""
    number = life.operations.start(
        StartRequest("own.w", f"version: 1.0\ntasks:\n{text}", {}), life.own_engine
    )
    work(life)
    return number


def started(world: World) -> list[str]:
    """The tasks whose actions were started, in order, by the newest process."""
    life = world.lives[-1]
    with life.store.reading() as transaction:
        found = [transaction.one("execution", id=one.execution) for one in world.starts if one.life is life]
    return [row["task"] for row in found if row is not None]


def finish_all(world: World, life: Life) -> None:
    """What runs ends, and what there is room for then begins."""
    for one in world.running():
        world.finish(one, "succeeded", 0)
    work(life)


def waits(world: World, life: Life, number: str) -> dict[str, Wait]:
    return {wait.task: wait for wait in explained(world, life, number).waits}


@pytest.mark.parametrize("kind", KINDS)
def test_what_waits_for_a_slot_gets_the_next_one_and_a_delay_lasts_until_its_date(
    world: World, kind: Kind
) -> None:
    life = world.be_born(kind)
    number = start(life, tasks("plain", "a", "b", "c", "d", "e") + "  f: {action: own.plain, delay: 100}\n")
    due = waits(world, life, number)["f"].until
    assert due is not None
    world.date -= HOUR
    found = waits(world, life, number)
    assert {name: wait.kind for name, wait in found.items()} == {
        **dict.fromkeys("abc", "runs"),
        **dict.fromkeys("de", "queued"),
        "f": "timer",
    }
    assert found["d"].since is None, "by this date it does not wait yet"
    assert found["f"].until == due
    life.engine.run_once()
    since = waits(world, life, number)["d"].since
    assert since is not None
    assert since <= world.date
    finish_all(world, life)
    assert started(world) == ["a", "b", "c", "d", "e"]
    finish_all(world, life)
    world.date = due - SECOND
    work(life)
    assert started(world) == ["a", "b", "c", "d", "e"]
    world.date = due
    finish_all(world, life)
    finish_all(world, life)
    assert started(world) == ["a", "b", "c", "d", "e", "f"]
    assert life.queries.brief(number).status == "succeeded"


@pytest.mark.parametrize("kind", KINDS)
def test_it_starts_as_well_in_a_process_that_was_born_since(world: World, kind: Kind) -> None:
    life = world.be_born(kind)
    number = start(life, tasks("again", "a", "b", "c", "d", "e"))
    world.bury(life)
    world.date -= HOUR
    life = world.be_born(kind)
    if kind == "command":
        life.operations.resume(number, life.engine)
    work(life)
    assert started(world) == ["a", "b", "c"], "what was lost comes first: it has waited longest"
    finish_all(world, life)
    assert started(world) == ["a", "b", "c", "d", "e"]
    finish_all(world, life)
    assert life.queries.brief(number).status == "succeeded"


def test_a_service_starts_what_a_command_leaves_to_it_that_died_before_it_saw_the_date(world: World) -> None:
    command = world.be_born("command")
    number = start(command, tasks("again", "a", "b", "c", "d", "e"))
    service = world.be_born("serve")
    world.date -= HOUR
    work(service)
    assert started(world) == []
    world.bury(command)
    work(service)
    finish_all(world, service)
    assert sorted(started(world)) == ["a", "b", "c", "d", "e"]
    finish_all(world, service)
    assert service.queries.brief(number).status == "succeeded"


@pytest.mark.parametrize("is_born_since", [False, True])
def test_who_came_first_begins_first(world: World, *, is_born_since: bool) -> None:
    """What comes after the date was set back gets no place before what has waited since before."""
    life = world.be_born("serve")
    start(life, "  ask: {action: own.ask, next: [{do: [f, g, h]}]}\n" + tasks("again", "f", "g", "h"))
    start(life, tasks("again", "a", "b", "c", "d", "e"))
    world.date -= HOUR
    if is_born_since:
        world.bury(life)
        life = world.be_born("serve")
    work(life)
    (inquiry,) = life.queries.inquiries(10)
    life.operations.respond(inquiry.id, {}, None)
    work(life)
    finish_all(world, life)
    finish_all(world, life)
    assert started(world) == ["a", "b", "c", "d", "e", "f", "g", "h"]
