import sqlite3
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrion.errors import StoreError, UsageError
from orchestrion.store import copies
from orchestrion.store.schema import MIGRATIONS, migrate
from orchestrion.store.sqlite import Store
from orchestrion.store.upkeep import backup, check


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "s.db")
    yield store
    store.close()


def add(store: Store, name: str) -> None:
    with store.transaction() as transaction:
        transaction.run("add_definition", hash=name, text="x" * 10_000)


def definitions(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    found = [row[0] for row in connection.execute("SELECT hash FROM definition ORDER BY hash")]
    connection.close()
    return found


def old_store(path: Path, known: int) -> None:
    """A store as it was after so many migrations."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    migrate(connection, 0, known)
    connection.execute("INSERT INTO definition VALUES ('old', 't')")
    connection.close()


@pytest.mark.parametrize("known", range(1, len(MIGRATIONS)))
def test_an_older_store_is_copied_and_then_brought_to_the_newest_schema(tmp_path: Path, known: int) -> None:
    old_store(tmp_path / "s.db", known)
    Store(tmp_path / "s.db").close()
    copy = tmp_path / f"s.db.before-{len(MIGRATIONS)}"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert definitions(copy) == definitions(tmp_path / "s.db") == ["old"]
    assert check(copy) == (copy, known, len(MIGRATIONS), ())
    assert check(tmp_path / "s.db") == (tmp_path / "s.db", len(MIGRATIONS), len(MIGRATIONS), ())


def test_a_new_store_and_one_of_the_newest_schema_are_not_copied(tmp_path: Path) -> None:
    Store(tmp_path / "s.db").close()
    Store(tmp_path / "s.db").close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s.db", "s.db.lock", "s.db.turn"]


def test_a_store_that_cannot_be_copied_stays_as_it_is(tmp_path: Path) -> None:
    old_store(tmp_path / "s.db", 1)
    (tmp_path / f"s.db.before-{len(MIGRATIONS)}").mkdir()  # where the copy should go
    with pytest.raises((UsageError, StoreError)):
        Store(tmp_path / "s.db")
    assert check(tmp_path / "s.db").schema == 1


def test_a_backup_is_one_moment_of_a_store_that_goes_on(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(store, "before")
    parts: list[int] = []

    def write_in_between(_status: int, left: int, _total: int) -> None:
        parts.append(left)
        add(store, f"during {len(parts)}")

    monkeypatch.setattr(copies, "_PAGES", 10)
    monkeypatch.setattr(copies, "_heed", write_in_between)
    made = backup(store.path, tmp_path / "copy.db")
    assert len(parts) > 3
    assert made == (tmp_path / "copy.db", (tmp_path / "copy.db").stat().st_size, None, ())
    assert definitions(tmp_path / "copy.db") == ["before"]
    assert len(definitions(store.path)) == 1 + len(parts)
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.glob("*copy*")) == ["copy.db"]
    assert check(tmp_path / "copy.db").problems == ()


def test_a_backup_overwrites_nothing_and_leaves_nothing_half(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(UsageError, match="mine: this file is there already"):
        backup(store.path, tmp_path / "mine")
    with pytest.raises(
        UsageError, match=r"no/copy\.db: there is no folder .*/no, so there is no copy\. Make the folder"
    ):
        backup(store.path, tmp_path / "no" / "copy.db")

    def appear(_status: int, _left: int, _all: int) -> None:
        (tmp_path / "copy.db").write_text("mine, too")

    monkeypatch.setattr(copies, "_heed", appear)
    with pytest.raises(UsageError, match=r"copy\.db: this file is there already"):
        backup(store.path, tmp_path / "copy.db")
    assert (tmp_path / "mine").read_text() == "mine"
    assert [path.read_text() for path in tmp_path.glob("*copy*")] == ["mine, too"]


def test_a_backup_for_which_there_is_no_room_leaves_nothing(store: Store, tmp_path: Path) -> None:
    add(store, "d")
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", small], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("nothing can be mounted here")
    try:
        with pytest.raises(StoreError, match=r"small/copy\.db: the disk is full; there is no copy"):
            backup(store.path, small / "copy.db")
        assert list(small.iterdir()) == []
    finally:
        subprocess.run(["umount", small], check=True)


def test_a_backup_names_the_key_file_that_is_not_in_it(store: Store, tmp_path: Path) -> None:
    with store.transaction() as transaction:
        transaction.unlock()
    made = backup(store.path, tmp_path / "copy.db")
    assert made.key_file == tmp_path / "s.db.key"
    assert check(store.path).problems == ()
    (problem,) = check(tmp_path / "copy.db").problems
    assert problem.startswith(f"key: {tmp_path / 'copy.db.key'}")


def test_a_check_finds_what_is_wrong_with_rows_and_schema(store: Store) -> None:
    def change(statement: str) -> None:
        with sqlite3.connect(store.path) as connection:
            connection.execute(statement)
        connection.close()

    change("INSERT INTO initial VALUES ('gone', '{}', '{}')")
    assert check(store.path).problems == ("rows: 1 of initial name a workflow that is not in workflow",)
    change("INSERT INTO purged VALUES ('gone')")  # a purge is at work
    assert check(store.path).problems == ()
    change("CREATE TABLE mine (x)")
    change("DROP INDEX workflow_by_root")
    change("ALTER TABLE item ADD COLUMN more")
    assert check(store.path).problems == (
        "schema: index workflow_by_root is missing",
        "schema: table item differs",
        "schema: table mine is not ours",
    )


def test_a_check_finds_a_damaged_page(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.db")
    for number in range(20):
        add(store, f"d{number}")
    store.close()
    content = bytearray((tmp_path / "s.db").read_bytes())
    content[-4096 * 3 : -4096] = b"\xff" * 8192
    (tmp_path / "s.db").write_bytes(content)
    problems = check(tmp_path / "s.db").problems
    assert problems
    assert all(problem.startswith("SQLite: ") for problem in problems)
