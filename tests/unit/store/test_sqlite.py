import multiprocessing
import sqlite3
from itertools import pairwise
from pathlib import Path

import pytest

from orchestrion.errors import StoreError
from orchestrion.store.sqlite import Store
from orchestrion.store.turnstile import Turnstile


def fail_after_adding(store: Store, number: str) -> None:
    with store.transaction() as transaction:
        transaction.run("add_definition", hash=number, text="t")
        raise ZeroDivisionError


def test_every_connection_syncs_fully_and_writes_ahead(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.db")
    assert store.pragma("synchronous") == 2
    assert store.pragma("journal_mode") == "wal"
    store.close()


def test_a_store_that_is_opened_again_keeps_what_was_committed_and_nothing_else(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.db")
    with store.transaction() as transaction:
        transaction.run("add_definition", hash="kept", text="t")
    with pytest.raises(ZeroDivisionError):
        fail_after_adding(store, "lost")
    store.close()
    store = Store(tmp_path / "s.db")
    with store.reading() as transaction:
        assert transaction.value("definition_text", hash="kept") == "t"
        assert transaction.value("definition_text", hash="lost") is None
    store.close()


def test_a_newer_store_is_refused_in_one_sentence(tmp_path: Path) -> None:
    Store(tmp_path / "s.db").close()
    connection = sqlite3.connect(tmp_path / "s.db")
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    with pytest.raises(StoreError, match="newer version of Orchestrion"):
        Store(tmp_path / "s.db")


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "s.db").write_text("this is no database, but it is long enough to be taken for one\n" * 50)
    with pytest.raises(StoreError, match=r"s\.db: this is not a store of Orchestrion"):
        Store(tmp_path / "s.db")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be opened"):
        Store(tmp_path / "file" / "s.db")


def test_a_full_disk_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.db")
    with store.transaction() as transaction:
        transaction.run("add_definition", hash="first", text="t")
    pages = store.pragma("page_count")
    store.pragma(f"max_page_count = {pages}")
    with pytest.raises(StoreError, match="the disk is full"), store.transaction() as transaction:
        transaction.run("add_definition", hash="second", text="x" * 1_000_000)
    with store.reading() as transaction:
        assert transaction.value("definition_text", hash="first") == "t"
        assert transaction.value("definition_text", hash="second") is None
    store.pragma("max_page_count = 1000000")
    with store.transaction() as transaction:
        transaction.run("add_definition", hash="second", text="x" * 1_000_000)
    store.close()


def add_numbers(path: str, prefix: str, count: int) -> None:
    store = Store(Path(path))
    for number in range(count):
        with store.transaction() as transaction:
            transaction.run("add_definition", hash=f"{prefix}{number:04d}", text="t")
    store.close()


def test_processes_that_write_the_same_file_all_get_their_turn(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    Store(path).close()
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=add_numbers, args=(str(path), name, 200)) for name in "abc"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    connection = sqlite3.connect(path)
    order = [row[0][0] for row in connection.execute("SELECT hash FROM definition ORDER BY rowid")]
    connection.close()
    assert len(order) == 600
    changes = sum(one != other for one, other in pairwise(order))
    assert changes > 50, "a writer kept the others out"


def test_a_lock_is_free_again_when_its_holder_leaves(tmp_path: Path) -> None:
    one, other = Turnstile(tmp_path / "s.db"), Turnstile(tmp_path / "s.db")
    one.enter()
    one.leave()
    other.enter()
    other.leave()
    one.close()
    other.close()
