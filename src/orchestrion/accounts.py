"""Accounts: who may use a server, in which role, and what shows who they are (stackstorm-api 1.2).

Each method is one transaction. Tokens and API keys are 256 bits of chance, so that a plain SHA-256 of them is
as good to keep as any slow hash; passwords are kept as scrypt makes them. None of them can be shown again.
"""

import hashlib
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hmac import compare_digest
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from orchestrion.core.values import Json
from orchestrion.errors import NotFound, Refused, UsageError
from orchestrion.store import rows
from orchestrion.store.sqlite import Transaction, Writing

Role: TypeAlias = Literal["viewer", "operator", "admin"]
ROLES: Final[tuple[Role, ...]] = ("viewer", "operator", "admin")
"""From the least to the greatest: each may what those before it may."""

Kind: TypeAlias = Literal["token", "key"]
"""What shows who somebody is: a token, which ends, or an API key, which can be disabled."""

_DAY: Final = 24 * 3600
ADMIN: Final = "admin"
"""The account of a new store."""

TOKEN_SECONDS: Final = _DAY
"""How long a token of a log-in is good where nothing else is asked for."""

FIRST_TOKEN_SECONDS: Final = 30 * _DAY
"""How long the token of the first admin is good."""

LONGEST_TOKEN_SECONDS: Final = 366 * _DAY
"""How long a token is good at the most."""

SHORTEST_PASSWORD: Final = 8
"""The least number of characters of a password."""

LONGEST_PASSWORD: Final = 1024
"""The greatest number of characters of a password."""

_MICROSECONDS: Final = 1_000_000
_BYTES: Final = 32
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_SCRYPT: Final = (2**15, 8, 3)
"""Cost, block size and parallelism: 32 MiB and about a quarter of a second, as OWASP advises."""
_SCRYPT_MEMORY: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account as people see it: how many of its tokens and API keys are good."""

    name: str
    role: Role
    has_password: bool
    created_at: int
    tokens: int
    keys: int


@dataclass(frozen=True, slots=True)
class Credential:
    """Whom a token or an API key stands for. `expires_at` in microseconds since 1970; None: never."""

    account: str
    role: Role
    expires_at: int | None
    enabled: bool


class NewToken(NamedTuple):
    """A token that was made now: `text` is the token itself, which nothing can show again."""

    id: str
    account: str
    text: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key as it is kept; `hash` does not tell the key."""

    id: str
    account: str
    hash: str
    created_at: int
    enabled: bool
    metadata: Mapping[str, Json]


class Accounts:
    """The accounts of one store."""

    def __init__(self, store: Writing, clock: Callable[[], int]) -> None:
        self._store: Final = store
        self._clock: Final = clock

    # --- people

    def add_first_admin(self, seconds: int = FIRST_TOKEN_SECONDS) -> NewToken | None:
        """Make the account `admin` in a store without accounts; a token for it. None: there are accounts."""
        with self._store.transaction() as transaction:
            if transaction.value("count_accounts"):
                return None
            now = self._clock()
            transaction.run("add_account", name=ADMIN, role="admin", password=None, created_at=now)
            return _add_token(transaction, ADMIN, now, seconds)

    def add(self, name: str, role: Role, password: str | None) -> None:
        """Make an account; without a password it has tokens and API keys. Raises UsageError, Refused."""
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"{name!a}: the name of a user has 1 to 64 letters, digits and . _ @ -, and begins with a "
                "letter or a digit."
            )
        kept = None if password is None else _kept_password(password)
        with self._store.transaction() as transaction:
            if transaction.one("account", name=name) is None:  # nothing that was made before counts for them
                transaction.run("delete_credentials", account=name)
            if not transaction.run(
                "add_account", name=name, role=role, password=kept, created_at=self._clock()
            ):
                raise Refused(
                    f"There is a user {name} already.",
                    hint=f"Remove it first with: orchestrion user remove {name}",
                )

    def all(self) -> list[AccountView]:
        """All accounts, by name."""
        with self._store.reading() as transaction:
            found = transaction.all("accounts", now=self._clock())
        return [replace(AccountView(**row), has_password=bool(row["has_password"])) for row in found]

    def remove(self, name: str) -> None:
        """Remove an account with its tokens and API keys, which count no more at once. Raises NotFound."""
        with self._store.transaction() as transaction:
            if not transaction.run("delete_account", name=name):
                raise _no_user(name)
            transaction.run("delete_credentials", account=name)

    def set_password(self, name: str, password: str) -> None:
        """Give an account another password; its tokens count no more. Raises NotFound, UsageError."""
        kept = _kept_password(password)
        with self._store.transaction() as transaction:
            if not transaction.run("set_password", name=name, password=kept):
                raise _no_user(name)
            transaction.run("delete_tokens", account=name)

    def check_user(self, name: str) -> None:
        """Raise NotFound where there is no such account."""
        with self._store.reading() as transaction:
            if transaction.one("account", name=name) is None:
                raise _no_user(name)

    def role_of(self, name: str) -> Role | None:
        """The role of an account; None: there is no such account."""
        with self._store.reading() as transaction:
            row = transaction.one("account", name=name)
        return None if row is None else row["role"]

    def is_password(self, name: str, password: str) -> bool:
        """Whether this is the account's password. Takes as long where there is no such account."""
        with self._store.reading() as transaction:
            row = transaction.one("account", name=name)
        kept = None if row is None else row["password"]
        matches = _matches(password, kept or _NOBODYS_PASSWORD)
        return matches and kept is not None

    # --- tokens

    def add_token(self, name: str, seconds: int = TOKEN_SECONDS) -> NewToken:
        """Make a token for an account, good for so many seconds. Raises NotFound, UsageError."""
        check_token_seconds(seconds)
        with self._store.transaction() as transaction:
            if transaction.one("account", name=name) is None:
                raise _no_user(name)
            now = self._clock()
            transaction.run("purge_tokens", now=now)
            return _add_token(transaction, name, now, seconds)

    def revoke_tokens(self, name: str) -> int:
        """Let the tokens of an account count no more; how many there were. Raises NotFound."""
        with self._store.transaction() as transaction:
            if transaction.one("account", name=name) is None:
                raise _no_user(name)
            return transaction.run("delete_tokens", account=name)

    def credential(self, kind: Kind, text: str) -> Credential | None:
        """Whom a token or an API key stands for, even if it counts no more; None: for nobody."""
        with self._store.reading() as transaction:
            row = transaction.one("credential", kind=kind, hash=_hash_of(text))
        return None if row is None else replace(Credential(**row), enabled=bool(row["enabled"]))

    # --- API keys

    def add_key(self, name: str, metadata: Mapping[str, Json]) -> tuple[ApiKey, str]:
        """Make an API key for an account; the key itself, which nothing can show again.

        Where there is no such account it counts for nobody.
        """
        text = secrets.token_urlsafe(_BYTES)
        now = self._clock()
        key = ApiKey(secrets.token_hex(12), name, _hash_of(text), now, enabled=True, metadata=metadata)
        with self._store.transaction() as transaction:
            transaction.run(
                "add_credential",
                id=key.id,
                kind="key",
                account=name,
                hash=key.hash,
                created_at=now,
                expires_at=None,
                metadata=rows.to_json(dict(metadata)),
            )
        return key, text

    def keys(self, name: str | None = None) -> list[ApiKey]:
        """The API keys of an account, or of all, the oldest first."""
        with self._store.reading() as transaction:
            return [_api_key(row) for row in transaction.all("api_keys", account=name)]

    def key(self, word: str) -> ApiKey:
        """An API key, by its id or by itself. Raises NotFound."""
        with self._store.reading() as transaction:
            return _found_key(transaction, word)

    def change_key(
        self,
        word: str,
        *,
        enabled: bool | None = None,
        name: str | None = None,
        metadata: Mapping[str, Json] | None = None,
    ) -> ApiKey:
        """Change what is given of an API key. Raises NotFound, also when there is no such account."""
        with self._store.transaction() as transaction:
            key = _found_key(transaction, word)
            if name is not None and name != key.account and transaction.one("account", name=name) is None:
                raise _no_user(name)
            changed = ApiKey(
                key.id,
                key.account if name is None else name,
                key.hash,
                key.created_at,
                key.enabled if enabled is None else enabled,
                key.metadata if metadata is None else metadata,
            )
            transaction.run(
                "change_api_key",
                id=key.id,
                account=changed.account,
                enabled=changed.enabled,
                metadata=rows.to_json(dict(changed.metadata)),
            )
            return changed

    def delete_key(self, word: str) -> None:
        """Delete an API key, which counts no more at once. Raises NotFound."""
        with self._store.transaction() as transaction:
            transaction.run("delete_api_key", id=_found_key(transaction, word).id)


def check_token_seconds(seconds: int) -> None:
    """Raise UsageError where no token is good for so many seconds."""
    if seconds <= 0:
        raise UsageError(f"A token is good for 1 to {LONGEST_TOKEN_SECONDS} seconds, found {seconds}.")
    if seconds > LONGEST_TOKEN_SECONDS:
        raise UsageError(f"TTL specified {seconds} is greater than max allowed {LONGEST_TOKEN_SECONDS}.")


def _add_token(transaction: Transaction, name: str, now: int, seconds: int) -> NewToken:
    token = NewToken(
        secrets.token_hex(12), name, secrets.token_urlsafe(_BYTES), now + seconds * _MICROSECONDS
    )
    transaction.run(
        "add_credential",
        id=token.id,
        kind="token",
        account=name,
        hash=_hash_of(token.text),
        created_at=now,
        expires_at=token.expires_at,
        metadata="{}",
    )
    return token


def _hash_of(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _api_key(row: Mapping[str, Any]) -> ApiKey:
    return replace(ApiKey(**row), enabled=bool(row["enabled"]), metadata=rows.from_json(row["metadata"]))


def _found_key(transaction: Transaction, word: str) -> ApiKey:
    row = transaction.one("api_key", id=word, hash=_hash_of(word))
    if row is None:
        raise NotFound("There is no such API key.")
    return _api_key(row)


def _no_user(name: str) -> NotFound:
    return NotFound(f'There is no user "{name}".', hint="List them with: orchestrion user list")


# --- passwords


def _kept_password(password: str) -> str:
    """A password as it is kept. Raises UsageError when it is too short to be one, or too long."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise UsageError(f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters.")
    salt = secrets.token_bytes(16)
    return "$".join(("scrypt", *map(str, _SCRYPT), salt.hex(), _scrypt(password, salt, *_SCRYPT).hex()))


def _matches(password: str, kept: str) -> bool:
    _, cost, size, parallel, salt, found = kept.split("$")
    made = _scrypt(password, bytes.fromhex(salt), int(cost), int(size), int(parallel))
    return compare_digest(made, bytes.fromhex(found))


def _scrypt(password: str, salt: bytes, cost: int, size: int, parallel: int) -> bytes:
    data = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(data, salt=salt, n=cost, r=size, p=parallel, maxmem=_SCRYPT_MEMORY, dklen=_BYTES)


_NOBODYS_PASSWORD: Final = "$".join(("scrypt", *map(str, _SCRYPT), "00" * 16, "00" * _BYTES))
"""What the password of an account that is not there is compared with; there is none that it is."""
