"""How a store comes to rest, and to an end: its engines work, actions end, time passes, holds are undone."""

from typing import Final

from orchestrion.core.status import COMPLETED
from orchestrion.runtime.recovery import sweep
from tests.faults.machine_audit import Audit, Seen
from tests.faults.machine_shown import explained
from tests.faults.machine_world import Life, World

_ALL: Final = 1_000
_ROUNDS: Final = 200
_AT_REST: Final = frozenset({"held", "inquiry", "child", "slots", "join", "pass"})
"""What is left to wait for where nothing moves any more."""


def work(life: Life) -> None:
    """A process works until nothing moves."""
    if life.kind == "serve":
        sweep(life.dispatcher)
    for _ in range(_ROUNDS):
        if not life.round():
            return
    raise AssertionError("an engine works without an end")


def pass_time(world: World, seen: Seen) -> bool:
    """Go to the moment at which the next timer is due; whether there is one."""
    waiting = [one["due_at"] for one in seen.attempts.values() if one["delayed"]]
    waiting += [one["expires_at"] for one in seen.attempts.values() if one["expires_at"] is not None]
    due = min((date for date in waiting if world.date < date), default=None)
    if due is not None:
        world.date = due
    return due is not None


def unfinished(seen: Seen) -> list[str]:
    """What has not ended. An attempt that waits in a failed workflow execution may never begin."""
    status = {number: row["status"] for number, row in seen.workflows.items()}
    waits = [
        number
        for number, one in seen.attempts.items()
        if one["engine"] is not None or status[one["workflow"]] not in COMPLETED
    ]
    return [*(number for number in status if status[number] not in COMPLETED), *waits]


def go_on(world: World, audit: Audit, life: Life) -> bool:
    """Where an engine has come to rest: the next thing that somebody else must do; whether there is one."""
    running = world.running()
    for start in running:
        world.finish(start, "succeeded", 3)
    if running or pass_time(world, audit.seen):
        return True
    for listed in life.queries.executions(_ALL):
        if listed.status not in COMPLETED and listed.continued_by is None:
            explanation = explained(world, life, listed.id)
            assert {wait.kind for wait in explanation.waits} <= _AT_REST, explanation
    held = [
        row["execution"] for row in audit.seen.workflows.values() if row["status"] in ("paused", "pausing")
    ]
    for number in held:
        with world.acting(life):
            life.operations.resume(number, None)
    return bool(held)
