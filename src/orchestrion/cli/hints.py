"""Commands that people are told to give next: they name the store and the packs that this one was given.

So they can be copied as they stand. What comes from settings holds for the next command as well, and is not
repeated. Imports nothing of ours: `main` needs it for errors.
"""

import argparse
import re
import shlex
from collections.abc import Sequence
from typing import Final, NamedTuple

_OF_PACKS: Final = frozenset(("pack", "action", "workflow"))
"""Groups whose commands take no --db."""

_OF_STORE: Final = frozenset(
    (
        "key",
        "db",
        "purge",
        "doctor",
        "login",
        "execution list",
        "execution get",
        "inquiry list",
        "inquiry get",
    )
)
"""Commands, and groups of such, that take no --packs."""

_LOCAL: Final = frozenset(
    (
        *("db", "purge", "doctor", "serve", "worker"),
        *("pack setup", "workflow test"),
    )
)
"""Commands, and groups of such, that take no --api-url."""

_COMMAND: Final = re.compile(
    r"\borchestrion (?P<name>(?:execution|inquiry|key|db|pack|action|workflow) [a-z][a-z-]*"
    r"|(?:run|purge|doctor|serve|worker|login)\b)"
)
"""The words of a command, in a sentence or by itself; options may stand right behind them."""


class Again(NamedTuple):
    """What a command was given, to be given again: folders of packs, the file of the store, or the server."""

    packs: Sequence[str] = ()
    database: str | None = None
    server: str | None = None

    def command(self, command: str) -> str:
        """A whole command, such as `orchestrion execution get ID`, and behind it what of that it takes."""
        found = _COMMAND.match(command)
        return command if found is None else command + self._options_of(found["name"])

    def sentence(self, text: str) -> str:
        """A text in which commands stand, each with what of that it takes."""
        return _COMMAND.sub(lambda found: found.group() + self._options_of(found["name"]), text)

    def _options_of(self, name: str) -> str:
        group = name.partition(" ")[0]
        words: list[str] = []
        if group not in _OF_STORE and name not in _OF_STORE:
            words += [word for folder in self.packs for word in ("--packs", folder)]
        if self.database is not None and group not in _OF_PACKS:
            words += ["--db", self.database]
        if self.server is not None and group not in _LOCAL and name not in _LOCAL:
            words += ["--api-url", self.server]
        return f" {shlex.join(words)}" if words else ""


def again_of(options: argparse.Namespace) -> Again:
    """What a command was given by options."""
    packs, server = getattr(options, "packs", None), getattr(options, "api_url", None)
    return Again(tuple(packs or ()), getattr(options, "db", None), server)
