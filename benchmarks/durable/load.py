"""Workflows on a real store, some of them in flight all the time, worked off by a real engine.

It is wired as `serve` wires it: a session with an engine of that kind, which announces itself and then does
round after round. What starts a workflow is the operation that a client calls, with the engine of the same
process, so a start is a commit of its own. How a workflow ends is told by the log at the level info, which
`serve` has by default.
"""

import logging
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from orchestrion.client.packs import PackFolders, catalog_of
from orchestrion.client.session import Session
from orchestrion.core.status import COMPLETED
from orchestrion.core.values import Json
from orchestrion.operations import StartRequest
from orchestrion.runtime import telling
from orchestrion.runtime.engine import Engine

DATABASE: Final = "bench.db"


class Load:
    """An engine that works for a whole store, and what it has seen of ends. Made by `opened`."""

    def __init__(self, session: Session, engine: Engine, packs: Sequence[Path]) -> None:
        self.session: Final = session
        self.engine: Final = engine
        self.ends: Final[dict[str, str]] = {}
        """The statuses in which executions of whole workflows have ended, by their ids."""
        self._packs = tuple(str(folder.resolve()) for folder in packs)

    def start(self, definition: str, inputs: Mapping[str, Json] | None = None) -> str:
        """Start a workflow; returns the id of its execution."""
        request = StartRequest("bench.yaml", definition, inputs or {}, "bench.yaml", packs=self._packs)
        return self.session.operations.start(request, self.engine)

    def run(self, definition: str, workflows: int, at_once: int = 1) -> None:
        """Run a workflow so often; all must succeed."""
        self.ends.clear()
        self.keep(definition, at_once, lambda started: started >= workflows)
        assert len(self.ends) == workflows, len(self.ends)
        assert set(self.ends.values()) == {"succeeded"}, self.ends

    def keep(self, definition: str, at_once: int, is_enough: Callable[[int], bool]) -> None:
        """Keep workflows in flight, until that many have been started; then let them end.

        `is_enough` is asked before each start, with the number of those before.
        """
        flying: set[str] = set()
        started = 0
        is_over = False
        while True:
            flying = {number for number in flying if number not in self.ends}
            while len(flying) < at_once and not (is_over := is_over or is_enough(started)):
                flying.add(self.start(definition))
                started += 1
            if not flying:
                return
            if not self.engine.run_once():
                self.engine.wait()

    def run_one(self, definition: str, inputs: Mapping[str, Json] | None = None) -> str:
        """Run one workflow to its success; returns the id of its execution."""
        number = self.start(definition, inputs)
        while number not in self.ends:
            if not self.engine.run_once():
                self.engine.wait()
        assert self.ends[number] == "succeeded", self.ends[number]
        return number


class _Ends(logging.Handler):
    """Hears how the executions of whole workflows end."""

    def __init__(self, ends: dict[str, str]) -> None:
        super().__init__(logging.INFO)
        self._ends = ends

    def emit(self, record: logging.LogRecord) -> None:
        """Note an end; sub-workflows and attempts have parents."""
        fields = vars(record)
        if isinstance(record.args, tuple) and record.args[1] in COMPLETED and "parent" not in fields:
            self._ends[fields["execution"]] = str(record.args[1])


@contextmanager
def opened(folder: Path, packs: Sequence[Path] = ()) -> Generator[Load]:
    """A store in a folder, with an engine that works for it."""
    session = Session(folder / DATABASE, "bench")
    folders = PackFolders(tuple(packs))
    engine = session.engine(lambda recorded: catalog_of(folders.for_known(recorded)), "serve")
    load = Load(session, engine, packs)
    with session.dispatcher.unit(engine) as unit:
        engine.beat(unit)
    try:
        with _heard(load.ends):
            yield load
    finally:
        engine.worker.close()
        session.close()


@contextmanager
def _heard(ends: dict[str, str]) -> Generator[None]:
    log = logging.getLogger(telling.__name__)
    handler, before = _Ends(ends), (log.level, log.propagate)
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(before[0])
        log.propagate = before[1]
