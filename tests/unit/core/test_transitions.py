"""The status tables are total: every status of a machine answers every event that the code can produce."""

import ast
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import get_args

import pytest

import orchestrion.core
from orchestrion.core.conductor import Refused, conduct
from orchestrion.core.context import initial_context
from orchestrion.core.draft import Draft
from orchestrion.core.events import (
    CancelRequested,
    Event,
    Occasion,
    PauseRequested,
    RerunRequested,
    ResumeRequested,
    Started,
)
from orchestrion.core.graph import build_graph
from orchestrion.core.language import Definition
from orchestrion.core.records import Entry, Head, ItemCounts
from orchestrion.core.reporting import items_event
from orchestrion.core.state import CANCELED, State
from orchestrion.core.status import COMPLETED, Status
from orchestrion.core.transitions import IGNORED, ITEMS_TASK, PLAIN_TASK, REFUSED, WORKFLOW
from orchestrion.core.workflow_status import Kind, task_event

MACHINES = {"workflow": WORKFLOW, "plain task": PLAIN_TASK, "task with items": ITEMS_TASK}

NEVER: dict[str, set[str]] = {
    "workflow": {"delayed", "pending", "retrying", "abandoned"},
    "plain task": {"requested"},
    "task with items": {"requested", "pending", "resuming"},
}
"""Statuses in which a machine never is (spec 4.1)."""

REPORTS: tuple[Status, ...] = (
    "running",
    "pending",
    "pausing",
    "paused",
    "resuming",
    "canceling",
    "succeeded",
    "failed",
    "timeout",
    "abandoned",
    "canceled",
)
"""What an attempt may report (spec 4.4)."""


@pytest.mark.parametrize("machine", MACHINES)
def test_every_event_has_an_answer_in_every_status_of_its_machine(machine: str) -> None:
    statuses = set(get_args(Status)) - NEVER[machine]
    for event, cells in MACHINES[machine].items():
        assert set(cells) == statuses, event


@pytest.mark.parametrize("machine", MACHINES)
def test_every_answer_is_a_status_of_the_machine_or_says_that_there_is_none(machine: str) -> None:
    statuses = set(get_args(Status)) - NEVER[machine]
    for event, cells in MACHINES[machine].items():
        assert set(cells.values()) <= statuses | {IGNORED, REFUSED}, event


@pytest.mark.parametrize("machine", ["plain task", "task with items"])
def test_only_a_retry_and_a_rerun_lead_out_of_a_completed_status(machine: str) -> None:
    leaving = {
        event
        for event, cells in MACHINES[machine].items()
        if any(cells[status] != IGNORED for status in cells if status in COMPLETED)
    }
    assert leaving == {"retry"}


def test_a_canceled_workflow_never_fails_and_never_succeeds() -> None:
    for event, cells in WORKFLOW.items():
        assert cells["canceled"] in (IGNORED, REFUSED, "canceled", "resuming"), event
        assert cells["canceling"] in (IGNORED, REFUSED, "canceling", "canceled"), event


def drafts() -> Iterator[Draft]:
    """Drafts in every situation that the workflow's events tell apart."""
    state = State(build_graph(Definition()))
    for phases in product((0, 1), repeat=CANCELED + 1):
        for ready, pause_requested in product((0, 1), (False, True)):
            draft = Draft(state, Occasion(), {})
            draft.phases[:] = phases
            draft.ready, draft.pause_requested = ready, pause_requested
            yield draft


def workflow_events() -> set[str]:
    return {
        task_event(draft, kind, commands_left=commands_left)
        for draft, kind, commands_left in product(drafts(), get_args(Kind), (False, True))
    }


def items_events() -> set[str]:
    """The events of items that report, over small counts in every constellation."""
    draft = Draft(State(build_graph(Definition())), Occasion(), {})
    context = initial_context({})
    entry = Entry(0, "t", 0, "running", (1, 1, "t", 0), (), context)
    found: set[str] = set()
    for numbers in product(range(2), range(2), range(2), range(2), range(3), range(3), range(2)):
        for left, concurrency, withdrawn, draft.pause_requested in product(
            (0, 1), (None, 1), (False, True), (False, True)
        ):
            counts = ItemCounts(sum(numbers) + left, concurrency, 0, *numbers)
            there = entry._replace(items=counts, withdrawn=withdrawn)
            found |= {items_event(draft, there, report) for report in REPORTS}
    return found


def named_in_the_code() -> dict[str, set[str]]:
    """The events that modules of the core name: as a key of a table, or in a call that takes one."""
    found: dict[str, set[str]] = {"PLAIN_TASK": set(), "ITEMS_TASK": set(), "WORKFLOW": set()}
    assert orchestrion.core.__file__ is not None
    for path in Path(orchestrion.core.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Subscript(
                    value=ast.Name(id=("PLAIN_TASK" | "ITEMS_TASK" | "WORKFLOW") as table), slice=key
                ):
                    found[table] |= words(key)
                case ast.Call(func=ast.Name(id="advance" | "_request"), args=[_, key, *_]):
                    found["WORKFLOW"] |= words(key)
                case ast.Call(func=ast.Name(id="_ask_items"), args=[_, *keys]):
                    found["ITEMS_TASK"] |= {word for key in keys for word in words(key)}
                case _:
                    pass
    return found


def words(node: ast.AST) -> set[str]:
    match node:
        case ast.Constant(value=str(word)):
            return {word}
        case ast.IfExp(body=body, orelse=other):
            return words(body) | words(other)
        case _:
            return set()


@pytest.mark.parametrize("status", WORKFLOW["start"])
@pytest.mark.parametrize("active", [0, 1])
@pytest.mark.parametrize(
    "request_, rows",
    [
        (Started({}, {}), ("start", "start")),
        (PauseRequested(), ("pause_idle", "pause_active")),
        (PauseRequested(cascaded=True), ("hold_idle", "hold_active")),
        (ResumeRequested(), ("resume", "resume")),
        (CancelRequested(), ("cancel_idle", "cancel_active")),
        (RerunRequested(()), ("rerun", "rerun")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_request_is_refused_exactly_where_the_table_refuses_it(
    request_: Event, rows: tuple[str, str], active: int, status: Status
) -> None:
    state = State(build_graph(Definition()))
    state.head = Head(status=status, active=active, rendered=True)
    answer = conduct(state, request_)  # a re-run of no task is refused, too, but not for the status
    for_status = isinstance(answer, Refused) and f"because it is {status}" in answer.problems[0]
    assert for_status == (WORKFLOW[rows[active]][status] == REFUSED)


def test_the_workflow_answers_every_event_of_a_task() -> None:
    assert workflow_events() <= set(WORKFLOW)


def test_a_plain_task_answers_every_report() -> None:
    assert set(REPORTS) <= set(PLAIN_TASK)


def test_a_task_with_items_answers_every_report_of_an_item() -> None:
    assert items_events() <= set(ITEMS_TASK)


def test_every_event_that_the_code_names_is_in_its_table() -> None:
    named = named_in_the_code()
    assert named["WORKFLOW"] <= set(WORKFLOW)
    assert named["ITEMS_TASK"] <= set(ITEMS_TASK)
    assert named["PLAIN_TASK"] <= set(PLAIN_TASK)
    assert all(named.values())
