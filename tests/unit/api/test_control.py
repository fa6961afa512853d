"""PUT and DELETE of executions: what StackStorm's clients send to pause, resume and cancel."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.actions.packs import add_workflow
from tests.unit.api.world import World, serving

FLOW = """
version: 1.0
input: [gate]
tasks:
  waits: {action: "core.local cmd='until [ -e <% ctx().gate %> ]; do sleep 0.05; done'", next: [{do: after}]}
  after: {action: core.noop}
"""
ASKS = "version: 1.0\ntasks:\n  asks: {action: core.ask}\n"
CLEANS = """
version: 1.0
input: [gate]
tasks:
  waits: {action: "core.local cmd='until [ -e <% ctx().gate %> ]; do sleep 0.05; done'"}
  fails: {action: "core.local cmd=false"}
"""
PARAMETERS = "parameters:\n  gate: {type: string}\n"


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """A file for which the first task waits."""
    return tmp_path / "gate"


@pytest.fixture
def world(tmp_path: Path, gate: Path) -> Iterator[World]:
    add_workflow(tmp_path / "packs/own", "flow", FLOW, PARAMETERS)
    add_workflow(tmp_path / "packs/own", "asks", ASKS)
    add_workflow(tmp_path / "packs/own", "cleans", CLEANS, PARAMETERS)
    with serving(tmp_path, tmp_path / "packs") as world:
        yield world
        gate.touch()


def put(world: World, number: str, status: str, code: int = 200, **more: Any) -> Any:
    answer = world.client.put(f"/v1/executions/{number}", json={"status": status, **more})
    assert answer.status_code == code, answer.text
    return answer.json()


def running(world: World, gate: Path, action: str = "own.flow") -> str:
    number = world.start(action, {"gate": str(gate)})
    world.until(number, "running")
    return number


def test_pausing_shows_while_a_task_runs_and_resuming_goes_on(world: World, gate: Path) -> None:
    number = running(world, gate)
    assert put(world, number, "pausing", id="x", parameters={})["status"] == "pausing"
    assert put(world, number, "paused")["status"] == "pausing", "nothing to do"
    gate.touch()
    world.until(number, "paused")
    assert put(world, number, "pausing")["status"] == "paused", "nothing to do"
    assert put(world, number, "resuming")["id"] == number
    world.until(number, "succeeded")
    assert put(world, number, "resuming", 400)["faultstring"] == "Execution is already in completed state."


def test_resuming_what_runs_changes_nothing(world: World, gate: Path) -> None:
    number = running(world, gate)
    assert put(world, number, "resuming")["status"] == "running"
    with world.served.store.reading() as transaction:
        workflow = world.served.queries.brief(number).workflow
        kinds = [row["kind"] for row in transaction.all("operations_of_workflow", workflow=workflow)]
    assert kinds == ["start"]


def test_what_cannot_be_paused_or_resumed_is_told_in_known_words(world: World, gate: Path) -> None:
    number = running(world, gate)
    task = world.task(number, "waits")
    runner = 'because it is not supported by the "local-shell-cmd" runner.'
    for kind, status in (("pause", "pausing"), ("resume", "resuming")):
        told = put(world, task, status, 400)["faultstring"]
        assert told == f'Failed updating execution. Unable to {kind} liveaction "{task}" {runner}'
    assert put(world, number, "canceling")["status"] == "canceling"
    told = put(world, number, "pausing", 400)["faultstring"]
    why = "because it is not in a running state."
    assert told == f'Failed updating execution. Unable to pause liveaction "{number}" {why}'
    told = put(world, number, "resuming", 400)["faultstring"]
    assert told.endswith('because it is in "canceling" state and not in "paused" state.')
    assert put(world, number, "succeeded", 400)["faultstring"].startswith(
        'Failed updating execution. The status "succeeded" cannot be set'
    )
    put(world, "f" * 24, "pausing", 404)


def test_a_cancellation_lets_what_runs_end(world: World, gate: Path) -> None:
    number = running(world, gate)
    answer = world.client.delete(f"/v1/executions/{number}")
    assert (answer.status_code, answer.json()["status"]) == (200, "canceling")
    gate.touch()
    world.until(number)
    assert world.status(number) == "canceled"
    answer = world.client.delete(f"/v1/executions/{number}")
    assert (answer.status_code, answer.json()["status"]) == (200, "canceled")
    assert world.client.delete(f"/v1/executions/{'f' * 24}").status_code == 404


def test_a_task_that_is_cancelled_by_its_own_id_is_ended_and_its_workflow_with_it(
    world: World, gate: Path
) -> None:
    number = running(world, gate)
    task = world.task(number, "waits")
    answer = world.client.delete(f"/v1/executions/{task}")
    assert (answer.status_code, answer.json()["status"]) == (200, "canceled")
    world.until(number, "canceled")


def test_an_inquiry_can_be_cancelled(world: World) -> None:
    number = world.start("own.asks")
    world.until(number, "paused")
    answer = world.client.delete(f"/v1/executions/{world.task(number, 'asks')}")
    assert (answer.status_code, answer.json()["status"]) == (200, "canceled")
    world.until(number, "canceled")


def test_what_has_ended_answers_200_with_a_fault(world: World, gate: Path) -> None:
    gate.touch()
    number = world.start("own.flow", {"gate": str(gate)})
    world.until(number, "succeeded")
    answer = world.client.delete(f"/v1/executions/{number}")
    assert answer.status_code == 200
    assert answer.json()["faultstring"] == "Action cannot be canceled. State = succeeded."


def test_a_failed_one_whose_tasks_still_run_names_them(world: World, gate: Path) -> None:
    number = world.start("own.cleans", {"gate": str(gate)})
    world.until(number, "failed")
    answer = world.client.delete(f"/v1/executions/{number}").json()
    assert answer["faultstring"] == "Action cannot be canceled. State = failed."
    assert world.task(number, "waits") in answer["problems"][0]


@pytest.mark.parametrize("status", ["pausing", "resuming", "canceling"])
def test_a_viewer_changes_nothing(world: World, gate: Path, status: str) -> None:
    number = running(world, gate)
    world.ask_as("viewer")
    put(world, number, status, 403)
    assert world.client.delete(f"/v1/executions/{number}").status_code == 403
    assert world.status(number) == "running"
