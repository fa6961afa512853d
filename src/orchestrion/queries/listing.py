"""Lists of executions by many filters, with as much of each as is asked for; one of them; what is below it.

A list never reads the values of an execution that nobody asks for: a result may be large.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final, Literal, NamedTuple

from orchestrion.actions.parameters import MASK
from orchestrion.core.values import Json
from orchestrion.errors import NotFound
from orchestrion.queries.attending import Attendance
from orchestrion.queries.summaries import (
    ALL,
    EVERYWHERE,
    PARTS,
    Filters,
    LogEntry,
    Page,
    Part,
    RerunTasks,
    Summary,
)
from orchestrion.runtime.peers import Peers
from orchestrion.runtime.secrets import Mask, mask_of
from orchestrion.store import rows
from orchestrion.store.sqlite import Reading, Transaction

_MASKED: Final = rows.to_json(MASK)
_UNMASKED: Final = mask_of(None)
_GROUP: Final = 500
"""How many executions are read together."""


class _Whole(NamedTuple):
    """The statements for a list of very many executions, which are not looked through."""

    newest: str
    total: str


_UNFILTERED: Final[Mapping[Filters, _Whole]] = {
    Filters(): _Whole("newest_tops", "count_of_tops"),
    Filters(EVERYWHERE): _Whole("newest_of_all", "count_of_all"),
}


class Listing:
    """The lists of one store, each read in one short transaction.

    `show_secrets`: values are shown as they are, else what is secret in them is masked.
    """

    def __init__(self, store: Reading, peers: Peers) -> None:
        self._store: Final = store
        self._peers: Final = peers

    def page(
        self,
        filters: Filters,
        page: Page,
        parts: AbstractSet[Part] = PARTS,
        *,
        show_secrets: bool = False,
    ) -> tuple[list[Summary], int]:
        """A page of a list, and how many executions the whole list has."""
        with self._store.reading() as transaction:
            found = _ids(transaction, filters, page)
            total = _count(transaction, filters)
            reader = _Reader(transaction, self._peers, parts, show_secrets=show_secrets)
            return reader.summaries(found), total

    def one(self, number: str, parts: AbstractSet[Part] = PARTS, *, show_secrets: bool = False) -> Summary:
        """One execution; `last` is the newest that somebody has started. Raises NotFound."""
        with self._store.reading() as transaction:
            return self._one(transaction, number, parts, show_secrets=show_secrets)

    def among(self, numbers: Collection[str], parts: AbstractSet[Part] = PARTS) -> list[Summary]:
        """Those of some executions that there are."""
        with self._store.reading() as transaction:
            return _Reader(transaction, self._peers, parts, show_secrets=False).summaries([*numbers])

    def below(
        self,
        number: str,
        depth: int = ALL,
        parts: AbstractSet[Part] = PARTS,
        *,
        show_secrets: bool = False,
    ) -> list[Summary]:
        """What is below an execution, so many levels (`ALL`: all) down. Raises NotFound.

        Each one is followed by what is below it; those beside each other come in the order of their starts.
        """
        with self._store.reading() as transaction:
            top = self._one(transaction, number, frozenset())
            reader = _Reader(transaction, self._peers, parts, show_secrets=show_secrets)
            return reader.summaries(_below(transaction, top.id, depth))

    def result_text(self, number: str, *, show_secrets: bool = False) -> str:
        """The result of an execution as JSON. Raises NotFound."""
        with self._store.reading() as transaction:
            top = self._one(transaction, number, frozenset())
            reader = _Reader(transaction, self._peers, frozenset(), show_secrets=show_secrets)
            return reader.result_text(top.id)

    def filter_values(self) -> dict[str, list[str]]:
        """The values by which executions that people start can be chosen, by the names of the filters."""
        found: dict[str, list[str]] = {}
        with self._store.reading() as transaction:
            for row in transaction.all("filter_values"):
                found.setdefault(row["name"], []).append(row["value"])
        return found

    def _one(
        self,
        transaction: Transaction,
        number: str,
        parts: AbstractSet[Part],
        *,
        show_secrets: bool = False,
    ) -> Summary:
        wanted: str | None = transaction.value("newest_top") if number == "last" else number
        reader = _Reader(transaction, self._peers, parts, show_secrets=show_secrets)
        found = [] if wanted is None else reader.summaries([wanted])
        if not found:
            raise NotFound(
                f'There is no execution "{number}".', hint="List them with: orchestrion execution list"
            )
        return found[0]


class _Reader:
    """What one transaction reads of executions that are known by their ids."""

    def __init__(
        self, transaction: Transaction, peers: Peers, parts: AbstractSet[Part], *, show_secrets: bool
    ) -> None:
        self._transaction: Final = transaction
        self._attendance: Final = Attendance(transaction, peers)
        self._parts: Final = parts
        self._show_secrets: Final = show_secrets

    def summaries(self, numbers: Sequence[str]) -> list[Summary]:
        """Those executions that there are, in the order of their ids as given."""
        found: list[Summary] = []
        for at in range(0, len(numbers), _GROUP):
            found += self._group(numbers[at : at + _GROUP])
        return found

    def _group(self, numbers: Sequence[str]) -> Iterable[Summary]:
        among = rows.to_json([*numbers])
        known = {row["id"]: row for row in self._openable("summaries_among", among)}
        parameters = self._texts("parameters", among)
        results = self._texts("result", among)
        children = self._children(among)
        logs = self._logs(among)
        asked = self._asked(among)
        reruns = self._reruns(among)
        firsts = self._first_attempts(among)
        for number in numbers:
            row = known.get(number)
            if row is None:
                continue
            mask = _UNMASKED if self._show_secrets else mask_of(row["secrets"])
            result = results.get(number)
            yield Summary(
                id=number,
                action=row["action"],
                runner=row["runner"],
                source=row["source"],
                status=row["status"],
                created_at=row["created_at"],
                started_at=row["started_at"],
                ended_at=row["ended_at"],
                workflow=row["workflow"],
                parent=None if row["top"] else row["parent"],
                parent_action=None if row["top"] else row["parent_action"],
                of_workflow=None if row["top"] else row["of_workflow"],
                task=None if row["top"] else row["task"],
                route=None if row["top"] else row["route"],
                item=row["item"],
                rerun_of=row["rerun_of"],
                continued_by=row["continued_by"],
                top=bool(row["top"]),
                user=row["user"],
                engine=self._attendance.worker(row["status"], row["engine"]),
                parameters=_masked_parameters(mask, row["action"], parameters.get(number)),
                result=None if result is None else mask.value(rows.from_json(result)),
                result_size=0 if result is None else len(result.encode()),
                task_execution=firsts.get((row["of_workflow"], row["entry"])),
                children=tuple(children.get(number, ())),
                log=_log_of(row, logs.get(number, ())) if "log" in self._parts else (),
                asked=asked.get(number),
                rerun=reruns.get(number),
            )

    def result_text(self, number: str) -> str:
        """The result of an execution as JSON; it is not read where nothing in it may be secret."""
        among = rows.to_json([number])
        row = self._openable("summaries_among", among)[0]
        found = next((one["result"] for one in self._openable("results_among", among)), "null")
        if self._show_secrets or row["secrets"] is None:
            return found
        return rows.to_json(mask_of(row["secrets"]).value(rows.from_json(found)))

    def _openable(self, query: str, among: str) -> list[Mapping[str, Any]]:
        return self._transaction.all_openable(query, _MASKED, executions=among)

    def _texts(self, part: Literal["parameters", "result"], among: str) -> dict[str, str]:
        if part not in self._parts:
            return {}
        query = "parameters_among" if part == "parameters" else "results_among"
        return {row["id"]: row[part] for row in self._openable(query, among)}

    def _children(self, among: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        if "children" in self._parts:
            for row in self._transaction.all("children_among", executions=among):
                found.setdefault(row["parent"], []).append(row["id"])
        return found

    def _logs(self, among: str) -> dict[str, list[LogEntry]]:
        found: dict[str, list[LogEntry]] = {}
        if "log" in self._parts:
            for row in self._transaction.all("statuses_among", executions=among):
                found.setdefault(row["id"], []).append(LogEntry(row["at"], row["status"]))
        return found

    def _asked(self, among: str) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        if "asked" in self._parts:
            for row in self._transaction.all("control_among", executions=among):
                found.setdefault(row["execution"], {})[row["kind"]] = row["actor"]
        return found

    def _reruns(self, among: str) -> dict[str, RerunTasks]:
        found: dict[str, RerunTasks] = {}
        if "asked" in self._parts:
            for row in self._openable("reruns_among", among):
                found[row["id"]] = _rerun_of(rows.from_json(row["request"]))
        return found

    def _first_attempts(self, among: str) -> dict[tuple[str, int], str]:
        if "task_execution" not in self._parts:
            return {}
        found = self._transaction.all("first_attempts_among", executions=among)
        return {(row["of_workflow"], row["entry"]): row["id"] for row in found}


def _count(transaction: Transaction, filters: Filters) -> int:
    if filters in _UNFILTERED:
        return transaction.value(_UNFILTERED[filters].total)
    return transaction.value("listed_count", **filters.parameters)


def _ids(transaction: Transaction, filters: Filters, page: Page) -> list[str]:
    place: dict[str, Any] = {**filters.parameters, "count": page.size, "skip": page.skip}
    if filters in _UNFILTERED and page.order == "age" and page.descending:
        query = _UNFILTERED[filters].newest
    elif page.order == "age":
        query = "listed_newest" if page.descending else "listed_oldest"
    else:
        query = "listed_by"
        place |= {"by": page.order, "descending": page.descending}
    return [row["id"] for row in transaction.all(query, **place)]


def _below(transaction: Transaction, number: str, depth: int) -> list[str]:
    """The ids of what is below an execution, each one followed by what is below it."""
    children: dict[str, list[str]] = {}
    level = [number]
    while level and depth != 0:
        depth -= 1
        found: list[str] = []
        for row in transaction.all("children_among", executions=rows.to_json(level)):
            children.setdefault(row["parent"], []).append(row["id"])
            found.append(row["id"])
        level = found
    ordered: list[str] = []
    waiting = [number]
    while waiting:
        one = waiting.pop()
        ordered.append(one)
        waiting += reversed(children.get(one, ()))
    return ordered[1:]


def _masked_parameters(mask: Mask, action: str, text: str | None) -> Json:
    return None if text is None else mask.parameters(action, rows.from_json(text))


def _log_of(row: Mapping[str, Any], changes: Sequence[LogEntry]) -> tuple[LogEntry, ...]:
    """The statuses of an execution; those of an action are known by its times."""
    log = [LogEntry(row["created_at"], "requested")]
    log += (one for one in changes if one.status != "requested")
    if not changes:
        if row["started_at"] is not None:
            log.append(LogEntry(row["started_at"], "running"))
        if row["ended_at"] is not None:
            log.append(LogEntry(row["ended_at"], row["status"]))
        elif row["status"] not in ("requested", "running"):
            log.append(LogEntry(row["started_at"] or row["created_at"], row["status"]))
    return tuple(log)


def _rerun_of(request: Json) -> RerunTasks:
    match request:
        case {"tasks": list(tasks), "no_reset": list(kept)}:
            return RerunTasks(tuple(map(str, tasks)), tuple(str(one) for one in tasks if one not in kept))
        case _:
            return RerunTasks()
