"""The client's way to the health of a store."""

from pathlib import Path
from typing import NamedTuple

from orchestrion.client.session import Session
from orchestrion.operations.health import Finding, examine, mend, sqlite_version

__all__ = ["Checkup", "Finding", "check_up"]


class Checkup(NamedTuple):
    """What was found, what of it is mended, and what is left."""

    sqlite: str
    found: tuple[Finding, ...]
    left: tuple[Finding, ...]

    @property
    def is_healthy(self) -> bool:
        """Whether nothing is wrong now."""
        return all(one.note for one in self.left)


def check_up(database: Path, actor: str, *, mends: bool) -> Checkup:
    """Look for whatever is wrong with a store, and mend it if that is wanted."""
    session = Session(database, actor)
    try:
        found = left = tuple(examine(session.dispatcher))
        if mends and any(one.mendable for one in found):
            mend(session.dispatcher)
            left = tuple(examine(session.dispatcher))
        return Checkup(sqlite_version(), found, left)
    finally:
        session.close()
