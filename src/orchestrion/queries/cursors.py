"""Reading a table as it grows: each row once, in the order of the commits."""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Final

from orchestrion.store import rows
from orchestrion.store.sqlite import Transaction

_REMEMBERED: Final = 100
"""How many of the newest rows a cursor knows again."""


class Cursor:
    """How far a table was read whose rows are numbered as they are committed.

    SQLite gives numbers again once a purge has deleted the newest rows. So a cursor remembers by names which
    rows it has read last, and goes back behind those that are not there any more. `places` is the query that
    gives the names of numbers.
    """

    def __init__(self, places: str) -> None:
        self.at = 0
        self._places: Final = places
        self._read: Final[deque[tuple[int, str]]] = deque(maxlen=_REMEMBERED)

    def begin(self, transaction: Transaction, newest: int) -> None:
        """Stand behind the row that is the newest now."""
        self.at = newest
        self._read.clear()
        numbers = range(max(1, newest - _REMEMBERED + 1), newest + 1)
        self._read.extend(sorted(self._named(transaction, list(numbers)).items()))

    def advance(self, found: Sequence[Mapping[str, Any]]) -> None:
        """Some rows, each with its number and name, were read."""
        if found:
            self._read.extend((row["number"], row["name"]) for row in found)
            self.at = found[-1]["number"]

    def look_back(self, transaction: Transaction, newest: int) -> None:
        """Go back where rows that were read are gone: what has their numbers now is new."""
        while self._read:
            number, name = self._read[-1]
            if self._named(transaction, [number]).get(number) == name:
                return
            self._read.pop()
            self.at = number - 1
        self.at = min(self.at, newest)

    def _named(self, transaction: Transaction, numbers: list[int]) -> dict[int, str]:
        found = transaction.all(self._places, numbers=rows.to_json(numbers))
        return {row["number"]: row["name"] for row in found}
