"""A process that works for a whole store: what `serve` and `worker` run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from orchestrion.accounts import Accounts, NewToken
from orchestrion.client.packs import PackFolders, catalog_of
from orchestrion.client.session import Session
from orchestrion.errors import UsageError
from orchestrion.runtime.clock import monotonic_clock, system_clock
from orchestrion.runtime.peers import Kind
from orchestrion.runtime.retention import DAY, Keeper, Retention
from orchestrion.runtime.service import Service
from orchestrion.runtime.telemetry import tracing
from orchestrion.server.loopback import is_loopback

if TYPE_CHECKING:
    from orchestrion.api.served import Served
    from orchestrion.server.bulks import BulkThread
    from orchestrion.server.web import WebServer

Api: TypeAlias = Literal["api", "auth", "stream"]

STACKSTORM_PORTS: Final[Mapping[int, Api]] = {9101: "api", 9100: "auth", 9102: "stream"}
"""Where StackStorm's clients look for each service."""


@dataclass(frozen=True, slots=True)
class Listening:
    """Where a server listens: on one port for all services (0: any that is free), or on StackStorm's three.

    `authentication`: it asks who somebody is. `certificate` and `key`: files in PEM, with which it encrypts.
    Raises UsageError for what would let everybody in from everywhere.
    """

    host: str = "127.0.0.1"
    port: int | None = None
    authentication: bool = True
    certificate: Path | None = None
    key: Path | None = None

    def __post_init__(self) -> None:
        if not self.authentication and not is_loopback(self.host):
            raise UsageError(
                f"{self.host}: a server that asks nobody who they are (--no-auth) listens only on a loopback "
                "address, for example 127.0.0.1. Leave out --host, or --no-auth."
            )
        if self.key is not None and self.certificate is None:
            raise UsageError(f"{self.key}: the certificate is missing. Name it with --tls-cert.")

    @property
    def is_readable(self) -> bool:
        """Whether others on the network can read what is sent."""
        return self.certificate is None and not is_loopback(self.host)


class LocalService:
    """A service on a store. `run` works until `stop` is called, which a signal handler may do.

    `listening`: it answers HTTP, too. Raises UsageError where folders of packs are missing, before it makes a
    store.
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
        catalog_of(packs.for_new())  # which would be refused with every request else
        self._session = Session(database, actor)
        self._engine = self._session.engine(
            lambda recorded: catalog_of(packs.for_known(recorded)), kind, slots
        )
        self._session.dispatcher.tracing = tracing()
        retention = Retention(self._session.store)
        keep = None if keep_days is None else keep_days * DAY
        keeper = Keeper(retention, system_clock, monotonic_clock, keep)
        self._ballast = retention.ballast
        self._packs = packs
        self._listening = listening
        self._served: Served | None = None
        self._bulks: BulkThread | None = None
        self.addresses: dict[Api, str] = {}
        self._web: WebServer | None = None if listening is None else self._web_server(listening)
        self._service = Service(self._session.dispatcher, self._engine, grace_seconds, keeper)

    def add_first_admin(self) -> NewToken | None:
        """Make an admin where nobody could log in else; the token to use it. None: somebody can."""
        if self._listening is None or not self._listening.authentication:
            return None
        return Accounts(self._session.store, system_clock).add_first_admin()

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
            if self._bulks is not None:
                self._bulks.stop()
            if self._served is not None and self._web is not None:
                self._served.feed.close()  # streams have no end of their own
                self._web.stop()
                self._served.store.close()
            self._engine.worker.close()
            self._session.close()

    def stop(self) -> None:
        """Ask it to stop."""
        self._service.stop()

    def _web_server(self, listening: Listening) -> "WebServer":
        from orchestrion.api.access import everybody, identified_by
        from orchestrion.api.app import make_server
        from orchestrion.api.bulk import obstacle_in
        from orchestrion.api.served import Served
        from orchestrion.client.bulks import BulkWork, no_obstacle
        from orchestrion.server.bulks import BulkThread
        from orchestrion.server.guard import Guard
        from orchestrion.server.web import WebServer, bind, encryption
        from orchestrion.store.shared import SharedStore

        context = None
        if listening.certificate is not None:
            context = encryption(listening.certificate, listening.key)
        ports: Mapping[int, Api] = STACKSTORM_PORTS if listening.port is None else {}
        sockets = [bind(listening.host, port) for port in ports or [listening.port or 0]]
        self.addresses = _addresses(listening, [one.getsockname()[1] for one in sockets])
        store = SharedStore(self._session.store.path)
        identify, obstacle = everybody, no_obstacle
        if listening.authentication:
            accounts = Accounts(store, system_clock)
            identify, obstacle = identified_by(accounts, system_clock), obstacle_in(accounts)
        served = self._served = Served(store, self._engine, self._session.peers, self._packs, identify)
        work = BulkWork(store, served.commands, self._session.peers, system_clock, obstacle)
        self._bulks = BulkThread(work)
        guard = partial(Guard, identify=identify, is_open=not listening.authentication)
        return WebServer(make_server(served, ports, guard), sockets, context)


def _addresses(listening: Listening, ports: Sequence[int]) -> dict[Api, str]:
    """The URL of each service, without a slash at its end."""
    scheme = "http" if listening.certificate is None else "https"
    host = f"[{listening.host}]" if ":" in listening.host else listening.host
    if listening.port is None:
        return {service: f"{scheme}://{host}:{port}" for port, service in STACKSTORM_PORTS.items()}
    return {service: f"{scheme}://{host}:{ports[0]}/{service}" for service in STACKSTORM_PORTS.values()}
