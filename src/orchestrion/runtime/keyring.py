"""The keys of the key store, as a transaction reads them (stackstorm-api 2.5).

A key belongs to the system, or to one user. One whose time is over is as if it were not there.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from orchestrion.store.sqlite import Transaction

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
