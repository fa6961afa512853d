"""What `st2kv` and `decrypt_kv` stand for in defaults of metadata and in values of pack configs (spec 6.3).

`{{ st2kv.system.db.password | decrypt_kv }}`: names may hold points. A key is read when its text is needed.
"""

from collections.abc import Iterator, Mapping
from typing import Final, Protocol

from orchestrion.errors import UsageError


class KeyReader(Protocol):
    """Reads keys; what it opens it remembers as a secret."""

    def value(self, scope: str, name: str, *, decrypt: bool) -> str:
        """A key's value; an encrypted one as it is stored, or opened. Raises UsageError, SealError."""
        ...

    def opened(self, text: str) -> str:
        """The encrypted value of a key, opened. Raises UsageError, SealError."""
        ...

    def is_encrypted(self, text: str) -> bool:
        """Whether a text is the encrypted value of a key."""
        ...


class KeyReference:
    """A key by its name so far; as a text, its value."""

    __slots__ = ("_name", "_reader", "_scope")

    def __init__(self, reader: KeyReader, scope: str, name: str) -> None:
        self._reader = reader
        self._scope = scope
        self._name = name

    def __getattr__(self, name: str) -> "KeyReference":
        if name.startswith("_"):
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, name: str) -> "KeyReference":
        return KeyReference(self._reader, self._scope, f"{self._name}.{name}" if self._name else name)

    def __call__(self, *, decrypt: bool) -> str:
        """Its value, opened or not; no attribute, since every name stands for a key."""
        return self._reader.value(self._scope, self._name, decrypt=decrypt)

    def __str__(self) -> str:
        return self(decrypt=False)

    def __eq__(self, other: object) -> bool:
        return str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    def __bool__(self) -> bool:
        return bool(str(self))

    def __len__(self) -> int:
        return len(str(self))


class KeyLookups(Mapping[str, object]):
    """`st2kv`, with its scopes `system` and `user`."""

    def __init__(self, reader: KeyReader) -> None:
        self._reader: Final = reader
        self._scopes: Final = {scope: KeyReference(reader, scope, "") for scope in ("system", "user")}

    def opened(self, text: str) -> str:
        """The encrypted value of a key, opened. Raises UsageError, SealError."""
        return self._reader.opened(text)

    def __getitem__(self, scope: str) -> object:
        if scope not in self._scopes:
            raise UsageError(f"st2kv has the scopes system and user, not {scope}.")
        return self._scopes[scope]

    def __iter__(self) -> Iterator[str]:
        return iter(self._scopes)

    def __len__(self) -> int:
        return len(self._scopes)


def decrypted(keys: object, value: object) -> str:
    """What `decrypt_kv` gives: a key's plain value, be it encrypted or not; a text is opened."""
    if isinstance(value, KeyReference):
        return value(decrypt=True)
    if not isinstance(keys, KeyLookups):
        raise UsageError("decrypt_kv: there is no key store here.")
    return keys.opened(str(value))
