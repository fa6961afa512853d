"""What an expression sees of a draft: the `Scope` of the expressions package, over the records (spec 2.2).

Nothing is copied: variables are looked up in the context's persistent map when an expression asks for them.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Final

from immutables import Map

from orchestrion.core.context import Context, merged
from orchestrion.core.draft import Draft, ExternalKey
from orchestrion.core.expressions import ExternalError, MissingValue
from orchestrion.core.records import Entry
from orchestrion.core.status import COMPLETED
from orchestrion.core.values import Json

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class TaskView:
    """The current task of an expression: an entry, or a task that is about to get one."""

    __slots__ = ("_draft", "_entry", "_has_result", "_result", "name", "route")

    def __init__(self, draft: Draft, name: str, route: int, entry: Entry | None) -> None:
        self.name = name
        self.route = route
        self._draft = draft
        self._entry = entry
        self._has_result = False
        self._result: Json = None

    @property
    def status(self) -> str | None:
        """Its status; see `CurrentTask`."""
        if self._entry is not None:
            return self._entry.status
        return status_on(self._draft, self.name, self.route)

    @property
    def result(self) -> Json:
        """Its result; see `CurrentTask`. Put together once, when it is first asked for."""
        if not self._has_result:
            self._result = result_of(self._draft, self._entry)
            self._has_result = True
        return self._result


class DraftScope:
    """The variables of a context, in the name of a task or of nobody: a `Scope`, see there."""

    __slots__ = ("_application", "_draft", "_names", "_sequential", "item", "task")

    def __init__(
        self, draft: Draft, context: Context, task: TaskView | None = None, item: Json = None
    ) -> None:
        self._draft = draft
        self._names: Map[str, Json] = context.names
        self._application: Mapping[str, Json] = draft.initial.application
        self._sequential: dict[str, Json] = {}
        self.task = task
        self.item = item

    def assign(self, name: str, value: Json) -> None:
        """Let the expressions that follow see `value` under `name`, unmerged (spec 5.4)."""
        self._sequential[name] = value

    def variable(self, name: str) -> Json:
        """The value of a variable. Raises KeyError when it is undefined."""
        if self._sequential and name in self._sequential:
            return self._sequential[name]
        application = self._application
        if name not in application:
            return self._names[name]
        return merged(application[name], self._names[name]) if name in self._names else application[name]

    def names(self) -> Iterator[str]:
        """The names of all variables."""
        yield from {**dict.fromkeys(self._names), **dict.fromkeys(self._application), **self._sequential}

    def task_status(self, name: str, route: int | None) -> str | None:
        """The status of a task on a route (None: the current one)."""
        if route is None:
            route = self.task.route if self.task is not None else 0
        return status_on(self._draft, name, route)

    def external(self, key: ExternalKey) -> Json:
        """A value from outside. Raises MissingValue, or the exception that stands for it.

        Of a task, only what the state does not know comes from outside: `("task", entry)`.
        """
        return self._record_of(key) if key[0] == "task" else self._fetched(key)

    def _record_of(self, key: ExternalKey) -> Json:
        """What `task(name, route)` gives of the latest entry of a task (stackstorm-api 5)."""
        _, name, route = key
        if name is None:
            if self.task is None:
                raise ExternalError("The current task is not set in the context.")
            name = self.task.name
        if route is None:
            route = self.task.route if self.task is not None else 0
        entry = None
        if isinstance(name, str) and isinstance(route, int):
            entry = entry_on(self._draft, name, route)
        if entry is None:
            raise ExternalError(f'Unable to find task execution for "{name}".')
        known = self._fetched(("task", entry.id))
        assert isinstance(known, dict)
        return {
            "task_execution_id": known["task_execution_id"],
            "workflow_execution_id": known["workflow_execution_id"],
            "task_name": entry.task,
            "task_id": entry.task,
            "route": entry.route,
            "result": _recorded_result(self._draft, entry),
            "status": entry.status,
            "start_timestamp": known["start_timestamp"],
            "end_timestamp": known["end_timestamp"] if entry.status in COMPLETED else None,
        }

    def _fetched(self, key: ExternalKey) -> Json:
        if key not in self._draft.external:
            raise MissingValue(key)
        value = self._draft.external[key]
        if isinstance(value, Exception):
            raise value
        return value

    @property
    def now(self) -> datetime:
        """The time of the event."""
        return _EPOCH + timedelta(microseconds=self._draft.occasion.at)

    def random(self) -> float:
        """The next number in [0, 1) from the event's seed."""
        self._draft.drawn += 1
        text = f"{self._draft.occasion.seed}:{self._draft.drawn}".encode()
        return (int.from_bytes(blake2b(text, digest_size=8).digest()) >> 11) / (1 << 53)


def entry_on(draft: Draft, task: str, route: int) -> Entry | None:
    """A task's latest entry on `route`, or on the nearest route that leads to it (spec 2.2)."""
    entry = draft.latest(task, route)
    if entry is None and route:
        edges = set(draft.route_edges(route))
        for candidate in sorted(draft.routes_of(task), reverse=True):
            if candidate < route and edges.issuperset(draft.route_edges(candidate)):
                entry = draft.latest(task, candidate)
                break
    return entry


def status_on(draft: Draft, task: str, route: int) -> str | None:
    """The status of that entry, as expressions know it."""
    entry = entry_on(draft, task, route)
    if entry is None:
        return None
    if entry.status in ("scheduled", "delayed"):
        return None if entry.withdrawn else "running"
    return entry.status


def result_of(draft: Draft, entry: Entry | None) -> Json:
    """The result of an entry; of a with-items one the list of its items' results in order (spec 5.6)."""
    if entry is None or entry.items is None:
        return None if entry is None else entry.result
    results: list[Json] = []
    for index in range(entry.items.total):
        item = draft.item(entry.id, index)
        results.append(item.result if item is not None and item.attempt == entry.attempt else None)
    return results


def _recorded_result(draft: Draft, entry: Entry) -> Json:
    """The result of an entry in its record: of a with-items one the statuses and results of its items."""
    if entry.items is None:
        return entry.result
    items: list[Json] = []
    for index in range(entry.items.total):
        item = draft.item(entry.id, index)
        begun = item is not None and item.attempt == entry.attempt and item.status is not None
        items.append({"status": item.status, "result": item.result} if item is not None and begun else None)
    return {"items": items}
