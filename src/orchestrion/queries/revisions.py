"""Which revisions of packs executions use."""

from typing import Any, NamedTuple

from orchestrion.actions.revisions import SHOWN
from orchestrion.store.sqlite import Transaction


class RevisionView(NamedTuple):
    """A revision of a pack that an execution uses; `version` is what its pack.yaml says."""

    pack: str
    version: str
    name: str

    @property
    def shown(self) -> str:
        """What people see of it."""
        return f"{self.pack} {self.version} ({self.name[:SHOWN]})".replace("  ", " ")


def revisions_above(transaction: Transaction, number: str) -> tuple[RevisionView, ...]:
    """Those that an execution uses, together with all that belongs to its tree."""
    return tuple(_view(row) for row in transaction.all("pinned_above", execution=number))


def _view(row: Any) -> RevisionView:
    return RevisionView(row["pack"], row["version"], row["revision"])
