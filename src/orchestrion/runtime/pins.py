"""Which revisions of packs the executions use: an execution is *pinned* to them, with all that is below it.

A pack is pinned in the commit that first uses it: the start, for the pack of the workflow itself, else the
claim of the first attempt of one of its actions. A re-run is another execution, and so begins without pins;
what is resumed or taken over keeps its own.

To copy a pack may take long, and so does not happen in a commit: an attempt of an action whose pack is not
pinned yet does not begin before `prepare` has taken the revision, between two commits.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from weakref import ref as ref_of

from orchestrion.actions.action_files import ActionFiles
from orchestrion.actions.catalog import Catalog, built_in_packs
from orchestrion.actions.metadata import Action, Pack
from orchestrion.actions.pack_files import Heed, ignore
from orchestrion.actions.revisions import Revision, Revisions
from orchestrion.errors import NotFound, OrchestrionError, Refused, StoreBusy, UsageError
from orchestrion.store import rows
from orchestrion.store.sqlite import Reading, Transaction

if TYPE_CHECKING:
    from orchestrion.runtime.unit import Unit

Catalogs: TypeAlias = Callable[[Sequence[str]], Catalog]
"""Gives the actions of a tree, by the folders of packs that were recorded when it started."""

_OPENED: Final = 64
_Wanted: TypeAlias = tuple[str, str]
"""The folders of packs, as they are recorded, and the action."""


def pin(transaction: Transaction, execution: str, revision: Revision) -> None:
    """An execution uses a revision from now on.

    Raises StoreBusy when a purge has deleted it since it was taken: nobody had used it.
    """
    if not revision.is_there:
        raise StoreBusy(f"The revision {revision.shown} of the pack {revision.pack} was purged just now.")
    transaction.run(
        "add_pinned",
        execution=execution,
        pack=revision.pack,
        revision=revision.name,
        version=revision.version,
        home=str(revision.home),
    )


class PinnedPacks:
    """Finds actions as executions use them: in the revision of the pack, if it is pinned.

    `heed` is called now and then while a pack is copied.
    """

    def __init__(self, store: Reading, catalogs: Catalogs, heed: Heed = ignore) -> None:
        self.revisions: Final = Revisions(store.path, heed)
        self._catalogs: Final = catalogs
        self._known_catalogs: Final[dict[str, Catalog]] = {}
        self._opened: Final = lru_cache(_OPENED)(_open)

    def find(self, transaction: Transaction, execution: str, packs: str, ref: str) -> Action:
        """An action for an execution at the top of a tree, and the folders that were recorded for it.

        Raises NotFound, UsageError, Refused.
        """
        revision = self.pinned(transaction, execution, ref)
        return self.catalog_for(packs).find(ref) if revision is None else self.in_revision(revision, ref)

    def find_for(self, transaction: Transaction, number: str, ref: str) -> Action:
        """An action as the tree of an execution of any kind uses it. Raises NotFound, UsageError, Refused."""
        row = transaction.one("tree_of_execution", id=number)
        if row is None:
            raise NotFound(f"The workflow of {number} is not there any more: it was purged.")
        return self.find(transaction, row["execution"], row["packs"], ref)

    def pinned(self, transaction: Transaction, execution: str, ref: str) -> Revision | None:
        """The revision in which an execution finds an action, if its pack is pinned."""
        pack = ref.partition(".")[0]
        row = None if pack in built_in_packs() else transaction.one("pinned", execution=execution, pack=pack)
        if row is None:
            return None
        return self.revisions.find(row["pack"], row["revision"], row["version"], Path(row["home"]))

    def in_revision(self, revision: Revision, ref: str) -> Action:
        """An action as it is in a revision. Raises NotFound, UsageError, Refused."""
        if not revision.is_there:
            raise Refused(
                f"{revision.folder}: The revision {revision.shown} of the pack {revision.pack}, which this "
                "execution uses, is not there. Put it back, for example from a backup; or re-run the "
                "execution from this task: a re-run takes the pack as it is then."
            )
        try:
            pack, files = self._opened(revision)
            return files.find(ref, pack)
        except (NotFound, UsageError) as error:
            home, copy = str(revision.home), str(revision.folder)
            note = (
                f"This execution uses the pack {revision.pack} as it was when it first did (revision "
                f"{revision.shown}); a re-run takes it as it is then."
            )
            problems = [problem.replace(copy, home) for problem in error.problems]
            raise type(error)(
                error.message.replace(copy, home), problems=[*problems, note], hint=error.hint
            ) from error

    def is_bundled(self, packs: str, ref: str) -> bool:
        """Whether the pack of an action comes with Orchestrion, and so needs no copy."""
        try:
            pack = self.catalog_for(packs).pack(ref.partition(".")[0])
        except UsageError:
            return False
        return pack is not None and pack.is_bundled

    def catalog_for(self, packs: str) -> Catalog:
        """The actions as they are now, by the folders as they are recorded."""
        found = self._known_catalogs.get(packs)
        if found is None:
            found = self._known_catalogs[packs] = self._catalogs(rows.from_json(packs))
        return found


class Pins:
    """Pins packs for one engine, and prepares what it pins.

    An attempt may begin when its action `is_ready`. If it is not, `prepare` makes it so.
    """

    def __init__(self, packs: PinnedPacks) -> None:
        self._packs: Final = packs
        self._wanted: dict[_Wanted, None] = {}
        self._taken: dict[_Wanted, Revision | OrchestrionError | None] = {}  # None: needs no copy
        self._unit: Callable[[], Unit | None] = _nothing
        self._pinned: dict[tuple[str, str], Revision | None] = {}

    @property
    def has_copied(self) -> bool:
        """Whether a pack was copied here, which perhaps no execution has been pinned to."""
        return self._packs.revisions.has_copied

    def is_ready(self, unit: "Unit", root: str, ref: str) -> bool:
        """Whether an action of a tree can be found without copying its pack; else it will be copied."""
        if not ref or ref.partition(".")[0] in built_in_packs():
            return True
        row = unit.workflow(root).row
        wanted = (row["packs"], ref)
        pinned = self._pinned_for(unit, row["execution"], ref)
        if pinned is not None and (pinned.is_there or wanted in self._taken):
            return True
        if wanted not in self._taken and self._packs.is_bundled(*wanted):
            self._taken[wanted] = None
        taken = self._taken.get(wanted)
        if wanted in self._taken and not (isinstance(taken, Revision) and not taken.is_there):
            return True
        self._wanted[wanted] = None
        return False

    def _pinned_for(self, unit: "Unit", execution: str, ref: str) -> Revision | None:
        """The revision that an execution uses of the pack of an action, read once a unit."""
        if self._unit() is not unit:
            self._unit, self._pinned = ref_of(unit), {}
        key = (execution, ref.partition(".")[0])
        if key not in self._pinned:
            self._pinned[key] = self._packs.pinned(unit.transaction, execution, ref)
        return self._pinned[key]

    def prepare(self) -> int:
        """Copy the packs that were not ready, unless they have not changed; how many actions wait for them.

        A revision that is pinned and not there any more comes back by this, if the pack has not changed.
        """
        wanted, self._wanted = self._wanted, {}
        taken: dict[Path, Revision] = {}
        self._taken = {one: self._take(one, taken) for one in wanted}
        return len(wanted)

    def find(self, unit: "Unit", root: str, ref: str) -> Action:
        """The action of an attempt that is claimed; its pack is pinned from now on.

        Raises NotFound, UsageError, Refused.
        """
        row: dict[str, Any] = unit.workflow(root).row
        execution, packs = row["execution"], row["packs"]
        if ref.partition(".")[0] in built_in_packs():
            return self._packs.catalog_for(packs).find(ref)
        revision = self._pinned_for(unit, execution, ref)
        if revision is None:
            taken = self._taken[packs, ref]
            if isinstance(taken, OrchestrionError):
                raise taken.with_traceback(None)
            if taken is None:
                return self._packs.catalog_for(packs).find(ref)
            pin(unit.transaction, execution, taken)
            revision = self._pinned[execution, ref.partition(".")[0]] = taken
        return self._packs.in_revision(revision, ref)

    def _take(self, wanted: _Wanted, taken: dict[Path, Revision]) -> Revision | OrchestrionError:
        """The revision that an action's pack is now; or why there is none."""
        try:
            pack = self._packs.catalog_for(wanted[0]).find(wanted[1]).pack
            if pack.folder not in taken:
                taken[pack.folder] = self._packs.revisions.take(pack)
            return taken[pack.folder]
        except OrchestrionError as error:
            return error


def _nothing() -> None:
    """No unit yet."""


def _open(revision: Revision) -> tuple[Pack, ActionFiles]:
    return revision.read(), ActionFiles()
