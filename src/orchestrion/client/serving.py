"""A process that works for a whole store: what `serve` and `worker` run."""

from pathlib import Path

from orchestrion.client.packs import PackFolders, catalog_of
from orchestrion.client.session import Session
from orchestrion.runtime.clock import monotonic_clock, system_clock
from orchestrion.runtime.peers import Kind
from orchestrion.runtime.retention import DAY, Keeper, Retention
from orchestrion.runtime.service import Service


class LocalService:
    """A service on a store. `run` works until `stop` is called, which a signal handler may do."""

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
    ) -> None:
        self._session = Session(database, actor)
        self._engine = self._session.engine(
            lambda recorded: catalog_of(packs.for_known(recorded)), kind, slots
        )
        retention = Retention(self._session.store)
        keep = None if keep_days is None else keep_days * DAY
        keeper = Keeper(retention, system_clock, monotonic_clock, keep)
        self._ballast = retention.ballast
        self._service = Service(self._session.dispatcher, self._engine, grace_seconds, keeper)

    def begin(self) -> None:
        """Announce it: from now on commands leave their work to it. Raises SealError without the key."""
        with self._session.store.reading() as transaction:
            transaction.check_key()
        self._ballast.load()
        self._service.begin()

    def run(self) -> None:
        """Work until told to stop; then drain and leave the store."""
        try:
            self._service.run()
        finally:
            self._engine.worker.close()
            self._session.close()

    def stop(self) -> None:
        """Ask it to stop."""
        self._service.stop()
