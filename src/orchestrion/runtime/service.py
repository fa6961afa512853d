"""`serve` and `worker`: an engine that works for the whole store until it is told to stop.

Told to stop it drains: it starts nothing more, lets what runs end within a grace time, and then ends it; that
counts as abandoned. What waits is taken up by another process, or by the next one.
"""

import logging
from typing import Final

from orchestrion.errors import InvariantViolation, StoreError
from orchestrion.runtime.dispatcher import Dispatcher
from orchestrion.runtime.engine import POLL_SECONDS, Engine
from orchestrion.runtime.recovery import sweep
from orchestrion.runtime.retention import Keeper

SWEEP: Final = 2_000_000
"""How often a service looks for processes that have died, in microseconds."""

_RETRY_SECONDS: Final = 1.0
_ENDED: Final = "The process that ran this action was told to stop, and the action did not end in time."
_log = logging.getLogger(__name__)


class Service:
    """Works for a store. `run` returns when it has drained after `stop`. `keeper` clears it up."""

    def __init__(self, dispatcher: Dispatcher, engine: Engine, grace_seconds: float, keeper: Keeper) -> None:
        self._dispatcher = dispatcher
        self._engine = engine
        self._grace = round(grace_seconds * 1_000_000)
        self._keeper = keeper
        self._stopping = False
        self._next_sweep = 0

    def begin(self) -> None:
        """Announce this process, so that commands leave their work to it."""
        with self._dispatcher.unit(self._engine) as unit:
            self._engine.beat(unit)

    def stop(self) -> None:
        """Ask it to stop; safe in a signal handler."""
        self._stopping = True
        self._engine.worker.interrupt()

    def run(self) -> None:
        """Work until asked to stop, then drain."""
        while not self._stopping:
            self._round()
        self._engine.drain()
        _log.info("Told to stop: nothing more starts, and what runs may end.")
        until = self._dispatcher.peers.monotonic() + self._grace
        while self._round() or (self._engine.worker.busy and self._dispatcher.peers.monotonic() < until):
            pass
        self._end_rest()

    def _round(self) -> bool:
        """Do what there is to do, or wait for more; whether anything was done. Retries a store that fails."""
        try:
            if self._dispatcher.peers.monotonic() >= self._next_sweep:
                self._next_sweep = self._dispatcher.peers.monotonic() + SWEEP
                for engine in sweep(self._dispatcher):
                    self._dispatcher.measures.lost_processes += 1
                    _log.warning(
                        "A process has died or hangs; what it ran is given up.", extra={"engine": engine}
                    )
            is_purging = self._purge()
            if self._engine.run_once() or is_purging:
                return True
            self._engine.wait(POLL_SECONDS)
        except StoreError as error:
            _log.error("%s Trying again.", error)
            self._engine.worker.wait(_RETRY_SECONDS)
        except InvariantViolation as error:
            _log.error("%s", error)
        return False

    def _purge(self) -> bool:
        """Purge a bounded number of rows between two rounds; whether there is more to purge."""
        gone = self._keeper.perform()
        if gone:
            _log.info("Purged what ended long ago: executions %d.", gone)
        return self._keeper.is_busy

    def _end_rest(self) -> None:
        """End what still runs, and leave."""
        self._engine.inbox.close()
        worker = self._engine.worker
        left = worker.running
        worker.kill()
        with self._dispatcher.unit() as unit:
            for execution in left:
                unit.report(execution, "abandoned", {"error": _ENDED}, engine=self._engine.id)
            self._dispatcher.peers.leave(unit.transaction)
        for execution in left:
            _log.warning("An action did not end in time and was ended.", extra={"execution": execution})
