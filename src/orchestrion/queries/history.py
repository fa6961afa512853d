"""What has happened to an execution: every change of a status, and every request, in order."""

from collections.abc import Generator, Iterator, Mapping
from heapq import merge
from typing import Any, NamedTuple

from orchestrion.core.values import Json
from orchestrion.queries.branches import Branch, Subject, place, subject_of
from orchestrion.runtime.secrets import Mask, mask_of
from orchestrion.store import rows
from orchestrion.store.sqlite import Reading, Transaction

_ALL = -1


class StatusChange(NamedTuple):
    """A status that changed. `subject` is a task or an item, None: the workflow itself.

    `path` names the tasks that lead to its sub-workflow. `status` is None where a re-run has invalidated a
    task. `cause` is the event that did it, the number `event` of its workflow execution.
    """

    at: int
    path: tuple[str, ...]
    execution: str
    subject: str | None
    status: str | None
    cause: str
    event: int


class Request(NamedTuple):
    """What somebody asked of an execution; `subject` is the task of an action that was asked for by its id.

    `details` are those of the request, `answered` is the execution that it was answered with.
    """

    at: int
    path: tuple[str, ...]
    execution: str
    subject: str | None
    kind: str
    actor: str
    reason: str | None
    request_id: str | None
    details: Json
    outcome: str
    answered: str | None


def history_of(store: Reading, number: str) -> list[StatusChange | Request]:
    """The history of an execution with that of its sub-workflows. Raises NotFound."""
    with store.reading() as transaction:
        subject = subject_of(transaction, number)
        mask = mask_of(subject.root["secrets"])
        histories = [_of_branch(transaction, subject, branch, mask) for branch in subject.branches]
    # Each is in its own order, which a clock that was set back must not change.
    return list(merge(*histories, key=lambda one: one.at))


def _of_branch(
    transaction: Transaction, subject: Subject, branch: Branch, mask: Mask
) -> list[StatusChange | Request]:
    changes = [
        change_of(row, branch)
        for row in transaction.all(
            "history_of_workflow", workflow=branch.workflow, event=0, position=-1, count=_ALL
        )
        if subject.concerns(row["entry"], row["item"])
    ]
    requests = [
        request_of(row, branch, mask)
        for row in transaction.all("operations_of_workflow", workflow=branch.workflow)
        if subject.entry is None or row["execution"] == subject.row["id"]
    ]
    return list(_in_order(changes, requests))


def _in_order(changes: list[StatusChange], requests: list[Request]) -> Generator[StatusChange | Request]:
    """A request stands before the changes that it made."""
    left: Iterator[Request] = iter(requests)
    request = next(left, None)
    for change in changes:
        while request is not None and request.at <= change.at:
            yield request
            request = next(left, None)
        yield change
    if request is not None:
        yield request
        yield from left


def change_of(row: Mapping[str, Any], branch: Branch) -> StatusChange:
    """The change of a row."""
    subject = None if row["entry"] is None else place(row["task"], row["item"], row["route"])
    return StatusChange(
        row["at"], branch.path, branch.execution, subject, row["status"], row["cause"], row["event"]
    )


def request_of(row: Mapping[str, Any], branch: Branch, mask: Mask) -> Request:
    """The request of a row."""
    answer = None if row["answer"] is None else rows.from_json(row["answer"])
    return Request(
        row["at"],
        branch.path,
        row["execution"],
        _task_of(row),
        row["kind"],
        row["actor"],
        reason_of(row, mask),
        None if row["request_id"] is None else mask.text(row["request_id"]),
        mask.value(rows.from_json(row["request"])),
        row["outcome"],
        answer[0] if answer else None,
    )


def reason_of(row: Mapping[str, Any], mask: Mask) -> str | None:
    """Why it was asked, as people may see it."""
    reason: str | None = row["sealed_reason"] or row["reason"]
    return None if reason is None else mask.text(reason)


def _task_of(row: Mapping[str, Any]) -> str | None:
    """The task of an action; a sub-workflow is named by its path."""
    if row["of_workflow"] is not None or row["task"] is None:
        return None
    return place(row["task"], row["item"], row["route"])
