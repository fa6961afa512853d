"""A revision is a copy of a pack that never changes, named by its content; making one can be interrupted."""

import errno
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from orchestrion.actions import pack_files
from orchestrion.actions.action_files import ActionFiles
from orchestrion.actions.metadata import Pack
from orchestrion.actions.revisions import Revision, Revisions, name_of_now
from orchestrion.errors import UsageError

TAKE = """
import os, sys
from pathlib import Path
from orchestrion.actions.action_files import ActionFiles
from orchestrion.actions.revisions import Revisions
{}
sys.stdin.read()
print(Revisions(Path(sys.argv[1])).take(ActionFiles().pack(Path(sys.argv[2]))).name)
"""


class World:
    def __init__(self, folder: Path) -> None:
        self.home = folder / "packs" / "mine"
        self.store = folder / "s.db"
        self.place = folder / "s.db.packs" / "mine"
        self.write("pack.yaml", "name: mine\nversion: 1.2.0\n")
        self.write("actions/run.sh", "echo one\n")
        self.write("lib/helper.py", "VALUE = 1\n")

    def write(self, name: str, text: str) -> Path:
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    @property
    def pack(self) -> Pack:
        return ActionFiles().pack(self.home)

    def take(self) -> Revision:
        return Revisions(self.store).take(self.pack)

    @property
    def kept(self) -> set[str]:
        """What is in the folder of the pack's revisions, finished or not."""
        return {one.name for one in self.place.iterdir() if not one.name.startswith(".known-")}

    def process(self, preamble: str = "") -> "subprocess.Popen[str]":
        """Another process, which takes the revision when its stdin is closed."""
        return subprocess.Popen(
            [sys.executable, "-c", TAKE.format(preamble), str(self.store), str(self.home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def files_in(folder: Path) -> dict[str, str]:
    return {str(one.relative_to(folder)): one.read_text() for one in folder.rglob("*") if one.is_file()}


# --- what it is


def test_a_revision_is_a_copy_that_only_its_owner_reads_and_nobody_writes(world: World) -> None:
    world.write("actions/run.sh", "echo one\n").chmod(0o775)
    taken = world.take()
    assert taken.folder == world.place / taken.name
    assert (taken.pack, taken.version, taken.home) == ("mine", "1.2.0", world.home)
    assert files_in(taken.folder) == files_in(world.home)
    modes = {one.name: one.stat().st_mode & 0o777 for one in [*taken.folder.rglob("*")]}
    assert modes == {
        "pack.yaml": 0o400,
        "actions": 0o700,
        "run.sh": 0o500,
        "lib": 0o700,
        "helper.py": 0o400,
    }
    for folder in (taken.folder, world.place, world.place.parent):
        assert folder.stat().st_mode & 0o777 == 0o700


def test_the_pack_of_a_revision_knows_where_it_is_at_home(world: World) -> None:
    pack = world.take().read()
    assert (pack.ref, pack.name, pack.metadata["version"]) == ("mine", "mine", "1.2.0")
    assert (pack.home, pack.is_bundled) == (world.home, False)
    assert pack.told(f"{pack.folder}/actions/run.sh: no.") == f"{world.home}/actions/run.sh: no."


def test_the_same_content_is_one_revision_wherever_it_is(world: World, tmp_path: Path) -> None:
    first = world.take()
    elsewhere = tmp_path / "elsewhere"
    world.home.rename(elsewhere)
    world.home = elsewhere
    again = Revisions(world.store).take(ActionFiles().pack(elsewhere))
    assert (again.name, again.home) == (first.name, elsewhere)
    assert world.kept == {first.name}


@pytest.mark.parametrize("change", ["content", "new", "deleted", "renamed", "executable", "empty folder"])
def test_every_change_is_another_revision_and_the_first_stays(world: World, change: str) -> None:
    first = world.take()
    before = files_in(first.folder)
    match change:
        case "content":
            world.write("actions/run.sh", "echo two\n")
        case "new":
            world.write("actions/more.sh", "")
        case "deleted":
            (world.home / "lib/helper.py").unlink()
        case "renamed":
            (world.home / "lib/helper.py").rename(world.home / "lib/other.py")
        case "executable":
            (world.home / "actions/run.sh").chmod(0o755)
        case _:
            (world.home / "data").mkdir()
    second = world.take()
    assert second.name != first.name
    assert files_in(second.folder) == files_in(world.home)
    assert files_in(first.folder) == before


def test_a_change_that_keeps_size_and_time_is_seen(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    later(monkeypatch)
    path = world.home / "actions/run.sh"
    times = path.stat()
    first = world.take()
    path.write_text("echo two\n")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert world.take().name != first.name


def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every file have been written a while ago: as long as a clock has not moved on, all are read."""
    now = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now() + 10_000_000_000)


def test_that_nothing_has_changed_is_seen_without_reading_the_files(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    later(monkeypatch)
    first = world.take()

    def read(_descriptor: int, _count: int) -> bytes:
        raise AssertionError

    monkeypatch.setattr(os, "read", read)
    assert world.take() == first
    (known,) = world.place.glob(".known-*")
    assert known.stat().st_mode & 0o777 == 0o600


def test_a_copy_that_was_deleted_is_made_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    later(monkeypatch)
    first = world.take()
    Revisions(world.store).set_aside(())
    assert not first.is_there
    assert world.take() == first
    assert first.is_there


# --- what belongs to a pack


def test_version_control_and_bytecode_are_left_out(world: World) -> None:
    before = name_of_now(world.pack, world.store)
    for name in (".git/config", "lib/__pycache__/helper.pyc", "actions/.svn/x"):
        world.write(name, "x")
    assert world.take().name == before


def test_a_store_in_the_folder_of_a_pack_is_no_part_of_it(world: World) -> None:
    world.store = world.home / "s.db"
    before = name_of_now(world.pack, world.store)
    for name in ("s.db", "s.db-wal", "s.db.run/lock"):
        world.write(name, "x")
    assert world.take().name == before
    assert world.take().name == before


def test_links_within_a_pack_lead_to_the_same_place_of_the_copy(world: World) -> None:
    (world.home / "actions/relative.sh").symlink_to("run.sh")
    (world.home / "actions/absolute.sh").symlink_to(world.home / "actions/run.sh")
    (world.home / "library").symlink_to("lib")
    (world.home / "lib/up").symlink_to("..")
    copy = world.take().folder
    for name in ("actions/relative.sh", "actions/absolute.sh"):
        assert (copy / name).resolve() == copy / "actions/run.sh"
    assert (copy / "library/helper.py").read_text() == "VALUE = 1\n"
    assert (copy / "lib/up").resolve() == copy


def test_links_out_of_a_pack_and_environments_lead_to_where_they_did(world: World, tmp_path: Path) -> None:
    (tmp_path / "shared.sh").write_text("echo shared\n")
    (world.home / "actions/shared.sh").symlink_to("../../../shared.sh")
    (world.home / "nowhere").symlink_to("/nowhere/at/all")
    (world.home / "loop").symlink_to("loop")
    world.write("venv/pyvenv.cfg", "")
    world.write("venv/bin/python", "x")
    (world.home / "actions/python").symlink_to("../venv/bin/python")
    copy = world.take().folder
    assert (copy / "actions/shared.sh").read_text() == "echo shared\n"
    assert (copy / "nowhere").readlink() == Path("/nowhere/at/all")
    assert (copy / "venv").readlink() == world.home / "venv"
    assert (copy / "actions/python").read_text() == "x"


def test_a_pipe_is_left_out_and_nobody_waits_for_it(world: World) -> None:
    os.mkfifo(world.home / "pipe")
    assert sorted(one.name for one in world.take().folder.iterdir()) == ["actions", "lib", "pack.yaml"]


@pytest.mark.parametrize("limit, words", [("MAX_FILES", "has more than 4 files"), ("MAX_BYTES", "is larger")])
def test_a_pack_that_is_too_large_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch, limit: str, words: str
) -> None:
    monkeypatch.setattr(pack_files, limit, 4)
    with pytest.raises(UsageError, match=f"mine: The pack {words}.* Move what is not its code out"):
        world.take()
    assert not world.place.exists()


def test_a_file_that_cannot_be_read_is_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.open

    def denied(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if str(path).endswith("helper.py"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, flags, mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", denied)
    with pytest.raises(UsageError, match=r"lib/helper.py: This cannot be read.*Permission denied"):
        world.take()


def test_a_full_disk_is_told_and_leaves_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int, _data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(UsageError, match=r"The pack mine cannot be copied there.*No space left"):
        world.take()
    assert world.kept == set()


# --- whoever else is at work


def test_a_process_that_dies_while_it_copies_leaves_nothing_that_counts(world: World) -> None:
    (world.home / "zz").symlink_to("lib")  # copied last
    dying = world.process("os.symlink = lambda *_, **__: os._exit(9)")
    dying.communicate("")
    assert dying.returncode == 9
    (left,) = world.kept
    assert left.startswith(".new-")
    taken = world.take()
    assert files_in(taken.folder) == files_in(world.home)
    revisions = Revisions(world.store)
    revisions.set_aside({("mine", taken.name)})
    revisions.clear()  # it may be at work still
    assert world.kept == {left, taken.name}
    os.utime(world.place / left, (0, 0))
    revisions.clear()
    assert world.kept == {taken.name}


def test_several_processes_at_once_make_one_revision(world: World) -> None:
    processes = [world.process() for _ in range(4)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
    names = {process.communicate()[0].strip() for process in processes}
    assert names == {world.take().name}
    assert world.kept == names


def test_who_comes_second_uses_what_the_first_has_made(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    real, faster = os.rename, list[str]()

    def rename(source: Path, target: Path) -> None:
        monkeypatch.undo()
        faster.append(world.take().name)
        real(source, target)

    monkeypatch.setattr(os, "rename", rename)
    assert [world.take().name] == faster
    assert world.kept == set(faster)


def test_a_pack_that_changes_while_it_is_copied_is_copied_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    (world.home / "zz").symlink_to("lib")
    real = os.symlink

    def change(source: str, target: Path, *rest: bool) -> None:
        monkeypatch.undo()
        world.write("actions/run.sh", "echo two\n")
        (world.home / "lib/helper.py").unlink()
        real(source, target, *rest)

    monkeypatch.setattr(os, "symlink", change)
    assert files_in(world.take().folder) == files_in(world.home)


def test_a_pack_that_never_rests_is_taken_as_it_is_found(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, lines = os.scandir, list[str]()

    def write_a_line(path: str) -> object:
        lines.append("x")
        world.write("actions.log", "".join(lines))
        return real(path)

    monkeypatch.setattr(os, "scandir", write_a_line)
    copy = world.take().folder
    assert set((copy / "actions.log").read_text()) == {"x"}
    assert (copy / "actions/run.sh").read_text() == "echo one\n"


def test_revisions_are_copied_beside_another_store_and_those_that_are_missing_told(
    world: World, tmp_path: Path
) -> None:
    taken = world.take()
    other = tmp_path / "copy.db"
    wanted = [("mine", taken.name), ("mine", "gone")]
    assert Revisions(world.store).copy_to(other, wanted) == [("mine", "gone")]
    copied = Revisions(other).find("mine", taken.name, taken.version, taken.home)
    assert files_in(copied.folder) == files_in(taken.folder)
    assert [one.name for one in copied.folder.parent.iterdir()] == [taken.name]
    assert (copied.folder / "actions/run.sh").stat().st_mode & 0o777 == 0o400
    assert Revisions(other).take(world.pack).name == taken.name
    shutil.rmtree(taken.folder)
    assert Revisions(world.store).copy_to(other, wanted) == [("mine", "gone")]  # what is there needs no copy


def test_what_nobody_uses_is_set_aside_at_once_and_deleted_later(world: World) -> None:
    first = world.take()
    world.write("actions/run.sh", "echo two\n")
    second = world.take()
    revisions = Revisions(world.store)
    revisions.set_aside({("mine", second.name), ("other", first.name)})
    assert (first.is_there, second.is_there) == (False, True)
    revisions.clear()
    assert world.kept == {second.name}
