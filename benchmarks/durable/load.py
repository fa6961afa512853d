"""Workflows on a real store, some of them in flight all the time, worked off by a real engine.

It is wired as a server: a session with an engine of that kind, which announces itself and then does round
after round in the main thread. Each workflow in flight has a client, a thread of its own, which starts it by
the operation that every client calls, through the inbox of the engine, waits for its end, and starts the next
one. How a workflow ends is told by the log at the level info, which `serve` has by default.
"""

import logging
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import Final

from orchestrion.client.packs import PackFolders, catalog_of
from orchestrion.client.session import Session
from orchestrion.core.status import COMPLETED
from orchestrion.core.values import Json
from orchestrion.operations import Operations, StartRequest
from orchestrion.runtime import telling
from orchestrion.runtime.engine import Engine

DATABASE: Final = "bench.db"
_LOOK_SECONDS: Final = 1.0


class Load:
    """An engine that works for a whole store, and what it has seen of ends. Made by `opened`."""

    def __init__(self, session: Session, engine: Engine, ends: "Ends", packs: Sequence[Path]) -> None:
        self.session: Final = session
        self.engine: Final = engine
        self.ends: Final = ends
        self.operations: Final = Operations(engine.inbox, session.actor)
        """What other threads than the engine's ask for."""
        self._packs = tuple(str(folder.resolve()) for folder in packs)

    def start(self, operations: Operations, definition: str, inputs: Mapping[str, Json] | None = None) -> str:
        """Start a workflow; returns the id of its execution."""
        request = StartRequest("bench.yaml", definition, inputs or {}, "bench.yaml", packs=self._packs)
        return operations.start(request, self.engine)

    def run(self, definition: str, workflows: int, at_once: int = 1) -> None:
        """Run a workflow so often; all must succeed."""
        self.ends.clear()
        self.keep(definition, at_once, lambda started: started >= workflows)
        assert len(self.ends.statuses) == workflows, len(self.ends.statuses)
        assert set(self.ends.statuses.values()) == {"succeeded"}, self.ends.statuses

    def keep(self, definition: str, at_once: int, is_enough: Callable[[int], bool]) -> None:
        """Keep workflows in flight, until that many have been started; then let them end.

        `is_enough` is asked before each start, with the number of those before.
        """
        numbers = count()
        flying: dict[str, None] = {}

        def be_client() -> None:
            while not is_enough(next(numbers)):
                number = self.start(self.operations, definition)
                flying[number] = None
                self.ends.of(number).wait()
                del flying[number]
            self.engine.worker.interrupt()

        clients = [Thread(target=be_client, daemon=True) for _ in range(at_once)]
        for client in clients:
            client.start()
        look_at = monotonic() + _LOOK_SECONDS
        while any(client.is_alive() for client in clients):
            self._round()
            if monotonic() >= look_at:  # another process may have committed an end, and told only itself
                look_at = monotonic() + _LOOK_SECONDS
                for number in [*flying]:
                    self.ends.note(number, self.session.queries.brief(number).status)

    def run_one(self, definition: str, inputs: Mapping[str, Json] | None = None) -> str:
        """Run one workflow to its success, in this thread alone; returns the id of its execution."""
        number = self.start(self.session.operations, definition, inputs)
        while not self.ends.of(number).is_set():
            self._round()
        assert self.ends.statuses[number] == "succeeded", self.ends.statuses[number]
        return number

    def _round(self) -> None:
        if not self.engine.run_once():
            self.engine.wait()


class Ends(logging.Handler):
    """Hears how the executions of whole workflows end; `statuses` are theirs, by their ids."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.statuses: Final[dict[str, str]] = {}
        self._events: Final[dict[str, Event]] = {}

    def of(self, number: str) -> Event:
        """Is set once an execution has ended."""
        return self._events.setdefault(number, Event())

    def clear(self) -> None:
        """Forget all ends."""
        self.statuses.clear()
        self._events.clear()

    def emit(self, record: logging.LogRecord) -> None:
        """Note an end; sub-workflows and attempts have parents."""
        fields = vars(record)
        if isinstance(record.args, tuple) and "parent" not in fields:
            self.note(fields["execution"], str(record.args[1]))

    def note(self, number: str, status: str) -> None:
        """How an execution stands; what has ended is noted."""
        if status in COMPLETED:
            self.statuses[number] = status
            self.of(number).set()


@contextmanager
def opened(folder: Path, packs: Sequence[Path] = ()) -> Generator[Load]:
    """A store in a folder, with an engine that works for it."""
    session = Session(folder / DATABASE, "bench")
    folders = PackFolders(tuple(packs))
    engine = session.engine(lambda recorded: catalog_of(folders.for_known(recorded)), "serve")
    load = Load(session, engine, Ends(), packs)
    with session.dispatcher.unit(engine) as unit:
        engine.beat(unit)
    try:
        with _heard(load.ends):
            yield load
    finally:
        engine.worker.close()
        session.close()


@contextmanager
def _heard(ends: Ends) -> Generator[None]:
    log = logging.getLogger(telling.__name__)
    before = log.level, log.propagate
    log.addHandler(ends)
    log.setLevel(logging.INFO)
    log.propagate = False
    try:
        yield
    finally:
        log.removeHandler(ends)
        log.setLevel(before[0])
        log.propagate = before[1]
