"""What the actions of an execution write: while they run as it is stored, else from their results."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple, cast

from orchestrion.core.status import COMPLETED
from orchestrion.core.values import Json
from orchestrion.queries.branches import Subject, place, subject_of
from orchestrion.runtime.secrets import Mask, mask_of
from orchestrion.store import rows
from orchestrion.store.sqlite import Reading, Transaction

_PIECES: Final = 200
"""How many pieces are read at a time."""


class Piece(NamedTuple):
    """Something that an action has written.

    `path` leads to its sub-workflow, `task` names it; both are empty where only one action is looked at.
    """

    execution: str
    path: tuple[str, ...]
    task: str
    stream: str
    text: str


class Tail:
    """Follows what the actions of one execution write; each piece is given once."""

    def __init__(self, store: Reading, number: str) -> None:
        self._store: Final = store
        self._number: Final = number
        self._after = 0
        self._told: Final[set[str]] = set()
        self._held: Final[dict[tuple[str, str], Piece]] = {}
        self._mask: Mask = mask_of(None)

    def read(self) -> tuple[list[Piece], bool]:
        """What has been written since; and whether nothing more will come. Raises NotFound."""
        with self._store.reading() as transaction:
            subject = subject_of(transaction, self._number)
            self._mask = mask_of(subject.root["secrets"])
            fresh, more = self._stored(transaction, subject)
            if more:
                return [*self._masked(fresh)], False
            fresh += self._ended(transaction, subject)
            over = subject.row["status"] in COMPLETED and not (
                subject.entry is None and transaction.value("attempts_of_tree", root=subject.root["id"])
            )
        return [*self._masked(fresh), *(self._rest() if over else ())], over

    def _stored(self, transaction: Transaction, subject: Subject) -> tuple[list[Piece], bool]:
        """Some of what was stored since; and whether there may be more."""
        if subject.entry is None:
            found = transaction.all(
                "output_of_tree", root=subject.root["id"], after=self._after, count=_PIECES
            )
        else:
            found = transaction.all(
                "output_of_execution", execution=self._number, after=self._after, count=_PIECES
            )
        if found:
            self._after = found[-1]["id"]
        paths = subject.paths
        pieces = [
            Piece(
                row["execution"],
                paths[row["workflow"]],
                _task_of(row, subject),
                row["stream"],
                row["content"],
            )
            for row in found
            if row["workflow"] in paths
        ]
        return pieces, len(found) == _PIECES

    def _ended(self, transaction: Transaction, subject: Subject) -> list[Piece]:
        """What actions have written of which nothing was stored while they ran."""
        paths = subject.paths
        pieces: list[Piece] = []
        for row in transaction.all("ended_without_output", root=subject.root["id"]):
            if row["id"] in self._told or (subject.entry is not None and row["id"] != self._number):
                continue
            self._told.add(row["id"])
            execution = transaction.one("execution", id=row["id"])
            if row["of_workflow"] in paths and execution is not None and execution["result"] is not None:
                pieces += (
                    Piece(row["id"], paths[row["of_workflow"]], _task_of(row, subject), stream, text)
                    for stream, text in written_in(rows.from_json(execution["result"]))
                )
        return pieces

    def _masked(self, pieces: list[Piece]) -> Iterator[Piece]:
        for piece in pieces:
            key = (piece.execution, piece.stream)
            before = self._held.pop(key, None)
            text = piece.text if before is None else before.text + piece.text
            shown, rest = self._mask.split(text)
            if rest:
                self._held[key] = piece._replace(text=rest)
            if shown:
                yield piece._replace(text=shown)

    def _rest(self) -> Iterator[Piece]:
        """What was held back, because a secret might have begun there."""
        for piece in self._held.values():
            yield piece._replace(text=self._mask.text(piece.text))
        self._held.clear()


def _task_of(row: Mapping[str, Any], subject: Subject) -> str:
    return "" if subject.entry is not None else place(row["task"], row["item"], row["route"])


def written_in(result: Json) -> Iterator[tuple[str, str]]:
    """What a result says that was written: texts, each ending its line."""
    known = cast("Mapping[str, Json]", result if isinstance(result, dict) else {})
    for stream in ("stdout", "stderr"):
        value = known.get(stream)
        if value is None or value == "":
            continue
        text = value if isinstance(value, str) else rows.to_json(value)
        yield stream, text if text.endswith("\n") else f"{text}\n"
