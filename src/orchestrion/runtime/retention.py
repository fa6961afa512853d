"""Retention: what ended long ago is deleted, with all its rows, in transactions that hold up nobody.

First a tree vanishes whole, in one transaction: from then on nobody finds it, and nobody can re-run a half of
it. Then its rows are deleted, a bounded number at a time; a crash in between is taken up by the next purge.
The file of the store does not become smaller: the room is used again. At the end go the revisions of packs
that no execution uses any more, or ever used: those go by themselves, too. They are taken away within a
transaction, as they are pinned within one, so that nothing is pinned to what is about to be deleted.
"""

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple, TypeVar

from orchestrion.actions.revisions import Revisions
from orchestrion.core.status import COMPLETED
from orchestrion.errors import StoreFull
from orchestrion.runtime.clock import Clock
from orchestrion.store import rows
from orchestrion.store.ballast import Ballast
from orchestrion.store.sqlite import Store, Transaction

MOST_ROWS: Final = 1000
"""How many rows one transaction deletes."""

MOST_TREES: Final = 10
"""How many trees vanish in one transaction."""

EVERY: Final = 3_600_000_000
"""How often a service purges, in microseconds."""

_STATEMENTS: Final = (
    "purge_operations",
    "purge_executions",
    "purge_output",
    "purge_history",
    "purge_entries",
    "purge_items",
    "purge_rendered",
    "purge_arrivals",
    "purge_routes",
    "purge_staged",
    "purge_failures",
    "purge_initial",
    "purge_empties",
    "purge_revivals",
)
_HIDING: Final = (
    "hide_workflows",
    "hide_operations",
    "hide_pinned",
    "hide_origins",
    "hide_executions",
    "hide_secrets",
    "hide_tree",
)

DAY: Final = 86_400_000_000
"""A day in microseconds."""

T = TypeVar("T")


class Purgeable(NamedTuple):
    """What may go and ended in one status: how many executions, and when the first and last ended."""

    status: str
    number: int
    oldest: int
    newest: int


class Retention:
    """Purges one store. `statuses` are those of the executions that go."""

    def __init__(self, store: Store, statuses: Iterable[str] = COMPLETED) -> None:
        self.ballast: Final = Ballast(store.path)
        self._store: Final = store
        self._revisions: Final = Revisions(store.path)
        self._statuses: Final = rows.to_json(sorted(statuses))

    def outlook(self, before: int) -> list[Purgeable]:
        """What ended before a time, and would go."""
        with self._store.reading() as transaction:
            found = transaction.all(
                "purgeable_by_status", bound=_bound(before), before=before, statuses=self._statuses
            )
        return [Purgeable(**row) for row in found]

    def purge(self, before: int) -> int:
        """Delete all that ended before a time; how many executions those were."""
        count = 0
        while (gone := self.step(before)) is not None:
            count += gone
        self.finish()
        return count

    def finish(self) -> None:
        """Delete unused revisions, give back the room of the log, make the ballast again if it was needed."""
        self._revisions.clear()
        self._store.shorten_log()
        self.ballast.load()

    def clear_revisions(self) -> None:
        """Delete the revisions of packs that no execution uses.

        Who has taken one, and is about to be pinned to it, takes it again (`pins.pin`).
        """
        with self._store.transaction() as transaction:
            self._set_aside_revisions(transaction)
        self._revisions.clear()

    def step(self, before: int) -> int | None:
        """One transaction of a purge: how many executions vanished from lists; None when nothing is left."""
        return self._with_room(lambda transaction: self._step(transaction, before))

    def _step(self, transaction: Transaction, before: int) -> int | None:
        if self._delete_rows(transaction):
            return 0
        trees = transaction.all(
            "purgeable_trees",
            bound=_bound(before),
            before=before,
            statuses=self._statuses,
            count=MOST_TREES,
        )
        seen = 0
        for tree in trees:
            seen += transaction.value("seen_of_tree", root=tree["id"])
            for statement in _HIDING:
                transaction.run(statement, root=tree["id"])
        if trees:
            return seen
        if transaction.run("purge_bulk_parts", before=before, count=MOST_ROWS):
            return 0
        transaction.run("purge_bulks", before=before)
        transaction.run("purge_definitions")
        self._set_aside_revisions(transaction)
        return None

    def _set_aside_revisions(self, transaction: Transaction) -> None:
        used = transaction.all("used_revisions")
        self._revisions.set_aside({(row["pack"], row["revision"]) for row in used})

    def _delete_rows(self, transaction: Transaction) -> bool:
        """Delete some rows of what has vanished; whether there were any."""
        left = MOST_ROWS
        while left > 0:
            workflow = transaction.value("next_purged")
            if workflow is None:
                break
            for statement in _STATEMENTS:
                left -= transaction.run(statement, workflow=workflow, count=left)
                if left <= 0:
                    return True
            transaction.run("purge_workflow", workflow=workflow)
        return left < MOST_ROWS

    def _with_room(self, perform: Callable[[Transaction], T]) -> T:
        """Perform a transaction; on a full disk with the room of the ballast."""
        try:
            with self._store.transaction() as transaction:
                return perform(transaction)
        except StoreFull:
            if not self.ballast.release():
                raise
        with self._store.transaction() as transaction:
            return perform(transaction)


class Keeper:
    """Clears up a store every hour: what ended longer than `keep` microseconds ago is purged.

    With `keep` None all executions stay, and only revisions of packs go that none of them uses.
    """

    def __init__(self, retention: Retention, clock: Clock, monotonic: Clock, keep: int | None) -> None:
        self._retention = retention
        self._clock = clock
        self._monotonic = monotonic
        self._keep = keep
        self._next = 0
        self._gone = 0

    @property
    def is_busy(self) -> bool:
        """Whether it is time to do more."""
        return self._monotonic() >= self._next

    def perform(self) -> int:
        """Do a part of it, if it is time; how many executions have gone once it is done, else 0."""
        if not self.is_busy:
            return 0
        if self._keep is None:
            self._retention.clear_revisions()
        else:
            gone = self._retention.step(self._clock() - self._keep)
            if gone is not None:
                self._gone += gone
                return 0
            self._retention.finish()
        done, self._gone = self._gone, 0
        self._next = self._monotonic() + EVERY
        return done


def _bound(before: int) -> str:
    """The id that something would have that began then (`clock.Ids`)."""
    return f"{max(before, 0):014x}"
