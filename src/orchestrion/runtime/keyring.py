"""The keys of the key store, as a transaction reads them (stackstorm-api 2.5).

A key belongs to the system, or to one user. One whose time is over is as if it were not there.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from orchestrion.core.values import Json
from orchestrion.errors import UsageError
from orchestrion.store.sqlite import Transaction
from orchestrion.store.vault import is_sealed

Scope: TypeAlias = Literal["system", "user"]

SYSTEM_PREFIX: Final = "system."
"""What a name begins with in an expression, if it is the system's."""


class Key(NamedTuple):
    """A key. The value of a secret one is sealed; `expires_at` is in microseconds since 1970, UTC."""

    scope: Scope
    owner: str
    name: str
    value: str
    secret: bool
    expires_at: int | None

    def plain(self, transaction: Transaction) -> str:
        """Its value, opened. Raises SealError."""
        return transaction.unseal(self.value, "key") if self.secret else self.value


def read_key(transaction: Transaction, name: str, owner: str | None, now: int) -> Key | None:
    """The key of that name: of a user, or (`owner` is None) of the system."""
    scope: Scope = "system" if owner is None else "user"
    row = transaction.one("key", scope=scope, owner=owner or "", name=name, now=now)
    return None if row is None else key_of(row)


def key_of(row: Mapping[str, Any]) -> Key:
    """The key of a row."""
    key = Key(**row)
    return key._replace(secret=bool(key.secret))


def missing_key(name: str, owner: str | None) -> str:
    """What is said of a key that is not there (stackstorm-api 5)."""
    shown = name if owner is None else f"{owner}:{name}"
    return f'The key "{shown}" does not exist in the StackStorm datastore.'


class KeyRing:
    """Reads keys for metadata and pack configs, as one user sees them (`actions.key_lookups.KeyReader`).

    `reading` opens a transaction for one key; `note_secret` is told every value that is opened.
    """

    def __init__(
        self,
        reading: Callable[[], AbstractContextManager[Transaction]],
        user: str,
        now: int,
        note_secret: Callable[[Json], None],
    ) -> None:
        self._reading: Final = reading
        self._user: Final = user
        self._now: Final = now
        self._note_secret: Final = note_secret

    def value(self, scope: str, name: str, *, decrypt: bool) -> str:
        """A key's value; an encrypted one as it is stored, or opened. Raises UsageError, SealError."""
        owner = None if scope == "system" else self._user
        with self._reading() as transaction:
            key = read_key(transaction, name, owner, self._now)
            if key is None:
                raise UsageError(missing_key(name, owner))
            value = key.plain(transaction) if decrypt else key.value
        if decrypt and key.secret:
            self._note_secret(value)
        return value

    def opened(self, text: str) -> str:
        """The encrypted value of a key, opened. Raises UsageError, SealError."""
        if not is_sealed(text):
            raise UsageError("decrypt_kv: the value is not encrypted.")
        with self._reading() as transaction:
            value = transaction.unseal(text, "key")
        self._note_secret(value)
        return value

    def is_encrypted(self, text: str) -> bool:
        """Whether a text is the encrypted value of a key."""
        return is_sealed(text)
