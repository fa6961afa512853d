"""What one person asks of one store: queries, and operations that are committed when they return.

Who does the work that follows is another part: of the process that holds these commands (`local`, `serving`).
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final, TypeVar

from orchestrion.actions.catalog import Catalog
from orchestrion.actions.metadata import Action, Pack
from orchestrion.actions.parameters import Surroundings, masked
from orchestrion.actions.revisions import Revision
from orchestrion.client.contents import contents_of
from orchestrion.client.files import WorkflowFile
from orchestrion.client.packs import PackFolders, catalog_of
from orchestrion.client.targets import Target, target_in, whole_rerun, whole_rerun_with
from orchestrion.core.values import Json
from orchestrion.errors import NotFound, Refused, StoreBusy, UsageError
from orchestrion.operations import (
    Accepted,
    Asking,
    Control,
    ControlPlan,
    FailedStart,
    Operations,
    RerunPlan,
    RerunRequest,
    StartPlan,
    StartRequest,
)
from orchestrion.operations.tree import stands_alone
from orchestrion.queries import Choice, ExecutionView, InquiryView, Queries
from orchestrion.runtime.clock import system_clock
from orchestrion.runtime.engine import Engine
from orchestrion.runtime.keyring import KeyRing
from orchestrion.runtime.pins import PinnedPacks
from orchestrion.runtime.surroundings import surroundings_of
from orchestrion.store.rows import digest_of
from orchestrion.store.sqlite import Reading

T = TypeVar("T")

PLAIN: Final = Asking()
"""Asked without a reason, and under no name."""


class Commands:
    """The commands of `actor` on one store.

    `engine` gives the engine of this process, with which an operation begins the work that follows at once.
    """

    def __init__(
        self,
        store: Reading,
        queries: Queries,
        operations: Operations,
        packs: PackFolders,
        actor: str,
        engine: Callable[[], Engine],
    ) -> None:
        self.actor: Final = actor
        self.queries: Final = queries
        self.operations: Final = operations
        self._store: Final = store
        self._packs: Final = packs
        self._engine_of: Final = engine
        self._catalog: Final = catalog_of(packs.for_new())
        self.pinned: Final = PinnedPacks(store, self.catalog_of)
        self._opened: Final[list[Json]] = []

    @property
    def catalog(self) -> Catalog:
        """The actions of something that starts."""
        return self._catalog

    # --- queries

    def executions(self, count: int, only: Choice | None = None) -> list[ExecutionView]:
        """The newest executions, or the newest of some."""
        return self.queries.executions(count, only)

    def execution(self, number: str, *, attempts: bool = False) -> ExecutionView:
        """One execution with its tasks. Raises NotFound."""
        view = self.queries.execution(number, attempts=attempts)
        if view.started_at is not None:
            return view
        return replace(view, parameters=self.masked_parameters(view.id, view.action, view.parameters))

    def inquiries(self, count: int) -> list[InquiryView]:
        """The newest inquiries that wait for an answer."""
        return self.queries.inquiries(count)

    def inquiry(self, number: str) -> InquiryView:
        """One inquiry. Raises NotFound."""
        return self.queries.inquiry(number)

    def masked_parameters(self, number: str, action: str, parameters: Json) -> Json:
        """The parameters of an execution that has not begun: what is secret, only its metadata tells yet."""
        try:
            with self._store.reading() as transaction:
                found = self.pinned.find_for(transaction, number, action)
        except (NotFound, UsageError, Refused):
            return parameters
        return masked(found.all_parameters, parameters if isinstance(parameters, dict) else {})

    # --- operations; each returns at once, `follow` does the work

    def start(self, target: Target, asking: Asking = PLAIN, *, detached: bool = False) -> str:
        """Start a workflow; returns the id of its execution. `detached`: somebody else will do the work."""
        return self._start(target, None, asking, detached=detached)

    def run(
        self,
        workflow: str | WorkflowFile,
        words: Sequence[str] = (),
        asking: Asking = PLAIN,
        *,
        detached: bool = False,
    ) -> Accepted:
        """Start a workflow of a pack or a file, with `NAME=VALUE` words; notes warn of what may be wrong.

        Raises UsageError with every problem, NotFound, Refused, SealError.
        """
        target = target_in(self.catalog, workflow, words, self.surroundings_of)
        return Accepted(self.start(target, asking, detached=detached), "requested", target.warnings)

    def pause(self, number: str, asking: Asking = PLAIN) -> Accepted:
        """Request a pause. Raises NotFound, Refused."""
        return self.operations.pause(number, self._engine_of(), asking)

    def cancel(self, number: str, asking: Asking = PLAIN) -> Accepted:
        """Request a cancellation. Raises NotFound, Refused."""
        return self.operations.cancel(number, self._engine_of(), asking)

    def resume(self, number: str, asking: Asking = PLAIN, *, detached: bool = False) -> Accepted:
        """Resume. Raises NotFound, Refused."""
        engine = None if detached else self._engine_of()
        return self.operations.resume(number, engine, asking)

    def respond(
        self, number: str, answer: Json, asking: Asking = PLAIN, *, detached: bool = False
    ) -> Accepted:
        """Answer an inquiry. Raises NotFound, UsageError, Refused."""
        engine = None if detached else self._engine_of()
        return self.operations.respond(number, answer, engine, asking)

    def outlook(self, number: str, kind: Control) -> ControlPlan:
        """What a pause, a resume or a cancellation would do. Raises NotFound, Refused."""
        return self.operations.outlook(number, kind)

    def outlook_of_answer(self, number: str, answer: Json) -> ControlPlan:
        """What an answer to an inquiry would do. Raises NotFound, UsageError, Refused."""
        return self.operations.outlook_of_answer(number, answer)

    def fail(self, request: FailedStart, asking: Asking = PLAIN) -> str:
        """Keep something that fails before it begins as an execution; returns its id."""
        return self.operations.fail(request, asking)

    def plan(self, request: RerunRequest) -> RerunPlan:
        """What a re-run from tasks would do. Raises NotFound, Refused."""
        number = request.execution
        contents = self._contents_of(number, self.queries.definition_of(number), self._pack_of(number))
        return self.operations.plan(replace(request, contents=contents))

    def rerun(self, request: RerunRequest, asking: Asking = PLAIN, *, detached: bool = False) -> Accepted:
        """Re-run from tasks. Raises NotFound, Refused."""
        engine = None if detached else self._engine_of()
        number = request.execution
        pack = self._pack_of(number)

        def rerun(revision: Revision | None) -> Accepted:
            taking = replace(request, revision=revision)
            if asking.digest is not None:
                definition = self.queries.definition_of(number)
                contents = self._contents_of(number, definition, pack, revision)
                taking = replace(taking, contents=contents)
            return self.operations.rerun(taking, engine, asking)

        return self._with_revision(pack, rerun)

    def whole_rerun(self, number: str, words: Sequence[str] = ()) -> Target:
        """What a whole re-run starts: the parameters, changed by words; the definition as registered now."""
        view = self.execution(number)
        text = self.queries.definition_of(number)
        parameters = self.queries.parameters_of(number)
        catalog = self.catalog_of(self.queries.packs_of(number))
        return self._again(whole_rerun(view, parameters, text, words, catalog, self.surroundings_of), view)

    def whole_rerun_with(
        self, number: str, changes: Mapping[str, Json], delay: int = 0, *, merged: bool = True
    ) -> Target:
        """The same with values, `delay` seconds later. Not `merged`: with no parameters but these."""
        view = self.execution(number)
        text = self.queries.definition_of(number)
        parameters = self.queries.parameters_of(number) if merged else {}
        catalog = self.catalog_of(self.queries.packs_of(number))
        target = whole_rerun_with(view, parameters, text, changes, catalog, self.surroundings_of, delay)
        return self._again(target, view)

    def _again(self, target: Target, view: ExecutionView) -> Target:
        """A whole re-run, with what is secret in what it keeps, and what who asks for it should know."""
        secrets = self.queries.secrets_in(view.id, {**target.parameters})
        return replace(_alone(target, view), opened=(*self._opened, *secrets))

    def plan_whole(self, number: str, words: Sequence[str] = ()) -> StartPlan:
        """What a whole re-run would do, with parameters changed by words. Raises as `whole_rerun`."""
        return self.plan_again(number, self.whole_rerun(number, words))

    def plan_again(self, number: str, target: Target) -> StartPlan:
        """What a whole re-run of an execution would do that starts a target. Raises SealError."""
        digest = self._digest_of(number, target)
        return StartPlan(number, target.action, target.source, target.shown, target.warnings, digest)

    def run_again(
        self, number: str, words: Sequence[str] = (), asking: Asking = PLAIN, *, detached: bool = False
    ) -> Accepted:
        """Re-run the whole, with parameters changed by words; notes warn of what may be wrong."""
        target = self.whole_rerun(number, words)
        again = self.start_again(number, target, asking, detached=detached)
        return Accepted(again, "requested", target.warnings)

    def start_again(
        self, number: str, target: Target, asking: Asking = PLAIN, *, detached: bool = False
    ) -> str:
        """Start a whole re-run: a fresh execution with a new workflow execution."""
        return self._start(target, number, asking, detached=detached)

    def _start(self, target: Target, rerun_of: str | None, asking: Asking, *, detached: bool) -> str:
        known = self.queries.packs_of(rerun_of) if rerun_of is not None else None
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
            (*self._opened, *target.opened),
            wraps=target.wraps,
            given=target.given,
        )
        engine = None if detached else self._engine_of()

        def start(revision: Revision | None) -> str:
            digest = None
            if rerun_of is not None and asking.digest is not None:
                digest = self._digest_of(rerun_of, target, revision)
            return self.operations.start(replace(request, revision=revision, digest=digest), engine, asking)

        return self._with_revision(target.pack, start)

    def _digest_of(self, number: str, target: Target, revision: Revision | None = None) -> str:
        """What names the plan of a whole re-run (`Asking`), all that is secret included. Raises SealError."""
        contents = self._contents_of(number, target.definition, target.pack, revision)
        named: list[Json] = [number, target.action, target.definition, {**target.parameters}]
        digest = digest_of([*named, target.source, target.wraps, {**contents}])
        if not (target.secret or target.opened):
            return digest
        with self._store.reading() as transaction:  # else whoever sees the plan could try what is short
            return transaction.digest(digest)

    def _contents_of(
        self, number: str, definition: str | None, pack: Pack | None, revision: Revision | None = None
    ) -> Mapping[str, str]:
        """What names the packs that a re-run of an execution takes, one of them perhaps already."""
        if definition is None:
            return {}
        catalog = self.catalog_of(self.queries.packs_of(number))
        contents = contents_of(definition, pack, catalog, self._store.path)
        return contents if revision is None else {**contents, revision.pack: revision.name}

    def _pack_of(self, number: str) -> Pack | None:
        """The pack of the workflow that an execution runs, if it is there and valid. Raises NotFound."""
        view = self.queries.brief(number)
        if view.source is not None:
            return None
        catalog = self.catalog_of(self.queries.packs_of(number))
        with suppress(UsageError):  # which the first action of the pack will tell
            return catalog.pack(view.action.partition(".")[0])
        return None

    def _with_revision(self, pack: Pack | None, ask: Callable[[Revision | None], T]) -> T:
        """Ask for what begins with a pack as it is now. Raises UsageError when that cannot be copied."""
        if pack is None or pack.is_bundled:
            return ask(None)
        while True:
            with suppress(StoreBusy):  # a purge came between the two: take it again
                return ask(self.pinned.revisions.take(pack))

    def surroundings_of(self, action: Action) -> Surroundings:
        """What the defaults of something that starts may refer to. Raises UsageError, SealError."""
        keys = KeyRing(self._store.reading, self.actor, system_clock(), self._opened.append)
        context: dict[str, Json] = {"user": self.actor, "pack": action.pack.ref}
        return surroundings_of(action, keys, lambda: context, self._opened.append)

    def catalog_of(self, recorded: Sequence[str]) -> Catalog:
        """The actions of something that has started already, with the folders that it was started with."""
        return catalog_of(self._packs.for_known(recorded))


def _alone(target: Target, view: ExecutionView) -> Target:
    """A whole re-run, with what who asks for that of a sub-workflow should know."""
    if view.parent is None or view.task is None:
        return target
    way = f"--tasks {view.task}" if view.item is None else f"--items {view.task}={view.item}"
    return replace(target, warnings=(*target.warnings, stands_alone(view.parent, way)))
