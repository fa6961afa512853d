"""Bulk operations: chosen at once, done at a rate, each part once, with what was refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrion.client.bulks import BulkWork
from orchestrion.runtime.clock import system_clock
from orchestrion.runtime.peers import Peers
from orchestrion.runtime.retention import Retention
from orchestrion.store.sqlite import Store
from tests.unit.actions.packs import add_workflow
from tests.unit.api.world import World, serving

ASKS = "version: 1.0\ntasks:\n  asks: {action: core.ask}\n"


class Bulk:
    """A bulk worker whose time a test sets, in seconds."""

    def __init__(self, world: World) -> None:
        self.now = 1_000.0
        peers = Peers(world.changes, system_clock, lambda: int(self.now * 1_000_000))
        self.work = BulkWork(world.served.store, world.served.commands, peers, system_clock)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    add_workflow(tmp_path / "packs/own", "asks", ASKS)
    with serving(tmp_path, tmp_path / "packs") as world:
        yield world


def asking(world: World, count: int) -> list[str]:
    numbers = [world.start("own.asks") for _ in range(count)]
    for number in numbers:
        world.until(number, "paused")
    return numbers


def bulk(world: World, **body: Any) -> str:
    new = {"kind": "cancel", "query": {"action": "own.*"}, **body}
    found = world.post("/v1/bulk", new, 201)
    return str(found["id"])


def test_it_is_done_one_by_one_at_its_rate(world: World) -> None:
    numbers = asking(world, 5)
    number = bulk(world, rate=2, reason="tidy")
    asked = Bulk(world)
    assert world.get(f"/v1/bulk/{number}")["total"] == 5
    later = asking(world, 1)
    done: list[int] = []
    for at in range(6):
        assert asked.work.run_once() == pytest.approx(0.5 if at < 5 else 0), "the last time finds no more"
        done.append(world.get(f"/v1/bulk/{number}")["done"])
        asked.now += 0.5
    assert done == [1, 2, 3, 4, 5, 5]
    assert asked.work.run_once() is None
    progress = world.get(f"/v1/bulk/{number}")
    assert (progress["left"], progress["refused"], progress["is_canceled"]) == (0, 0, False)
    assert progress["ended_at"] is not None
    assert {world.status(one) for one in numbers} == {"canceled"}
    assert world.status(later[0]) == "paused", "it was chosen before"
    history = world.get(f"/v1/executions/{numbers[0]}/history")
    assert [one["reason"] for one in history if one.get("kind") == "cancel"] == ["tidy"]


def test_what_is_refused_is_told_and_holds_nobody_up(world: World) -> None:
    ended = world.start("core.noop")
    world.until(ended, "succeeded")
    (open_one,) = asking(world, 1)
    number = bulk(world, query={"user": "stanley"}, rate=1_000)
    asked = Bulk(world)
    while asked.work.run_once() is not None:
        asked.now += 1
    progress = world.get(f"/v1/bulk/{number}")
    assert (progress["done"], progress["refused"]) == (1, 1)
    (problem,) = progress["problems"]
    assert (problem["execution"], "succeeded" in problem["problem"]) == (ended, True)
    assert world.status(open_one) == "canceled"


def test_a_part_whose_end_was_not_recorded_is_not_done_twice(world: World) -> None:
    (number,) = asking(world, 1)
    bulked = bulk(world, kind="re-run")
    Bulk(world).work.run_once()
    with world.served.store.transaction() as transaction:  # as if the process had died in between
        transaction.run("end_bulk_part", bulk=bulked, execution=number, outcome=None, problem=None)
    Bulk(world).work.run_once()
    assert world.get(f"/v1/bulk/{bulked}")["done"] == 1
    assert len(world.served.queries.executions(9)) == 2


def test_what_another_process_does_is_left_to_it(world: World) -> None:
    asking(world, 1)
    number = bulk(world)
    with world.served.store.transaction() as transaction:
        transaction.run("take_bulk", id=number, worker=world.served.peers.id)
    assert Bulk(world).work.run_once() is None
    assert world.get(f"/v1/bulk/{number}")["done"] == 0
    with world.served.store.transaction() as transaction:
        transaction.run("take_bulk", id=number, worker="dead")
    Bulk(world).work.run_once()
    assert world.get(f"/v1/bulk/{number}")["done"] == 1


def test_a_cancelled_one_does_no_more(world: World) -> None:
    asking(world, 3)
    number = bulk(world, rate=1)
    asked = Bulk(world)
    asked.work.run_once()
    cancelled = world.client.delete(f"/v1/bulk/{number}").json()
    assert (cancelled["is_canceled"], cancelled["done"], cancelled["left"]) == (True, 1, 2)
    asked.now += 5
    assert asked.work.run_once() is None
    assert world.get(f"/v1/bulk/{number}")["done"] == 1
    assert world.client.delete(f"/v1/bulk/{number}").status_code == 409


def test_it_is_purged_with_its_parts_once_it_has_ended_long_ago(world: World) -> None:
    asking(world, 3)
    number = bulk(world, rate=1_000)
    asked = Bulk(world)
    store = Store(world.served.store.path)
    later = 2**60
    Retention(store).purge(later)
    assert world.get(f"/v1/bulk/{number}")["total"] == 3, "it has not ended"
    while asked.work.run_once() is not None:
        asked.now += 1
    Retention(store).purge(later)
    store.close()
    assert world.client.get(f"/v1/bulk/{number}").status_code == 404
    with world.served.store.reading() as transaction:
        assert transaction.all("bulk_parts_left", id=number, count=9) == []


def test_what_means_nothing_is_refused_and_roles_hold(world: World) -> None:
    told = world.post("/v1/bulk", {"kind": "cancel", "query": {}}, 400)["faultstring"]
    assert told == "Say which executions: by status, action, user or since."
    for body in ({"query": {"staus": ["paused"]}}, {"rate": 0}, {"kind": "respond"}):
        new = {"kind": "cancel", "query": {"status": ["paused"]}, **body}
        world.post("/v1/bulk", new, 400)
    assert world.client.get("/v1/bulk/none").status_code == 404
    assert world.client.delete("/v1/bulk/none").status_code == 404
    number = bulk(world)
    world.ask_as("viewer")
    world.post("/v1/bulk", {"kind": "cancel", "query": {"status": ["paused"]}}, 403)
    assert world.client.delete(f"/v1/bulk/{number}").status_code == 403
    assert world.get(f"/v1/bulk/{number}")["total"] == 0
