"""What a re-run from tasks does beside the replay: refusals, and attempts that it takes back."""

from orchestrion.core.commands import RunAction, WithdrawAttempt
from orchestrion.core.conductor import Decision, Refused, conduct
from orchestrion.core.events import RerunRequested, TaskRequest
from orchestrion.core.invariants import outstanding
from orchestrion.core.preview import preview
from tests.unit.core.telling import end, state_of, told

CLEANUP = """
version: 1.0
vars: [{xs: [1, 2]}]
tasks:
  work: {action: a.b, next: [{when: <% failed() %>, do: [tidy, sweep, fail]}]}
  tidy: {action: a.b, delay: 60}
  sweep: {action: a.b, with: <% ctx(xs) %>}
"""

RETRIED = """
version: 1.0
tasks:
  a: {action: a.b}
  b: {action: a.b, retry: {count: 1}}
  c: {action: a.b, retry: {count: 1}, input: {x: <% ctx().st2.name %>}}
"""


def withdrawn(decision: Decision) -> list[WithdrawAttempt]:
    return [one for one in decision.commands if isinstance(one, WithdrawAttempt)]


def test_what_ran_beside_fail_and_had_not_begun_is_withdrawn_when_it_runs_again() -> None:
    state = state_of(CLEANUP)
    end(state, 0, "failed")
    assert state.head.status == "failed"
    assert withdrawn(told(state, RerunRequested((TaskRequest("work", 0),)))) == [
        WithdrawAttempt(2, 0, 1),
        WithdrawAttempt(2, 1, 1),
        WithdrawAttempt(3, None, 1),
    ]


def test_what_continues_is_withdrawn_and_asked_for_anew() -> None:
    state = state_of(CLEANUP)
    end(state, 0, "failed")
    end(state, 2, "succeeded", 0)
    end(state, 2, "succeeded", 1)
    decision = told(state, RerunRequested((TaskRequest("sweep", 0),)))
    assert withdrawn(decision) == [WithdrawAttempt(3, None, 1)]
    assert [one.task for one in decision.commands if isinstance(one, RunAction)] == [
        "sweep",
        "sweep",
        "tidy",
    ]


def test_a_re_run_that_fails_at_once_starts_nothing() -> None:
    state = state_of(RETRIED, {"st2": {"name": "first"}})
    for entry in (1, 2, 0):
        end(state, entry, "failed")
    assert [one.status for one in state.entries] == ["failed", "retrying", "retrying"]
    told(state, RerunRequested((TaskRequest("a", 0),), {"st2": {}}))
    assert state.head.status == "failed"
    assert outstanding(state) == set()


def test_a_request_without_tasks_is_refused() -> None:
    state = state_of(RETRIED, {"st2": {"name": "first"}})
    for entry in (1, 2, 0):
        end(state, entry, "failed")
    for answer in (conduct(state, RerunRequested(())), preview(state, ())):
        assert answer == Refused(("No task to re-run was named.",))
