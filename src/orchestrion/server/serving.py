"""A process that works for a whole store: what `serve` and `worker` run."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrion.client.packs import PackFolders, catalog_of
from orchestrion.client.session import Session
from orchestrion.runtime.clock import monotonic_clock, system_clock
from orchestrion.runtime.peers import Kind
from orchestrion.runtime.retention import DAY, Keeper, Retention
from orchestrion.runtime.service import Service

if TYPE_CHECKING:
    from orchestrion.server.bulks import BulkThread
    from orchestrion.server.web import WebServer

API_PORT = 9101
AUTH_PORT = 9100
STREAM_PORT = 9102


@dataclass(frozen=True, slots=True)
class Listening:
    """Where a server listens: on one port for all services, or on the three of StackStorm."""

    host: str = "127.0.0.1"
    port: int | None = None


class LocalService:
    """A service on a store. `run` works until `stop` is called, which a signal handler may do.

    `listening`: it answers HTTP, too.
    """

    def __init__(
        self,
        database: Path,
        packs: PackFolders,
        actor: str,
        *,
        kind: Kind,
        slots: int,
        grace_seconds: float,
        keep_days: int | None,
        listening: Listening | None = None,
    ) -> None:
        self._session = Session(database, actor)
        self._engine = self._session.engine(
            lambda recorded: catalog_of(packs.for_known(recorded)), kind, slots
        )
        retention = Retention(self._session.store)
        keep = None if keep_days is None else keep_days * DAY
        keeper = Keeper(retention, system_clock, monotonic_clock, keep)
        self._ballast = retention.ballast
        self._packs = packs
        self._web: WebServer | None = None
        self._bulks: BulkThread | None = None
        if listening is not None:
            self._web, self._bulks = self._servers(listening)
        self._service = Service(self._session.dispatcher, self._engine, grace_seconds, keeper)

    def begin(self) -> None:
        """Announce it: from now on commands leave their work to it. Raises SealError without the key."""
        with self._session.store.reading() as transaction:
            transaction.check_key()
        self._ballast.load()
        self._service.begin()
        if self._web is not None:
            self._web.start()
        if self._bulks is not None:
            self._bulks.start()

    def run(self) -> None:
        """Work until told to stop; then drain and leave the store."""
        try:
            self._service.run()
        finally:
            if self._web is not None:
                self._web.stop()
            if self._bulks is not None:
                self._bulks.stop()
            self._engine.worker.close()
            self._session.close()

    def stop(self) -> None:
        """Ask it to stop."""
        self._service.stop()

    def _servers(self, listening: Listening) -> tuple["WebServer", "BulkThread"]:
        from orchestrion.api.access import Caller
        from orchestrion.api.app import make_server
        from orchestrion.api.paths import Service as Kind
        from orchestrion.api.served import Served
        from orchestrion.client.bulks import BulkWork
        from orchestrion.server.bulks import BulkThread
        from orchestrion.server.web import WebServer, bind
        from orchestrion.store.shared import SharedStore

        ports: Mapping[int, Kind] = {}
        if listening.port is None:
            ports = {API_PORT: "api", AUTH_PORT: "auth", STREAM_PORT: "stream"}
        sockets = [bind(listening.host, port) for port in ports or [listening.port or 0]]
        store = SharedStore(self._session.store.path)
        served = Served(
            store,
            self._engine,
            self._session.peers,
            self._packs,
            lambda _request: Caller("stanley", "admin", "no authentication"),
        )
        work = BulkWork(store, served.commands, self._session.peers, system_clock)
        return WebServer(make_server(served, ports), sockets), BulkThread(work)
