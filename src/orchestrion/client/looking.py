"""Looking into executions: what has happened, and why something does not move."""

import select
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from orchestrion.client.packs import PackFolders, catalog_of
from orchestrion.client.session import Session
from orchestrion.core.values import Json
from orchestrion.errors import OrchestrionError
from orchestrion.queries.explaining import Explanation, explain
from orchestrion.queries.export import Export
from orchestrion.queries.facts import facts_about
from orchestrion.queries.history import Request, StatusChange, history_of
from orchestrion.queries.output import Piece, Tail
from orchestrion.runtime.clock import system_clock
from orchestrion.runtime.engine import POLL_SECONDS
from orchestrion.runtime.peers import Peers
from orchestrion.runtime.pins import PinnedPacks
from orchestrion.store.sqlite import Reading, Transaction


@contextmanager
def open_looking(database: Path, packs: PackFolders, actor: str) -> Generator["LocalLooking"]:
    """Look into the executions of a store."""
    session = Session(database, actor)
    try:
        yield LocalLooking(session, packs)
    finally:
        session.close()


class Looking:
    """Looks into the executions of one store; changes nothing."""

    def __init__(self, store: Reading, peers: Peers, packs: PackFolders) -> None:
        self._store: Final = store
        self._peers: Final = peers
        self._packs: Final = PinnedPacks(store, lambda known: catalog_of(packs.for_known(known)))

    def history(self, number: str) -> list[StatusChange | Request]:
        """What has happened to an execution, in order. Raises NotFound."""
        return history_of(self._store, number)

    def explain(self, number: str) -> Explanation:
        """Why an execution does not move. Raises NotFound."""
        facts = facts_about(self._store, self._peers, system_clock, number, self._timeout_of)
        return explain(facts)

    def export(self, number: str) -> Export:
        """All that there is of an execution. Raises NotFound, Refused."""
        return Export(self._store, number)

    def _timeout_of(
        self, transaction: Transaction, root: Mapping[str, Any], action: str, parameters: Json
    ) -> float | None:
        """How long an action may take, in seconds; None where nothing says so, or nobody knows it here."""
        given = parameters.get("timeout") if isinstance(parameters, dict) else None
        if given is None:
            try:
                found = self._packs.find(transaction, root["execution"], root["packs"], action)
            except OrchestrionError:
                return None
            declared = found.all_parameters.get("timeout")
            given = None if declared is None else declared.default
        return given if isinstance(given, int | float) and not isinstance(given, bool) else None


class LocalLooking(Looking):
    """The same, and it follows what goes on."""

    def __init__(self, session: Session, packs: PackFolders) -> None:
        super().__init__(session.store, session.peers, packs)
        self._session: Final = session

    def tail(self, number: str, *, follow: bool) -> Iterator[list[Piece]]:
        """What the actions of an execution write: what there is, then what comes, until it has ended.

        Raises NotFound.
        """
        tail = Tail(self._session.store, number)
        presence = self._session.presence
        while True:
            pieces, is_over = tail.read()
            yield pieces
            if is_over or not (follow or pieces):
                return
            if not pieces:
                select.select([presence], [], [], POLL_SECONDS)
                presence.drain()
