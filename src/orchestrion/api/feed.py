"""What happens on the store, for all who follow it: one thread reads it once, and hands each what they want.

It is woken by the commits of the engine of this process, which others wake in their turn; a poll is the net
under that. Who takes less than what comes loses the connection, never memory: what waits for each is bounded,
and most of it is shared.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from threading import Event as Flag
from threading import Lock, Thread
from typing import Any, Final, NamedTuple

import orjson

from orchestrion.core.status import COMPLETED
from orchestrion.core.values import Json
from orchestrion.errors import NotFound, StoreError
from orchestrion.queries.changes import Change, Changes, StatusChange, Written
from orchestrion.queries.output import Tail
from orchestrion.store.sqlite import Reading
from orchestrion.wire.stream import execution_body, output_body, without_result

CREATED: Final = "st2.execution__create"
UPDATED: Final = "st2.execution__update"
WRITTEN: Final = "st2.execution.output__create"

BACKLOG: Final = 16 * 1024 * 1024
"""How much may wait for somebody who follows, in bytes."""

MOST: Final = 1024 * 1024
"""How large the event of an execution may be with its result, in bytes; a larger one comes without it."""

_POLL_SECONDS: Final = 0.25
_RETRY_SECONDS: Final = 1.0
_PATIENCE_SECONDS: Final = 1.0
_log = logging.getLogger(__name__)


Describe = Callable[[Collection[str]], Mapping[str, Mapping[str, Json]]]
"""Gives the objects of those among some executions that there are."""


class Event(NamedTuple):
    """Something that has happened, as it is sent. `status` is None where it is output."""

    name: str
    execution: str
    action: str
    tree: str | None
    status: str | None
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody follows. Names of events may be patterns; what is empty is not asked for.

    It is over with the event `end_event` that shows the end of `end_execution`.
    """

    events: tuple[str, ...] = (CREATED, UPDATED)
    actions: frozenset[str] = frozenset()
    executions: frozenset[str] = frozenset()
    tree: str | None = None
    end_event: str | None = None
    end_execution: str | None = None

    def names(self, event: str) -> bool:
        """Whether an event of that name is wanted."""
        return any(fnmatchcase(event, pattern) for pattern in self.events)

    def takes(self, event: Event) -> bool:
        """Whether an event is wanted."""
        return (
            (not self.executions or event.execution in self.executions)
            and (not self.actions or event.action in self.actions)
            and (self.tree is None or event.tree == self.tree)
            and self.names(event.name)
        )

    def ends_with(self, event: Event) -> bool:
        """Whether nothing more is wanted after an event."""
        return (
            event.execution == self.end_execution
            and event.name == self.end_event
            and event.status in COMPLETED
        )


class Subscription:
    """What waits for one who follows, in the event loop in which it is made. The feed's thread puts it in.

    `lost` is set when too much waits: then nothing more comes, and the connection is to be given up.
    """

    def __init__(self, wanted: Wanted, backlog: int = BACKLOG) -> None:
        self.wanted: Final = wanted
        self.lost: Final = asyncio.Event()
        self._backlog: Final = backlog
        self._loop: Final = asyncio.get_running_loop()
        self._news: Final = asyncio.Event()
        self._admitted: Final = asyncio.Event()
        self._lock: Final = Lock()
        self._waiting: list[bytes] = []
        self._size = 0
        self._is_over = False

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self._is_over

    def offer(self, event: Event) -> None:
        """Something has happened."""
        if self._is_over:
            return
        if self.wanted.takes(event):
            with self._lock:
                self._waiting.append(event.data)
                self._size += len(event.data)
                is_lost = self._size > self._backlog
                if is_lost:
                    self._waiting.clear()
            self._call(self._news)
            if is_lost:
                self._is_over = True
                self._call(self.lost)
        if self.wanted.ends_with(event):
            self.end()

    async def begun(self) -> "Subscription":
        """Return once everything is offered that happens from now on; at the latest after a second."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._admitted.wait()
        return self

    def admit(self) -> None:
        """From now on everything is offered."""
        self._call(self._admitted)

    def end(self) -> None:
        """Nothing more will come."""
        self._is_over = True
        self._call(self._news)
        self._call(self._admitted)

    async def take(self, seconds: float) -> list[bytes] | None:
        """What waits; nothing after so many seconds without news; None when it is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()
        self._news.clear()
        with self._lock:
            taken, self._waiting, self._size = self._waiting, [], 0
        if not taken and self._is_over:
            return None
        if self._is_over:
            self._news.set()
        return taken

    def _call(self, event: asyncio.Event) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody follows any more
            self._loop.call_soon_threadsafe(event.set)


class Feed:
    """Tells all who follow a store what happens on it. Its thread begins with the first of them."""

    def __init__(self, store: Reading, describe: Describe) -> None:
        self._store: Final = store
        self._describe: Final = describe
        self._changes: Final = Changes(store)
        self._woken: Final = Flag()
        self._lock: Final = Lock()
        self._members: list[Subscription] = []
        self._joining: list[Subscription] = []
        self._thread: Thread | None = None
        self._is_closed = False

    @property
    def followers(self) -> int:
        """How many follow it."""
        return len(self._members)

    def wake(self) -> None:
        """Something was committed."""
        if self._members:
            self._woken.set()

    def follow(self, wanted: Wanted, backlog: int = BACKLOG) -> Subscription:
        """Follow from now on, in the running event loop. What has ended by now is told as ended."""
        subscription = Subscription(wanted, backlog)
        with self._lock:
            if self._is_closed:
                subscription.end()
                return subscription
            self._joining.append(subscription)
            if self._thread is None:
                self._thread = Thread(target=self._run, name="feed", daemon=True)
                self._thread.start()
        self._woken.set()
        return subscription

    def close(self) -> None:
        """End it for all."""
        with self._lock:
            self._is_closed = True
            thread = self._thread
            for one in (*self._members, *self._joining):
                one.end()
        self._woken.set()
        if thread is not None:
            thread.join()

    # --- in the thread

    def _run(self) -> None:
        more = False
        while not self._is_closed:
            if not more:
                self._woken.wait(_POLL_SECONDS if self._members or self._joining else None)
            self._woken.clear()
            try:
                more = self._read()
            except StoreError as error:
                _log.warning("%s The event stream tries again.", error)
                more = False
                self._woken.wait(_RETRY_SECONDS)
            except Exception:  # noqa: BLE001  # whatever it is, the next who follow are served
                _log.exception(
                    "The event stream has failed: a bug of Orchestrion. Who follows it is cut off."
                )
                more = False
                with self._lock:
                    for one in (*self._members, *self._joining):
                        one.end()
                    self._members, self._joining = [], []

    def _read(self) -> bool:
        """Read once, and tell; whether there is more already."""
        with self._lock:
            self._members = [one for one in self._members if not one.is_over]
            self._joining = [one for one in self._joining if not one.is_over]
            joining = [*self._joining]
        if not self._members:
            if not joining:
                return False
            self._changes.begin()
        page = self._changes.read(
            with_output=any(one.wanted.names(WRITTEN) for one in (*self._members, *joining)),
            watched={one.wanted.end_execution for one in joining if one.wanted.end_execution is not None},
        )
        self._tell(self._members, page.changes)
        if not page.more:
            self._admit(joining, {row["id"]: row for row in page.ended})
        return page.more

    def _tell(self, members: Sequence[Subscription], changes: Iterable[Change]) -> None:
        """Only what somebody wants is looked up and written."""
        found = [(change, event_of(change)) for change in changes]
        wanted = [any(one.wanted.takes(event) for one in members) for _, event in found]
        shown = self._describe(
            {event.execution for (_, event), is_wanted in zip(found, wanted, strict=True) if is_wanted}
        )
        for (change, event), is_wanted in zip(found, wanted, strict=True):
            whole = event._replace(data=data_of(change, shown)) if is_wanted else event
            for member in members:
                member.offer(whole)

    def _admit(self, joining: Sequence[Subscription], ended: Mapping[str, Mapping[str, Any]]) -> None:
        """From now on they are told everything. What they wait for the end of may have ended."""
        for one in joining:
            row = ended.get(one.wanted.end_execution or "")
            if row is not None:
                self._tell([one], self._end_of(row, one.wanted))
        with self._lock:
            self._members = [*self._members, *joining]
            self._joining = self._joining[len(joining) :]
        for one in joining:
            one.admit()

    def _end_of(self, execution: Mapping[str, Any], wanted: Wanted) -> Iterator[Change]:
        """The end of an execution, for somebody who came too late; of an action also what it has written."""
        if execution["workflow"] is None and wanted.names(WRITTEN):
            for number, (stream, text) in enumerate(_output_of(self._store, execution["id"])):
                yield Written(
                    f"{execution['id']}-{number}",
                    execution["id"],
                    execution["action"],
                    execution["runner"],
                    execution["root"],
                    stream,
                    execution["ended_at"],
                    text,
                )
        yield StatusChange(execution, execution["status"])


def event_of(change: Change) -> Event:
    """A change as an event, without what is sent of it."""
    if isinstance(change, Written):
        return Event(WRITTEN, change.execution, change.action, change.tree, None)
    execution, status, is_new = change
    name = CREATED if is_new else UPDATED
    return Event(name, execution["id"], execution["action"], execution["root"], status)


def data_of(change: Change, shown: Mapping[str, Mapping[str, Json]]) -> bytes:
    """What is sent of a change, by the objects of executions; nothing of one that is purged."""
    if isinstance(change, Written):
        body = output_body(*change[:4], at=change.at, stream=change.stream, text=change.text)
        return encoded(WRITTEN, body)
    execution, status, is_new = change
    if execution["id"] not in shown:
        return b""
    name = CREATED if is_new else UPDATED
    body = execution_body(shown[execution["id"]], status)
    data = encoded(name, body)
    return data if len(data) <= MOST else encoded(name, without_result(body))


def encoded(name: str, body: object) -> bytes:
    """An event as server-sent events are written."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), orjson.dumps(body))


def _output_of(store: Reading, number: str) -> Iterable[tuple[str, str]]:
    """What an action that has ended has written."""
    tail = Tail(store, number)
    with suppress(NotFound):  # it is purged
        over = False
        while not over:
            pieces, over = tail.read()
            yield from ((piece.stream, piece.text) for piece in pieces)
