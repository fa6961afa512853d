"""Sub-workflows nested deeper than any view shows: they run, are operated, and are looked at part by part."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrion.queries import DEPTH_SHOWN
from tests.e2e.commands import Shell
from tests.unit.actions.packs import add_workflow

LEVELS = 320
DOWN = """\
version: 1.0
input: [n]
tasks:
  choose:
    action: core.noop
    next:
      - when: <% ctx(n) > 0 %>
        do: down
      - when: <% ctx(n) = 0 %>
        do: bottom
  down:
    action: own.down n=<% ctx(n) - 1 %>
  bottom:
    action: core.local cmd="./act bottom"
"""


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    shell = Shell(tmp_path)
    add_workflow(tmp_path / "packs" / "own", "down", DOWN, "parameters: {n: {type: integer}}\n")
    yield shell
    shell.close()


def levels_of(document: Any) -> tuple[int, str]:
    """How many levels of sub-workflows a document has, and the id of the last one, which has no tasks."""
    levels = 0
    while document["tasks"]:
        (document,) = document["tasks"][-1]["workflows"]
        levels += 1
    assert document["tasks_left_out"]
    return levels, document["id"]


def test_all_levels_pause_and_resume_and_the_view_ends_where_it_would_be_too_deep_and_names_the_rest(
    shell: Shell,
) -> None:
    gate = shell.gate("bottom")
    running = shell.start("run", "own.down", f"n={LEVELS}")
    gate.arrived()
    number = shell.newest()
    assert shell.json("execution", "pause", number)["status"] == "pausing"
    gate.open()
    assert running.end().code == 5
    assert shell.run("execution", "resume", number).code == 0

    levels, deeper = levels_of(shell.json("execution", "get", number))
    assert levels == DEPTH_SHOWN + 1
    shown = shell.run("execution", "get", number)
    assert shown.code == 0
    assert f"too deep to be shown here; see the execution {deeper}" in shown.out
    assert levels_of(shell.json("execution", "get", deeper))[0] == DEPTH_SHOWN + 1
