"""A server of its own for a test: a real store, a real engine in a thread, and a port that is free."""

from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Thread

import httpx
from fastapi import Request

from orchestrion.accounts import Accounts
from orchestrion.api.access import Caller, Role, identified_by
from orchestrion.api.app import make_server
from orchestrion.api.served import Served
from orchestrion.client.packs import PackFolders, catalog_of
from orchestrion.client.session import Session
from orchestrion.operations import Operations, StartRequest
from orchestrion.runtime.clock import system_clock
from orchestrion.server.guard import Guard
from orchestrion.server.web import WebServer, bind
from orchestrion.store.shared import SharedStore


class Server:
    """What `serving` yields. `client` asks it over HTTP."""

    def __init__(self, session: Session, served: Served, client: httpx.Client) -> None:
        self.session = session
        self.served = served
        self.client = client
        self.operations = Operations(served.engine.inbox, "tester")

    def start(self, text: str, **inputs: str) -> str:
        """Start a bare workflow."""
        return self.operations.start(StartRequest("t.yaml", text, dict(inputs)), self.served.engine)

    def wait_for(self, number: str) -> None:
        """Wait until an execution has ended."""
        query = f"end_event=st2.execution__update&end_execution_id={number}"
        self.client.get(f"/stream/stream?{query}")


@contextmanager
def serving(
    folder: Path,
    packs: tuple[Path, ...] = (),
    role: Role = "admin",
    *,
    is_working: bool = True,
    asks: bool = False,
) -> Generator[Server]:
    """Serve a store in a folder to somebody with a role. Not `is_working`: its engine makes no rounds.

    `asks`: it is served to who shows a credential, and to nobody else.
    """
    session = Session(folder / "s.db", "tester")
    folders = PackFolders(packs)
    engine = session.engine(lambda recorded: catalog_of(folders.for_known(recorded)), "serve")
    with session.dispatcher.unit(engine) as unit:
        engine.beat(unit)
    store = SharedStore(session.store.path)

    def identify(_request: Request) -> Caller:
        return Caller("tester", role, "test")

    accounts = Accounts(store, system_clock)
    identified = identified_by(accounts, system_clock) if asks else identify
    served = Served(store, engine, session.peers, folders, identified)
    stopped = False

    def work() -> None:
        while not stopped:
            if not engine.run_once():
                engine.wait()

    thread = Thread(target=work)
    if is_working:
        thread.start()
    guard = partial(Guard, identify=identified, is_open=False)
    web = WebServer(make_server(served, {}, guard), [bind("127.0.0.1", 0)])
    web.start()
    try:
        address = f"http://127.0.0.1:{web.ports[0]}"
        with httpx.Client(base_url=address, timeout=60) as client:
            yield Server(session, served, client)
    finally:
        served.feed.close()
        web.stop()
        stopped = True
        engine.worker.interrupt()
        if is_working:
            thread.join()
        engine.inbox.close()
        engine.worker.kill()
        engine.worker.close()
        store.close()
        session.close()
