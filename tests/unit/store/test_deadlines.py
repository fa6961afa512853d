"""What is overdue, and what is next: one statement each, by indexes; older stores keep ends of inquiries."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrion.store.schema import migrate
from orchestrion.store.sqlite import Store

BEFORE = 8
"""How many migrations there were before attempts had an end of their own."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "s.db")
    yield store
    store.close()


def add_tree(
    store: Store, root: str, expires_at: int | None, *attempts: int | None, engine: str | None
) -> None:
    """A tree with a time of its own, and attempts with theirs."""
    with store.transaction() as transaction:
        row = dict.fromkeys(("parent", "parent_entry", "parent_item", "parent_attempt"))
        known = {
            "id": root,
            "execution": root,
            "definition": "",
            "root": root,
            "engine": engine,
            "packs": "[]",
            "wraps": 0,
        }
        transaction.run("add_workflow", **row, **known)
        transaction.many("save_workflows", [("running", 1, 0, "{}", expires_at, root)])
        transaction.many(
            "add_attempts",
            [
                (f"{root}{number}", root, number, None, 1, root, 0, "me", False, end, False)
                for number, end in enumerate(attempts)
            ],
        )


def found(store: Store, query: str, now: int, **parameters: str) -> list[tuple[str | None, str | None]]:
    with store.reading() as transaction:
        rows = transaction.all(query, now=now, count=100, **parameters)
    return [(row["execution"], row["workflow"]) for row in rows]


def test_attempts_and_workflows_of_a_tree_or_of_the_pool_the_latest_first(store: Store) -> None:
    add_tree(store, "a", 30, 20, None, 40, engine="me")
    add_tree(store, "b", None, 25, engine=None)
    add_tree(store, "c", 10, engine=None)
    assert found(store, "overdue", 30, root="a") == [("a0", None), (None, "a")]
    assert found(store, "overdue_in_pool", 30) == [(None, "c"), ("b0", None)]
    assert found(store, "overdue_in_pool", 9) == []
    with store.reading() as transaction:
        assert transaction.value("next_expiry", root="a") == 20
        assert transaction.value("next_expiry", root="nobody") is None
        assert transaction.value("next_expiry_in_pool") == 10


@pytest.mark.parametrize("query", ["overdue", "overdue_in_pool", "next_expiry", "next_expiry_in_pool"])
def test_nothing_is_scanned_for_it(store: Store, query: str) -> None:
    connection = sqlite3.connect(store.path)
    sql = next(
        text.partition("\n")[2]
        for text in (Path(migrate.__code__.co_filename).parent / "sql" / "attempts.sql")
        .read_text()
        .split("-- name: ")
        if text.startswith((f"{query}\n", f"{query}$\n"))
    )
    plan = connection.execute(f"EXPLAIN QUERY PLAN {sql}", {"root": "a", "now": 1, "count": 1}).fetchall()
    connection.close()
    used = [row[3] for row in plan if row[3].startswith(("SEARCH attempt", "SEARCH workflow"))]
    assert len(used) == 2
    assert all("_expiry" in one for one in used), used
    assert not [row[3] for row in plan if row[3].startswith(("SCAN attempt", "SCAN workflow"))]


def test_inquiries_of_an_older_store_end_when_they_were_to(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    migrate(connection, 0, BEFORE)
    for name, due_at, engine in (("ends", 77, "inquiry"), ("never", 2**62, "inquiry"), ("other", 5, "me")):
        connection.execute(
            "INSERT INTO attempt (execution, workflow, root, entry, number, due_at, engine)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (name, "w", "w", 0, 1, due_at, engine),
        )
    connection.close()
    store = Store(path)
    with store.reading() as transaction:
        ends = {
            row["execution"]: row["expires_at"]
            for row in transaction.all("attempts_of_workflow", workflow="w")
        }
    store.close()
    assert ends == {"ends": 77, "never": None, "other": None}
