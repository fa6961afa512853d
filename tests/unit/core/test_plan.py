"""What a re-run may name (product, "Re-run from tasks")."""

import pytest

from orchestrion.core.conductor import Refused
from orchestrion.core.events import RerunRequested, Started, TaskRequest
from orchestrion.core.language import load_definition
from tests.conformance.player import Player


@pytest.mark.parametrize("command", ["fail", "noop", "continue"])
def test_an_engine_command_is_no_task_that_could_be_re_run(command: str) -> None:
    player = Player(
        load_definition(f"version: 1.0\ntasks:\n  w: {{action: a.b, next: [{{do: {command}}}]}}\n")
    )
    player.tell(Started({}, {}))
    player.tell(player.report("w", 0, None, "succeeded", None))
    event = player.state.head.event
    answer, _ = player.tell(RerunRequested((TaskRequest(command, 0),)))
    assert isinstance(answer, Refused)
    assert command in answer.problems[0]
    assert player.state.head.event == event
