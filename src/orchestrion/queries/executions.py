"""Lists of executions, one execution with its tasks, the progress of a tree.

Read only, each in one short transaction.
"""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from operator import itemgetter
from typing import Any, Final

from orchestrion.actions.parameters import MASK
from orchestrion.actions.runners.registry import INQUIRER
from orchestrion.core.keeping import origin_of_item
from orchestrion.core.language import ENGINE_COMMANDS
from orchestrion.core.values import Json
from orchestrion.errors import NotFound
from orchestrion.queries.attending import Attendance
from orchestrion.queries.revisions import RevisionView, revisions_above
from orchestrion.queries.views import (
    AttemptView,
    Choice,
    ExecutionView,
    InquiryView,
    ItemsView,
    TaskView,
)
from orchestrion.runtime.peers import Peers
from orchestrion.runtime.secrets import mask_of, secrets_in
from orchestrion.store import rows
from orchestrion.store.sqlite import Reading, Transaction

_MASKED: Final = rows.to_json(MASK)

DEPTH_SHOWN: Final = 32
"""How many levels of sub-workflows the view of an execution has: deeper ones have a view of their own."""


class Queries:
    """The queries on one store, each in one short transaction."""

    def __init__(self, store: Reading, peers: Peers) -> None:
        self._store: Final = store
        self._peers: Final = peers

    def executions(self, count: int, only: Choice | None = None) -> list[ExecutionView]:
        """The newest executions that no workflow has started, without their tasks.

        Where the key is missing that opens what is secret, all values of such an execution are masked.
        """
        with self._reading() as reading:
            found = (
                reading.all_openable("executions", _MASKED, count=count)
                if only is None
                else reading.all_openable(
                    "chosen_executions",
                    _MASKED,
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
            view = reading.detail(reading.row(number), attempts=attempts)
            return replace(view, revisions=reading.revisions(number))

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
                    f"{number} is not an inquiry.", hint="List those that wait with: orchestrion inquiry list"
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

    def secrets_in(self, number: str, value: Json) -> tuple[str, ...]:
        """What of a value is secret in the tree of an execution, whatever its metadata says now."""
        with self._reading() as reading:
            return secrets_in(reading.row(number)["secrets"], value)

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
        self.all_openable: Final = transaction.all_openable
        self.one: Final = transaction.one
        self._transaction = transaction
        self._attendance = Attendance(transaction, peers)

    def row(self, number: str) -> Mapping[str, Any]:
        """The row of an execution. Raises NotFound."""
        row = self.one("execution", id=number)
        if row is None:
            raise no_such_execution(number)
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
            return self.view(row, self._engine_of_action(row))
        workflow = self.one("load_workflow", id=row["workflow"])
        assert workflow is not None
        root = self.one("load_workflow", id=workflow["root"])
        engine = root["engine"] if root is not None else None
        if levels < 0:
            return replace(self.view(row, engine), is_cut=True)
        found = self.view(row, engine, self._tasks(row, attempts=attempts, levels=levels - 1))
        is_current = workflow["execution"] == row["id"]
        return replace(found, expires_at=workflow["expires_at"]) if is_current else found

    def revisions(self, number: str) -> tuple[RevisionView, ...]:
        """The revisions of packs that an execution uses."""
        return revisions_above(self._transaction, number)

    def _engine_of_action(self, row: Mapping[str, Any]) -> str | None:
        """What runs an action; of one that somebody runs by itself, the engine of its tree."""
        if row["top"]:
            root = self.root(row["id"])
            return None if root is None else root["engine"]
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
        entries = self.all("load_entries", workflow=workflow)
        for entry, kept in self._runs_of_kept_items(workflow, entries, runs).items():
            runs[entry] = sorted((*kept, *runs.get(entry, ())), key=itemgetter("id"))
        end = row["entries"]
        dropped = self._dropped_since(row)
        lost = self._lost_entries(workflow)
        found: list[TaskView] = []
        for entry in entries:
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
                    shown_status(entry["status"], record),
                    items_of(record),
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

    def _runs_of_kept_items(
        self,
        workflow: str,
        entries: Sequence[Mapping[str, Any]],
        runs: Mapping[int, Sequence[Mapping[str, Any]]],
    ) -> dict[int, list[Mapping[str, Any]]]:
        """What the items ran that re-runs have kept, by the entry that has taken them over."""
        kept: dict[int, int | None] = {
            one["id"]: rows.from_json(one["record"]).get("kept") for one in entries
        }
        if not any(number is not None for number in kept.values()):
            return {}
        ends: dict[tuple[int, int], int | None] = {
            (row["entry"], row["idx"]): row["done"] for row in self.all("ends_of_items", workflow=workflow)
        }
        of_items: dict[tuple[int, int], list[Mapping[str, Any]]] = {}
        for run in chain.from_iterable(runs.values()):
            of_items.setdefault((run["entry"], run["item"]), []).append(run)
        found: dict[int, list[Mapping[str, Any]]] = {}
        for entry, item in ends:
            origin = origin_of_item(entry, item, kept.get, lambda one, index: ends.get((one, index)))
            if origin != entry:
                found.setdefault(entry, []).extend(of_items.get((origin, item), ()))
        return found

    def _lost_entries(self, workflow: str) -> set[int]:
        """The entries with attempts that a process has claimed which is gone."""
        claims = self.all("engines_of_entries", workflow=workflow)
        return {row["entry"] for row in claims if not self._attendance.lives(row["engine"])}

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
            parent=None if row["top"] else row["parent"],
            task=None if row["top"] else row["task"],
            item=row["item"],
            rerun_of=row["rerun_of"],
            continued_by=row["continued_by"],
            source=row["source"],
            engine=self._attendance.worker(row["status"], engine),
            tasks=tasks,
        )


def no_such_execution(number: str) -> NotFound:
    """What is told where nothing has an id."""
    return NotFound(f'There is no execution "{number}".', hint="List them with: orchestrion execution list")


def shown_status(status: str, record: Mapping[str, Any]) -> str:
    """A task that was to start and never did, because its workflow failed, shows that."""
    return (
        "not started"
        if record.get("withdrawn") and status in ("scheduled", "delayed", "retrying")
        else status
    )


def items_of(record: Mapping[str, Any]) -> ItemsView | None:
    """How far the items of an entry are, by its record; None when it has none."""
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
