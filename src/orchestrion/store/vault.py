"""The vault of a store: seals texts with its key, and opens them again (architecture, "Secrets").

AES-256-GCM: it notices a wrong key and every change of a text, needs no padding, and is in hardware nearly
everywhere. (Fernet would bring AES-128 and a date that says when each value was written.) What is sealed for
one purpose does not open for another, so that no text of an execution can be passed off as a key's value.

The key is in a file of its own, which only its owner may read, and never in the database: a copy of that
tells nothing. It is made when it is first needed.
"""

import base64
import binascii
import os
import stat
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from orchestrion.errors import SealError
from orchestrion.settings import SETTINGS, current

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

Purpose: TypeAlias = Literal["execution", "key", "proof"]
"""What a sealed text is for."""

KEY_FILE_VARIABLE: Final = SETTINGS["key_file"].variable

_SEALED: Final = "enc:"  # no JSON text begins so
_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12  # chance is good for 2^32 texts of one key
_PROOF: Final = "orchestrion"
_DIGEST: Final = b"digest"


def is_sealed(text: str) -> bool:
    """Whether a text, which is else JSON, is sealed."""
    return text.startswith(_SEALED)


def key_file_of(database: Path) -> Path:
    """The key file of a store: the one that the setting `key_file` names, else the one beside it."""
    return current().path("key_file") or database.with_name(f"{database.name}.key")


class Vault:
    """Seals and opens the texts of one store. The key is read when it is first needed."""

    def __init__(self, key_file: Path) -> None:
        self.key_file: Final = key_file
        self._known: bytes | None = None
        self._cipher: AESGCM | None = None

    def seal(self, text: str, purpose: Purpose) -> str:
        """The text, sealed. Raises SealError when there is no key."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._key().encrypt(nonce, text.encode(), purpose.encode())
        return _SEALED + base64.urlsafe_b64encode(nonce + sealed).decode()

    def open(self, text: str, purpose: Purpose) -> str:
        """The text that was sealed. Raises SealError when it does not open."""
        from cryptography.exceptions import InvalidTag

        try:
            token = base64.urlsafe_b64decode(text.removeprefix(_SEALED))
            nonce, sealed = token[:_NONCE_BYTES], token[_NONCE_BYTES:]
            return self._key().decrypt(nonce, sealed, purpose.encode()).decode()
        except (InvalidTag, binascii.Error) as error:
            raise SealError(
                f"{self.key_file}: this key does not open what is sealed in the store: it is the key of "
                f"another store, or the store is damaged. Name the right file with {KEY_FILE_VARIABLE}."
            ) from error

    def digest(self, text: str) -> str:
        """A digest of a text, whom it does not help to try texts who has not the key. Raises SealError."""
        return blake2b(text.encode(), key=self._bytes(), person=_DIGEST, digest_size=16).hexdigest()

    def make_key(self) -> None:
        """Make the key of a new store, if there is none yet."""
        if not self.key_file.exists():
            _make(self.key_file)

    def proof(self) -> str:
        """What proves the key of a new store, which is made if there is none yet."""
        self.make_key()
        return self.seal(_PROOF, "proof")

    def check(self, proof: str) -> None:
        """Whether this is the key that `proof` was made with. Raises SealError when it is not."""
        self.open(proof, "proof")

    def _key(self) -> "AESGCM":
        if self._cipher is None:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM

            self._cipher = AESGCM(self._bytes())
        return self._cipher

    def _bytes(self) -> bytes:
        if self._known is None:
            self._known = _read(self.key_file)
        return self._known


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            text = opened.read(1024)
    except FileNotFoundError as error:
        raise SealError(
            f"{file}: the key file is not there, and without it the secrets in the store cannot be read. "
            f"Put it back, or name it with {KEY_FILE_VARIABLE}."
        ) from error
    except OSError as error:
        raise SealError(f"{file}: the key file cannot be read: {error.strerror}.") from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SealError(
            f"{file}: others may read or change the key file (its mode is {stat.S_IMODE(mode):04o}), so it "
            f"is not used. Make it its owner's alone: chmod 600 {file}"
        )
    try:
        key = base64.b64decode(text.strip(), altchars=b"-_", validate=True)
    except binascii.Error:
        key = b""
    if len(key) != _KEY_BYTES:
        raise SealError(
            f"{file}: this is no key file: it holds {_KEY_BYTES} bytes in Base64. "
            f"Name the right file with {KEY_FILE_VARIABLE}."
        )
    return key


def _make(file: Path) -> None:
    """Make a key file: whole and on the disk, or not at all, before anything is sealed with it."""
    unfinished = file.with_name(f"{file.name}.{os.getpid()}.new")
    try:
        try:
            descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as opened:
                opened.write(base64.urlsafe_b64encode(os.urandom(_KEY_BYTES)) + b"\n")
                opened.flush()
                os.fsync(descriptor)
            os.link(unfinished, file)  # fails when somebody else has made it meanwhile: then that one counts
        except FileExistsError:
            return
        finally:
            unfinished.unlink(missing_ok=True)
        folder = os.open(file.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise SealError(f"{file}: the key file cannot be made: {error.strerror}.") from error
