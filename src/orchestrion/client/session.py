"""A local store in use: opened once for a command, with an engine only where the command does work."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Final

from orchestrion.actions.catalog import Catalog
from orchestrion.operations import Operations
from orchestrion.queries import Queries
from orchestrion.runtime.clock import Ids, system_clock
from orchestrion.runtime.dispatcher import Dispatcher
from orchestrion.runtime.engine import Engine
from orchestrion.runtime.presence import Presence
from orchestrion.store.sqlite import Store


class Session:
    """Everything that works on one store; `close` it at the end."""

    def __init__(self, database: Path, actor: str, open_store: Callable[[Path], Store] = Store) -> None:
        self.store: Final = open_store(database)
        self.actor: Final = actor
        ids = Ids(system_clock)
        self.presence: Final = Presence(self.store.path, ids.next())
        self.dispatcher: Final = Dispatcher(
            self.store, system_clock, ids, lambda: random.getrandbits(63), self.presence
        )
        self.operations: Final = Operations(self.dispatcher, actor)
        self.queries: Final = Queries(self.store)

    def engine(self, catalog: Catalog) -> Engine:
        """An engine of this process. `close` it before the session."""
        return Engine(self.dispatcher, self.presence, catalog, self.actor)

    def close(self) -> None:
        """Leave the store."""
        self.presence.close()
        self.store.close()
