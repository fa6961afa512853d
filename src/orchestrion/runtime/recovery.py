"""What a process of Orchestrion that has died leaves behind (architecture 4, "Taking over").

Attempts that it had claimed are *lost*: they are fenced, and abandoned, or started again where the metadata
of their action allows it. What is left of their processes is ended once that is committed, because a request
that is refused must not have ended anything; until then the rows of `process` remember them.
"""

from collections.abc import Iterable
from typing import Final

from orchestrion.actions.runners.processes import end_groups, groups_of
from orchestrion.runtime.dispatcher import Dispatcher
from orchestrion.runtime.ledger import Attempt, attempt_of
from orchestrion.runtime.renewal import CANCELED
from orchestrion.runtime.unit import Unit
from orchestrion.store.sqlite import Transaction

_GROUP: Final = 100
_LOST: Final = "The process that ran this action is gone, and nobody knows how far the action has come."


def lost_attempts(unit: Unit, root: str) -> list[Attempt]:
    """The attempts of a tree that a process has claimed which does not live any more."""
    found = [attempt_of(row) for row in unit.transaction.all("attempts_at_work", root=root)]
    dead = {engine for engine in {one.engine for one in found} if not unit.is_alive(engine)}
    return [one for one in found if one.engine in dead]


def give_up_lost(unit: Unit, root: str) -> bool:
    """Fence the lost attempts of a tree: they are abandoned, or back in the queue. Whether there were any."""
    lost = lost_attempts(unit, root)
    give_up(unit, lost)
    return bool(lost)


def give_up(unit: Unit, lost: Iterable[Attempt]) -> None:
    """Fence lost attempts."""
    for one in lost:
        attempt = unit.ledger.attempt(one.execution)
        if attempt is None:  # what has just been asked has ended it
            continue
        unit.ledger.suspect_process(attempt)
        if attempt.repeatable and unit.workflow(attempt.token.workflow).head.status != "canceling":
            unit.repeat(attempt)
        elif attempt.repeatable and unit.ledger.execution(attempt.execution).started_at is None:
            unit.report(attempt.execution, "canceled", CANCELED)
        else:
            unit.report(attempt.execution, "abandoned", {"error": _LOST})


def end_leftovers(dispatcher: Dispatcher) -> None:
    """End the processes of given up attempts whose engine is gone, or hangs; nobody else does it."""
    with dispatcher.store.reading() as transaction:
        found = transaction.all("leftover_processes")
        left = [row for row in found if not dispatcher.peers.is_alive(transaction, row["engine"])]
    if not left:
        return
    groups = [(row["pid"], row["mark"]) for row in left if row["pid"] is not None]
    unrecorded = {(row["execution"], row["engine"]) for row in left if row["pid"] is None}
    end_groups([*groups, *groups_of(unrecorded)])
    with dispatcher.unit() as unit:
        unit.transaction.many("delete_processes", [(row["execution"], row["engine"]) for row in left])


def sweep(dispatcher: Dispatcher) -> list[str]:
    """Clear up after processes that have died: their attempts, trees and processes. Gives their ids.

    In bounded groups, so that nobody waits long for the store. One that hangs is cleared up after once.
    """
    with dispatcher.store.reading() as transaction:
        dead = dispatcher.peers.dead(transaction)
        dead = [one for one in dead if _has_left(transaction, one) or not dispatcher.peers.is_present(one)]
    clear_up(dispatcher, dead)
    return dead


def clear_up(dispatcher: Dispatcher, engines: Iterable[str]) -> None:
    """Clear up after processes, as far as they are dead; and after those before that nobody has finished."""
    for engine in engines:
        while _clear_up(dispatcher, engine):
            pass
    end_leftovers(dispatcher)


def _has_left(transaction: Transaction, engine: str) -> bool:
    return any(
        transaction.all(kind, engine=engine, count=1) for kind in ("attempts_of_engine", "trees_of_engine")
    )


def _clear_up(dispatcher: Dispatcher, engine: str) -> bool:
    """Give up some of what a dead process had; whether there may be more.

    Of one that hangs the row stays, for it says so: else it would count as alive, and what is left of its
    processes would be its own to end.
    """
    with dispatcher.unit() as unit:
        if unit.is_alive(engine):
            return False
        attempts = unit.transaction.all("attempts_of_engine", engine=engine, count=_GROUP)
        give_up(unit, [attempt_of(row) for row in attempts])
        trees = unit.transaction.all("trees_of_engine", engine=engine, count=_GROUP)
        for tree in trees:
            unit.transaction.run("set_engine", engine=None, root=tree["id"])
        if attempts or trees:
            return True
        if not unit.peers.is_present(engine):
            unit.transaction.run("delete_engine", id=engine)
    return False
