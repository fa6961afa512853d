"""The records of a workflow execution's state: small, immutable, one row each.

A `Change` is one of these records in its new form, and the only thing that alters a state: the same objects
are applied in memory (`state.py`), written as rows, and shown as history. Numbers of entries and arrivals
count up within one workflow execution and are never used again, so they name a record for ever.
"""

from typing import Final, NamedTuple, TypeAlias

from orchestrion.core.context import Context
from orchestrion.core.status import Status
from orchestrion.core.values import Json

Order: TypeAlias = tuple[int, int, str, int]
"""Where an entry stands in the sequence: (event that made it ready, commands first, task, route).

It depends on the order of the events alone, not on when a slot, a pause or a worker let the entry start, and
a re-run keeps it.
"""


_COUNTED_AS: Final[dict[Status | None, str | None]] = {
    None: None,
    "scheduled": "scheduled",
    "delayed": "scheduled",
    "running": "active",
    "resuming": "active",
    "pausing": "active",
    "canceling": "active",
    "paused": "paused",
    "pending": "pending",
    "succeeded": "succeeded",
    "failed": "failed",
    "timeout": "failed",
    "abandoned": "failed",
    "canceled": "canceled",
}
"""Which number of `ItemCounts` an item of each status stands in."""


class ItemCounts(NamedTuple):
    """What the items of one entry are doing; a with-items entry decides from these numbers, never by a scan.

    `scheduled` items wait for a worker, `active` ones have begun. `next` is the lowest index that may not
    have started. Of those that failed and were canceled a re-run has kept `kept_failed` and `kept_canceled`:
    they decide how the task ends, not when. `left_out` items never start (`Item.is_left_out`).
    """

    total: int
    concurrency: int | None
    next: int = 0
    scheduled: int = 0
    active: int = 0
    paused: int = 0
    pending: int = 0
    succeeded: int = 0
    failed: int = 0
    canceled: int = 0
    kept_failed: int = 0
    kept_canceled: int = 0
    left_out: int = 0

    @property
    def in_flight(self) -> int:
        """Items that were started and have not reported an end or a hold."""
        return self.scheduled + self.active

    @property
    def remaining(self) -> int:
        """Items that have not started, and are to."""
        begun = self.scheduled + self.active + self.paused + self.pending
        return self.total - begun - self.completed - self.left_out

    @property
    def completed(self) -> int:
        """Items that have ended, well or not."""
        return self.succeeded + self.failed + self.canceled

    def moved(self, source: Status | None, target: Status | None) -> "ItemCounts":
        """The counts after one item has gone from one status to another; None: it has not started."""
        before, after = _COUNTED_AS[source], _COUNTED_AS[target]
        if before == after:
            return self
        numbers: dict[str, int] = {}
        if before is not None:
            numbers[before] = getattr(self, before) - 1
        if after is not None:
            numbers[after] = getattr(self, after) + 1
        return self._replace(**numbers)

    @property
    def own_failed(self) -> int:
        """Items that failed here, and were not kept so."""
        return self.failed - self.kept_failed

    @property
    def own_canceled(self) -> int:
        """Items that were canceled here, and were not kept so."""
        return self.canceled - self.kept_canceled

    @property
    def ended_early(self) -> bool:
        """Whether a failed item ended the task at once: with a single slot no other item can be active."""
        return self.concurrency == 1 and self.own_failed > 0

    @property
    def free_slots(self) -> int:
        """How many items may start now; a paused or pending item keeps its slot."""
        taken = self.scheduled + self.active + self.paused + self.pending
        remaining = self.remaining
        if self.concurrency is None or self.concurrency - taken >= remaining:
            return remaining
        return max(self.concurrency - taken, 0)


class Entry(NamedTuple):
    """One pass of the workflow through a task (or engine command) on a route: a task execution (spec 5.1).

    `arrivals` are the satisfied transitions that staged it (none for a first task). `attempt` is the number
    of its current attempt, `tally` how many retries it has used. `edges` holds for each evaluated transition
    whether it is satisfied. `lap` counts the passes through this task on this route. `done` is the event that
    completed it.
    """

    id: int
    task: str
    route: int
    status: Status
    order: Order
    arrivals: tuple[int, ...]
    context: Context
    lap: int = 0
    attempt: int = 1
    begun: bool = False
    delay: int = 0
    task_delay: int = 0
    timeout: int | None = None
    """How long each attempt of it may run, in seconds."""
    tally: int = 0
    retry_count: int = 0
    retry_delay: int = 0
    edges: tuple[tuple[str, bool], ...] = ()
    terminal: bool = False
    done: int | None = None
    result: Json = None
    items: ItemCounts | None = None
    run_on_fail: bool = False
    withdrawn: bool = False
    """Nothing (further) of it starts: its workflow failed or was canceled before it could."""
    prepared: bool = True
    """False when its input could not be rendered: it never began, and yet can be re-run by name."""
    broken: bool = False
    """A transition of it could not be evaluated, which failed the workflow whatever became of the task."""
    retry_denied: bool = False
    """It would have been tried again, had the workflow not failed before."""
    counts: bool = True
    """False once a re-run has invalidated it: it stays as history and is as if it had never run."""
    kept: int | None = None
    """The entry whose item results it keeps (a re-run without reset, or of chosen items)."""


class Item(NamedTuple):
    """One item of a with-items entry. `attempt` is the entry's attempt that started it."""

    entry: int
    index: int  # pyright: ignore[reportIncompatibleMethodOverride]  # nobody searches in a record
    status: Status | None
    attempt: int
    result: Json = None
    done: int | None = None

    @property
    def is_left_out(self) -> bool:
        """Whether it never starts: others had ended its task before it could, and a re-run keeps them."""
        return self.status is None and self.done is not None


class RenderedAction(NamedTuple):
    """An action and its input as rendered; `action` is None for a task without one."""

    action: str | None
    input: Json


class RenderedItems(NamedTuple):
    """All items of an entry, rendered once when it first starts (product: "with-items rendering")."""

    entry: int
    actions: tuple[RenderedAction, ...]


class Arrival(NamedTuple):
    """A satisfied transition: what `source` sends to `target`; what it publishes is a layer of its own.

    `at` is its logical time: the event in whose course it came, which a re-run keeps.
    """

    id: int
    source: int
    edge: str
    target: str
    route: int
    at: int
    published: dict[str, Json] | None
    context: Context


class Route(NamedTuple):
    """One way through the splits of a workflow: the parent's way, then one more split edge (spec 3).

    Route 0 has none.
    """

    id: int
    parent: int
    edge: str


Chain: TypeAlias = "tuple[int, Chain] | None"
"""Arrival numbers as a linked list, newest first: appending costs the same however many there are."""


class Staged(NamedTuple):
    """A task that something has arrived at and that has no entry for it yet (spec 5.1).

    `ready_at` is set from the moment it is ready. `sources` counts the distinct sources that are satisfied;
    for a join in a loop, whose sources may run again before it fires, it is the most that there can be.
    """

    task: str
    route: int
    arrivals: Chain
    sources: int
    ready_at: int | None = None
    run_on_fail: bool = False


class Unstaged(NamedTuple):
    """A staged task that became an entry, or that a re-run took away."""

    task: str
    route: int


class Failure(NamedTuple):
    """One entry of the errors list (spec 5.8), with the entry that it came from (None: the workflow)."""

    id: int
    entry: int | None
    content: dict[str, Json]


class Withdrawn(NamedTuple):
    """A failure that no longer counts, because a re-run has invalidated what caused it."""

    id: int


class TimeLimit(NamedTuple):
    """How long a workflow execution may take: it counts from the start, and not while it is paused.

    `own` is its attribute `timeout`; `seconds` is what holds since the last start or re-run, the smaller one
    of that and the timeout of the task that it is. In microseconds: `expires_at` while the time runs, `left`
    while it is paused; neither when the time does not matter any more.
    """

    own: int | None
    seconds: int | None
    expires_at: int | None = None
    left: int | None = None


class Head(NamedTuple):
    """The workflow execution itself: its status, its counters and the next numbers.

    `event` counts the events, `since` is the one of the last re-run. `pause_requested` remembers that an
    operator asked for the pause. `kept_end` is the end that kept failures or cancellations impose on a re-run
    that does not cover them. `active`, `waiting`, `pending`, `paused` and `canceled` count the latest entries
    that are in such a phase (`state.phase_of`), `ready` the staged tasks that may start.
    """

    status: Status = "requested"
    event: int = 0
    since: int = 0
    entries: int = 0
    arrivals: int = 0
    routes: int = 1
    failures: int = 0
    reruns: int = 0
    pause_requested: bool = False
    kept_end: Status | None = None
    rendered: bool = False
    output: dict[str, Json] | None = None
    active: int = 0
    waiting: int = 0
    pending: int = 0
    paused: int = 0
    canceled: int = 0
    ready: int = 0
    time_limit: TimeLimit | None = None


class Initial(NamedTuple):
    """The initial context: inputs and vars, and beneath them the application's values (`st2`, `parent`).

    The application's values are those of the latest execution that a re-run has made.
    """

    values: dict[str, Json]
    application: dict[str, Json]
    context: Context


Change: TypeAlias = (
    Head | Entry | Item | RenderedItems | Arrival | Route | Staged | Unstaged | Failure | Withdrawn | Initial
)
"""One step of a state to its next form."""
