"""The client on a local file: operations and queries in this process, and the work where nobody else does it.

Who does the work (architecture 4): a command that starts or goes on with something is the engine of that one
tree until it has ended or is paused, unless another process is already; then it follows, and takes over if
that one dies. Pause and cancel only commit where an engine lives; where the engine of an unfinished tree has
died, they take it over and stay until it is quiet. Which of these it is, the operation decides in its commit.
"""

import select
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Final, Self, TypeVar

from orchestrion.actions.catalog import Catalog
from orchestrion.actions.metadata import Action, Pack
from orchestrion.actions.parameters import Surroundings, masked
from orchestrion.actions.revisions import Revision
from orchestrion.client.packs import PackFolders, catalog_of
from orchestrion.client.session import Session
from orchestrion.client.targets import Target, whole_rerun
from orchestrion.core.status import COMPLETED
from orchestrion.core.values import Json
from orchestrion.errors import NotFound, Refused, StoreBusy, StoreError, UsageError
from orchestrion.operations import Accepted, Asking, RerunPlan, RerunRequest, StartRequest
from orchestrion.queries import Choice, ExecutionView, InquiryView
from orchestrion.runtime.clock import system_clock
from orchestrion.runtime.engine import POLL_SECONDS, Engine
from orchestrion.runtime.keyring import KeyRing
from orchestrion.runtime.pins import PinnedPacks
from orchestrion.runtime.retention import Retention
from orchestrion.runtime.surroundings import surroundings_of

T = TypeVar("T")

_SHOW_SECONDS: Final = 0.02
_SHOW_SHARE: Final = 5

PLAIN: Final = Asking()
"""Asked without a reason, and under no name."""

Watch = Callable[[ExecutionView], None]
"""Is shown the execution whenever something has changed."""


@dataclass(slots=True)
class Interruption:
    """What Ctrl-C has asked for: `requested` counts how often."""

    requested: int = 0


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


class LocalClient:
    """The commands on one store. Use it as a context."""

    def __init__(self, database: Path, packs: PackFolders, actor: str) -> None:
        self._session: Final = Session(database, actor)
        self._packs: Final = packs
        self._catalog: Final = catalog_of(packs.for_new())
        self._pinned: Final = PinnedPacks(self._session.store, self._catalog_of)
        self._engine: Engine | None = None
        self._opened: Final[list[Json]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._engine is not None:
            self._engine.worker.close()
        if self._pinned.revisions.has_copied or (self._engine is not None and self._engine.has_copied):
            with suppress(StoreError, OSError):  # the next one that copies, a service or a purge does it
                Retention(self._session.store).clear_revisions()
        self._session.close()

    @property
    def catalog(self) -> Catalog:
        """The actions of something that starts."""
        return self._catalog

    # --- queries

    def executions(self, count: int, only: Choice | None = None) -> list[ExecutionView]:
        """The newest executions, or the newest of some."""
        return self._session.queries.executions(count, only)

    def execution(self, number: str, *, attempts: bool = False) -> ExecutionView:
        """One execution with its tasks. Raises NotFound."""
        view = self._session.queries.execution(number, attempts=attempts)
        return self._without_secrets(view) if view.started_at is None else view

    def inquiries(self, count: int) -> list[InquiryView]:
        """The newest inquiries that wait for an answer."""
        return self._session.queries.inquiries(count)

    def inquiry(self, number: str) -> InquiryView:
        """One inquiry. Raises NotFound."""
        return self._session.queries.inquiry(number)

    def _without_secrets(self, view: ExecutionView) -> ExecutionView:
        """An action that has not begun: what is secret in its parameters, only its metadata tells as yet."""
        try:
            with self._session.store.reading() as transaction:
                action = self._pinned.find_for(transaction, view.id, view.action)
        except (NotFound, UsageError, Refused):
            return view
        values = view.parameters if isinstance(view.parameters, dict) else {}
        return replace(view, parameters=masked(action.all_parameters, values))

    # --- operations; each returns at once, `follow` does the work

    def start(self, target: Target, asking: Asking = PLAIN, *, detached: bool = False) -> str:
        """Start a workflow; returns the id of its execution. `detached`: somebody else will do the work."""
        return self._start(target, None, asking, detached=detached)

    def pause(self, number: str, asking: Asking = PLAIN) -> Accepted:
        """Request a pause. Raises NotFound, Refused."""
        return self._session.operations.pause(number, self._own_engine(), asking)

    def cancel(self, number: str, asking: Asking = PLAIN) -> Accepted:
        """Request a cancellation. Raises NotFound, Refused."""
        return self._session.operations.cancel(number, self._own_engine(), asking)

    def resume(self, number: str, asking: Asking = PLAIN, *, detached: bool = False) -> Accepted:
        """Resume. Raises NotFound, Refused."""
        engine = None if detached else self._own_engine()
        return self._session.operations.resume(number, engine, asking)

    def respond(
        self, number: str, answer: Json, asking: Asking = PLAIN, *, detached: bool = False
    ) -> Accepted:
        """Answer an inquiry. Raises NotFound, UsageError, Refused."""
        engine = None if detached else self._own_engine()
        return self._session.operations.respond(number, answer, engine, asking)

    def plan(self, request: RerunRequest) -> RerunPlan:
        """What a re-run from tasks would do. Raises NotFound, Refused."""
        return self._session.operations.plan(request)

    def rerun(self, request: RerunRequest, asking: Asking = PLAIN, *, detached: bool = False) -> Accepted:
        """Re-run from tasks. Raises NotFound, Refused."""
        engine = None if detached else self._own_engine()
        pack = self._pack_of(request.execution)
        return self._with_revision(
            pack, lambda it: self._session.operations.rerun(replace(request, revision=it), engine, asking)
        )

    def whole_rerun(self, number: str, words: Sequence[str] = ()) -> Target:
        """What a whole re-run starts: the parameters, changed by words; the definition as registered now."""
        view = self.execution(number)
        text = self._session.queries.definition_of(number)
        parameters = self._session.queries.parameters_of(number)
        catalog = self._catalog_of(self._session.queries.packs_of(number))
        return whole_rerun(view, parameters, text, words, catalog, self.surroundings_of)

    def start_again(
        self, number: str, target: Target, asking: Asking = PLAIN, *, detached: bool = False
    ) -> str:
        """Start a whole re-run: a fresh execution with a new workflow execution."""
        return self._start(target, number, asking, detached=detached)

    def _start(self, target: Target, rerun_of: str | None, asking: Asking, *, detached: bool) -> str:
        known = self._session.queries.packs_of(rerun_of) if rerun_of is not None else None
        folders = self._packs.for_new() if known is None else self._packs.for_known(known)
        packs = tuple(str(folder.resolve()) for folder in folders)
        request = StartRequest(
            target.action,
            target.definition,
            target.inputs,
            target.source,
            rerun_of,
            packs,
            target.secret,
            target.secret_output,
            tuple(self._opened),
            wraps=target.wraps,
            given=target.given,
        )
        engine = None if detached else self._own_engine()
        return self._with_revision(
            target.pack,
            lambda it: self._session.operations.start(replace(request, revision=it), engine, asking),
        )

    def _pack_of(self, number: str) -> Pack | None:
        """The pack of the workflow that an execution runs, if it is there and valid. Raises NotFound."""
        view = self._session.queries.brief(number)
        if view.source is not None:
            return None
        catalog = self._catalog_of(self._session.queries.packs_of(number))
        with suppress(UsageError):  # which the first action of the pack will tell
            return catalog.pack(view.action.partition(".")[0])
        return None

    def _with_revision(self, pack: Pack | None, ask: Callable[[Revision | None], T]) -> T:
        """Ask for what begins with a pack as it is now. Raises UsageError when that cannot be copied."""
        if pack is None or pack.is_bundled:
            return ask(None)
        while True:
            with suppress(StoreBusy):  # a purge came between the two: take it again
                return ask(self._pinned.revisions.take(pack))

    def surroundings_of(self, action: Action) -> Surroundings:
        """What the defaults of something that starts may refer to. Raises UsageError, SealError."""
        session = self._session
        keys = KeyRing(session.store.reading, session.actor, system_clock(), self._opened.append)
        context: dict[str, Json] = {"user": session.actor, "pack": action.pack.ref}
        return surroundings_of(action, keys, lambda: context, self._opened.append)

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
        view = self._session.queries.brief(number)
        if view.is_stalled:  # whose engine has died, or has left before it began
            self._session.operations.take_over(number, self._own_engine())
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
        root = self._session.queries.root_view(number)
        assert root is not None
        try:
            self._session.operations.pause(root.id, None)
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
            self._engine = self._session.engine(self._catalog_of)
        return self._engine

    def _catalog_of(self, recorded: Sequence[str]) -> Catalog:
        return catalog_of(self._packs.for_known(recorded))
