"""Replaying one vector: the first difference found, or None."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from orchestrion.core.conductor import Answer
from orchestrion.core.events import (
    CancelRequested,
    Event,
    PauseRequested,
    RerunRequested,
    ResumeRequested,
    Started,
    TaskRequest,
)
from orchestrion.core.language import ENGINE_COMMANDS, as_orquesta, inspect, load_definition
from orchestrion.core.status import ABENDED
from tests.conformance.player import Listing, Player, outcome


class Difference(NamedTuple):
    """Where a vector and the core part: the vector, the step (`start`, a number, `end`, `inspect`).

    And both answers.
    """

    vector: str
    step: str
    expected: Any
    got: Any

    def __str__(self) -> str:
        expected, got = (
            json.dumps(value, sort_keys=True, default=str) for value in (self.expected, self.got)
        )
        return f"{self.vector} at {self.step}: expected {expected} got {got}"


def read_vectors(path: Path) -> Iterator[dict[str, Any]]:
    """The vectors of a file of JSON lines, compressed or not."""
    content = path.read_bytes()
    text = gzip.decompress(content) if path.suffix == ".gz" else content
    for line in text.splitlines():
        if line.strip():
            yield json.loads(line)


def replay(vector: dict[str, Any]) -> Difference | None:
    """Play a vector; the first difference, or None."""
    try:
        if vector["profile"] == "inspect":
            return _inspect(vector)
        return _play(vector)
    except Exception as error:  # noqa: BLE001  # a crash is a difference like any other: the run goes on
        return Difference(vector["id"], "crash", None, f"{type(error).__name__}: {error}")


def _inspect(vector: dict[str, Any]) -> Difference | None:
    got = as_orquesta(inspect(vector["workflow"], known=()))
    return _compare(vector["id"], "inspect", vector["inspect"], got)


def _play(vector: dict[str, Any]) -> Difference | None:
    player = Player(load_definition(vector["workflow"]))
    answer, listings = player.tell(Started(vector["inputs"], {}))
    found = _compare(vector["id"], "start", vector["start"]["then"], _then(player, answer, listings, None))
    for number, step in enumerate(vector["steps"]):
        if found is not None:
            return found
        answer, listings = player.tell(event_of(player, step))
        got = _then(player, answer, listings, step["then"].get("refused"))
        found = _compare(vector["id"], f"step {number} {step['op']}", step["then"], got)
    return found or _compare(vector["id"], "end", vector["end"], _end(player, vector["end"]))


def event_of(player: Player, step: dict[str, Any]) -> Event:
    match step["op"]:
        case "action":
            return player.report(step["task"], step["route"], step["item"], step["status"], step["result"])
        case "pause":
            return PauseRequested()
        case "resume":
            return ResumeRequested()
        case "cancel":
            return CancelRequested()
        case "rerun":
            named = [TaskRequest(one["task"], one["route"], one["reset"]) for one in step["tasks"]]
            return RerunRequested(tuple(named or _unnamed(player)))
        case unknown:
            raise ValueError(unknown)


def _unnamed(player: Player) -> list[TaskRequest]:
    """An empty list of tasks stands for every terminal task that failed, timed out or was abandoned."""
    return [
        TaskRequest(entry.task, entry.route, reset=False)
        for entry in player.state.entries
        if entry.counts and entry.terminal and entry.status in ABENDED and entry.task not in ENGINE_COMMANDS
    ]


def _then(player: Player, answer: Answer, listings: list[Listing], refused: str | None) -> dict[str, Any]:
    status = player.state.head.status
    problem = outcome(answer)
    if problem is not None:
        return {"status": status, "refused": refused or problem}
    return {"status": status, "tasks": [listing.as_vector() for listing in listings]}


def _end(player: Player, expected: dict[str, Any]) -> dict[str, Any]:
    head = player.state.head
    end = {"status": head.status, "output": head.output, "errors": player.state.errors()}
    return {key: end[key] for key in expected}


def _compare(vector: str, step: str, expected: Any, got: Any) -> Difference | None:
    same = json.dumps(expected, sort_keys=True) == json.dumps(got, sort_keys=True, default=str)
    return None if same else Difference(vector, step, expected, got)
