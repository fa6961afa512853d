"""The client's way to the accounts of a store."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from orchestrion.accounts import Accounts, AccountView
from orchestrion.runtime.clock import system_clock
from orchestrion.store.sqlite import Store

__all__ = ["AccountView", "Accounts", "open_accounts"]


@contextmanager
def open_accounts(database: Path) -> Generator[Accounts]:
    """The accounts of a store, which is made if it is not there."""
    store = Store(database)
    try:
        yield Accounts(store, system_clock)
    finally:
        store.close()
