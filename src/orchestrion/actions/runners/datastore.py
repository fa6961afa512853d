"""What Python actions reach as `self.action_service`: a desk in the engine that answers for the key store.

Every action is born with a descriptor, the door. Only an action that uses the key store makes a socket, and
gives one end of it through the door; a thread answers on the other, line by line, until the action ends.
"""

import json
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple, Protocol

from orchestrion.errors import OrchestrionError

_LEAVE: Final = b"-"
_LONGEST: Final = 64 * 1024 * 1024


class StoredKey(NamedTuple):
    """One key; the value of a secret one stands for it."""

    name: str
    value: str
    scope: str
    secret: bool


class KeyStore(Protocol):
    """The key store as actions use it. Called from several threads; raises `OrchestrionError`.

    `scope` is `system` or `user` (or StackStorm's names for them), `user` who runs the action, `execution`
    its id: what is opened or encrypted for it is a secret of it from then on.
    """

    def get(self, name: str, *, scope: str, user: str, decrypt: bool, execution: str) -> str | None:
        """Give the value of a key; None if there is none. A secret one is masked without `decrypt`."""
        ...

    def set(self, key: StoredKey, *, user: str, ttl: int | None, execution: str) -> None:
        """Set a key, for `ttl` seconds or for ever."""
        ...

    def delete(self, name: str, *, scope: str, user: str) -> bool:
        """Delete a key; whether there was one."""
        ...

    def matching(self, prefix: str, *, scope: str, user: str) -> Sequence[StoredKey]:
        """Give the keys whose names begin with a prefix."""
        ...


class Desk:
    """Answers for a key store; one for all actions of an engine. `close` it at the end."""

    def __init__(self, keys: KeyStore) -> None:
        self._keys: Final = keys
        self._inside, self._outside = socket.socketpair(type=socket.SOCK_DGRAM)
        self._thread = threading.Thread(target=self._open, name="key-desk", daemon=True)
        self._thread.start()

    @property
    def door(self) -> int:
        """The descriptor that actions get."""
        return self._outside.fileno()

    def close(self) -> None:
        """Take nobody in any more."""
        self._outside.send(_LEAVE)
        self._thread.join()
        self._inside.close()
        self._outside.close()

    def _open(self) -> None:
        """Take in who comes through the door."""
        while True:
            message, descriptors, _, _ = socket.recv_fds(self._inside, 16, 1)
            if message == _LEAVE:
                return
            for descriptor in descriptors:
                threading.Thread(
                    target=self._serve, args=(socket.socket(fileno=descriptor),), name="key-desk", daemon=True
                ).start()

    def _serve(self, visitor: socket.socket) -> None:
        with visitor, visitor.makefile("rwb") as lines, suppress(OSError):
            while line := lines.readline(_LONGEST):
                lines.write(json.dumps(self._answer(line)).encode() + b"\n")
                lines.flush()

    def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            return {"value": self._do(json.loads(line))}
        except OrchestrionError as error:
            return {"error": str(error)}
        except (ValueError, TypeError, KeyError) as error:
            return {"error": f"This question is not understood: {type(error).__name__}: {error}"}

    def _do(self, asked: dict[str, Any]) -> Any:
        scope, user, execution = asked["scope"], asked["user"], asked["execution"]
        match asked["call"]:
            case "get":
                decrypt = asked["decrypt"]
                return self._keys.get(
                    asked["name"], scope=scope, user=user, decrypt=decrypt, execution=execution
                )
            case "set":
                key = StoredKey(asked["name"], asked["value"], scope, asked["encrypt"])
                return self._keys.set(key, user=user, ttl=asked["ttl"], execution=execution)
            case "delete":
                return self._keys.delete(asked["name"], scope=scope, user=user)
            case "list":
                found = self._keys.matching(asked["prefix"], scope=scope, user=user)
                return [key._asdict() for key in found]
            case other:
                raise ValueError(other)
