"""The key store: what people and actions share by name (stackstorm-api 2.5).

Each method is one transaction. Values are texts. Those of secret keys are stored encrypted, and shown as
`********` unless they are asked for; a key with a time to live is as if it were not there once that is over.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from orchestrion.actions.parameters import MASK
from orchestrion.core.values import problem_with
from orchestrion.errors import NotFound, UsageError
from orchestrion.runtime.keyring import Key, Scope, key_of, read_key
from orchestrion.store.sqlite import Transaction, Writing

MICROSECONDS: Final = 1_000_000
LONGEST_SECONDS: Final = 100 * 366 * 24 * 3600
"""The longest time to live: more is as good as for ever."""

_UNSPEAKABLE: Final = re.compile(r"[\s\x00-\x1f\x7f-\x9f]")

_SCOPES: Final[Mapping[str, Scope]] = {
    "system": "system",
    "user": "user",
    "st2kv.system": "system",
    "st2kv.user": "user",
}


@dataclass(frozen=True, slots=True)
class KeyView:
    """A key as people see it. `encrypted`: the value is not shown, only stands for it."""

    name: str
    value: str
    scope: Scope
    user: str | None
    secret: bool
    encrypted: bool
    expires_at: int | None


class NewKey(NamedTuple):
    """A key to set. `ttl` is its time to live in seconds; None: for ever."""

    name: str
    value: str
    scope: str = "system"
    secret: bool = False
    ttl: int | None = None
    user: str | None = None


class Keys:
    """The keys of one store, as one user sees them: the system's and their own."""

    def __init__(self, store: Writing, clock: Callable[[], int], user: str) -> None:
        self._store: Final = store
        self._clock: Final = clock
        self._user: Final = user

    def get(
        self, name: str, scope: str = "system", *, user: str | None = None, decrypt: bool = False
    ) -> KeyView:
        """One key. Raises NotFound, SealError."""
        owner = self._owner(scope, user)
        with self._store.reading() as transaction:
            key = read_key(transaction, name, owner, self._clock())
            if key is None:
                raise _not_there(name, owner)
            return _view(transaction, key, decrypt=decrypt)

    def matching(
        self, scope: str = "all", *, prefix: str = "", user: str | None = None, decrypt: bool = False
    ) -> list[KeyView]:
        """The keys whose names begin with a prefix, by scope and name. Raises SealError."""
        only = None if scope == "all" else _scope(scope, also=("all",))
        with self._store.reading() as transaction:
            found = transaction.all(
                "keys", scope=only, owner=user or self._user, prefix=prefix, now=self._clock()
            )
            return [_view(transaction, key_of(row), decrypt=decrypt) for row in found]

    def put(self, keys: Iterable[NewKey]) -> list[KeyView]:
        """Set keys, all of them, or none. Raises UsageError with every problem, SealError."""
        given = [*keys]
        problems = [text for key in given for text in _problems(key)]
        if problems:
            raise UsageError("The keys cannot be set.", problems=problems)
        now = self._clock()
        with self._store.transaction() as transaction:
            transaction.run("purge_keys", now=now)
            if any(key.secret for key in given):
                transaction.unlock()
            return [self._set(transaction, key, now) for key in given]

    def delete(self, names: Iterable[str], scope: str = "system", *, user: str | None = None) -> None:
        """Delete keys, all of them, or none. Raises NotFound."""
        owner = self._owner(scope, user)
        now = self._clock()
        with self._store.transaction() as transaction:
            transaction.run("purge_keys", now=now)
            for name in dict.fromkeys(names):
                if not transaction.run("delete_key", scope=_of(owner), owner=owner or "", name=name):
                    raise _not_there(name, owner)

    def _set(self, transaction: Transaction, new: NewKey, now: int) -> KeyView:
        owner = self._owner(new.scope, new.user)
        value = transaction.seal(new.value, "key") if new.secret else new.value
        expires_at = None if new.ttl is None else now + new.ttl * MICROSECONDS
        key = Key(_of(owner), owner or "", new.name, value, new.secret, expires_at)
        transaction.run("set_key", **key._asdict())
        return _view(transaction, key, decrypt=False)

    def _owner(self, scope: str, user: str | None) -> str | None:
        """Whose keys are meant; None: the system's. Who names a user means the scope `user`."""
        return (user or self._user) if _scope(scope) == "user" or user else None


def _of(owner: str | None) -> Scope:
    return "system" if owner is None else "user"


def _scope(word: str, also: tuple[str, ...] = ()) -> Scope:
    scope = _SCOPES.get(word)
    if scope is None:
        raise UsageError(f"Scope {word} is not in allowed scopes list: {[*also, *_SCOPES]}.")
    return scope


def _view(transaction: Transaction, key: Key, *, decrypt: bool) -> KeyView:
    value = key.plain(transaction) if decrypt or not key.secret else MASK
    encrypted = key.secret and not decrypt
    return KeyView(key.name, value, key.scope, key.owner or None, key.secret, encrypted, key.expires_at)


def _not_there(name: str, owner: str | None) -> NotFound:
    whose = "system" if owner is None else f"user {owner}"
    return NotFound(
        f'There is no key "{name}" in the scope {whose}.', hint="List them with: orchestrion key list"
    )


def _problems(key: NewKey) -> Iterable[str]:
    if key.scope not in _SCOPES:
        yield f"{key.name}: Scope {key.scope} is not in allowed scopes list: {[*_SCOPES]}."
    if not key.name.strip():
        yield "A key has no name: give it one, for example db.host."
    elif _UNSPEAKABLE.search(key.name):
        yield (
            f"{key.name!a}: the name of a key may hold no blanks and no control characters. "
            "Take _ or . instead."
        )
    for text in (key.name, key.value, key.user):
        problem = problem_with(text)
        if problem:
            yield f"{key.name!a}: {problem}"
    if key.ttl is not None and not 0 < key.ttl <= LONGEST_SECONDS:
        yield f"{key.name}: the time to live must be from 1 to {LONGEST_SECONDS} seconds, found {key.ttl}."
