"""The client on a local file: operations and queries in this process, and the work where nobody else does it.

Who does the work (architecture 4): a command that starts or goes on with something is the engine of that one
tree until it has ended or is paused, unless another process is already; then it follows, and takes over if
that one dies. Pause and cancel only commit where an engine lives; where the engine of an unfinished tree has
died, they take it over and stay until it is quiet. Which of these it is, the operation decides in its commit.
"""

import select
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Final, Self

from orchestrion.client.commands import Commands
from orchestrion.client.following import Interruption, Watch
from orchestrion.client.packs import PackFolders
from orchestrion.client.session import Session
from orchestrion.core.status import COMPLETED
from orchestrion.errors import Refused, StoreError
from orchestrion.queries import ExecutionView
from orchestrion.runtime.engine import POLL_SECONDS, Engine
from orchestrion.runtime.retention import Retention

_SHOW_SECONDS: Final = 0.02
_SHOW_SHARE: Final = 5


class Pace:
    """How often an execution is shown: seldom enough that showing it costs little beside the work."""

    def __init__(self) -> None:
        self._next = 0.0

    def is_due(self) -> bool:
        """Whether it may be shown now."""
        return monotonic() >= self._next

    def seconds_left(self) -> float:
        """How long until it may be shown."""
        return max(0.0, min(self._next - monotonic(), POLL_SECONDS))

    @contextmanager
    def measured(self) -> Generator[None]:
        """What showing it costs decides when it is shown next."""
        begin = monotonic()
        yield
        end = monotonic()
        self._next = end + max(_SHOW_SECONDS, _SHOW_SHARE * (end - begin))


class LocalClient(Commands):
    """The commands on one store, and the work that follows from them. Use it as a context."""

    def __init__(self, database: Path, packs: PackFolders, actor: str) -> None:
        self._session: Final = Session(database, actor)
        session = self._session
        super().__init__(session.store, session.queries, session.operations, packs, actor, self._own_engine)
        self._engine: Engine | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._engine is not None:
            self._engine.worker.close()
        if self.pinned.revisions.has_copied or (self._engine is not None and self._engine.has_copied):
            with suppress(StoreError, OSError):  # the next one that copies, a service or a purge does it
                Retention(self._session.store).clear_revisions()
        self._session.close()

    # --- the work

    def follow(self, number: str, watch: Watch | None, interruption: Interruption) -> ExecutionView:
        """Do the work of an execution's tree, or follow whoever does it, until it has ended or is held.

        The first interruption requests a pause of the whole tree. Returns how the execution stands then.
        `watch`: None where nobody wants to see it before.
        """
        pace = Pace()
        pause_requested = False
        changed = True
        while True:
            engine = self._working
            changed |= engine is None or engine.run_once() > 0
            if watch is not None and changed and pace.is_due():
                with pace.measured():
                    watch(self.execution(number))
                changed = False
            if interruption.requested and not pause_requested and self._pause_tree(number):
                pause_requested = changed = True
                continue
            if self._is_over(number):
                break
            self._wait(pace.seconds_left() if watch is not None and changed else POLL_SECONDS)
        view = self.execution(number)
        if watch is not None:
            watch(view)
        return view

    def _is_over(self, number: str) -> bool:
        if self._working is not None:
            return self._working.leave_if_over()
        view = self.queries.brief(number)
        if view.is_stalled:  # whose engine has died, or has left before it began
            self.operations.take_over(number, self._own_engine())
            return False
        return view.status in COMPLETED or view.status == "paused"

    def _wait(self, seconds: float) -> None:
        if self._working is not None:
            self._working.wait(seconds)
            return
        select.select([self._session.presence], [], [], seconds)
        self._session.presence.drain()

    def _pause_tree(self, number: str) -> bool:
        """Pause the whole tree; False when it cannot be paused now: it is about to end, or has not begun."""
        root = self.queries.root_view(number)
        assert root is not None
        try:
            self.operations.pause(root.id, None)
        except Refused:
            return False
        return True

    def interrupt(self) -> None:
        """Wake `follow`; safe in a signal handler."""
        if self._engine is not None:
            self._engine.worker.interrupt()

    def abandon(self) -> None:
        """Leave at once: what runs is ended, and is abandoned when the execution is taken up again."""
        if self._engine is not None:
            self._engine.worker.kill()

    @property
    def works(self) -> bool:
        """Whether this process is an engine now."""
        return self._working is not None

    @property
    def _working(self) -> Engine | None:
        """The engine, if it is that of the tree: another process may have become it first."""
        return self._engine if self._engine is not None and self._engine.trees.roots else None

    def _own_engine(self) -> Engine:
        """The engine of this process; whether it becomes that of a tree, an operation decides."""
        if self._engine is None:
            self._engine = self._session.engine(self.catalog_of)
        return self._engine
