"""The smallest program of each bug that the stateful machine has found."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.machine import Machine
from tests.faults.machine_world import Life


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A machine; at the end all that it has done must have been sound, and must come to an end."""
    machine = Machine(tmp_path)
    yield machine
    machine.teardown()


def text_of(**tasks: str) -> str:
    lines = (f"  {name}: {{action: own.{action}}}" for name, action in tasks.items())
    return "\n".join(("version: 1.0", "tasks:", *lines))


def begin(machine: Machine, text: str, kind: str = "serve") -> Life:
    """A process that starts a workflow, and its first action."""
    life = machine.world.be_born("serve" if kind == "serve" else "command")
    machine.start_text(life, text)
    machine.round(0)
    return life


def test_what_an_operation_has_claimed_begins_although_its_commit_was_told_to_fail(machine: Machine) -> None:
    machine.be_born("command")
    machine.doom(0, 1, "fails after")
    machine.start_text(machine.world.lives[0], text_of(a="plain"))
    assert machine.audit.seen.attempts
    machine.rest(0)
    assert len(machine.world.starts) == 1
    machine.all_end(1)
    machine.rest(0)
    assert [row["status"] for row in machine.audit.seen.workflows.values()] == ["succeeded"]
