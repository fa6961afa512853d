"""What actions write while they run, on its way into the store: for people who look (`execution tail`).

Pieces are collected in memory and written by the engine in its rounds: at the most one every `EVERY` of an
action, so that an action that ends sooner costs nothing (its result holds all that it wrote). What is written
stays beside the result, until retention purges it: it is all that is known of an action that was lost.
"""

from codecs import getincrementaldecoder
from collections import deque
from collections.abc import Collection
from itertools import groupby
from operator import itemgetter
from threading import Lock
from typing import Final

from orchestrion.actions.runners.base import Stream
from orchestrion.runtime.clock import Clock
from orchestrion.store.sqlite import Transaction

EVERY: Final = 250_000
"""How long what an action writes is collected before it is stored, in microseconds."""

MOST_AT_ONCE: Final = 64 * 1024
"""How many characters of an action are stored at a time; of more the newest."""

KEPT: Final = 1024 * 1024
"""How many characters of an action are kept; of more the newest half."""

_decoder = getincrementaldecoder("utf-8")


class _Collected:
    """What one action has written and nobody has stored yet.

    `since` is when that began, `left_out` how many characters were too many, `stored` how many are stored.
    """

    def __init__(self) -> None:
        self.pieces: deque[tuple[Stream, str]] = deque()
        self.since: int | None = None
        self.stored = 0
        self._decoders = {"stdout": _decoder("replace"), "stderr": _decoder("replace")}
        self._size = 0
        self._left_out = 0

    def add(self, stream: Stream, data: bytes, now: int) -> None:
        """Something more was written."""
        text = self._decoders[stream].decode(data)
        if text:
            self.pieces.append((stream, text))
            self._size += len(text)
            self.since = now if self.since is None else self.since
            while self._size > MOST_AT_ONCE:
                self._leave_out(self._size - MOST_AT_ONCE)

    def _leave_out(self, surplus: int) -> None:
        stream, text = self.pieces.popleft()
        cut = min(surplus, len(text))
        if cut < len(text):
            self.pieces.appendleft((stream, text[cut:]))
        self._size -= cut
        self._left_out += cut

    def take(self) -> list[tuple[Stream, str]]:
        """All of it; what one stream gave without a break is one piece."""
        if self._left_out:
            remark = f"\n[{self._left_out} characters are left out here]\n"
            self.pieces.appendleft((self.pieces[0][0], remark))
        taken = [
            (stream, "".join(text for _, text in run))
            for stream, run in groupby(self.pieces, key=itemgetter(0))
        ]
        self.stored += self._size
        self.pieces.clear()
        self.since, self._size, self._left_out = None, 0, 0
        return taken


class Output:
    """What the actions of one process write. `add` may be called in any thread, all else in the engine's."""

    def __init__(self, monotonic: Clock) -> None:
        self._monotonic = monotonic
        self._lock = Lock()
        self._collected: dict[str, _Collected] = {}

    def add(self, execution: str, stream: Stream, data: bytes) -> None:
        """An action has written something."""
        with self._lock:
            self._collected.setdefault(execution, _Collected()).add(stream, data, self._monotonic())

    def store(self, transaction: Transaction, engine: str, at: int, ended: Collection[str]) -> None:
        """Store what is due; of an action that has `ended` the rest, if some of it is stored already.

        Nothing of an attempt that is not this engine's any more.
        """
        if not self._collected:
            return
        now = self._monotonic()
        with self._lock:
            due = [
                (number, one.take(), one)
                for number, one in self._collected.items()
                if one.since is not None and (one.stored if number in ended else now - one.since >= EVERY)
            ]
        for number, pieces, one in due:
            sealed = transaction.value("execution_is_secret", execution=number) is not None
            for stream, text in pieces:
                content = transaction.seal(text) if sealed else text
                transaction.run(
                    "add_output", execution=number, engine=engine, stream=stream, at=at, content=content
                )
            if one.stored > KEPT:
                transaction.run("shorten_output", execution=number, kept=KEPT // 2)
                one.stored = KEPT // 2

    def forget(self, execution: str) -> None:
        """An action has ended, and that is recorded."""
        with self._lock:
            self._collected.pop(execution, None)
