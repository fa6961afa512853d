"""A re-run of chosen items: these run again, all others stay as they are."""

import pytest

from orchestrion.core.conductor import Refused, conduct
from orchestrion.core.events import AttemptBegan, AttemptReported, RerunRequested, TaskRequest
from orchestrion.core.preview import preview
from orchestrion.core.state import State
from orchestrion.core.status import Status
from tests.unit.core.telling import end, runs, state_of, told

EACH = """
version: 1.0
vars: [{{xs: [1, 2, 3, 4]}}]
tasks:
  each: {{action: a.b, with: {{items: <% ctx(xs) %>, concurrency: {}}}}}
"""

CHOICES = """
version: 1.0
vars: [{xs: [1, 2, 3, 4]}]
tasks:
  each: {action: a.b, with: <% ctx(xs) %>, next: [{do: plain}]}
  plain: {action: a.b, next: [{do: broken}]}
  broken: {action: a.b, with: <% ctx(nowhere) %>}
"""

CHAIN = """
version: 1.0
vars: [{xs: [1, 2, 3, 4]}]
tasks:
  first: {action: a.b, next: [{do: each}]}
  each: {action: a.b, with: <% ctx(xs) %>}
"""


def failed_items(concurrency: int, *statuses: Status) -> State:
    """A workflow of one task with four items, of which the first ones have ended."""
    state = state_of(EACH.format(concurrency))
    for item, status in enumerate(statuses):
        end(state, 0, status, item)
    assert state.head.status in ("failed", "canceled", "succeeded")
    return state


def again(state: State, *items: int) -> list[int | None]:
    """Re-run chosen items of the task, and let all that starts succeed; the items that ran, in order."""
    ran: list[int | None] = []
    todo = runs(told(state, RerunRequested((TaskRequest("each", 0, items=items),))))
    while todo:
        ran.append(todo[0].item)
        todo = [*todo[1:], *runs(end(state, todo[0].entry, "succeeded", todo[0].item))]
    return ran


def statuses_of(state: State) -> list[str | None]:
    entry = state.entries[-1].id
    return [state.items[entry][index].status if index in state.items[entry] else None for index in range(4)]


@pytest.mark.parametrize("concurrency", [1, 2, 9])
def test_only_the_chosen_items_run_and_kept_failures_fail_the_task_again(concurrency: int) -> None:
    state = failed_items(concurrency, "succeeded", "succeeded", "succeeded", "failed")
    assert again(state, 0, 2, 0) == [0, 2]
    assert statuses_of(state) == ["succeeded", "succeeded", "succeeded", "failed"]
    assert state.head.status == "failed"
    assert len(state.errors()) == 1


def test_the_chosen_items_run_with_what_was_rendered_and_success_leads_on() -> None:
    state = failed_items(9, "succeeded", "failed", "succeeded", "failed")
    assert again(state, 3, 1) == [1, 3]
    assert state.head.status == "succeeded"
    assert state.errors() == []
    assert state.rendered[1] == state.rendered[0]


def test_only_the_errors_of_kept_items_are_kept() -> None:
    state = state_of(EACH.format(9))
    for item in (3, 1, 0, 2):
        told(state, AttemptBegan(0, item, 1))
    for item in (3, 1, 0, 2):
        told(state, AttemptReported(0, item, 1, "failed", item))
    again(state, 1, 2)
    assert [error["result"] for error in state.errors()] == [3, 0]


def test_a_kept_cancellation_lets_the_chosen_items_run_and_cancels_at_the_end() -> None:
    state = failed_items(1, "succeeded", "succeeded", "canceled")
    assert again(state, 0, 1) == [0, 1]
    assert state.head.status == "canceled"
    assert statuses_of(state) == ["succeeded", "succeeded", "canceled", None]


def test_items_that_never_began_stay_so_where_the_item_that_ended_their_task_is_kept() -> None:
    state = failed_items(1, "succeeded", "failed")
    assert again(state, 3) == [3]
    assert statuses_of(state) == ["succeeded", "failed", None, "succeeded"]
    assert again(state, 0) == [0], "and so they do later on"
    assert again(state, 1) == [1, 2], "until that item runs again"
    assert state.head.status == "succeeded"


def test_a_chosen_item_that_fails_alone_ends_its_task_as_ever() -> None:
    state = failed_items(1, "succeeded", "succeeded", "failed")
    told(state, RerunRequested((TaskRequest("each", 0, items=(0, 1)),)))
    assert runs(end(state, 1, "failed", 0)) == []
    assert state.head.status == "failed"
    assert statuses_of(state) == ["failed", None, "failed", None]
    assert again(state, 2) == [2], "of itself"


def test_items_that_were_cut_off_go_on_beside_the_chosen_ones() -> None:
    state = state_of(EACH.format(2) + "  other: {action: a.b}\n")
    told(state, AttemptBegan(0, 0, 1))
    told(state, AttemptBegan(0, 1, 1))
    end(state, 1, "failed")
    told(state, AttemptReported(0, 0, 1, "failed"))
    told(state, AttemptReported(0, 1, 1, "succeeded"))
    assert again(state, 1) == [1, 2, 3]
    assert statuses_of(state) == ["failed", "succeeded", "succeeded", "succeeded"]


def test_chosen_items_that_are_cut_off_go_on_unasked_and_what_was_left_out_does_not() -> None:
    state = state_of(EACH.format(1) + "  other: {action: a.b}\n")
    end(state, 1, "succeeded")
    for item, status in enumerate(("succeeded", "failed")):
        end(state, 0, status, item)  # type: ignore[arg-type]  # a status
    told(state, RerunRequested((TaskRequest("each", 0, items=(0, 3)), TaskRequest("other", 0))))
    told(state, AttemptBegan(2, 0, 1))
    end(state, 3, "failed")
    told(state, AttemptReported(2, 0, 1, "succeeded"))
    assert state.entries[2].status == "failed"
    assert [one.item for one in runs(told(state, RerunRequested((TaskRequest("other", 0),))))] == [3, None]
    assert statuses_of_entry(state, 4) == ["succeeded", "failed", None, "scheduled"]


def statuses_of_entry(state: State, entry: int) -> list[str | None]:
    return [state.items[entry][index].status for index in range(4)]


def test_an_inquiry_among_the_chosen_items_is_waited_for_although_one_is_kept_failed() -> None:
    state = failed_items(2, "failed", "succeeded", "succeeded", "succeeded")
    told(state, RerunRequested((TaskRequest("each", 0, items=(1,)),)))
    told(state, AttemptBegan(1, 1, 1))
    told(state, AttemptReported(1, 1, 1, "pending"))
    assert state.head.status == "paused"
    told(state, AttemptReported(1, 1, 1, "succeeded"))
    assert state.head.status == "failed"


@pytest.mark.parametrize(
    "request_, problem",
    [
        (
            TaskRequest("each", 0, items=(7, 0, 4, 7, -1)),
            " has 4 items, counted from 0: there is no item -1, 4, 7.",
        ),
        (TaskRequest("each", 0, items=()), ": no item was chosen."),
        (TaskRequest("plain", 0, items=(0,)), " has no items to choose from."),
        (
            TaskRequest("broken", 0, items=(0,)),
            " could not be rendered: there are no items yet to choose from.",
        ),
        (
            TaskRequest("each", 0, reset=False, items=(0,)),
            ": chosen items and a re-run without reset exclude each other.",
        ),
    ],
)
def test_choices_that_do_not_fit_are_refused(request_: TaskRequest, problem: str) -> None:
    state = state_of(CHOICES)
    for item in range(4):
        end(state, 0, "failed", item)
    end(state, 1, "succeeded")
    refused = conduct(state, RerunRequested((request_,)))
    assert refused == preview(state, (request_,)) == Refused((f'Task "{request_.task}" (route 0){problem}',))


def test_all_problems_are_told_at_once() -> None:
    state = failed_items(9, "failed", "failed", "failed", "failed")
    answer = conduct(
        state, RerunRequested((TaskRequest("each", 0, reset=False, items=(4,)), TaskRequest("other", 0)))
    )
    assert isinstance(answer, Refused)
    assert len(answer.problems) == 3


def test_a_task_downstream_of_a_request_ignores_its_chosen_items() -> None:
    state = state_of(CHAIN)
    end(state, 0, "succeeded")
    for item in range(4):
        end(state, 1, "failed", item)
    requests = (TaskRequest("first", 0), TaskRequest("each", 0, items=(1,)))
    told(state, RerunRequested(requests))
    assert [one.item for one in runs(end(state, 2, "succeeded"))] == [0, 1, 2, 3]
