"""Everything that happens on a store, whichever process does it: for those who watch.

Three tables grow as things happen, and are read behind a cursor: executions (what is new), history (how
statuses change), output. A workflow execution's statuses are told as history has them. History knows the
tasks of actions, not the actions themselves: what it tells of a task is the sign to look at its attempts,
whose statuses follow from their rows, also those in between that nobody has seen in time.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from orchestrion.actions.parameters import MASK
from orchestrion.core.status import COMPLETED
from orchestrion.queries.cursors import Cursor
from orchestrion.queries.output import written_in
from orchestrion.runtime.secrets import Mask, mask_of
from orchestrion.store import rows
from orchestrion.store.sqlite import Reading, Transaction

_PAGE: Final = 500
"""How many rows are read at a time, so that no transaction is long."""

_PAGE_OF_OUTPUT: Final = 100
_MASKED: Final = rows.to_json(MASK)
_NOT_BEGUN: Final = (None, "requested", "delayed")
_WITHDRAWING: Final = COMPLETED | {"canceling"}
"""The statuses of a workflow execution with which attempts end that have not begun."""

_Row: TypeAlias = Mapping[str, Any]


class StatusChange(NamedTuple):
    """An execution shows another status, or is there now. `execution` is its row, without its values."""

    execution: _Row
    status: str
    is_new: bool = False


class Written(NamedTuple):
    """An action has written something. `id` names that, `at` is in microseconds since 1970."""

    id: str
    execution: str
    action: str
    runner: str
    tree: str
    stream: str
    at: int
    text: str


Change: TypeAlias = StatusChange | Written


class Page(NamedTuple):
    """Changes in their order, and whether there are more already.

    `ended` are the executions among those asked for that have ended: nothing more is to be told of them.
    """

    changes: list[Change]
    more: bool
    ended: tuple[_Row, ...] = ()


class Changes:
    """Reads the changes of a store from `begin` on, each once. For one thread."""

    def __init__(self, store: Reading) -> None:
        self._store: Final = store
        self._executions: Final = Cursor("places_of_executions")
        self._history: Final = Cursor("places_of_history")
        self._output: Final = Cursor("places_of_output")
        self._open: Final = _Open()
        self._held: Final[dict[tuple[str, str], tuple[Written, Mask]]] = {}
        self._reads_output = False

    def begin(self) -> None:
        """Tell only what happens from now on."""
        with self._store.reading() as transaction:
            newest = _newest(transaction)
            self._executions.begin(transaction, newest["executions"])
            self._history.begin(transaction, newest["history"])
            self._open.begin(transaction.all("open_attempts"))
        self._held.clear()
        self._reads_output = False

    def read(self, *, with_output: bool = True, watched: Collection[str] = ()) -> Page:
        """Some of what has happened since. `watched`: executions of which it is asked whether they ended.

        What was written comes before the end of who wrote it, and an execution before its statuses: so what
        comes later is read only once all of the former is.
        """
        with self._store.reading() as transaction:
            newest = _newest(transaction)
            told: list[Change] = []
            if with_output:
                written = self._written(transaction, newest["output"])
                told += self._masked(written)
                if len(written) == _PAGE_OF_OUTPUT:
                    return Page(told, more=True)
            self._reads_output = with_output
            self._executions.look_back(transaction, newest["executions"])
            fresh = transaction.all("executions_since", after=self._executions.at, count=_PAGE)
            told += self._with_results(transaction, self._created(transaction, fresh))
            self._executions.advance(fresh)
            if len(fresh) == _PAGE:
                return Page(told, more=True)
            self._history.look_back(transaction, newest["history"])
            moved = transaction.all("history_since", after=self._history.at, count=_PAGE)
            more = len(moved) == _PAGE
            told += self._with_results(transaction, self._moved(transaction, moved))
            self._history.advance(moved)
            ended = () if more else _ended(transaction, watched)
        return Page(told, more, ended)

    # --- output

    def _written(self, transaction: Transaction, newest: int) -> Sequence[_Row]:
        if not self._reads_output:
            self._output.begin(transaction, newest)
        self._reads_output = True
        self._output.look_back(transaction, newest)
        found = transaction.all_openable("output_since", MASK, after=self._output.at, count=_PAGE_OF_OUTPUT)
        self._output.advance(found)
        return found

    def _masked(self, found: Iterable[_Row]) -> Iterator[Written]:
        """What was written, without secrets: an end that may be the beginning of one waits for the rest."""
        for row in found:
            if row["root"] is None:
                continue  # it is purged
            key = (row["execution"], row["stream"])
            before = self._held.pop(key, None)
            text = row["content"] if before is None else before[0].text + row["content"]
            mask = mask_of(row["secrets"])
            shown, rest = mask.split(text)
            piece = Written(
                str(row["number"]),
                row["execution"],
                row["action"],
                row["runner"],
                row["root"],
                row["stream"],
                row["at"],
                shown,
            )
            if rest:
                self._held[key] = piece._replace(text=rest), mask
            if shown:
                yield piece

    def _with_results(self, transaction: Transaction, changes: Iterable[StatusChange]) -> list[Change]:
        """The same, and before the end of an action what is left of its output."""
        told = list(changes)
        if not self._reads_output:
            return [*told]
        ends = [one.execution["id"] for one in told if _is_end_of_action(one)]
        results = {
            row["id"]: row
            for row in transaction.all_openable(
                "results_without_output", _MASKED, executions=rows.to_json(ends)
            )
        }
        found: list[Change] = []
        for change in told:
            if _is_end_of_action(change):
                found += self._rest(change.execution, results.get(change.execution["id"]))
            found.append(change)
        return found

    def _rest(self, execution: _Row, result: _Row | None) -> Iterator[Written]:
        number = execution["id"]
        for stream in ("stdout", "stderr"):
            held = self._held.pop((number, stream), None)
            if held is not None:
                piece, mask = held
                yield piece._replace(text=mask.text(piece.text))
        if result is not None:
            mask = mask_of(result["secrets"])
            for stream, text in written_in(rows.from_json(result["result"])):
                yield Written(
                    f"{number}-{stream}",
                    number,
                    execution["action"],
                    execution["runner"],
                    execution["root"],
                    stream,
                    execution["ended_at"],
                    mask.text(text),
                )

    # --- executions

    def _created(self, transaction: Transaction, fresh: Sequence[_Row]) -> Iterator[StatusChange]:
        """The executions that are new, and what they have come to already."""
        known = _rows_of(transaction, [row["id"] for row in fresh])
        known.update(_rows_of(transaction, [one for row in known.values() for one in self._open.at(row)]))
        for row in fresh:
            execution = known[row["id"]]
            if _is_seen(execution):
                for before in self._open.at(execution):
                    if before in known:
                        yield from self._statuses(known[before])
                yield from self._begin(execution)

    def _begin(self, execution: _Row) -> Iterator[StatusChange]:
        """An execution that is new; history will tell when to look at it again, unless it has none."""
        if execution["id"] not in self._open.told and execution["of_workflow"] is not None:
            yield self._first(execution)
        else:
            yield from self._statuses(execution)

    def _moved(self, transaction: Transaction, moved: Sequence[_Row]) -> Iterator[StatusChange]:
        """What history tells: of workflow executions themselves, and of their tasks."""
        owners = _owners(transaction, {row["workflow"] for row in moved if row["entry"] is None})
        touched = [self._open.touched(row) for row in moved]
        wanted = {one for numbers in touched for one in numbers}
        wanted |= {number for found in owners.values() for number, _ in found}
        known = _rows_of(transaction, wanted)
        for row, numbers in zip(moved, touched, strict=True):  # what ends with a whole ends before it
            for number in numbers:
                if number in known and number in self._open.told:  # it has not ended in this very page
                    yield from self._statuses(known[number])
            if row["entry"] is None:
                yield from self._of_whole(row, known.get(_owner(owners[row["workflow"]], row["event"])))

    def _of_whole(self, row: _Row, execution: _Row | None) -> Iterator[StatusChange]:
        if execution is None or not _is_seen(execution):
            return
        if row["status"] in COMPLETED:
            self._open.forget(execution)
        yield StatusChange(execution, row["status"])

    def _statuses(self, execution: _Row) -> Iterator[StatusChange]:
        """What an execution has come to since it was told last; of a workflow only that it is there."""
        before = self._open.told.get(execution["id"])
        status: str = execution["status"]
        if before is None:
            first = self._first(execution)
            before = first.status
            yield first
        if execution["workflow"] is not None:
            return
        if execution["started_at"] is not None and before in _NOT_BEGUN:
            yield StatusChange(execution, "running")
            before = "running"
        if status != before:
            yield StatusChange(execution, status)
        if status in COMPLETED:
            self._open.forget(execution)
        else:
            self._open.note(execution, status)

    def _first(self, execution: _Row) -> StatusChange:
        status = "delayed" if execution["status"] == "delayed" else "requested"
        self._open.note(execution, status)
        return StatusChange(execution, status, is_new=True)


class _Open:
    """The attempts that have not ended, as they were told last: by their tasks and items.

    `told` are the statuses, by their executions.
    """

    def __init__(self) -> None:
        self.told: Final[dict[str, str]] = {}
        self._places: Final[dict[str, dict[int, dict[int | None, str]]]] = {}

    def begin(self, found: Iterable[_Row]) -> None:
        self.told.clear()
        self._places.clear()
        for row in found:
            self.note(row, row["status"])

    def note(self, execution: _Row, status: str) -> None:
        """An execution was told to have a status, and has not ended."""
        if execution["of_workflow"] is not None:
            self.told[execution["id"]] = status
            entries = self._places.setdefault(execution["of_workflow"], {})
            entries.setdefault(execution["entry"], {})[execution["item"]] = execution["id"]

    def forget(self, execution: _Row) -> None:
        """An execution has ended."""
        if self.told.pop(execution["id"], None) is None:
            return
        entries = self._places[execution["of_workflow"]]
        items = entries[execution["entry"]]
        if items.get(execution["item"]) == execution["id"]:
            del items[execution["item"]]
        if not items:
            del entries[execution["entry"]]
        if not entries:
            del self._places[execution["of_workflow"]]

    def at(self, execution: _Row) -> list[str]:
        """What is open where a new attempt stands: the one before it, whose end is still to be told."""
        items = self._places.get(execution["of_workflow"], {}).get(execution["entry"], {})
        found = items.get(execution["item"])
        return [] if found is None or found == execution["id"] else [found]

    def touched(self, row: _Row) -> list[str]:
        """The attempts that a row of history may concern."""
        entries = self._places.get(row["workflow"], {})
        if row["entry"] is None:
            if row["status"] not in _WITHDRAWING:
                return []
            return [number for items in entries.values() for number in items.values()]
        items = entries.get(row["entry"], {})
        if row["item"] is None:
            return [*items.values()]
        return [items[row["item"]]] if row["item"] in items else []


def _newest(transaction: Transaction) -> _Row:
    found = transaction.one("newest_rows")
    assert found is not None
    return found


def _rows_of(transaction: Transaction, executions: Collection[str]) -> dict[str, _Row]:
    if not executions:
        return {}
    found = transaction.all("changed_executions", executions=rows.to_json([*executions]))
    return {row["id"]: row for row in found}


def _owners(transaction: Transaction, workflows: Collection[str]) -> dict[str, list[tuple[str, int | None]]]:
    """The executions of workflow executions, each with its last event; the last one goes on."""
    found: dict[str, list[tuple[str, int | None]]] = {number: [] for number in workflows}
    if workflows:
        for row in transaction.all("executions_of_workflows", workflows=rows.to_json([*workflows])):
            found[row["workflow"]].append((row["id"], row["last_event"]))
    return found


def _owner(executions: Iterable[tuple[str, int | None]], event: int) -> str:
    """The execution that ran a workflow execution when that event came; empty where it is purged."""
    return next((number for number, last in executions if last is None or event <= last), "")


def _ended(transaction: Transaction, watched: Collection[str]) -> tuple[_Row, ...]:
    known = _rows_of(transaction, watched).values()
    return tuple(row for row in known if row["status"] in COMPLETED and _is_seen(row))


def _is_seen(execution: _Row) -> bool:
    """Whether people see an execution: it does not only wrap an action, and is not purged."""
    belongs = execution["workflow"] is not None or execution["of_workflow"] is not None
    return not execution["wraps"] and (execution["root"] is not None or not belongs)


def _is_end_of_action(change: StatusChange) -> bool:
    return change.status in COMPLETED and change.execution["workflow"] is None
