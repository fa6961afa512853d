"""A server without sockets: a real store, a real engine in a thread that does rounds, and the application."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final

import httpx
from starlette.testclient import TestClient

from orchestrion.accounts import Accounts, Role
from orchestrion.api.access import everybody, identified_by
from orchestrion.api.app import make_server
from orchestrion.api.served import Identify, Served
from orchestrion.client.packs import PackFolders, catalog_of
from orchestrion.client.session import Session
from orchestrion.runtime.clock import system_clock
from orchestrion.store.shared import SharedStore

PEOPLE: Final[Mapping[str, Role]] = {"vi": "viewer", "olga": "operator", "ada": "admin"}


class Server:
    """What a test has of it: clients for people, or for everybody where nobody is asked."""

    def __init__(self, served: Served) -> None:
        self.served: Final = served
        self.app: Final = make_server(served, {})
        self._tokens: Final[dict[str, str]] = {}

    @property
    def accounts(self) -> Accounts:
        return self.served.accounts

    def client(self, name: str | None = None) -> httpx.Client:
        """A client of one of PEOPLE, with a token; without a name, one that shows nothing."""
        headers = {} if name is None else {"X-Auth-Token": self._token(name)}
        client: Any = TestClient(self.app, headers=headers, raise_server_exceptions=False)
        return client  # which is one of httpx, though its types name another package

    def _token(self, name: str) -> str:
        if name not in self._tokens:
            if name not in {one.name for one in self.accounts.all()}:
                self.accounts.add(name, PEOPLE[name], None)
            self._tokens[name] = self.accounts.add_token(name).text
        return self._tokens[name]


@contextmanager
def serving(
    folder: Path, packs: PackFolders | None = None, *, authentication: bool = True
) -> Generator[Server]:
    """A server on a store in a folder, from the beginning of the block to its end."""
    packs = packs or PackFolders()
    session = Session(folder / "store.db", "engine")
    engine = session.engine(lambda recorded: catalog_of(packs.for_known(recorded)), "serve")
    store = SharedStore(session.store.path)
    identify: Identify = everybody
    if authentication:
        identify = identified_by(Accounts(store, system_clock), system_clock)
    stopping = Event()

    def work() -> None:
        while not stopping.is_set():
            if not engine.run_once():
                engine.wait()

    with session.dispatcher.unit(engine) as unit:
        engine.beat(unit)
    thread = Thread(target=work, name="engine")
    thread.start()
    try:
        yield Server(Served(store, engine, session.peers, packs, identify))
    finally:
        stopping.set()
        engine.worker.interrupt()
        thread.join()
        engine.inbox.close()
        engine.worker.close()
        store.close()
        session.close()
