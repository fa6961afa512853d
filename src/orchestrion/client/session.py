"""A local store in use: opened once for a command, with an engine only where the command does work."""

import gc
import random
from collections.abc import Callable
from pathlib import Path
from typing import Final

from orchestrion.actions.runners.registry import Runners
from orchestrion.client.action_keys import ActionKeys
from orchestrion.operations import Operations
from orchestrion.queries import Queries
from orchestrion.runtime.clock import Clock, Ids, monotonic_clock, system_clock
from orchestrion.runtime.dispatcher import Dispatcher
from orchestrion.runtime.engine import Engine
from orchestrion.runtime.inbox import OwnUnits
from orchestrion.runtime.peers import Kind, Peers
from orchestrion.runtime.pins import Catalogs
from orchestrion.runtime.presence import Presence
from orchestrion.runtime.worker import SLOTS, Worker
from orchestrion.store.sqlite import Store

_GARBAGE = 20_000
"""After how many new objects the collector of cycles looks: an engine makes many, and hardly any cycle."""


class Session:
    """Everything that works on one store; `close` it at the end."""

    def __init__(
        self,
        database: Path,
        actor: str,
        open_store: Callable[[Path], Store] = Store,
        clock: Clock = system_clock,
        monotonic: Clock = monotonic_clock,
    ) -> None:
        self.store: Final = open_store(database)
        self.actor: Final = actor
        self._action_keys: Final = ActionKeys(self.store.path, open_store)
        with self.store.reading() as transaction:
            ids = Ids(clock, transaction.value("newest_id"))
        self.presence: Final = Presence(self.store.path, ids.next())
        self.peers: Final = Peers(self.presence, clock, monotonic)
        self.dispatcher: Final = Dispatcher(
            self.store, clock, ids, lambda: random.getrandbits(63), self.peers
        )
        self.operations: Final = Operations(OwnUnits(self.dispatcher), actor)
        self.queries: Final = Queries(self.store, self.peers)

    def engine(self, catalogs: Catalogs, kind: Kind = "command", slots: int = SLOTS) -> Engine:
        """An engine of this process. Close its worker before the session."""
        gc.set_threshold(_GARBAGE, *gc.get_threshold()[1:])
        keys, clock = self._action_keys, self.peers.monotonic
        worker = Worker(self.presence, slots, Runners(keys), keys.opened, clock)
        return Engine(self.dispatcher, worker, catalogs, kind)

    def close(self) -> None:
        """Leave the store."""
        self._action_keys.close()
        self.presence.close()
        self.store.close()
