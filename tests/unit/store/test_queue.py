"""Which attempts may be claimed, and in which order: by indexes, and whatever date the clock shows."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrion.store.schema import migrate
from orchestrion.store.sqlite import Store

BEFORE = 10
"""How many migrations there were before an attempt said whether it waits for its time."""

NOW = 1_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "s.db")
    yield store
    store.close()


def add_tree(store: Store, root: str, *attempts: tuple[int, bool], engine: str | None = None) -> None:
    """A tree with attempts: when each is due, and whether it is delayed until then."""
    with store.transaction() as transaction:
        row = dict.fromkeys(("parent", "parent_entry", "parent_item", "parent_attempt"))
        known = {"id": root, "execution": root, "definition": "", "root": root, "packs": "[]", "wraps": 0}
        transaction.run("add_workflow", **row, **known, engine=engine)
        transaction.many(
            "add_attempts",
            [
                (f"{root}{number}", root, number, None, 1, root, due_at, None, False, None, delayed)
                for number, (due_at, delayed) in enumerate(attempts)
            ],
        )
    hold(store, root, held=False)


def hold(store: Store, root: str, *, held: bool) -> None:
    with store.transaction() as transaction:
        transaction.many("save_workflows", [("running", 1, held, "{}", None, root)])


def claimable(store: Store, root: str | None, count: int = 100) -> list[str]:
    """The attempts of a tree, or of the pool."""
    query = "claimable_in_pool" if root is None else "claimable_attempts"
    with store.reading() as transaction:
        return [row["execution"] for row in transaction.all(query, root=root, now=NOW, count=count)]


def next_due(store: Store, root: str | None) -> int | None:
    with store.reading() as transaction:
        if root is None:
            return transaction.value("next_due_in_pool")
        return transaction.value("next_due", root=root)


@pytest.mark.parametrize("root", ["a", None])
def test_what_waits_for_room_and_whose_delay_is_over_the_oldest_first(store: Store, root: str | None) -> None:
    later, earlier = NOW + 1, NOW - 2
    add_tree(store, "a", (later, True), (later, False), (NOW, True), (earlier, False), (earlier - 1, True))
    add_tree(store, "b", (0, False), engine="other")
    assert claimable(store, root) == ["a4", "a3", "a2", "a1"]
    assert claimable(store, root, 2) == ["a4", "a3"]
    assert next_due(store, root) == 0
    hold(store, "a", held=True)
    assert claimable(store, root) == []
    assert next_due(store, root) is None


@pytest.mark.parametrize("root", ["a", None])
def test_what_is_delayed_is_due_at_its_time(store: Store, root: str | None) -> None:
    add_tree(store, "a", (NOW + 9, True), (NOW + 7, True))
    assert claimable(store, root) == []
    assert next_due(store, root) == NOW + 7


def test_what_waits_since_a_later_date_keeps_its_place_before_all_that_comes(store: Store) -> None:
    add_tree(store, "a", (NOW + 5, False), (NOW + 9, True), (NOW + 4, False), (NOW - 1, False))
    with store.transaction() as transaction:
        assert transaction.run("keep_order", now=NOW) == 2
    add_tree(store, "b", (NOW + 1, False))
    assert claimable(store, None) == ["a3", "a0", "a2", "b0"]
    assert next_due(store, "a") == 0


@pytest.mark.parametrize(
    "name, searches",
    [
        ("claimable_attempts", 2),
        ("claimable_in_pool", 2),
        ("next_due", 2),
        ("next_due_in_pool", 2),
        ("keep_order", 1),
    ],
)
def test_nothing_is_scanned_or_sorted_for_it(store: Store, name: str, searches: int) -> None:
    texts = (
        (Path(migrate.__code__.co_filename).parent / "sql" / "attempts.sql").read_text().split("-- name: ")
    )
    sql = next(text.partition("\n")[2] for text in texts if text.partition("\n")[0].rstrip("$!") == name)
    connection = sqlite3.connect(store.path)
    values = {"root": "a", "now": 1, "after": -1, "count": 1}
    plan = connection.execute(f"EXPLAIN QUERY PLAN {sql}", values).fetchall()
    connection.close()
    steps = [row[3] for row in plan]
    used = [step for step in steps if step.startswith("SEARCH attempt")]
    assert len(used) == searches
    assert all("delayed=?" in step for step in used), used
    assert not [step for step in steps if step.startswith(("SCAN attempt", "SCAN workflow", "USE TEMP"))]


def test_of_an_older_store_those_are_delayed_that_show_it(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    migrate(connection, 0, BEFORE)
    for name, status, engine in (
        ("a", "delayed", None),
        ("b", "requested", None),
        ("c", "running", "me"),
        ("d", "delayed", "me"),
    ):
        connection.execute(
            "INSERT INTO execution (id, action, runner, status, parameters, created_at) "
            "VALUES (?, '', '', ?, '', 0)",
            (name, status),
        )
        connection.execute(
            "INSERT INTO attempt (execution, workflow, root, entry, number, due_at, engine) "
            "VALUES (?, 'w', 'w', 0, 1, 5, ?)",
            (name, engine),
        )
    connection.close()
    store = Store(path)
    with store.reading() as transaction:
        found = {
            row["execution"]: row["delayed"] for row in transaction.all("attempts_of_workflow", workflow="w")
        }
    store.close()
    assert found == {"a": 1, "b": 0, "c": 0, "d": 0}
