import multiprocessing
import resource
import sqlite3
import stat
from collections.abc import Generator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from orchestrion.errors import StoreError, UsageError
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


def refused(path: Path, match: str) -> None:
    """A file that can be no store is refused, and nothing is left beside it."""
    before = sorted(path.parent.iterdir()) if path.parent.is_dir() else []
    content = path.read_bytes() if path.is_file() else b""
    with pytest.raises(UsageError, match=match):
        Store(path)
    assert (sorted(path.parent.iterdir()) if path.parent.is_dir() else []) == before
    assert content == (path.read_bytes() if path.is_file() else b"")


def database(path: Path, *statements: str) -> Path:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.close()
    return path


def test_a_newer_store_is_refused_in_one_sentence(tmp_path: Path) -> None:
    Store(tmp_path / "s.db").close()
    database(tmp_path / "s.db", "PRAGMA user_version = 999")
    for file in ("s.db.turn", "s.db.lock"):
        (tmp_path / file).unlink()
    refused(tmp_path / "s.db", "newer version of Orchestrion")


def test_what_can_be_no_store_is_refused_and_left_alone(tmp_path: Path) -> None:
    junk = tmp_path / "junk.db"
    junk.write_text("this is no database, but it is long enough to be taken for one\n" * 50)
    refused(junk, r"junk\.db: this is not a store of Orchestrion")
    (tmp_path / "folder").mkdir()
    refused(tmp_path / "folder", "folder: this is no file")
    refused(junk / "s.db", "cannot be opened: .*--db")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    refused(tmp_path / "loop", "loop.*--db")
    refused(database(tmp_path / "other.db", "CREATE TABLE mail (x)"), "not a store of Orchestrion")
    statements = ("CREATE TABLE mail (x)", "PRAGMA user_version = 1")
    refused(database(tmp_path / "another.db", *statements), "not a store of Orchestrion")


def test_only_its_owner_may_read_what_a_store_holds(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.db")
    with store.transaction() as transaction:
        transaction.run("add_definition", hash="h", text="t")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    names = ("s.db", "s.db-wal", "s.db-shm", "s.db.turn", "s.db.lock")
    assert modes == dict.fromkeys(names, 0o600)
    store.close()


def test_a_store_with_two_names_has_one_lock(tmp_path: Path) -> None:
    (tmp_path / "alias.db").symlink_to(tmp_path / "s.db")
    store = Store(tmp_path / "alias.db")
    store.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["alias.db", "s.db", "s.db.lock", "s.db.turn"]
    assert stat.S_IMODE((tmp_path / "s.db").stat().st_mode) == 0o600


def test_who_only_reads_never_waits_for_who_writes(tmp_path: Path) -> None:
    Store(tmp_path / "s.db").close()
    writer = Turnstile(tmp_path / "s.db")
    writer.enter()  # as another process does: a lock belongs to an open file, not to a process
    reader = Store(tmp_path / "s.db")
    with reader.reading() as transaction:
        assert transaction.value("definition_text", hash="none") is None
    reader.close()
    writer.leave()
    writer.close()


def open_once(path: str) -> None:
    Store(Path(path)).close()


def test_processes_that_make_the_same_store_at_once_all_find_it_made(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    makers = [context.Process(target=open_once, args=(str(tmp_path / "s.db"),)) for _ in range(4)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join(60)
        assert maker.exitcode == 0


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


@contextmanager
def files_of_at_most(size: int) -> Generator[None]:
    """Let no file of this process grow beyond a size (`ulimit -f`)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("size", [4_000, 40_000, 400_000])
def test_where_files_may_not_grow_it_is_told_and_nothing_is_lost(tmp_path: Path, size: int) -> None:
    store = Store(tmp_path / "s.db")
    with store.transaction() as transaction:
        transaction.run("add_definition", hash="first", text="t")
    told = rf"s\.db: no file of this process may have more than {size:,} bytes .*; nothing was changed"
    with files_of_at_most(size), pytest.raises(StoreError, match=told), store.transaction() as transaction:
        transaction.run("add_definition", hash="second", text="x" * 1_000_000)
    with store.transaction() as transaction:
        assert transaction.value("definition_text", hash="first") == "t"
        assert transaction.value("definition_text", hash="second") is None
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
