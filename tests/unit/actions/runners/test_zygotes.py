"""Zygotes are started without waiting for them. Here their interpreters wait at a gate, or are broken."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest

from orchestrion.actions.runners import zygote
from orchestrion.actions.runners.environment import NotStartable
from orchestrion.actions.runners.zygotes import Environment, Zygotes
from tests.unit.actions.runners.collecting import WAIT_SECONDS, fifo, wait_for_end


class Place:
    """Zygotes of one environment, whose interpreter each test writes; a clock that stands."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seconds = 0.0
        self.ready = Event()
        self.environment = Environment(folder / "python", "engine-1")
        self.zygotes = Zygotes(lambda: None, lambda: self.seconds)

    def interpreter(self, *lines: str) -> None:
        self.environment.interpreter.write_text("\n".join(["#!/bin/sh", *lines, ""]))
        self.environment.interpreter.chmod(0o755)

    def prepare(self, on_ready: Callable[[], None] | None = None) -> None:
        self.ready.clear()
        self.zygotes.prepare(self.environment, on_ready or self.ready.set)

    @property
    def is_ready(self) -> bool:
        return self.zygotes.is_ready(self.environment)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.zygotes.close()


def test_one_is_ready_when_it_can_fork(place: Place) -> None:
    gate = fifo(place.folder)
    place.interpreter(f"read -r line < {gate}", f'exec {sys.executable} "$@"')
    place.prepare()
    assert not place.is_ready
    place.prepare()  # does not start another one
    gate.write_text("go\n")
    assert place.ready.wait(WAIT_SECONDS)
    assert place.is_ready
    assert place.zygotes.take(place.environment) is place.zygotes.take(place.environment)


@pytest.mark.parametrize("is_there", [True, False])
def test_one_that_fails_fails_those_who_wait_and_is_then_tried_anew(place: Place, *, is_there: bool) -> None:
    if is_there:
        place.interpreter("echo broken >&2", "exit 1")
    place.prepare()
    assert place.ready.wait(WAIT_SECONDS)
    for _ in range(2):
        assert place.is_ready
        with pytest.raises(NotStartable, match="broken" if is_there else "No such file"):
            place.zygotes.take(place.environment)
    place.seconds = 1.0
    assert not place.is_ready
    place.interpreter(f'exec {sys.executable} "$@"')
    place.prepare()
    assert place.ready.wait(WAIT_SECONDS)
    place.seconds = 9.0
    assert place.is_ready
    place.zygotes.take(place.environment)


def test_one_that_was_lost_is_not_ready(place: Place) -> None:
    place.interpreter(f'exec {sys.executable} "$@"')
    place.prepare()
    assert place.ready.wait(WAIT_SECONDS)
    first = place.zygotes.take(place.environment)
    first.close()
    assert not place.is_ready
    assert place.zygotes.take(place.environment) is not first


def test_one_that_was_killed_while_nobody_needed_it_is_started_anew(place: Place) -> None:
    place.interpreter(f"echo $$ > {place.folder}/pid", f'exec {sys.executable} "$@"')
    place.prepare()
    assert place.ready.wait(WAIT_SECONDS)
    first = place.zygotes.take(place.environment)
    pid = int((place.folder / "pid").read_text())
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert not place.is_ready
    place.prepare()
    assert place.ready.wait(WAIT_SECONDS)
    assert place.is_ready
    assert place.zygotes.take(place.environment) is not first


def test_one_that_does_not_answer_is_told_apart_from_one_that_was_killed(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.interpreter(f"exec {sys.executable} -c 'import time; time.sleep(600)'")
    with monkeypatch.context() as impatient:
        impatient.setattr(zygote, "_ANSWER_SECONDS", 0.2)
        place.prepare()
        assert place.ready.wait(WAIT_SECONDS)
    with pytest.raises(NotStartable, match="it has not answered for"):
        place.zygotes.take(place.environment)
    place.seconds = 2.0
    place.interpreter("kill -KILL $$")
    place.prepare()
    assert place.ready.wait(WAIT_SECONDS)
    with pytest.raises(NotStartable, match=r"it was ended by signal 9\. Try again"):
        place.zygotes.take(place.environment)


def test_the_end_does_not_wait_for_one_that_hangs(place: Place) -> None:
    told = fifo(place.folder)
    reads = "import os, sys; os.read(int(sys.argv[2]), 1)"
    place.interpreter(f"echo $$ > {told}", f'exec {sys.executable} -c "{reads}" "$@"')
    place.prepare()
    pid = int(told.read_text())
    place.zygotes.close()
    assert place.ready.is_set()
    wait_for_end(pid)
