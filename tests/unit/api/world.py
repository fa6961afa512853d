"""A server without sockets: the routes over a real store, with a real engine in a thread of its own."""

import select
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import Any, cast

import starlette.testclient

from orchestrion.api.access import Caller, Role
from orchestrion.api.app import make_server
from orchestrion.api.served import Served
from orchestrion.client.packs import PackFolders, catalog_of
from orchestrion.client.session import Session
from orchestrion.core.status import COMPLETED
from orchestrion.runtime.engine import POLL_SECONDS, Engine
from orchestrion.runtime.presence import Presence
from orchestrion.store.shared import SharedStore

ADMIN = Caller("stanley", "admin", "no authentication")
SECONDS = 60
"""How long a test waits at the most for a state."""


@dataclass
class World:
    """A server and a client of it; the last of `callers` is who asks."""

    served: Served
    client: Any  # Starlette's TestClient, whose types are those of a library that is not there
    changes: Presence
    callers: list[Caller]

    def ask_as(self, role: Role, name: str = "ann") -> None:
        """Who asks from now on."""
        self.callers.append(Caller(name, role, "test"))

    def get(self, path: str, **parameters: Any) -> Any:
        """The JSON of a path."""
        found = self.client.get(path, params=parameters)
        assert found.status_code == 200, (path, found.status_code, found.text)
        return found.json()

    def post(self, path: str, body: Any, status: int, headers: Mapping[str, str] | None = None) -> Any:
        """The JSON that a body is answered with, by this status."""
        found = self.client.post(path, json=body, headers=dict(headers or {}))
        assert found.status_code == status, (path, found.status_code, found.text)
        return found.json()

    def start(self, action: str, parameters: Mapping[str, Any] | None = None) -> str:
        """Start an action; the id of its execution."""
        started = self.post("/v1/executions", {"action": action, "parameters": parameters or {}}, 201)
        return cast("str", started["id"])

    def status(self, number: str) -> str:
        """The status of an execution."""
        return self.served.queries.brief(number).status

    def until(self, number: str, *statuses: str) -> None:
        """Wait until an execution has one of some statuses; without any, until it has ended."""
        self.wait(lambda: self.status(number) in (*statuses, *COMPLETED))
        assert not statuses or self.status(number) in statuses, f"{number} is {self.status(number)}"

    def wait(self, is_so: Callable[[], bool]) -> None:
        """Wait for a state: whoever commits wakes whoever waits."""
        end = monotonic() + SECONDS
        while not is_so():
            assert monotonic() < end
            select.select([self.changes], [], [], POLL_SECONDS)
            self.changes.drain()

    def children(self, number: str) -> list[Mapping[str, Any]]:
        """The rows of what an execution has started."""
        with self.served.store.reading() as transaction:
            return transaction.all("children", parent=number)

    def task(self, number: str, task: str) -> str:
        """The execution of a task of an execution."""
        return next(row["id"] for row in self.children(number) if row["task"] == task)


class _Engine(Thread):
    """Rounds of an engine until it is told to stop; what ends them otherwise is raised then."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(name="engine", daemon=True)
        self._engine = engine
        self._stopping = Event()
        self._failure: BaseException | None = None

    def run(self) -> None:
        try:
            while not self._stopping.is_set():
                if not self._engine.run_once():
                    self._engine.wait()
        except BaseException as error:  # noqa: BLE001  # it is raised by `stop`
            self._failure = error
        finally:
            self._engine.inbox.close()

    def stop(self) -> None:
        self._stopping.set()
        self._engine.worker.interrupt()
        self.join()
        if self._failure is not None:
            raise self._failure


@contextmanager
def serving(folder: Path, packs: Path | None = None) -> Generator[World]:
    """A server on a new store in a folder; the caller of each request is that of the world."""
    folders = PackFolders((packs,) if packs is not None else ())
    session = Session(folder / "served.db", ADMIN.name)
    engine = session.engine(lambda known: catalog_of(folders.for_known(known)), "serve", slots=4)
    with session.dispatcher.unit(engine) as unit:
        engine.beat(unit)
    store = SharedStore(session.store.path)
    callers = [ADMIN]
    client = cast("Any", starlette.testclient).TestClient
    served = Served(store, engine, session.peers, folders, lambda _request: callers[-1])
    changes = Presence(session.store.path, "test")
    thread = _Engine(engine)
    thread.start()
    try:
        yield World(served, client(make_server(served, {})), changes, callers)
    finally:
        thread.stop()
        engine.worker.kill()
        engine.worker.close()
        changes.close()
        store.close()
        session.close()
