"""All that the store knows about one execution, without secrets: record by record, in short transactions.

What goes on meanwhile is seen in part: the export of an unfinished execution is not of one moment.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from orchestrion.core.status import COMPLETED
from orchestrion.errors import Refused
from orchestrion.queries.branches import Branch, Subject, subject_of
from orchestrion.queries.history import change_of, request_of
from orchestrion.runtime.secrets import Mask, mask_of
from orchestrion.store import rows
from orchestrion.store.sqlite import Reading

_PAGE: Final = 100

FORMAT: Final = 1
"""The number of the form of an export; another one when a reader of this one would misread it."""


class Record(NamedTuple):
    """One record of a section; names that end in `at` hold microseconds since 1970."""

    section: str
    content: dict[str, Any]


Row = Mapping[str, Any]


class Export:
    """Exports one execution with its sub-workflows. Raises NotFound, Refused."""

    def __init__(self, store: Reading, number: str) -> None:
        with store.reading() as transaction:
            self._subject: Subject = subject_of(transaction, number)
        if self._subject.entry is not None:
            raise Refused(f"{number} ran an action: export the execution of its workflow, which holds it.")
        self._store: Final = store
        self._mask: Final[Mask] = mask_of(self._subject.root["secrets"])

    def head(self) -> dict[str, Any]:
        """What it is an export of."""
        row = self._subject.row
        is_finished = row["status"] in COMPLETED
        return {"format": FORMAT, "execution": row["id"], "status": row["status"], "finished": is_finished}

    def records(self) -> Iterator[Record]:
        """Everything, section by section."""
        for section, read in self._sections().items():
            for branch in self._subject.branches:
                yield from (Record(section, content) for content in read(branch))

    def _sections(self) -> dict[str, Callable[[Branch], Iterator[dict[str, Any]]]]:
        return {
            "workflows": self._workflow,
            "packs": self._packs,
            "executions": self._executions,
            "tasks": self._tasks,
            "items": self._items,
            "transitions": self._transitions,
            "requests": self._requests,
            "history": self._history,
            "output": self._output,
        }

    def _pages(self, query: str, branch: Branch, at: Mapping[str, str], **first: Any) -> Iterator[Row]:
        """The rows of a query, a page at a time; `at` says which column each next page begins after."""
        while True:
            with self._store.reading() as transaction:
                page = transaction.all(query, workflow=branch.workflow, count=_PAGE, **first)
            yield from page
            if len(page) < _PAGE:
                return
            first |= {name: page[-1][column] for name, column in at.items()}

    def _workflow(self, branch: Branch) -> Iterator[dict[str, Any]]:
        with self._store.reading() as transaction:
            row = transaction.one("load_workflow", id=branch.workflow)
            if row is None:
                return  # it was purged meanwhile
            text = transaction.value("definition_text", hash=row["definition"])
            initial = transaction.one("load_initial", workflow=branch.workflow)
            failures = transaction.all("load_failures", workflow=branch.workflow)
        yield {
            "id": row["id"],
            "path": [*branch.path],
            "execution": row["execution"],
            "parent": row["parent"],
            "status": row["status"],
            "definition": self._mask.text(text),
            "inputs": None if initial is None else self._mask.value(rows.from_json(initial["inputs"])),
            "errors": [self._mask.value(rows.from_json(one["content"])) for one in failures],
        }

    def _packs(self, branch: Branch) -> Iterator[dict[str, Any]]:
        """The revisions of packs that the tree uses, and those that it used before it was re-run."""
        if branch != self._subject.branches[0]:
            return
        with self._store.reading() as transaction:
            yield from map(dict, transaction.all("pinned_of_workflow", workflow=self._subject.root["id"]))

    def _executions(self, branch: Branch) -> Iterator[dict[str, Any]]:
        top = branch == self._subject.branches[0]
        for row in self._pages("executions_of_branch", branch, {"after": "id"}, after="", top=top):
            parameters = self._mask.parameters(row["action"], rows.from_json(row["parameters"]))
            result = None if row["result"] is None else self._mask.value(rows.from_json(row["result"]))
            names = (
                "id",
                "action",
                "runner",
                "source",
                "status",
                "created_at",
                "started_at",
                "ended_at",
                "workflow",
                "parent",
                "of_workflow",
                "task",
                "route",
                "entry",
                "item",
                "attempt",
                "rerun_of",
                "continued_by",
            )
            yield {**{name: row[name] for name in names}, "parameters": parameters, "result": result}

    def _tasks(self, branch: Branch) -> Iterator[dict[str, Any]]:
        for row in self._pages("entries_of_workflow", branch, {"after": "id"}, after=-1):
            record = rows.from_json(row["record"])
            record.pop("result", None)  # the executions have it
            known = {"workflow": branch.workflow, **row, "counts": bool(row["counts"])}
            del known["record"]
            yield known | {"record": self._mask.value(record)}

    def _items(self, branch: Branch) -> Iterator[dict[str, Any]]:
        for row in self._pages(
            "items_of_workflow", branch, {"entry": "entry", "item": "idx"}, entry=-1, item=-1
        ):
            yield {"workflow": branch.workflow, **row}

    def _transitions(self, branch: Branch) -> Iterator[dict[str, Any]]:
        for row in self._pages("arrivals_of_workflow", branch, {"after": "id"}, after=-1):
            published = None if row["published"] is None else rows.from_json(row["published"])
            yield {"workflow": branch.workflow, **row, "published": self._mask.value(published)}

    def _requests(self, branch: Branch) -> Iterator[dict[str, Any]]:
        with self._store.reading() as transaction:
            found = transaction.all("operations_of_workflow", workflow=branch.workflow)
        for row in found:
            yield {"workflow": branch.workflow, **request_of(row, branch, self._mask)._asdict()}

    def _history(self, branch: Branch) -> Iterator[dict[str, Any]]:
        at = {"event": "event", "position": "position"}
        for row in self._pages("history_of_workflow", branch, at, event=0, position=-1):
            yield {"workflow": branch.workflow, "entry": row["entry"], **change_of(row, branch)._asdict()}

    def _output(self, branch: Branch) -> Iterator[dict[str, Any]]:
        held: dict[tuple[str, str], str] = {}
        for row in self._pages("output_of_workflow", branch, {"after": "id"}, after=0):
            key = (row["execution"], row["stream"])
            text, held[key] = self._mask.split(held.get(key, "") + row["content"])
            yield {"execution": row["execution"], "stream": row["stream"], "at": row["at"], "text": text}
        for (execution, stream), rest in held.items():
            if rest:
                yield {"execution": execution, "stream": stream, "at": None, "text": self._mask.text(rest)}
