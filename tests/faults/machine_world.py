"""The world of the stateful machine: processes on one store that live, hang and die; a clock; actions.

The engine, the operations and the store are the real ones. Actions have no process: each start stays on the
stage until the test ends it, which it may do late, or twice. A process dies or fails at its commits, before
or after them.
"""

import contextlib
import shutil
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

import pytest

from orchestrion.actions.catalog import Catalog
from orchestrion.actions.metadata import Action
from orchestrion.actions.revisions import Revision, Revisions
from orchestrion.actions.runners.base import Job, OnDone, OnStarted, Outcome, OutcomeStatus, Runner
from orchestrion.actions.runners.registry import Runners
from orchestrion.errors import OrchestrionError, StoreError
from orchestrion.operations import Operations
from orchestrion.queries import Queries
from orchestrion.runtime import engine
from orchestrion.runtime.clock import Ids
from orchestrion.runtime.dispatcher import Dispatcher
from orchestrion.runtime.engine import Engine
from orchestrion.runtime.inbox import OwnUnits, Request
from orchestrion.runtime.peers import LEASE, Kind, Peers
from orchestrion.runtime.presence import Presence
from orchestrion.runtime.unit import Claimer, Unit
from orchestrion.runtime.worker import Worker
from orchestrion.store.sqlite import Store
from tests.faults.machine_texts import write_packs

T = TypeVar("T")

BEGIN: Final = 1_800_000_000_000_000
SLOTS: Final = 3
"""Few, so that attempts wait for one."""

_STAGED: Final = "local-shell-cmd"

Doom = Literal["dies before", "dies after", "fails before", "fails after"]
DOOMS: Final[tuple[Doom, ...]] = ("dies before", "dies after", "fails before", "fails after")
"""What may befall a process at a commit; one that fails lives on, and does not know whether it committed."""


class Crash(BaseException):
    """The process dies here."""


@dataclass
class Start:
    """An action that was started, once: by whom, for which execution; how it has ended."""

    serial: int
    life: "Life"
    execution: str
    on_done: OnDone
    outcome: Outcome | None = None
    fenced: bool = False
    """Its attempt was given up, or has ended otherwise: it must not change anything any more."""
    over: bool = False


class Stage(Runners):
    """The runners of one process: actions with a process are on the stage instead."""

    def __init__(self, world: "World", life: "Life") -> None:
        super().__init__()
        self._world: Final = world
        self._life: Final = life

    def runner_for(self, action: Action) -> Runner:
        runner = super().runner_for(action)
        return self if action.runner_type == _STAGED else runner

    def start(self, job: Job, on_started: OnStarted, on_done: OnDone) -> None:
        del on_started  # there is no process
        starts = self._world.starts
        starts.append(Start(len(starts), self._life, job.execution_id, on_done))
        if self._world.on_start is not None:
            self._world.on_start(job.execution_id)


class Mortal(Store):
    """A store at whose commits its process may die; each commit is told."""

    doom: tuple[int, Doom] | None = None
    told: Callable[[], None] | None = None

    @contextlib.contextmanager
    def _writing(self) -> Generator[None]:
        happens: Doom | None = None
        with super()._writing():
            yield
            if self.doom is not None:
                left, kind = self.doom
                self.doom = (left - 1, kind) if left > 1 else None
                happens = kind if left <= 1 else None
            if happens == "dies before":
                raise Crash
            if happens == "fails before":
                raise StoreError("the disk failed")
        if self.told is not None:
            self.told()
        if happens == "dies after":
            raise Crash
        if happens == "fails after":
            raise StoreError("the disk failed")


class InRounds:
    """What other threads of a service ask for goes through the inbox, into the next round of its engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine: Final = engine

    def perform(self, work: Callable[[Unit], T], claimer: Claimer | None = None) -> T:
        """One request, and the round that answers it."""
        assert claimer in (None, self._engine)
        return self._answer_to(Request(work))

    def rehearse(self, work: Callable[[Unit], T]) -> T:
        """The same in a unit that is never committed."""
        return self._answer_to(Request(work, is_rehearsal=True))

    def _answer_to(self, request: Request) -> Any:
        self._engine.inbox.submit(request)
        self._engine.run_once()
        return request.answer.result(timeout=0)


class Life:
    """One process on the store, from its birth to its death."""

    def __init__(self, world: "World", kind: Kind) -> None:
        self.kind: Final[Kind] = kind
        self.hangs = False
        self.is_alive = True
        self.store: Final = Mortal(world.path)
        with self.store.reading() as transaction:
            newest = transaction.value("newest_id")
        world.births += 1
        ids = Ids(world.clock, newest, world.births.to_bytes(5, "big"))
        self.presence: Final = Presence(self.store.path, ids.next())
        self.peers: Final = Peers(self.presence, world.clock, world.monotonic)
        self.dispatcher: Final = Dispatcher(self.store, world.clock, ids, lambda: world.births, self.peers)
        self.queries: Final = Queries(self.store, self.peers)
        self.worker: Final = Worker(self.presence, SLOTS, Stage(world, self), clock=world.monotonic)
        self.engine: Final = Engine(self.dispatcher, self.worker, lambda _: world.catalog, kind)
        performer = OwnUnits(self.dispatcher) if kind == "command" else InRounds(self.engine)
        self.operations: Final = Operations(performer, "tester")
        self.store.told = lambda: world.told(kind)

    @property
    def id(self) -> str:
        return self.presence.id

    @property
    def own_engine(self) -> Engine | None:
        """What commands become the engine with; a service takes what belongs to nobody."""
        return self.engine if self.kind == "command" else None

    def beat(self) -> None:
        """Put the end of the lease off, if there is one."""
        with self.dispatcher.unit(self.engine) as unit:
            if self.kind == "serve" or unit.transaction.one("engine", id=self.id) is not None:
                self.engine.beat(unit)

    def round(self) -> int:
        """A round, and what the time for one group has cut off from it."""
        done = self.engine.run_once()
        while self.worker.is_pending:
            done += self.engine.run_once()
        return done

    def die(self) -> None:
        """What it had in memory is lost, what the kernel held for it is free."""
        self.is_alive = False
        self.presence.close()
        self.store.told = None
        self.worker.close()
        self.store.close()


class World:
    """One store, the processes on it, the time, and the actions that were started."""

    def __init__(self, folder: Path) -> None:
        self.limits: Final = pytest.MonkeyPatch()
        self.be_slow(slow=False)
        self.date = BEGIN
        self.time = 0
        self.births = 0
        self.commits = 0
        self.was_refused = False
        """What was done last."""
        self.lives: Final[list[Life]] = []
        self.starts: Final[list[Start]] = []
        self.packs, self.catalog, template = _shared(folder)
        numbers = (number for number in range(100_000) if not (folder / f"{number}").exists())
        self._folder: Final = folder / f"{next(numbers)}"
        self._folder.mkdir()
        self.path: Final = self._folder / "s.db"
        shutil.copy(template, self.path)
        self.after_commit: Callable[[Kind], None] | None = None
        self.on_start: Callable[[str], None] | None = None

    def clock(self) -> int:
        """The date, which goes on a little with each look, so that ids sort as they were made."""
        self.date += 1
        return self.date

    def monotonic(self) -> int:
        """The machine's monotonic time."""
        return self.time

    def be_slow(self, *, slow: bool) -> None:
        """An engine has time for one report in each of its commits, or for all: never by chance."""
        self.limits.setattr(engine, "GROUP_SECONDS", -1.0 if slow else 1e6)

    def told(self, kind: Kind) -> None:
        """A process of some kind has committed something."""
        self.commits += 1
        if self.after_commit is not None:
            self.after_commit(kind)

    def revision(self) -> Revision:
        """The pack of the actions, as a start pins it."""
        pack = self.catalog.pack("own")
        assert pack is not None
        return Revisions(self.path).take(pack)

    # --- processes

    def be_born(self, kind: Kind) -> Life:
        """A new process."""
        life = Life(self, kind)
        self.lives.append(life)
        if kind == "serve":
            life.beat()
        return life

    @property
    def awake(self) -> list[Life]:
        """The processes that do what they are asked."""
        return [life for life in self.lives if not life.hangs]

    @contextlib.contextmanager
    def acting(self, life: Life) -> Generator[None]:
        """A process does something: it may die of it, fail, or be refused."""
        commits = self.commits
        self.was_refused = False
        try:
            yield
        except Crash:
            self.bury(life)
        except StoreError:
            pass
        except OrchestrionError:
            self.was_refused = True
            if life.kind == "command":  # a service commits what others have asked and reported all the same
                assert self.commits == commits, "something was refused, and something was committed"

    def bury(self, life: Life) -> None:
        """A process is gone."""
        life.die()
        self.lives.remove(life)

    def hang(self, life: Life) -> None:
        """A process hangs for longer than its lease; the others do not."""
        life.hangs = True
        self.time += LEASE + 1
        for other in self.awake:
            with self.acting(other):
                other.beat()

    def close(self) -> None:
        """The end of the world."""
        for life in [*self.lives]:
            self.bury(life)
        self.limits.undo()
        shutil.rmtree(self._folder)

    # --- actions

    def running(self) -> list[Start]:
        """The actions whose end nobody has reported, of processes that are there."""
        return [one for one in self.starts if one.life.is_alive and one.outcome is None]

    def reported(self) -> list[Start]:
        """The actions whose end was reported once.

        A runner reports it once. What may come twice is a delivery, which is the same to an engine, but not
        once it has started the same attempt anew.
        """
        anew = {(one.life.id, one.execution): one.serial for one in self.starts}
        return [
            one
            for one in self.starts
            if one.life.is_alive
            and one.outcome is not None
            and anew[one.life.id, one.execution] == one.serial
            and not one.fenced
        ]

    def finish(self, start: Start, status: OutcomeStatus, value: int) -> None:
        """An action ends."""
        start.outcome = Outcome(status, {"v": value, "no": start.serial})
        start.on_done(start.outcome)

    def repeat(self, start: Start, status: OutcomeStatus) -> None:
        """The end of an action is reported once more, perhaps as another one."""
        start.on_done(Outcome(status, {"v": 0, "no": start.serial, "again": True}))


_known: dict[Path, tuple[Path, Catalog, Path]] = {}


def _shared(folder: Path) -> tuple[Path, Catalog, Path]:
    """The packs, the catalog and an empty store, made once for all worlds."""
    if folder not in _known:
        packs = write_packs(folder)
        template = folder / "template.db"
        Store(template).close()
        _known[folder] = (packs, Catalog([packs]), template)
    return _known[folder]
