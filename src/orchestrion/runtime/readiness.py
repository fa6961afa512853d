"""What must be at hand before an attempt is claimed, so that its action begins right after the commit.

That is the revision of its pack (`pins`), and what its runner needs: a Python action the process from which
it is forked. What is not ready waits in the queue; neither a transaction nor the engine waits for it.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from orchestrion.actions.catalog import built_in_packs
from orchestrion.actions.metadata import Action
from orchestrion.actions.runners.registry import PREPARED
from orchestrion.runtime.pins import Pins
from orchestrion.runtime.share import Share
from orchestrion.runtime.worker import Worker

if TYPE_CHECKING:
    from orchestrion.runtime.unit import Unit


class Readiness:
    """Knows for one engine what is ready, and brings about what is not."""

    def __init__(self, pins: Pins, worker: Worker) -> None:
        self._pins: Final = pins
        self._worker: Final = worker
        self._preparing: Final[dict[Path, Action]] = {}  # by the folders of their packs
        self._unready: Final[set[tuple[str, str]]] = set()  # trees and actions that wait for those
        self._passed_over: Final[set[str]] = set()
        self._looked_at = 0
        self._always: Final[set[str]] = set()  # built-in actions that need nothing

    def is_ready(self, unit: "Unit", root: str, ref: str) -> bool:
        """Whether an attempt of a tree may be claimed for its action; else `prepare` makes it so."""
        if ref in self._always:
            return True
        if (root, ref) in self._unready or not self._pins.is_ready(unit, root, ref):
            return False
        action = self._pins.peek(unit, root, ref) if ref else None
        if action is None or self._worker.is_ready(action):
            if (
                action is not None
                and action.runner_type not in PREPARED
                and action.pack.ref in built_in_packs()
            ):
                self._always.add(ref)
            return True
        self._preparing[action.pack.folder] = action
        self._unready.add((root, ref))
        return False

    def prepare(self) -> int:
        """Bring about what was not ready, or go on with it; how much is ready by that."""
        ready: list[Path] = []
        for folder, action in self._preparing.items():
            if not self._worker.is_ready(action):
                self._worker.prepare(action)
            if self._worker.is_ready(action):
                ready.append(folder)
        for folder in ready:
            del self._preparing[folder]
        if ready:
            self._unready.clear()
            self._passed_over.clear()
        return len(ready) + self._pins.prepare()

    # --- attempts that are due and not ready

    def due(self, unit: "Unit", share: Share, count: int) -> list[Mapping[str, Any]]:
        """The attempts of a share that are due and may be ready.

        Those that are known not to be must not keep them from being claimed.
        """
        self._looked_at = unit.now
        due = share.due(unit.transaction, unit.now, count + len(self._passed_over))
        return [row for row in due if row["execution"] not in self._passed_over]

    @property
    def passed_over_until(self) -> int:
        """Until when nothing that is due counts, as something waits of which only `prepare` tells more."""
        return self._looked_at if self._passed_over else -1

    def pass_over(self, unit: "Unit", offered: Iterable[Mapping[str, Any]]) -> None:
        """Of attempts that were to be claimed, leave out those that are not ready until something is."""
        if not self._unready:
            return
        for row in offered:
            attempt = unit.ledger.attempt(row["execution"])
            if attempt is not None and attempt.engine is None:
                action = unit.ledger.execution(attempt.execution).action
                if (attempt.root, action) in self._unready:
                    self._passed_over.add(attempt.execution)
