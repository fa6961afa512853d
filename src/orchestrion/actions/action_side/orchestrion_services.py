"""What an action calls `self.action_service`: the key store, and who runs the action.

The key store is the engine's. On the first call an action gives one end of a new socket through the door that
it got at its birth; on the other, questions and answers are lines of JSON.
"""

import json
import logging
import os
import socket
import threading
from typing import IO, Any

LOCAL = ":"
"""What separates an action's own names from its reference in the key store."""


class DatastoreError(Exception):
    """The key store did not do what was asked; the text says why."""


class KeyValuePair:
    """A key of the key store."""

    def __init__(self, **members: Any) -> None:
        self.name: str = members.get("name", "")
        self.value: str = members.get("value", "")
        self.scope: str = members.get("scope", "system")
        self.secret: bool = members.get("secret", False)

    def __repr__(self) -> str:
        return f"<KeyValuePair name={self.name},scope={self.scope},secret={self.secret}>"


class ActionService:
    """The way to the key store. Names are the action's own, unless `local` is false."""

    def __init__(self, pack: str, class_name: str, user: str, door: int | None) -> None:
        self._prefix = f"{pack}.{class_name}{LOCAL}"
        self._user = user
        self._door = door
        self._asking = threading.Lock()
        self._lines: IO[str] | None = None
        self._owner = 0

    @property
    def datastore_service(self) -> "ActionService":
        """Itself: StackStorm's actions know the key store by this name, too."""
        return self

    def get_user_info(self) -> dict[str, Any]:
        """Who runs the action."""
        roles: dict[str, Any] = {"enabled": False, "roles": [], "is_admin": False}
        return {"username": self._user, "authentication": {}, "rbac": roles}

    def get_value(
        self, name: str, local: bool = True, scope: str = "system", decrypt: bool = False
    ) -> str | None:
        """Give the value of a key; None if there is none. A secret one is masked without `decrypt`."""
        _log().debug("Retrieving value from the datastore (name=%s)", name)
        return self._ask("get", name=self._name(name, local), scope=scope, decrypt=decrypt)

    def set_value(
        self,
        name: str,
        value: str,
        ttl: int | None = None,
        local: bool = True,
        scope: str = "system",
        encrypt: bool = False,
    ) -> bool:
        """Set a key. `ttl`: for so many seconds."""
        _log().debug("Setting value in the datastore (name=%s)", name)
        given = {"value": value, "ttl": ttl, "encrypt": encrypt}
        self._ask("set", name=self._name(name, local), scope=scope, **given)
        return True

    def delete_value(self, name: str, local: bool = True, scope: str = "system") -> bool:
        """Delete a key; whether there was one."""
        _log().debug("Deleting value from the datastore (name=%s)", name)
        return self._ask("delete", name=self._name(name, local), scope=scope)

    def list_values(
        self, local: bool = True, limit: int | None = None, prefix: str | None = None
    ) -> list[KeyValuePair]:
        """Give the keys of the system whose names begin with `prefix`."""
        _log().debug("Retrieving all the values from the datastore")
        found = self._ask("list", prefix=self._name(prefix or "", local), scope="system")
        return [KeyValuePair(**members) for members in found[:limit]]

    def _name(self, name: str, local: bool) -> str:
        return f"{self._prefix}{name}" if local else name

    def _ask(self, call: str, **given: Any) -> Any:
        with self._asking:
            try:
                lines = self._connection()
                who = {"user": self._user, "execution": os.environ.get("ST2_ACTION_EXECUTION_ID", "")}
                lines.write(json.dumps({"call": call, **who, **given}) + "\n")
                lines.flush()
                answer: dict[str, Any] = json.loads(lines.readline() or "{}")
            except OSError as error:
                raise DatastoreError(f"The engine does not answer: {error}.") from error
        if "value" not in answer:
            raise DatastoreError(answer.get("error", "The engine does not answer."))
        return answer["value"]

    def _connection(self) -> IO[str]:
        """Each process of an action has a connection of its own."""
        if self._lines is None or self._owner != os.getpid():
            if self._door is None:
                raise DatastoreError("Actions have no key store here.")
            ours, theirs = socket.socketpair()
            with socket.socket(fileno=os.dup(self._door)) as door, ours, theirs:
                socket.send_fds(door, [b"+"], [theirs.fileno()])
                self._lines = ours.makefile("rw", encoding="utf-8", newline="\n")
            self._owner = os.getpid()
        return self._lines


def _log() -> logging.Logger:
    return logging.getLogger("st2.actions.python.ActionService")
