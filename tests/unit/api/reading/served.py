"""A server in this process: a real store, an engine that works in a thread, and a client over HTTP."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Condition, Thread
from typing import Any, Final, cast

import httpx
from fastapi import Request

from orchestrion.api.access import ROLES, Caller
from orchestrion.api.app import make_server
from orchestrion.api.served import Served
from orchestrion.client.packs import PackFolders, catalog_of
from orchestrion.client.session import Session
from orchestrion.runtime.engine import Engine
from orchestrion.server.web import WebServer, bind
from orchestrion.store.shared import SharedStore

SECONDS: Final = 30.0


class Server:
    """What a test asks. `client` is stanley, an admin; the header `x-role` makes him somebody else."""

    def __init__(self, client: httpx.Client, served: Served, engine: "EngineThread") -> None:
        self.client: Final = client
        self.served: Final = served
        self._engine: Final = engine

    def get(self, path: str, expected: int = 200, role: str = "admin", /, **query: object) -> Any:
        """What a GET answers."""
        answer = self.client.get(path, params=cast("Any", query or None), headers={"x-role": role})
        assert answer.status_code == expected, answer.text[:1000]
        return answer.json()

    def start(self, action: str, **parameters: object) -> str:
        """Start something; gives its id."""
        answer = self.client.post("/v1/executions", json={"action": action, "parameters": parameters})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def run(self, action: str, **parameters: object) -> str:
        """Start something, and wait for its end."""
        number = self.start(action, **parameters)
        self.until(number, "succeeded", "failed", "canceled", "timeout", "abandoned")
        return number

    def until(self, number: str, *statuses: str) -> None:
        """Wait until an execution shows one of these statuses."""

        def shows() -> bool:
            return self.served.queries.brief(number).status in statuses

        self._engine.wait_for(shows, f"{number} is {self.served.queries.brief(number).status}")


class EngineThread:
    """Does an engine's rounds until it is stopped."""

    def __init__(self, engine: Engine) -> None:
        self._engine: Final = engine
        self._rounds: Final = Condition()
        self._is_stopping = False
        self._thread: Final = Thread(target=self._run, name="engine")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after this round."""
        self._is_stopping = True
        self._engine.worker.interrupt()
        self._thread.join()

    def wait_for(self, condition: Any, what: str) -> None:
        """Wait for something that a round of the engine makes true."""
        with self._rounds:
            assert self._rounds.wait_for(condition, SECONDS), what

    def _run(self) -> None:
        while not self._is_stopping:
            if not self._engine.run_once():
                self._engine.wait()
            with self._rounds:
                self._rounds.notify_all()
        self._engine.inbox.close()


@contextmanager
def serving(database: Path, packs: Sequence[Path] = ()) -> Generator[Server]:
    """A server on a store, with these folders of packs."""
    folders = PackFolders(tuple(packs))
    session = Session(database, "serve")
    engine = session.engine(lambda recorded: catalog_of(folders.for_known(recorded)), "serve")
    with session.dispatcher.unit(engine) as unit:
        engine.beat(unit)
    store = SharedStore(database)
    served = Served(store, engine, session.peers, folders, _caller)
    thread = EngineThread(engine)
    listening = bind("127.0.0.1", 0)
    web = WebServer(make_server(served, {}), [listening])
    thread.start()
    web.start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{listening.getsockname()[1]}") as client:
            yield Server(client, served, thread)
    finally:
        web.stop()
        thread.stop()
        engine.worker.close()
        store.close()
        session.close()


def _caller(request: Request) -> Caller:
    asked = request.headers.get("x-role", "admin")
    assert asked in ROLES
    return Caller("stanley", asked, "no authentication")
