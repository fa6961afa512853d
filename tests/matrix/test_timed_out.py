"""An execution whose time was over: for every kind of task it is answered as one that has failed."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrion.core.status import COMPLETED
from orchestrion.errors import Refused
from tests.matrix.stage import Stage
from tests.matrix.table import Acceptance, Kind, Standing, kinds
from tests.matrix.test_matrix import RERUNS, bring, check_old

TIMEOUT = 10_000
KINDS = [kind for kind in kinds() if kind.name != "child-own"]


def timed_out(kind: Kind, stage: Stage) -> None:
    """An execution of a kind, which was running when its time was over."""
    workflow = kind.workflow.replace("version: 1.0\n", f"version: 1.0\ntimeout: {TIMEOUT}\n")
    running = kind.standings["running"]
    standing = running if running.is_possible else kind.standings["paused"]
    bring(stage, replace(kind, workflow=workflow), Standing(standing.name, standing.way, {}))
    if stage.status(stage.subject) == "paused":  # the time that it is paused does not count
        stage.wait(TIMEOUT + 1)
        assert stage.status(stage.subject) == "paused"
        stage.answer(stage.subject)
        if stage.status(stage.subject) == "paused":
            stage.ask("resume", "")
            stage.work()
    stage.wait(TIMEOUT + 1)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_what_has_timed_out_is_answered_as_what_has_failed(kind: Kind, tmp_path: Path) -> None:
    with closing(Stage(tmp_path)) as stage:
        timed_out(kind, stage)
        assert stage.status(stage.subject) == "timeout"
        before = stage.content()
        stage.clear()  # what ran reports late, and changes nothing
        assert stage.content() == before
        for request in ("pause", "resume", "cancel"):
            with pytest.raises(Refused, match=f"Unable to {request} .* because it is timeout"):
                stage.ask(request, "")
        assert stage.content() == before
        for request in RERUNS:
            failed = kind.standings["failed"].cells[request]
            if request == "items" or not isinstance(failed, Acceptance):
                continue
            old = stage.view(stage.subject)
            names = [task.task for task in old.tasks]
            task = kind.task if kind.task in names else names[0]  # a join that waits has not run
            stage.plan(request, task)
            number = stage.ask(request, task).execution
            stage.rest(number)
            stage.help_on(number)
            assert stage.status(number) in COMPLETED
            stage.check_invariants()
            check_old(stage, number, old.status)
            timed_out(kind, stage)
            stage.clear()
