"""Retention: what ended long ago goes, whole and with all its rows; all else stays as it was."""

import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from orchestrion.client.following import Interruption
from orchestrion.client.local import LocalClient
from orchestrion.client.packs import PackFolders
from orchestrion.client.targets import target_of
from orchestrion.client.views import Accepted, ExecutionView, RerunRequest
from orchestrion.errors import NotFound, StoreFull
from orchestrion.runtime import retention
from orchestrion.runtime.retention import Retention
from orchestrion.store.ballast import Ballast
from orchestrion.store.sqlite import Store

LATER = 2**60
CHILD = """
version: 1.0
tasks:
  inner: {action: core.noop}
"""
PARENT = """
version: 1.0
vars: [{names: [a, b, c]}]
tasks:
  many:
    with: x in <% ctx().names %>
    action: core.echo message=<% item() %>
    next: [{do: child}]
  child:
    action: own.child
    next: [{do: fails}]
  fails: {action: core.local cmd="exit 1"}
"""
PAUSES = """
version: 1.0
tasks:
  asks: {action: own.ask}
"""


class World:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        actions = folder / "packs" / "own" / "actions"
        actions.mkdir(parents=True)
        (actions.parent / "pack.yaml").write_text("name: own\n")
        (actions / "child.yaml").write_text("name: child\nrunner_type: orquesta\nentry_point: child.wf\n")
        (actions / "child.wf").write_text(CHILD)
        (actions / "ask.yaml").write_text("name: ask\nrunner_type: inquirer\n")
        self.client = LocalClient(folder / "s.db", PackFolders((folder / "packs",)), "tester")
        self.store = Store(folder / "s.db")

    def run(self, text: str) -> ExecutionView:
        (self.folder / "workflow.yaml").write_text(text)
        target = target_of(
            str(self.folder / "workflow.yaml"), [], self.client.catalog, self.client.surroundings_of
        )
        return self.follow(self.client.start(target))

    def rerun(self, number: str, *tasks: str) -> Accepted:
        accepted = self.client.rerun(RerunRequest(number, tasks))
        self.follow(accepted.execution)
        return accepted

    def follow(self, number: str) -> ExecutionView:
        return self.client.follow(number, lambda _: None, Interruption())

    def rows(self) -> dict[str, int]:
        """How many rows each table has that has any."""
        with closing(sqlite3.connect(self.store.path)) as connection:
            names = [
                row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            ]
            counts = {
                name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in names
            }
        return {name: count for name, count in counts.items() if count}

    def run_until_full(self) -> None:
        """Run workflows until the store is full."""
        for _ in range(100):
            self.run(PARENT)

    @property
    def own_store(self) -> Store:
        """The store as the client has opened it."""
        return self.client._session.store  # pyright: ignore[reportPrivateUsage]  # a limit holds for one connection

    def close(self) -> None:
        self.client.__exit__(None, None, None)
        self.store.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


def test_of_what_is_purged_no_row_is_left(world: World) -> None:
    first = world.run(PARENT)
    assert first.status == "failed"
    world.rerun(first.id, "child", "fails")
    assert {"execution", "workflow", "history", "item", "failure", "operation"} <= world.rows().keys()
    with world.store.transaction() as transaction:
        transaction.run("save_secrets", root=first.workflow, sealed="{}")

    assert Retention(world.store).purge(LATER) == 2  # the re-run is listed, too

    assert world.rows() == {}
    with pytest.raises(NotFound):
        world.client.execution(first.id)


def test_every_table_that_belongs_to_executions_is_purged(world: World) -> None:
    """A new table needs a statement of its own, or a reason to stay."""
    others = {
        "attempt": "nothing unfinished is purged",
        "process": "it goes when its process is ended",
        "purged": "it is the list",
        "bulk_part": "it goes with its bulk operation",
    }
    with closing(sqlite3.connect(world.store.path)) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        owned = [
            table
            for table in tables
            if {"workflow", "execution", "root"}
            & {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
        ]
        for table in {*owned} - others.keys():
            columns = [row[1:4] for row in connection.execute(f"PRAGMA table_info({table})")]
            row = {
                name: 0
                if kind == "INTEGER"
                else {"workflow": "0", "of_workflow": "0", "root": "0", "id": "0"}.get(name, "x")
                for name, kind, _ in columns
                if (table, name) not in {("output", "id"), ("empty", "id")}
            }
            names = ", ".join(row)
            connection.execute(
                f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(row))})", [*row.values()]
            )
        connection.execute(
            "UPDATE execution SET id = 'x', status = 'failed', workflow = '0', of_workflow = NULL, "
            "ended_at = 1, top = 1"
        )
        connection.execute("UPDATE workflow SET parent = NULL")
        connection.commit()
    assert {*world.rows()} == {*owned} - others.keys()

    assert Retention(world.store).purge(LATER) == 1

    assert world.rows() == {}


def test_what_is_young_or_of_another_status_or_waits_stays_as_it_was(world: World) -> None:
    failed = world.run(PARENT)
    waits = world.run(PAUSES)
    assert waits.status == "paused"
    before = (
        world.client.execution(failed.id, attempts=True),
        world.client.execution(waits.id, attempts=True),
    )

    assert failed.ended_at is not None
    assert Retention(world.store).purge(failed.ended_at) == 0
    assert Retention(world.store, ["succeeded", "canceled"]).purge(LATER) == 0
    assert [one.number for one in Retention(world.store).outlook(LATER)] == [1]
    after = (
        world.client.execution(failed.id, attempts=True),
        world.client.execution(waits.id, attempts=True),
    )
    assert after == before

    assert Retention(world.store).purge(LATER) == 1
    assert world.client.execution(waits.id, attempts=True) == before[1]


def test_a_purge_that_was_interrupted_is_taken_up_and_nobody_sees_a_half(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "MOST_ROWS", 5)
    number = world.run(PARENT).id
    assert Retention(world.store).step(LATER) == 1
    with pytest.raises(NotFound):
        world.client.execution(number)
    steps = 0
    left = sum(world.rows().values())
    while Retention(world.store).step(LATER) is not None:
        assert (
            left - sum(world.rows().values()) <= 5 + 2
        )  # operations of deleted actions, the mark of what is purged
        left = sum(world.rows().values())
        steps += 1
    assert steps > 3
    assert world.rows() == {}


def test_a_sub_workflow_that_was_rerun_by_its_own_id_goes_by_itself(world: World) -> None:
    parent = world.run(PARENT)
    [child] = parent.tasks[1].workflows
    alone = world.rerun(child.id, "inner").execution
    shown = world.client.execution(alone)

    assert Retention(world.store, ["failed"]).purge(LATER) == 1
    assert world.client.execution(alone).tasks == shown.tasks
    assert Retention(world.store).purge(LATER) == 1
    assert world.rows() == {}


def test_the_parent_of_a_sub_workflow_that_was_purged_keeps_its_attempt(world: World) -> None:
    parent = world.run(PARENT)
    [child] = parent.tasks[1].workflows
    world.rerun(child.id, "inner")

    assert Retention(world.store, ["succeeded"]).purge(LATER) == 1

    task = world.client.execution(parent.id, attempts=True).tasks[1]
    assert [attempt.id for attempt in task.attempts] == [child.id]


def test_a_full_store_is_left_by_a_purge(world: World) -> None:
    world.run(PARENT)
    world.own_store.pragma(f"max_page_count = {world.own_store.pragma('page_count')}")
    with pytest.raises(StoreFull, match="orchestrion purge"):
        world.run_until_full()

    assert Retention(world.own_store).purge(LATER) > 0
    assert world.run(CHILD).status == "succeeded"


def test_a_full_disk_is_left_with_the_room_of_the_ballast(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("this system lets nobody mount a small disk")
    world = World(disk)
    try:
        ballast = Ballast(world.store.path)
        world.run(PARENT)
        ballast.path.write_bytes(bytes(1024 * 1024))
        _fill(disk)
        with pytest.raises(StoreFull):
            world.run_until_full()
        assert Retention(world.store).purge(LATER) > 0
        assert not ballast.path.exists()  # there is not room enough to make it again
        assert world.run(CHILD).status == "succeeded"
    finally:
        world.close()
        subprocess.run(["umount", disk], check=True)


def _fill(disk: Path) -> None:
    with (disk / "filler").open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            return
