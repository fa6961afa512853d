"""What the routes work with: one store, its engine, its packs, and how callers are told apart."""

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Final

from fastapi import Request

from orchestrion.accounts import Accounts
from orchestrion.actions.catalog import Catalog
from orchestrion.api.feed import Feed
from orchestrion.api.logins import Logins
from orchestrion.api.objects import Objects
from orchestrion.client.commands import Commands
from orchestrion.client.packs import PackFolders, catalog_of
from orchestrion.core.values import Json
from orchestrion.keys import Keys
from orchestrion.operations import Operations
from orchestrion.queries import Queries
from orchestrion.queries.listing import Listing
from orchestrion.runtime.clock import system_clock
from orchestrion.runtime.engine import Engine
from orchestrion.runtime.peers import Peers
from orchestrion.store.shared import SharedStore

if TYPE_CHECKING:
    from orchestrion.api.access import Caller

Identify = Callable[[Request], "Caller"]
"""Who has sent a request. Raises FaultError (401)."""


class Served:
    """All that the routes of one server share. Its threads read by `store`; they write through the engine."""

    def __init__(
        self, store: SharedStore, engine: Engine, peers: Peers, packs: PackFolders, identify: Identify
    ) -> None:
        self.store: Final = store
        self.engine: Final = engine
        self.peers: Final = peers
        self.packs: Final = packs
        self.identify: Final = identify
        self.queries: Final = Queries(store, peers)
        self.feed: Final = Feed(store, self._described)
        engine.dispatcher.on_commit.append(self.feed.wake)
        self.accounts: Final = Accounts(store, system_clock)
        self.logins: Final = Logins()
        self.listing: Final = Listing(store, peers)

    def _described(self, numbers: Collection[str]) -> dict[str, dict[str, Json]]:
        """The objects of those among some executions that there are, secrets masked."""
        objects = Objects(self.commands("")) if numbers else None
        return {one.id: objects.of(one) for one in self.listing.among(numbers)} if objects else {}

    @property
    def catalog(self) -> Catalog:
        """The actions of something that starts."""
        return catalog_of(self.packs.for_new())

    def commands(self, actor: str) -> Commands:
        """What somebody may ask."""
        operations = Operations(self.engine.inbox, actor, self.engine.dispatcher.measures)
        return Commands(self.store, self.queries, operations, self.packs, actor, lambda: self.engine)

    def keys(self, actor: str) -> Keys:
        """The keys that somebody sees: the system's and their own."""
        return Keys(self.store, system_clock, actor)


def served_by(request: Request) -> Served:
    """What the server of a request serves."""
    found = request.app.state.served
    assert isinstance(found, Served)
    return found
