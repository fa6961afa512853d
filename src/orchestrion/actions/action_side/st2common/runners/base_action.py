"""The base class of Python actions, as StackStorm's actions know it."""

import abc
import logging
from typing import Any

__all__ = ["Action"]


class Action(abc.ABC):
    """Derive from it and write `run`, which gets every parameter that the action's metadata declares.

    `run` returns the result, or `(True, result)` or `(False, result)` to say whether it succeeded.
    `self.config` is the configuration of the pack, `self.logger` writes to stderr, `self.action_service` is
    the way to the key store.
    """

    description: str | None = None

    def __init__(self, config: dict[str, Any] | None = None, action_service: Any = None) -> None:
        self.config: dict[str, Any] = config or {}
        self.action_service: Any = action_service
        self.datastore: Any = getattr(action_service, "datastore_service", None)
        self.logger: logging.Logger = logging.getLogger(f"st2.actions.python.{type(self).__name__}")

    @abc.abstractmethod
    def run(self, **parameters: Any) -> Any:
        """Do the work."""
