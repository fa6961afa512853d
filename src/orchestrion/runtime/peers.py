"""The processes that work on a store, and whether they are alive.

A process is dead when the kernel has let go of its lock (`presence`), at once and for certain. One that holds
it but hangs is dead when its lease has run out: it puts the end off while it works. What a dead process had
claimed may be given up by anybody; if it wakes later, every row that it would change says so (fencing).
"""

import os
from typing import Final, Literal

from orchestrion.runtime.clock import Clock
from orchestrion.runtime.presence import Presence
from orchestrion.store.sqlite import Transaction

LEASE: Final = 15_000_000
"""How long a process counts as alive after it has last said so, in microseconds."""

BEAT: Final = LEASE // 3
"""How long before it says so again."""

SUBWORKFLOW: Final = "subworkflow"
"""What has claimed an attempt that is a sub-workflow: its tasks have engines, it has none."""

INQUIRY: Final = "inquiry"
"""What has claimed an attempt that waits for a person's answer."""

Kind = Literal["serve", "worker", "command"]


class Peers:
    """The processes on one store, seen from the one with this `presence`.

    `clock` gives the date, `monotonic` the machine's monotonic time, both in microseconds.
    """

    def __init__(self, presence: Presence, clock: Clock, monotonic: Clock) -> None:
        self.id: Final = presence.id
        self.monotonic: Final = monotonic
        self._presence = presence
        self._clock = clock

    def wake_others(self) -> None:
        """Tell the others that something was committed."""
        self._presence.wake_others()

    def is_alive(self, transaction: Transaction, engine: str | None) -> bool:
        """Whether the process of that name lives, and its lease has not run out."""
        if engine is None:
            return False
        if engine in (self.id, SUBWORKFLOW, INQUIRY):
            return True
        if not self._presence.is_alive(engine):
            return False
        row = transaction.one("engine", id=engine)
        return row is None or row["alive_until"] >= self.monotonic()

    def is_present(self, engine: str) -> bool:
        """Whether the process of that name has not died; it may hang."""
        return self._presence.is_alive(engine)

    def service(self, transaction: Transaction) -> str | None:
        """A process that lives and takes all work that belongs to nobody, if there is one."""
        return next(
            (row["id"] for row in transaction.all("services") if self.is_alive(transaction, row["id"])), None
        )

    def dead(self, transaction: Transaction) -> list[str]:
        """The processes that have left without a word, whether they are listed or only named somewhere."""
        listed = [row["id"] for row in transaction.all("engines")]
        named = [row["engine"] for row in transaction.all("named_engines")]
        return [one for one in dict.fromkeys((*listed, *named)) if not self.is_alive(transaction, one)]

    def beat(self, transaction: Transaction, kind: Kind) -> int:
        """Say that this process works, and lives; gives the monotonic time at which to say so again."""
        now = self.monotonic()
        transaction.run(
            "join_engine",
            id=self.id,
            kind=kind,
            pid=os.getpid(),
            started_at=self._clock(),
            alive_until=now + LEASE,
        )
        return now + BEAT

    def drain(self, transaction: Transaction) -> None:
        """Say that this process starts nothing more."""
        transaction.run("drain_engine", id=self.id)

    def leave(self, transaction: Transaction) -> None:
        """Say that this process works no more."""
        transaction.run("delete_engine", id=self.id)
