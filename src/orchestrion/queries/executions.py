"""Lists of executions, one execution with its tasks, the progress of a tree.

Read only, each in one short transaction.
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final, NamedTuple

from orchestrion.actions.runners.registry import INQUIRER
from orchestrion.core.language import ENGINE_COMMANDS
from orchestrion.core.status import COMPLETED
from orchestrion.core.values import Json
from orchestrion.errors import NotFound
from orchestrion.runtime.peers import Peers
from orchestrion.runtime.secrets import mask_of
from orchestrion.store import rows
from orchestrion.store.sqlite import Store, Transaction

DEPTH_SHOWN: Final = 32
"""How many levels of sub-workflows the view of an execution has: deeper ones have a view of their own."""


@dataclass(frozen=True, slots=True)
class ItemsView:
    """How far the items of a with-items task are."""

    total: int
    succeeded: int
    failed: int
    canceled: int
    active: int


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One action execution of a task: an attempt, or one of an item."""

    id: str
    action: str
    item: int | None
    number: int
    status: str
    started_at: int | None
    ended_at: int | None
    result: Json = None


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task execution.

    `kept_from` names the execution that ran it, when a re-run has kept it. `attempts` are there only where
    they were asked for. `workflows` are its sub-workflows. `lost`: the process that ran it is gone.
    """

    task: str
    route: int
    entry: int
    status: str
    items: ItemsView | None = None
    kept_from: str | None = None
    attempts: tuple[AttemptView, ...] = ()
    workflows: tuple["ExecutionView", ...] = ()
    lost: bool = False


@dataclass(frozen=True, slots=True)
class ExecutionView:
    """An action execution.

    Times are microseconds since 1970, UTC. `engine` is the process that does its work; None when it is
    unfinished and nobody does. `is_cut`: its tasks are left out, since it is nested too deeply. `expires_at`:
    its timeout ends it then; only in the view of one execution, and while the time runs.
    """

    id: str
    action: str
    status: str
    parameters: Json
    result: Json
    created_at: int
    started_at: int | None
    ended_at: int | None
    workflow: str | None = None
    parent: str | None = None
    task: str | None = None
    rerun_of: str | None = None
    continued_by: str | None = None
    source: str | None = None
    engine: str | None = None
    tasks: tuple[TaskView, ...] = field(default=())
    is_cut: bool = False
    expires_at: int | None = None

    @property
    def is_unattended(self) -> bool:
        """Unfinished, and without an engine that lives."""
        return self.status not in COMPLETED and self.engine is None

    @property
    def is_stalled(self) -> bool:
        """Unattended although it is not paused: something would move if it had an engine."""
        return self.is_unattended and self.status != "paused"


@dataclass(frozen=True, slots=True)
class InquiryView:
    """An inquiry; `result` says what it asks of whom, and holds the answer once there is one.

    `expires_at`: when its time to live runs out, in microseconds since 1970; None when it does not, or has
    been answered. `parent` is the execution whose task it is.
    """

    id: str
    status: str
    task: str | None
    parent: str | None
    result: Mapping[str, Json]
    expires_at: int | None


class Choice(NamedTuple):
    """Which executions are listed: of these statuses, of an action, created since then.

    In the name of the action `*` stands for any text. What is empty is not asked for.
    """

    statuses: tuple[str, ...] = ()
    action: str | None = None
    since: int | None = None


class Queries:
    """The queries on one store, each in one short transaction."""

    def __init__(self, store: Store, peers: Peers) -> None:
        self._store: Final = store
        self._peers: Final = peers

    def executions(self, count: int, only: "Choice | None" = None) -> list[ExecutionView]:
        """The newest executions that no workflow has started, without their tasks."""
        with self._reading() as reading:
            found = (
                reading.all("executions", count=count)
                if only is None
                else reading.all(
                    "chosen_executions",
                    count=count,
                    statuses=rows.to_json([*only.statuses]) if only.statuses else None,
                    action=only.action,
                    since=only.since,
                )
            )
            return [reading.view(row, row["engine"]) for row in found]

    def execution(self, number: str, *, attempts: bool = False) -> ExecutionView:
        """One execution with its tasks, and theirs, `DEPTH_SHOWN` levels down. Raises NotFound."""
        with self._reading() as reading:
            return reading.detail(reading.row(number), attempts=attempts)

    def brief(self, number: str) -> ExecutionView:
        """One execution without its tasks. Raises NotFound."""
        with self._reading() as reading:
            root = reading.root(number)
            return reading.view(reading.row(number), None if root is None else root["engine"])

    def inquiries(self, count: int) -> list[InquiryView]:
        """The newest inquiries that wait for an answer."""
        with self._reading() as reading:
            return [reading.inquiry(row, row["expires_at"]) for row in reading.all("inquiries", count=count)]

    def inquiry(self, number: str) -> InquiryView:
        """One inquiry. Raises NotFound."""
        with self._reading() as reading:
            row, attempt = reading.row(number), reading.one("attempt", execution=number)
            if row["runner"] != INQUIRER:
                raise NotFound(
                    f"{number} is not an inquiry. List those that wait with: orchestrion inquiry list"
                )
            return reading.inquiry(row, None if attempt is None else attempt["expires_at"])

    def definition_of(self, number: str) -> str | None:
        """The text of the definition that an execution has run; None when it has run none."""
        with self._store.reading() as transaction:
            workflow = transaction.one("workflow_of_execution", id=number)
            if workflow is None:
                return None
            return transaction.value("definition_text", hash=workflow["definition"])

    def parameters_of(self, number: str) -> Json:
        """The parameters of an execution as they are, secrets included: for what runs with them again."""
        with self._reading() as reading:
            return rows.from_json(reading.row(number)["parameters"])

    def root_view(self, number: str) -> ExecutionView | None:
        """The execution at the root of an execution's tree, without its tasks; None when there is none."""
        with self._reading() as reading:
            root = reading.root(number)
            return None if root is None else reading.view(reading.row(root["execution"]), root["engine"])

    def packs_of(self, number: str) -> tuple[str, ...]:
        """The folders in which the tree of an execution finds its actions."""
        with self._reading() as reading:
            root = reading.root(number)
        return () if root is None else tuple(rows.from_json(root["packs"]))

    @contextmanager
    def _reading(self) -> Generator["_Reading"]:
        with self._store.reading() as transaction:
            yield _Reading(transaction, self._peers)


class _Reading:
    """What one read transaction sees."""

    def __init__(self, transaction: Transaction, peers: Peers) -> None:
        self.all: Final = transaction.all
        self.one: Final = transaction.one
        self._transaction = transaction
        self._peers = peers
        self._alive: dict[str, bool] = {}

    @cached_property
    def _service(self) -> str | None:
        return self._peers.service(self._transaction)

    def _lives(self, engine: str) -> bool:
        if engine not in self._alive:
            self._alive[engine] = self._peers.is_alive(self._transaction, engine)
        return self._alive[engine]

    def row(self, number: str) -> Mapping[str, Any]:
        """The row of an execution. Raises NotFound."""
        row = self.one("execution", id=number)
        if row is None:
            raise NotFound(f'There is no execution "{number}". List them with: orchestrion execution list')
        return row

    def root(self, number: str) -> Mapping[str, Any] | None:
        """The workflow execution at the root of an execution's tree."""
        execution = self.one("execution", id=number)
        if execution is None:
            return None
        workflow = self.one("load_workflow", id=execution["workflow"] or execution["of_workflow"])
        return None if workflow is None else self.one("load_workflow", id=workflow["root"])

    def detail(self, row: Mapping[str, Any], *, attempts: bool, levels: int = DEPTH_SHOWN) -> ExecutionView:
        """The view of a row with its tasks, and so many levels of sub-workflows."""
        if row["workflow"] is None:
            return self.view(row, self._engine_of_task(row))
        workflow = self.one("load_workflow", id=row["workflow"])
        assert workflow is not None
        root = self.one("load_workflow", id=workflow["root"])
        engine = root["engine"] if root is not None else None
        if levels < 0:
            return replace(self.view(row, engine), is_cut=True)
        found = self.view(row, engine, self._tasks(row, attempts=attempts, levels=levels - 1))
        is_current = workflow["execution"] == row["id"]
        return replace(found, expires_at=workflow["expires_at"]) if is_current else found

    def _engine_of_task(self, row: Mapping[str, Any]) -> str | None:
        attempt = self.one("attempt", execution=row["id"])
        return None if attempt is None else attempt["engine"]

    def _tasks(self, row: Mapping[str, Any], *, attempts: bool, levels: int) -> tuple[TaskView, ...]:
        """The task executions that count, in their order; those that a re-run kept are marked.

        An execution that another one continues shows what counted when that began.
        """
        workflow = row["workflow"]
        runs: dict[int, list[Mapping[str, Any]]] = {}
        query = "attempts_of_entries" if attempts else "workflows_of_entries"
        for run in self.all(query, workflow=workflow):
            runs.setdefault(run["entry"], []).append(run)
        starters = {one["entry"]: one["parent"] for one in self.all("starters_of_entries", workflow=workflow)}
        end = row["entries"]
        dropped = self._dropped_since(row)
        lost = self._lost_entries(workflow)
        found: list[TaskView] = []
        for entry in self.all("load_entries", workflow=workflow):
            starter = starters.get(entry["id"])
            counts = entry["counts"] or entry["id"] in dropped
            if not counts or entry["task"] in ENGINE_COMMANDS or (end is not None and entry["id"] >= end):
                continue
            record = rows.from_json(entry["record"])
            found.append(
                TaskView(
                    entry["task"],
                    entry["route"],
                    entry["id"],
                    _shown_status(entry["status"], record),
                    _items(record),
                    starter if starter not in (None, row["id"]) else None,
                    tuple(_attempt(run) for run in runs.get(entry["id"], ())) if attempts else (),
                    tuple(
                        self.detail(run, attempts=attempts, levels=levels)
                        for run in runs.get(entry["id"], ())
                        if run["workflow"] is not None
                    ),
                    entry["id"] in lost,
                )
            )
        return tuple(found)

    def _lost_entries(self, workflow: str) -> set[int]:
        """The entries with attempts that a process has claimed which is gone."""
        claims = self.all("engines_of_entries", workflow=workflow)
        return {row["entry"] for row in claims if not self._lives(row["engine"])}

    def _dropped_since(self, row: Mapping[str, Any]) -> set[int]:
        """The entries of an execution that those which continue it have invalidated."""
        if row["continued_by"] is None:
            return set()
        later = self.all("dropped_entries", workflow=row["workflow"], since=row["last_event"])
        return {one["entry"] for one in later}

    def inquiry(self, row: Mapping[str, Any], expires_at: int | None) -> InquiryView:
        """The view of an inquiry's row."""
        result = (
            None if row["result"] is None else mask_of(row["secrets"]).value(rows.from_json(row["result"]))
        )
        return InquiryView(
            row["id"],
            row["status"],
            row["task"],
            row["parent"],
            result if isinstance(result, dict) else {},
            expires_at,
        )

    def view(
        self, row: Mapping[str, Any], engine: str | None, tasks: tuple[TaskView, ...] = ()
    ) -> ExecutionView:
        """The view of a row, whose tree names an engine or none."""
        worker = None
        if row["status"] not in COMPLETED:
            worker = self._service if engine is None else engine if self._lives(engine) else None
        mask = mask_of(row["secrets"])
        return ExecutionView(
            id=row["id"],
            action=row["action"],
            status=row["status"],
            parameters=mask.parameters(row["action"], rows.from_json(row["parameters"])),
            result=None if row["result"] is None else mask.value(rows.from_json(row["result"])),
            created_at=row["created_at"],
            started_at=row["started_at"],
            ended_at=row["ended_at"],
            workflow=row["workflow"],
            parent=row["parent"],
            task=row["task"],
            rerun_of=row["rerun_of"],
            continued_by=row["continued_by"],
            source=row["source"],
            engine=worker,
            tasks=tasks,
        )


def _shown_status(status: str, record: Mapping[str, Any]) -> str:
    """A task that was to start and never did, because its workflow failed, shows that."""
    return (
        "not started"
        if record.get("withdrawn") and status in ("scheduled", "delayed", "retrying")
        else status
    )


def _items(record: Mapping[str, Any]) -> ItemsView | None:
    counts = record.get("items")
    if counts is None:
        return None
    return ItemsView(
        counts["total"],
        counts["succeeded"],
        counts["failed"],
        counts["canceled"],
        counts["active"],
    )


def _attempt(row: Mapping[str, Any]) -> AttemptView:
    return AttemptView(
        row["id"],
        row["action"],
        row["item"],
        row["attempt"],
        row["status"],
        row["started_at"],
        row["ended_at"],
        None if row["result"] is None else mask_of(row["secrets"]).value(rows.from_json(row["result"])),
    )
