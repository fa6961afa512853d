"""The errors of this product, by who must act.

    OrchestrionError            exit  who must act
    ├── UsageError              2     the caller: the command, its input, a file or the store's name is wrong
    ├── Refused                 3     the operator: the state does not allow it; holds ALL problems
    ├── NotFound                4     the operator: nothing has this name or id
    ├── Unavailable             1     the caller: the server stops; ask again when it is back
    ├── StoreBusy               1     we: in use, tried again in one place; seen only when that ends
    ├── StoreError              1     the operator: a full disk, a lock, a file damaged while in use
    │   ├── StoreFull           1     the operator: the disk is full; a purge makes room
    │   └── SealError           2     the operator: the key file is missing, wrong, or others may read it
    └── InvariantViolation      1     the authors of Orchestrion: rolled back, nothing was changed

`orchestrion.core.language.problems.DefinitionError` (the author of a workflow must act) belongs to the
language and is shown with exit code 2. Every message says what is wrong, where, and what to do; a command of
ours for that is its hint. What is not in this tree is a bug.
"""

from collections.abc import Iterable
from typing import ClassVar


class OrchestrionError(Exception):
    """The base of all errors that are shown to people.

    `message` is the whole sentence. `problems` holds each single problem when there are several, in reading
    order; empty when the message says it all. `hint` names the command of ours to give next, apart from the
    message because clients of others read that, too. `exit_code` is that of a command which ends in this
    error.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, problems: Iterable[str] = (), hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.problems: tuple[str, ...] = tuple(problems)
        self.hint = hint

    @property
    def advice(self) -> str:
        """The message, and what to do next."""
        return f"{self.message} {self.hint}" if self.hint else self.message

    def __str__(self) -> str:
        return "\n".join([self.advice, *(f"  - {problem}" for problem in self.problems)])

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.message, self.problems, self.hint)


def _rebuild(
    kind: type[OrchestrionError], message: str, problems: tuple[str, ...], hint: str
) -> OrchestrionError:
    return kind(message, problems=problems, hint=hint)  # keywords do not survive the default way of pickling


class UsageError(OrchestrionError):
    """The command, its input or a file it names is wrong; nothing was done.

    So is a store that cannot be opened: no store at all, of a newer version, or not ours to read and write.
    """

    exit_code: ClassVar[int] = 2


class Refused(OrchestrionError):
    """The state does not allow it; nothing was changed. `problems` holds all reasons, not the first one."""

    exit_code: ClassVar[int] = 3


class NotFound(OrchestrionError):
    """Nothing has this name or id."""

    exit_code: ClassVar[int] = 4


class Unavailable(OrchestrionError):
    """The server is about to stop, or is not there; nothing was changed. Ask again when it is back."""


class StoreBusy(OrchestrionError):
    """Others use the store; the same request can be given again as it is."""


class StoreError(OrchestrionError):
    """The store that is in use does not work: a full disk, a lock of another program, a damaged file."""


class StoreFull(StoreError):
    """The disk is full; nothing was changed."""


class SealError(StoreError):
    """What is sealed in the store does not open: its key file is missing, wrong, or open to others."""

    exit_code: ClassVar[int] = 2


class InvariantViolation(OrchestrionError):
    """Orchestrion contradicts itself. The change was rolled back; the report belongs to its authors."""
