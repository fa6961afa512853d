"""An attempt that nobody has begun with: whether it is a workflow, only the metadata of its action tells."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from orchestrion.errors import Refused
from tests.matrix.stage import Stage

TEXT = "version: 1.0\ntasks:\n  it: {action: own.child}\n  peer: {action: core.local cmd='peer'}\n"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A sub-workflow that has no slot yet."""
    with closing(Stage(tmp_path, slots=1)) as stage:
        stage.fill()
        stage.start(TEXT)
        stage.turn_to_child()
        yield stage


@pytest.mark.parametrize("request_", ["pause", "resume", "tasks"])
def test_a_sub_workflow_that_waits_for_a_slot_is_not_called_an_action(stage: Stage, request_: str) -> None:
    with pytest.raises(Refused, match="it is requested, and has not begun"):
        stage.ask(request_, "a")


def test_a_sub_workflow_that_waits_for_a_slot_is_run_afresh(stage: Stage) -> None:
    new = stage.ask("whole", "").execution
    stage.rest(new)
    assert stage.status(new) == "succeeded"
    assert stage.view(new).rerun_of == stage.subject


def test_an_action_is_no_workflow_begun_or_not_and_runs_again_by_itself(stage: Stage) -> None:
    (peer,) = [one for one in stage.view(stage.root).tasks if one.task == "peer"]
    stage.subject = peer.attempts[0].id
    again = stage.view(stage.ask("whole", "").execution)
    assert (again.action, again.parent, again.rerun_of) == ("core.local", None, stage.subject)
    stage.clear()
    with pytest.raises(Refused, match=r"core\.local is an action, not a workflow"):
        stage.ask("pause", "")
