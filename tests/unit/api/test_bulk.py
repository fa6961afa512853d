"""Bulk operations: chosen at once, done at a rate, each part once, with what was refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrion.accounts import Role
from orchestrion.api.bulk import obstacle_in
from orchestrion.client.bulks import BulkPlan, BulkWork, no_obstacle
from orchestrion.runtime.clock import system_clock
from orchestrion.runtime.peers import Peers
from orchestrion.runtime.retention import Retention
from orchestrion.store.sqlite import Store
from orchestrion.wire.views import read
from tests.unit.actions.packs import add_workflow
from tests.unit.api.world import World, serving

ASKS = "version: 1.0\ntasks:\n  asks: {action: core.ask}\n"


class Bulk:
    """A bulk worker whose time a test sets, in seconds. `asks`: of a server that asks who somebody is."""

    def __init__(self, world: World, *, asks: bool = False) -> None:
        self.now = 1_000.0
        served = world.served
        peers = Peers(world.changes, system_clock, lambda: int(self.now * 1_000_000))
        obstacle = obstacle_in(served.accounts) if asks else no_obstacle
        self.work = BulkWork(served.store, served.commands, peers, system_clock, obstacle)


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


@pytest.mark.parametrize("role, problem", [(None, 'no user "olga" any more'), ("viewer", "is viewer")])
def test_it_ends_once_who_asked_for_it_may_do_so_no_more(
    world: World, role: Role | None, problem: str
) -> None:
    numbers = asking(world, 3)
    world.served.accounts.add("olga", "operator", None)
    world.ask_as("operator", "olga")
    number = bulk(world, rate=1)
    asked = Bulk(world, asks=True)
    asked.work.run_once()
    world.served.accounts.remove("olga")
    if role is not None:
        world.served.accounts.add("olga", role, None)
    asked.now += 5
    while asked.work.run_once() is not None:
        asked.now += 5
    progress = world.get(f"/v1/bulk/{number}")
    assert (progress["done"], progress["left"], progress["is_canceled"]) == (1, 2, False)
    assert problem in progress["problem"]
    assert progress["ended_at"] is not None
    assert [world.status(one) for one in numbers] == ["canceled", "paused", "paused"]


def test_a_server_that_asks_nobody_goes_on_for_anybody(world: World) -> None:
    asking(world, 1)
    world.ask_as("operator", "olga")
    number = bulk(world)
    Bulk(world).work.run_once()
    assert world.get(f"/v1/bulk/{number}")["done"] == 1


def test_its_plan_tells_what_it_would_be_for_and_writes_nothing(world: World) -> None:
    numbers = asking(world, 3)
    new = {"kind": "cancel", "query": {"action": "own.*"}}
    answer = world.client.post("/v1/bulk?plan=true", json=new)
    assert answer.status_code == 200
    assert read(BulkPlan, answer.content) == BulkPlan("cancel", 3, tuple(numbers))
    nothing = world.client.post("/v1/bulk?plan=true", json={**new, "query": {"user": "nobody"}})
    assert nothing.json() == {"kind": "cancel", "total": 0, "executions": []}
    assert world.client.post("/v1/bulk?plan=true", json={**new, "query": {}}).status_code == 400
    assert world.get("/v1/bulk") == []
    assert {world.status(one) for one in numbers} == {"paused"}


def test_asked_for_twice_under_one_name_it_is_one(world: World) -> None:
    asking(world, 2)
    new, named = {"kind": "cancel", "query": {"action": "own.*"}}, {"Idempotency-Key": "k"}
    first = world.post("/v1/bulk", new, 201, named)
    Bulk(world).work.run_once()
    asking(world, 1)
    assert world.post("/v1/bulk", new, 201, named) == first, "as it was when it was asked for"
    assert [one["id"] for one in world.get("/v1/bulk")] == [first["id"]]
    for other in ({"kind": "pause"}, {"rate": 1}, {"query": {"user": "stanley"}}):
        told = world.post("/v1/bulk", {**new, **other}, 409, named)["faultstring"]
        assert told.startswith("The request id k was used for another request")
    world.ask_as("operator", "olga")
    world.post("/v1/bulk", new, 409, named)
    assert len(world.get("/v1/bulk")) == 1


def test_a_name_stands_for_one_request_whatever_its_kind(world: World) -> None:
    (number,) = asking(world, 1)
    path, cancel = f"/v1/executions/{number}/operations", {"kind": "cancel"}
    many = {"kind": "cancel", "query": {"action": "own.*"}}
    world.post("/v1/bulk", many, 201, {"Idempotency-Key": "bulk"})
    world.post(path, cancel, 409, {"Idempotency-Key": "bulk"})
    world.post(path, cancel, 200, {"Idempotency-Key": "one"})
    world.post("/v1/bulk", many, 409, {"Idempotency-Key": "one"})


def test_they_are_listed_the_newest_first(world: World) -> None:
    numbers = [bulk(world, reason=str(at)) for at in range(3)]
    assert [one["id"] for one in world.get("/v1/bulk")] == numbers[::-1]
    assert [one["reason"] for one in world.get("/v1/bulk", count=2)] == ["2", "1"]
    world.ask_as("viewer")
    assert world.get("/v1/bulk", count=1) == [world.get(f"/v1/bulk/{numbers[-1]}")]


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
    told = world.post("/v1/bulk", {"kind": "pause", "query": {"status": ["runing"]}}, 400)["faultstring"]
    assert "'running'" in told
    assert world.client.get("/v1/bulk/none").status_code == 404
    assert world.client.delete("/v1/bulk/none").status_code == 404
    number = bulk(world)
    world.ask_as("viewer")
    world.post("/v1/bulk", {"kind": "cancel", "query": {"status": ["paused"]}}, 403)
    assert world.client.delete(f"/v1/bulk/{number}").status_code == 403
    assert world.get(f"/v1/bulk/{number}")["total"] == 0
