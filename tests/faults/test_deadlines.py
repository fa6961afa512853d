"""Timeouts with a clock that the test moves: what is late ends at once, and nothing else does."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrion.actions.runners.processes import start_mark
from orchestrion.operations import RerunRequest
from orchestrion.operations.health import examine, mend
from tests.faults.deadlines_world import ENDED, SECOND, SLEEPS, World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


def result(view: Any) -> Any:
    return view.result


# --- tasks


def test_an_action_that_is_late_is_ended_and_its_task_fails(world: World) -> None:
    number = world.start(
        f"tasks:\n  a: {{action: {SLEEPS}, timeout: 5, next: [{{when: <% failed() %>, do: b}}]}}\n"
        "  b: {action: core.noop}\n"
    )
    process = world.wait_for_process()
    world.after(4.9)
    assert world.task(number).status == "running"
    world.after(0.1)
    attempt = world.task(number).attempts[0]
    assert (attempt.status, attempt.result) == ("timeout", {"error": "Execution timed out after 5 seconds."})
    assert world.view(number).status == "succeeded", "its failure is handled"
    world.wait_for_end_of(process)
    assert world.task(number).attempts[0].status == "timeout", "the late report changes nothing"
    world.check()


def test_each_attempt_has_the_whole_time_and_what_waits_for_it_has_none_yet(world: World) -> None:
    number = world.start(
        f"tasks:\n  a: {{action: {SLEEPS}, timeout: 5, delay: 100, retry: {{count: 1, delay: 100}}}}\n"
    )
    world.after(99)
    assert world.task(number).status == "delayed"
    world.after(1)
    world.after(4)
    assert world.task(number).status == "running"
    world.after(1)
    assert world.task(number).status == "retrying"
    world.after(100)
    world.after(4)
    assert world.task(number).status == "running"
    world.after(1)
    assert [one.status for one in world.task(number).attempts] == ["timeout", "timeout"]
    assert world.view(number).status == "failed"


def test_what_a_pause_holds_has_not_begun_and_what_runs_goes_on_to_its_timeout(world: World) -> None:
    number = world.start(
        f"tasks:\n  a: {{action: {SLEEPS}, timeout: 5, next: [{{do: b}}]}}\n"
        "  b: {action: own.patient, timeout: 5}\n"
    )
    world.session.operations.pause(number, world.engine)
    world.after(5)
    assert world.task(number).status == "failed"
    assert world.view(number).status == "paused"
    world.after(100)
    assert world.view(number).status == "paused"
    world.session.operations.resume(number, world.engine)
    world.work()
    world.after(4)
    assert world.task(number, "b").status == "pending"
    world.after(1)
    assert world.view(number).status == "failed"


def test_every_item_has_its_own_time(world: World) -> None:
    number = world.start(
        "tasks:\n  a: {with: {items: 'i in <% [1, 2] %>', concurrency: 1}, action: own.patient, timeout: 5}\n"
    )
    world.after(4)
    first = world.session.queries.inquiries(10)[0].id
    world.session.operations.respond(first, {}, world.engine)
    world.work()
    world.after(4)
    assert world.view(number).status == "paused"
    world.after(1)
    attempts = world.task(number).attempts
    assert [one.status for one in attempts] == ["succeeded", "timeout"]
    assert result(attempts[1])["error"] == "Nobody answered in time."


@pytest.mark.parametrize("action, timeout, seconds", [("ask", 5, 5), ("ask", 500, 60), ("patient", 500, 500)])
def test_of_time_to_live_and_timeout_the_smaller_one_ends_an_inquiry(
    world: World, action: str, timeout: int, seconds: int
) -> None:
    number = world.start(f"tasks:\n  a: {{action: own.{action}, timeout: {timeout}}}\n")
    (inquiry,) = world.session.queries.inquiries(10)
    assert inquiry.expires_at == world.date + seconds * SECOND
    world.after(seconds - 1)
    assert world.task(number).status == "pending"
    world.after(1)
    assert world.view(number).status == "failed"


def test_the_timeout_of_a_task_that_is_a_sub_workflow_ends_all_of_it(world: World) -> None:
    number = world.start("tasks:\n  a: {action: own.above, timeout: 5}\n")
    process = world.wait_for_process()
    world.after(5)
    view = world.view(number)
    above = view.tasks[0].workflows[0]
    sleeper = above.tasks[0].workflows[0]
    assert (view.status, above.status, sleeper.status) == ("failed", "timeout", "timeout")
    assert sleeper.result == {
        "errors": [
            {"type": "error", "message": "The workflow execution above this one timed out."},
            {
                "type": "error",
                "message": "Execution timed out. See result for details.",
                "task_id": "s",
                "result": ENDED,
            },
        ],
        "output": {"x": 1},
    }
    assert result(above)["errors"][0]["message"] == "The workflow execution timed out after 5 seconds."
    assert result(above)["errors"][1]["result"] == sleeper.result, "each level holds all that is below it"
    assert result(view)["errors"] == [
        {
            "type": "error",
            "message": "Execution timed out. See result for details.",
            "task_id": "a",
            "result": above.result,
        }
    ]
    world.wait_for_end_of(process)
    world.check()


def test_the_time_of_a_sub_workflow_stands_still_while_it_is_paused(world: World) -> None:
    number = world.start("tasks:\n  a: {action: own.asking, timeout: 5}\n")
    world.after(1_000)
    assert world.task(number).status == "paused"
    (inquiry,) = world.session.queries.inquiries(10)
    world.session.operations.respond(inquiry.id, {}, world.engine)
    world.work()
    assert world.view(number).status == "succeeded"


def test_of_a_sub_workflow_s_own_timeout_and_its_task_s_the_smaller_one_counts(world: World) -> None:
    number = world.start("tasks:\n  a: {action: own.brief, timeout: 50}\n")
    world.after(5)
    child = world.view(number).tasks[0].workflows[0]
    assert result(child)["errors"][0]["message"] == "The workflow execution timed out after 5 seconds."


# --- workflows


def test_a_workflow_that_is_late_ends_with_all_that_is_below_it(world: World) -> None:
    number = world.start(
        "timeout: 10\ntasks:\n  a: {action: own.sleeper, retry: {count: 5}}\n"
        "  b: {action: core.noop, delay: 600}\n"
        "  i: {with: 'x in <% [1, 2] %>', action: own.brief}\noutput: [{x: 2}]\n"
    )
    process = world.wait_for_process()
    world.after(4)
    world.after(6)
    view = world.view(number)
    assert view.status == "timeout"
    assert result(view)["output"] == {"x": 2}
    assert result(view)["errors"][0] == {
        "type": "error",
        "message": "The workflow execution timed out after 10 seconds.",
    }
    assert world.task(number).workflows[0].status == "timeout"
    assert [task.status for task in view.tasks] == ["failed", "not started", "failed"]
    assert view.ended_at == world.date
    world.wait_for_end_of(process)
    world.check()
    with world.session.store.reading() as transaction:
        assert transaction.all("workflows_at_work", after="", count=1) == []


def test_an_inquiry_and_a_paused_branch_are_ended_too(world: World) -> None:
    number = world.start(f"timeout: 10\ntasks:\n  a: {{action: own.asking}}\n  b: {{action: {SLEEPS}}}\n")
    assert world.task(number).status == "paused"
    world.after(10)
    view = world.view(number)
    assert (view.status, view.tasks[0].workflows[0].status) == ("timeout", "timeout")
    assert world.session.queries.inquiries(10) == []
    assert [attempt.status for attempt in view.tasks[0].workflows[0].tasks[0].attempts] == ["timeout"]
    world.check()


def test_the_time_that_it_is_paused_does_not_count(world: World) -> None:
    number = world.start("timeout: 10\ntasks:\n  a: {action: core.noop, delay: 60}\n")
    world.after(4)
    world.session.operations.pause(number, world.engine)
    world.after(1_000)
    world.check()
    world.session.operations.resume(number, world.engine)
    world.after(5)
    # The delay has passed meanwhile: it goes on, and is over at once.
    assert world.view(number).status == "succeeded"
    late = world.start("timeout: 10\ntasks:\n  a: {action: core.noop, delay: 6000}\n")
    world.after(4)
    world.session.operations.pause(late, world.engine)
    world.after(1_000)
    world.session.operations.resume(late, world.engine)
    world.after(5)
    assert world.view(late).status == "resuming"
    world.after(1)
    assert world.view(late).status == "timeout"


def test_a_cancellation_is_not_hurried(world: World) -> None:
    number = world.start(f"timeout: 10\ntasks:\n  a: {{action: {SLEEPS}}}\n")
    process = world.wait_for_process()
    world.session.operations.cancel(number, world.engine)
    world.after(100)
    assert world.view(number).status == "canceling"
    world.session.operations.cancel(world.task(number).attempts[0].id, world.engine)
    world.wait_for_end_of(process)
    assert world.view(number).status == "canceled"
    world.check()


def test_a_re_run_has_the_whole_time_again(world: World) -> None:
    number = world.start(
        f"timeout: 10\ntasks:\n  a: {{action: {SLEEPS}}}\n  b: {{action: core.noop, delay: 5}}\n"
    )
    world.after(5)
    world.after(5)
    assert world.view(number).status == "timeout"
    world.after(1_000)
    again = world.session.operations.rerun(RerunRequest(number, ("a",)), world.engine).execution
    world.after(9)
    assert world.view(again).status == "running"
    world.after(1)
    assert world.view(again).status == "timeout"
    assert world.task(again, "b").kept_from == number
    assert world.view(number).status == "timeout"
    world.check()


def test_a_re_run_inside_of_a_sub_workflow_has_the_time_of_its_task_again(world: World) -> None:
    number = world.start("tasks:\n  a: {action: own.sleeper, timeout: 5}\n")
    world.after(5)
    assert world.view(number).status == "failed"
    world.after(100)
    again = world.session.operations.rerun(RerunRequest(number, ("a/s",)), world.engine).execution
    world.after(4)
    assert world.view(again).status == "running"
    world.after(1)
    assert (world.view(again).status, world.task(again).workflows[-1].status) == ("failed", "timeout")
    world.check()


def test_what_is_late_already_is_ended_before_more_of_it_starts(world: World) -> None:
    """The report of the first task and the end of the time meet in one unit: the second one never begins."""
    number = world.start(
        f"timeout: 10\ntasks:\n  a: {{action: own.patient, next: [{{do: b}}]}}\n  c: {{action: {SLEEPS}}}\n"
        f"  b: {{action: {SLEEPS}}}\n"
    )
    process = world.wait_for_process()
    world.pid_file.unlink()
    (inquiry,) = world.session.queries.inquiries(10)
    world.date += 10 * SECOND
    world.session.operations.respond(inquiry.id, {}, world.engine)
    world.work()
    world.wait_for_end_of(process)
    assert world.view(number).status == "timeout"
    assert not world.pid_file.exists()
    world.check()


def test_doctor_finds_and_mends_a_workflow_that_is_not_listed_with_its_time(world: World) -> None:
    number = world.start("timeout: 10\ntasks:\n  a: {action: core.noop, delay: 60}\n")
    connection = sqlite3.connect(world.folder / "s.db")
    with connection:
        connection.execute("UPDATE workflow SET expires_at = NULL")
    connection.close()
    (finding,) = examine(world.session.dispatcher)
    assert finding.text == "is not listed with the time at which its timeout ends it"
    mend(world.session.dispatcher)
    world.check()
    world.after(10)
    assert world.view(number).status == "timeout"


# --- processes that die


def test_what_is_overdue_when_somebody_takes_over_ends_at_once(world: World) -> None:
    number = world.start(
        f"timeout: 10\ntasks:\n  a: {{action: {SLEEPS}}}\n  b: {{action: core.noop, delay: 600}}\n"
        "  c: {action: own.patient, timeout: 5}\n"
    )
    pid, mark = world.wait_for_process()
    world.die()
    world.date += 3_600 * SECOND
    world.be_born()
    world.session.operations.take_over(number, world.engine)
    assert world.view(number).status == "failed", "who ran it has died: that comes first"
    world.work()
    assert world.session.queries.inquiries(10) == []
    while start_mark(pid) == mark:
        world.engine.wait(0.01)
    world.check()


def test_a_delayed_workflow_that_is_overdue_when_somebody_takes_over_ends_at_once(world: World) -> None:
    number = world.start("timeout: 10\ntasks:\n  a: {action: core.noop, delay: 5}\n")
    world.die()
    world.date += 3_600 * SECOND
    world.be_born()
    world.session.operations.take_over(number, world.engine)
    world.work()
    assert (world.view(number).status, world.task(number).status) == ("timeout", "not started")
    world.check()


def test_a_service_ends_what_is_late_of_the_work_that_belongs_to_nobody(tmp_path: Path) -> None:
    world = World(tmp_path, "serve")
    try:
        late = world.start(f"timeout: 10\ntasks:\n  a: {{action: {SLEEPS}}}\n")
        asks = world.start("tasks:\n  a: {action: own.patient, timeout: 5}\n")
        process = world.wait_for_process()
        world.after(5)
        assert (world.view(asks).status, world.view(late).status) == ("failed", "running")
        world.after(5)
        assert world.view(late).status == "timeout"
        world.wait_for_end_of(process)
        world.check()
    finally:
        world.close()
