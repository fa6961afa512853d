"""The process dies before and after every commit of many scenarios; the end is the undisturbed one."""

import contextlib
import os
import shutil
from collections.abc import Generator
from pathlib import Path

import pytest

from orchestrion.core.invariants import check
from orchestrion.store.sqlite import Store
from tests.faults.scenarios import Ending, Run, scenario

SCENARIOS = 2_000 if os.environ.get("ORCHESTRION_SOAK") else 200
GROUPS = 20


class Crash(BaseException):
    """The process dies here."""


class Mortal(Store):
    """A store whose process dies at a commit: before it, or right after it."""

    commits = 0
    dies_at = 0
    after = False

    @contextlib.contextmanager
    def _writing(self) -> Generator[None]:
        kind = type(self)
        with super()._writing():
            yield
            kind.commits += 1
            dies = kind.commits == kind.dies_at
            if dies and not kind.after:
                raise Crash
        if dies:
            raise Crash


def lived(folder: Path, seed: int, dies_at: int, *, after: bool) -> tuple[Ending, bool]:
    """How a scenario ends whose first process dies at a commit, and whether it did."""
    Mortal.dies_at = 0
    run = Run(folder, scenario(seed), Mortal)
    Mortal.commits, Mortal.dies_at, Mortal.after = 0, dies_at, after
    try:
        try:
            ending, died = run.live(), False
        except Crash:
            run.die()
            run.be_born()
            ending, died = run.live(), True
        check_store(run, seed)
    finally:
        run.die()
        shutil.rmtree(folder)
    return ending, died


def check_store(run: Run, seed: int) -> None:
    """Every invariant holds in every workflow execution, and nothing is left over."""
    with run.session.dispatcher.rehearsal() as unit:
        assert run.number is not None
        root = unit.workflow(unit.ledger.execution(run.number).workflow or "")
        for row in unit.transaction.all("tree", root=root.id):
            workflow = unit.workflow(row["id"])
            assert check(workflow.state) == [], seed
            assert workflow.head.status == row["status"], seed
            assert unit.ledger.execution(workflow.row["execution"]).status == row["status"], seed
            if root.head.status != "failed":
                assert unit.transaction.all("attempts_of_workflow", workflow=row["id"]) == [], seed
        assert unit.transaction.all("leftover_processes") == [], seed


@pytest.mark.parametrize("group", range(GROUPS))
def test_the_end_does_not_depend_on_crashes(group: int, tmp_path: Path) -> None:
    for seed in range(group, SCENARIOS, GROUPS):
        undisturbed, _ = lived(tmp_path / "undisturbed", seed, 0, after=False)
        at = 0
        died = True
        while died:
            at += 1
            for after in (False, True):
                ending, died = lived(tmp_path / "crashed", seed, at, after=after)
                assert ending == undisturbed, (seed, at, after, scenario(seed))
