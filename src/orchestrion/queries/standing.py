"""How a whole store stands, in numbers."""

from collections.abc import Mapping
from typing import NamedTuple

from orchestrion.store.sqlite import Reading


class Standing(NamedTuple):
    """What is not at its end. `active` are executions that people have started, by their statuses.

    `stuck` of them nothing would ever move. `waiting` attempts are to start, the longest of them for
    `lag_seconds`; `running` ones are at work, `asking` ones wait for an answer.
    """

    active: Mapping[str, int]
    stuck: int
    waiting: int
    running: int
    asking: int
    lag_seconds: float


def standing(store: Reading, now: int) -> Standing:
    """How a store stands at a time, in microseconds since 1970."""
    with store.reading() as transaction:
        attempts = transaction.one("attempts_by_state")
        assert attempts is not None
        due_at = transaction.value("waits_longest", now=now)
        return Standing(
            {row["status"]: row["number"] for row in transaction.all("active_executions")},
            transaction.value("stuck_executions"),
            attempts["waiting"],
            attempts["running"],
            attempts["asking"],
            0.0 if due_at is None else max(0, now - due_at) / 1_000_000,
        )
