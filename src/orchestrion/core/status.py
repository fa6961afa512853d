"""The status words and their groups (spec 4.1), spelled as on the wire."""

from typing import Final, Literal, TypeAlias

Status: TypeAlias = Literal[
    "requested",
    "scheduled",
    "delayed",
    "running",
    "pending",
    "pausing",
    "paused",
    "resuming",
    "retrying",
    "canceling",
    "succeeded",
    "failed",
    "timeout",
    "abandoned",
    "canceled",
]

COMPLETED: Final[frozenset[str]] = frozenset({"succeeded", "failed", "timeout", "abandoned", "canceled"})
ABENDED: Final[frozenset[str]] = frozenset({"failed", "timeout", "abandoned"})
