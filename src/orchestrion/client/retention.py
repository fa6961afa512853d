"""The client's way to purge a store."""

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path

from orchestrion.runtime.retention import Purgeable, Retention
from orchestrion.store.sqlite import Store

__all__ = ["Purgeable", "Retention", "open_retention"]


@contextmanager
def open_retention(database: Path, statuses: Iterable[str] | None) -> Generator[Retention]:
    """What purges a store: executions of these statuses, or of all that have ended."""
    store = Store(database)
    try:
        yield Retention(store) if statuses is None else Retention(store, statuses)
    finally:
        store.close()
