"""The thread of a server that does its bulk operations."""

import logging
from threading import Event, Thread
from typing import Final

from orchestrion.client.bulks import BulkWork
from orchestrion.errors import OrchestrionError

_POLL_SECONDS: Final = 1.0
_log = logging.getLogger(__name__)


class BulkThread:
    """Does bulk operations from `start` until `stop`."""

    def __init__(self, work: BulkWork) -> None:
        self._work: Final = work
        self._stopping: Final = Event()
        self._thread: Final = Thread(target=self._run, name="bulk", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Do no more, and return once what was begun is done."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            seconds: float | None = None
            try:
                seconds = self._work.run_once()
            except OrchestrionError as error:  # the part is tried again, under the same name
                _log.warning("A bulk operation waits: %s", error)
            self._stopping.wait(_POLL_SECONDS if seconds is None else min(seconds, _POLL_SECONDS))
