"""The key store as Python actions use it (`self.action_service`)."""

from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from typing import Final

from orchestrion.actions.runners.datastore import StoredKey
from orchestrion.errors import NotFound
from orchestrion.keys import Keys, KeyView, NewKey
from orchestrion.runtime.clock import system_clock
from orchestrion.store.sqlite import Store


class ActionKeys:
    """The keys of a store. Opened when an action asks: the engine's connection is its thread's alone."""

    def __init__(self, database: Path, open_store: Callable[[Path], Store] = Store) -> None:
        self._database: Final = database
        self._open: Final = open_store
        self.opened: Final[deque[tuple[str, str]]] = deque()
        """Values that are secrets of executions, which nobody knows of yet."""
        self._asking: Final = Lock()
        self._store: Store | None = None

    def get(self, name: str, *, scope: str, user: str, decrypt: bool, execution: str) -> str | None:
        """The value of a key, or None. Raises UsageError, SealError."""
        with self._asking:
            try:
                found = self._keys(user).get(name, scope, decrypt=decrypt)
            except NotFound:
                return None
            if found.secret and decrypt:
                self.opened.append((execution, found.value))
            return found.value

    def set(self, key: StoredKey, *, user: str, ttl: int | None, execution: str) -> None:
        """Set a key. Raises UsageError, SealError."""
        with self._asking:
            if key.secret:
                self.opened.append((execution, key.value))
            self._keys(user).put([NewKey(key.name, key.value, key.scope, key.secret, ttl)])

    def delete(self, name: str, *, scope: str, user: str) -> bool:
        """Delete a key; whether there was one. Raises UsageError."""
        with self._asking:
            try:
                self._keys(user).delete([name], scope)
            except NotFound:
                return False
            return True

    def matching(self, prefix: str, *, scope: str, user: str) -> Sequence[StoredKey]:
        """The keys whose names begin with a prefix. Raises UsageError."""
        with self._asking:
            return [_stored(key) for key in self._keys(user).matching(scope, prefix=prefix)]

    def close(self) -> None:
        """Close the store."""
        with self._asking:
            if self._store is not None:
                self._store.close()
                self._store = None

    def _keys(self, user: str) -> Keys:
        if self._store is None:
            self._store = self._open(self._database)
        return Keys(self._store, system_clock, user)


def _stored(key: KeyView) -> StoredKey:
    return StoredKey(key.name, key.value, key.scope, key.secret)
