"""Rows are the fold of all changes, and a state that is loaded from them has the same future."""

from pathlib import Path
from typing import Any

import pytest

from orchestrion.core.conductor import Decision, conduct
from orchestrion.core.events import AttemptReported, Started
from orchestrion.core.language import load_definition
from orchestrion.core.state import State
from orchestrion.core.values import Json
from orchestrion.store.sqlite import Store
from orchestrion.store.states import load_state, save_changes
from tests.conformance.player import Player
from tests.conformance.replay import event_of, read_vectors

VECTORS = Path(__file__).parents[1] / "conformance" / "vectors"
SAMPLED = 40
"""Every so many vectors one is played through the store."""


def records_of(state: State) -> dict[str, Any]:
    """Everything a state holds, contexts by what can be seen of them."""
    return {
        "head": state.head,
        "entries": [entry._replace(context=dict(entry.context.names)) for entry in state.entries],  # type: ignore[arg-type]
        "arrivals": [arrival._replace(context=dict(arrival.context.names)) for arrival in state.arrivals],  # type: ignore[arg-type]
        "routes": state.routes,
        "items": state.items,
        "rendered": state.rendered,
        "staged": state.staged,
        "failures": state.failures,
        "initial": (state.initial.values, state.initial.application),
        "latest": {
            (task, route): laps
            for task, routes in state.latest.items()
            for route, laps in routes.items()
            if laps
        },
        "open": set(state.open),
        "ready": set(state.ready),
    }


class StoredPlayer(Player):
    """A player whose state goes through the store after every decision."""

    def __init__(self, text: str, store: Store) -> None:
        super().__init__(load_definition(text))
        self.store = store

    def take(self, decision: Decision) -> None:
        with self.store.transaction() as transaction:
            save_changes(transaction, {"w": decision.changes}, {})
        super().take(decision)
        with self.store.reading() as transaction:
            loaded = load_state(transaction, "w", self.state.head, self.state.graph)
        assert records_of(loaded) == records_of(self.state)
        self.state = loaded


def sampled() -> list[Any]:
    """Vectors of every profile that has steps."""
    found: list[Any] = []
    for name in ("orquesta-vectors.jsonl.gz", "replay-vectors.jsonl.gz"):
        vectors = [vector for vector in read_vectors(VECTORS / name) if "steps" in vector]
        found += [pytest.param(vector, id=vector["id"]) for vector in vectors[::SAMPLED]]
    return found


@pytest.mark.parametrize("vector", sampled())
def test_a_state_that_is_saved_and_loaded_after_every_event_goes_on_as_if_it_had_not_been(
    vector: dict[str, Any], tmp_path: Path
) -> None:
    store = Store(tmp_path / "store.db")
    stored, plain = StoredPlayer(vector["workflow"], store), Player(load_definition(vector["workflow"]))
    start = Started(vector["inputs"], {"st2": {"user": "stanley"}})
    stored.tell(start)
    plain.tell(start)
    for step in vector["steps"]:
        _, listed = stored.tell(event_of(stored, step))
        _, expected = plain.tell(event_of(plain, step))
        assert [one.as_vector() for one in listed] == [one.as_vector() for one in expected]
    assert records_of(stored.state) == records_of(plain.state)
    store.close()


def test_values_that_json_libraries_do_not_agree_on_come_back_as_they_were(tmp_path: Path) -> None:
    publish = "[{w: <% ctx(v) %>}, {r: <% result() %>}]"
    text = (
        f"version: 1.0\ninput: [v]\ntasks:\n  t:\n    action: core.noop\n    next: [{{publish: {publish}}}]\n"
    )
    value: Json = {
        "big": 2**63 - 1,
        "small": -(2**63),
        "text": "日本語 \u2028 \x00",
        "nested": [[], {}, None, True, 1.5, -0.0],
    }
    store = Store(tmp_path / "store.db")
    player = StoredPlayer(text, store)
    player.tell(Started({"v": value}, {}))
    player.tell(AttemptReported(0, None, 1, "succeeded", value))
    assert player.state.head.status == "succeeded"
    assert player.state.arrivals[0].published == {"w": value, "r": value}
    store.close()


def test_conduct_leaves_the_state_that_it_was_given_as_it_was() -> None:
    player = Player(load_definition("version: 1.0\ntasks:\n  t: {action: core.noop}\n"))
    before = records_of(player.state)
    assert isinstance(conduct(player.state, Started({}, {})), Decision)
    assert records_of(player.state) == before
