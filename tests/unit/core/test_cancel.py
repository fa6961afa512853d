"""A cancellation ends in `canceled`, whatever else goes wrong meanwhile (product, "Cancel")."""

from orchestrion.core.events import Started
from orchestrion.core.language import load_definition
from tests.conformance.player import Player


def test_a_canceled_action_whose_transition_cannot_be_evaluated_cancels_its_workflow() -> None:
    task = "{action: core.noop, next: [{publish: [{x: <% result().none %>}]}]}"
    player = Player(load_definition(f"version: 1.0\ntasks:\n  t: {task}\n"))
    player.tell(Started({}, {}))
    player.tell(player.report("t", 0, None, "canceled", {}))
    assert player.state.head.status == "canceled"
    assert [error["task_id"] for error in player.state.errors()] == ["t"]
