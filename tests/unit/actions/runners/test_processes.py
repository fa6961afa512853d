import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from uuid import uuid4

from orchestrion.actions.runners.processes import end_group, end_groups, groups_of, start_mark
from tests.unit.actions.runners.collecting import fifo, has_ended, wait_for_end


def leader(command: str, **variables: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        ["bash", "-c", command], start_new_session=True, env=os.environ | variables, stdin=subprocess.DEVNULL
    )


def mark_of(process: "subprocess.Popen[bytes]") -> str:
    mark = start_mark(process.pid)
    assert mark
    return mark


def test_a_mark_belongs_to_one_process() -> None:
    assert start_mark(os.getpid()) == start_mark(os.getpid())
    with leader("exit 0") as process:
        process.wait()
        assert start_mark(process.pid) is None


def test_a_name_with_brackets_and_spaces_does_not_confuse(tmp_path: Path) -> None:
    program = tmp_path / "a) R 1 (b"
    program.symlink_to("/bin/sleep")
    with subprocess.Popen([program, "60"], start_new_session=True) as process:
        own, its = (int((start_mark(pid) or "").rpartition(":")[2]) for pid in (os.getpid(), process.pid))
        assert its >= own > 0
        assert end_group(process.pid, mark_of(process))


def test_a_process_with_another_mark_is_left_alone() -> None:
    with leader("sleep 60") as process:
        boot, _, ticks = mark_of(process).rpartition(":")
        for other in (f"{boot}:{int(ticks) - 1}", f"another-boot:{ticks}", ""):
            assert not end_group(process.pid, other)
        assert process.poll() is None
        assert end_group(process.pid, mark_of(process))
        assert process.wait() == -signal.SIGTERM


def test_impossible_ids_are_left_alone() -> None:
    assert end_groups([(0, "x"), (1, start_mark(1) or ""), (-1, "x")]) == []


def test_what_does_not_listen_is_killed(tmp_path: Path) -> None:
    ready = fifo(tmp_path)
    with leader(f"trap '' TERM; echo > {ready}; while true; do sleep 0.05; done") as process:
        ready.read_text(encoding="ascii")
        assert end_group(process.pid, mark_of(process), grace_seconds=0.1)
        assert process.wait() == -signal.SIGKILL


def test_members_that_outlived_their_leader_are_ended(tmp_path: Path) -> None:
    ready = fifo(tmp_path)
    with leader(f"sleep 60 & echo $! > {ready}", ST2_ACTION_EXECUTION_ID="1") as process:
        mark = mark_of(process)
        child = int(ready.read_text(encoding="ascii"))
        process.wait()
    assert not end_group(process.pid, f"another-boot:{mark.rpartition(':')[2]}")
    assert not has_ended(child)
    assert end_group(process.pid, mark)
    wait_for_end(child)


def test_members_that_are_not_an_actions_are_left_alone(tmp_path: Path) -> None:
    ready = fifo(tmp_path)
    with leader(f"sleep 60 & echo $! > {ready}") as process:
        mark = mark_of(process)
        child = int(ready.read_text(encoding="ascii"))
        process.wait()
    assert not end_group(process.pid, mark)
    assert not has_ended(child)
    os.kill(child, signal.SIGKILL)


def test_a_group_outlives_its_engine_and_can_be_ended_by_the_next(tmp_path: Path) -> None:
    """`kill -9` of the engine leaves its actions; what it recorded is enough to end them."""
    ready = fifo(tmp_path)
    engine = textwrap.dedent(
        """
        import sys, threading
        from orchestrion.actions.catalog import Catalog
        from orchestrion.actions.runners.base import Job
        from orchestrion.actions.runners.process_runner import ProcessRunner
        from orchestrion.actions.runners.registry import COMMANDS

        job = Job("1", Catalog().find("core.local"), {"cmd": f"sleep 60 & echo $! > {sys.argv[1]}; wait"})
        ProcessRunner(COMMANDS).start(job, lambda pid, mark: print(pid, mark, flush=True), print)
        threading.Event().wait()
        """
    )
    with subprocess.Popen(
        [sys.executable, "-c", engine, str(ready)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        pid, mark = process.stdout.readline().split()
        child = int(ready.read_text(encoding="ascii"))
        process.kill()
        process.wait()
    assert not has_ended(child)
    assert end_group(int(pid), mark)
    wait_for_end(int(pid), child)


def test_a_group_that_nobody_has_recorded_is_found_by_the_environment_of_its_action() -> None:
    action, engine = uuid4().hex, uuid4().hex  # other runs of this test may have processes too
    with leader("sleep 60", ST2_ACTION_EXECUTION_ID=action, ORCHESTRION_ENGINE=engine) as process:
        assert groups_of({(action, engine), ("none", engine)}) == [(process.pid, mark_of(process))]
        assert groups_of(()) == []
        assert groups_of({(action, "another engine that runs it again")}) == []
        assert end_groups(groups_of({(action, engine)})) == [process.pid]
