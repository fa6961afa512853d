"""`timeout` in the core: how it is rendered, when the time of a workflow runs, and what its end means."""

import pytest

from orchestrion.core.commands import StopAttempt, WithdrawAttempt
from orchestrion.core.conductor import Decision, Ignored, conduct
from orchestrion.core.events import (
    AttemptBegan,
    AttemptReported,
    CancelRequested,
    Event,
    Occasion,
    PauseRequested,
    RerunRequested,
    ResumeRequested,
    Started,
    TaskRequest,
    TimeExpired,
)
from orchestrion.core.graph import build_graph
from orchestrion.core.invariants import check
from orchestrion.core.language import load_definition
from orchestrion.core.language.definition import MAX_DELAY
from orchestrion.core.records import TimeLimit
from orchestrion.core.state import State
from orchestrion.core.status import Status
from orchestrion.core.values import Json

SECOND = 1_000_000
TWO = """\
timeout: 10
tasks:
  a: {action: core.noop, next: [{when: <% failed() %>, do: b}]}
  b: {action: core.noop}
"""


def at(state: State, seconds: float, event: Event) -> Decision:
    """Conduct an event that must be accepted, at a time in seconds."""
    answer = conduct(state, event, Occasion(round(seconds * SECOND)))
    assert isinstance(answer, Decision), answer
    state.apply(answer.changes)
    assert check(state) == []
    return answer


def started(text: str, inputs: dict[str, Json] | None = None, limit: int | None = None) -> State:
    state = State(build_graph(load_definition(f"version: 1.0\n{text}")))
    at(state, 0, Started(inputs or {}, {}, limit=limit))
    return state


def running(text: str, limit: int | None = None) -> State:
    """An execution whose first task has begun at the beginning."""
    state = started(text, limit=limit)
    at(state, 0, AttemptBegan(0, None, 1))
    return state


def ends_at(state: State) -> float | None:
    """When its time is over, in seconds."""
    limit = state.head.time_limit
    return None if limit is None or limit.expires_at is None else limit.expires_at / SECOND


def is_due(state: State, seconds: float) -> bool:
    answer = conduct(state, TimeExpired(), Occasion(round(seconds * SECOND)))
    assert isinstance(answer, Decision | Ignored)
    return isinstance(answer, Decision)


# --- rendering


def test_a_task_s_is_rendered_when_the_task_is_prepared_and_kept_for_every_attempt() -> None:
    task = "{action: core.noop, timeout: <% ctx(n) * 2 %>, retry: {count: 1}}"
    state = started(f"vars: [{{n: 4}}]\ntasks:\n  a: {task}\n")
    assert state.entries[0].timeout == 8
    at(state, 0, AttemptBegan(0, None, 1))
    at(state, 9, AttemptReported(0, None, 1, "timeout", {"error": "late"}))
    assert (state.entries[0].status, state.entries[0].timeout) == ("retrying", 8)


def test_items_have_the_timeout_of_their_task_and_a_re_run_that_keeps_some_does_too() -> None:
    state = started("tasks:\n  a: {with: 'x in <% [1, 2] %>', action: core.noop, timeout: <% 2 + 3 %>}\n")
    ends: tuple[Status, ...] = ("succeeded", "timeout")
    for index, status in enumerate(ends):
        at(state, 0, AttemptBegan(0, index, 1))
        at(state, 0, AttemptReported(0, index, 1, status))
    assert state.head.status == "failed"
    at(state, 0, RerunRequested((TaskRequest("a", 0, reset=False),)))
    assert state.entries[1].timeout == 5


@pytest.mark.parametrize("value", ["<% ctx(n) %>", "'{{ ctx().n }}'"])
def test_null_is_as_if_there_were_none(value: str) -> None:
    state = started(f"input: [n]\ntimeout: {value}\ntasks:\n  a: {{action: core.noop, timeout: {value}}}\n")
    assert (state.entries[0].timeout, state.head.time_limit) == (None, None)


WRONG: list[tuple[Json, str]] = [
    (0, "ValueError: The value of {} timeout is less than 1 second."),
    (-5, "ValueError: The value of {} timeout is less than 1 second."),
    (1.5, "TypeError: The value of {} timeout is not type of integer."),
    (True, "TypeError: The value of {} timeout is not type of integer."),
    ("5", "TypeError: The value of {} timeout is not type of integer."),
    (
        MAX_DELAY + 1,
        "ValueError: The value of {} timeout is greater than 3153600000000 seconds (100,000 years).",
    ),
]


@pytest.mark.parametrize("value, message", WRONG)
def test_what_is_no_positive_integer_fails_the_task(value: Json, message: str) -> None:
    state = started("input: [n]\ntasks:\n  a: {action: core.noop, timeout: <% ctx(n) %>}\n", {"n": value})
    assert state.head.status == "failed"
    assert state.errors() == [
        {"type": "error", "message": message.format("task"), "task_id": "a", "route": 0}
    ]


@pytest.mark.parametrize("value, message", WRONG)
def test_what_is_no_positive_integer_fails_the_start(value: Json, message: str) -> None:
    state = started("input: [n]\ntimeout: <% ctx(n) %>\ntasks:\n  a: {action: core.noop}\n", {"n": value})
    assert (state.head.status, state.entries) == ("failed", [])
    assert state.errors() == [{"type": "error", "message": message.format("workflow")}]


def test_every_error_of_the_start_is_told_at_once() -> None:
    state = started("vars: [{v: <% ctx(no) %>}]\ntimeout: <% ctx(v) %>\ntasks:\n  a: {action: core.noop}\n")
    assert len(state.errors()) == 2


# --- the time of a workflow


def test_it_runs_from_the_start_and_ends_when_it_says() -> None:
    state = running(TWO)
    assert ends_at(state) == 10
    assert not is_due(state, 9.999_999)
    assert is_due(state, 10)


def test_of_its_own_and_that_of_the_task_that_it_is_the_smaller_one_counts() -> None:
    assert ends_at(started(TWO, limit=3)) == 3
    assert ends_at(started(TWO, limit=30)) == 10
    assert ends_at(started("tasks:\n  a: {action: core.noop}\n", limit=3)) == 3


def test_it_stands_still_while_paused_and_only_then() -> None:
    state = running(TWO)
    at(state, 2, PauseRequested())
    assert (state.head.status, ends_at(state)) == ("pausing", 10)
    at(state, 4, AttemptReported(0, None, 1, "paused"))
    assert (state.head.status, ends_at(state)) == ("paused", None)
    assert not is_due(state, 1_000)
    at(state, 100, ResumeRequested())
    assert ends_at(state) == 106
    at(state, 101, AttemptReported(0, None, 1, "running"))
    assert ends_at(state) == 106


def test_an_open_inquiry_that_pauses_the_workflow_stops_its_time_too() -> None:
    state = running(TWO)
    at(state, 1, AttemptReported(0, None, 1, "pending"))
    assert (state.head.status, ends_at(state)) == ("paused", None)
    at(state, 50, AttemptReported(0, None, 1, "failed"))
    assert (state.head.status, ends_at(state)) == ("running", 59)


def test_it_does_not_matter_any_more_once_the_workflow_has_ended_or_is_canceling() -> None:
    state = running(TWO)
    at(state, 1, CancelRequested())
    assert (state.head.status, ends_at(state)) == ("canceling", None)
    assert not is_due(state, 100)
    failing = running("timeout: 5\ntasks:\n  a: {action: core.noop}\n")
    at(failing, 1, AttemptReported(0, None, 1, "failed"))
    assert (failing.head.status, ends_at(failing)) == ("failed", None)
    assert not is_due(failing, 100)


# --- its end

BUSY = """\
timeout: 1
tasks:
  plain: {action: core.noop, next: [{when: <% failed() %>, do: after}]}
  items: {with: {items: '<% [1, 2, 3] %>', concurrency: 2}, action: core.noop}
  late: {action: core.noop, delay: 60}
  again: {action: core.noop, retry: {count: 3}}
  after: {action: core.noop}
output:
  - seen: nothing
"""


def busy() -> State:
    """One of each: a plain task and two items run, one item and one task wait."""
    state = started(BUSY)
    for number, entry in enumerate(state.entries):
        if entry.task == "late":
            continue
        for index in (None,) if entry.items is None else (0, 1):
            at(state, 0, AttemptBegan(number, index, 1))
    return state


def test_nothing_new_starts_what_waits_is_withdrawn_and_what_runs_is_to_be_stopped() -> None:
    state = busy()
    decision = at(state, 1, TimeExpired())
    names = {entry.id: entry.task for entry in state.entries}
    stopped = {(names[c.entry], c.item) for c in decision.commands if isinstance(c, StopAttempt)}
    withdrawn = {(names[c.entry], c.item) for c in decision.commands if isinstance(c, WithdrawAttempt)}
    assert len(stopped) + len(withdrawn) == len(decision.commands)
    assert stopped == {("plain", None), ("items", 0), ("items", 1), ("again", None)}
    assert withdrawn == {("late", None)}
    assert state.head.status == "timeout"
    assert state.errors() == [
        {"type": "error", "message": "The workflow execution timed out after 1 second."}
    ]
    assert not state.head.rendered
    for command in decision.commands:
        if isinstance(command, StopAttempt):
            report = AttemptReported(command.entry, command.item, command.attempt, "timeout", {"error": "x"})
            assert at(state, 1, report).commands == ()
    assert (state.head.status, state.head.output) == ("timeout", {"seen": "nothing"})
    assert {entry.task: entry.status for entry in state.entries} == {
        "plain": "failed",
        "items": "failed",
        "late": "delayed",
        "again": "failed",
    }
    assert state.entries[0].tally == 0, "nothing is tried again"


def test_a_re_run_begins_with_the_full_time_and_goes_on_with_what_waited() -> None:
    state = busy()
    decision = at(state, 1, TimeExpired())
    for command in decision.commands:
        if isinstance(command, StopAttempt):
            at(state, 1, AttemptReported(command.entry, command.item, command.attempt, "timeout"))
    requests = tuple(TaskRequest(task, 0) for task in ("plain", "items", "again"))
    at(state, 500, RerunRequested(requests))
    assert state.head.time_limit == TimeLimit(1, 1, 501 * SECOND)
    assert state.errors() == []
    starting = {entry.task for entry in state.entries if entry.counts}
    assert starting == {"plain", "items", "again", "late"}


def test_a_sub_workflow_that_is_re_run_alone_is_rid_of_the_timeout_of_the_task_that_it_was() -> None:
    state = running(TWO, limit=3)
    at(state, 3, TimeExpired())
    at(state, 3, AttemptReported(0, None, 1, "timeout"))
    assert state.errors()[0]["message"] == "The workflow execution timed out after 3 seconds."
    at(state, 20, RerunRequested((TaskRequest("a", 0),)))
    assert ends_at(state) == 30


@pytest.mark.parametrize("paused", [False, True])
def test_the_end_of_the_time_of_a_workflow_above_ends_it_paused_or_not(*, paused: bool) -> None:
    state = running("tasks:\n  a: {action: core.noop}\n")
    if paused:
        at(state, 1, PauseRequested())
        at(state, 1, AttemptReported(0, None, 1, "paused"))
    decision = at(state, 2, TimeExpired(cascaded=True))
    assert decision.commands == (StopAttempt(0, None, 1),)
    assert state.head.status == "timeout"
    assert state.errors() == [
        {"type": "error", "message": "The workflow execution above this one timed out."}
    ]


def test_in_canceling_the_end_of_the_time_above_ends_what_runs_and_the_end_stays_canceled() -> None:
    state = running(TWO)
    at(state, 1, CancelRequested())
    decision = at(state, 2, TimeExpired(cascaded=True))
    assert (decision.commands, state.head.status) == ((StopAttempt(0, None, 1),), "canceling")
    at(state, 2, AttemptReported(0, None, 1, "timeout"))
    assert state.head.status == "canceled"


def test_what_has_timed_out_hears_only_of_ends() -> None:
    state = running(TWO)
    at(state, 10, TimeExpired())
    for status in ("running", "pending", "paused"):
        assert isinstance(conduct(state, AttemptReported(0, None, 1, status)), Ignored)
