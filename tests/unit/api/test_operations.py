"""Our own operations: plans that hold or are refused, names of requests, refusals that change nothing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from orchestrion.actions.revisions import folder_of_revisions
from orchestrion.operations import ControlPlan, RerunPlan, StartPlan
from orchestrion.wire.views import read
from tests.unit.actions.packs import add_workflow, write_pack
from tests.unit.api.world import World, serving

GATED = """
version: 1.0
input: [gate]
tasks:
  waits: {action: "core.local cmd='until [ -e <% ctx().gate %> ]; do sleep 0.1; done'", next: [{do: after}]}
  late: {action: core.noop, delay: 3600}
  after: {action: core.noop}
"""
AROUND = """
version: 1.0
input: [gate]
tasks:
  inside: {action: own.gated, input: {gate: <% ctx().gate %>}}
"""
MANY = """
version: 1.0
input: [bad]
tasks:
  many:
    with: <% [1, 2, 3] %>
    action: "core.local cmd='test <% item() %> != 2 || test ! -e <% ctx().bad %>'"
    next: [{when: <% succeeded() %>, do: after}]
  after: {action: core.noop}
"""
T = TypeVar("T")
ASKS = "version: 1.0\ntasks:\n  asks: {action: core.ask, next: [{do: after}]}\n  after: {action: core.noop}\n"
TELLS = """
output: [out: "<% ctx().gate.split('=')[1] %>"]
tasks: {a: {action: core.noop}}
"""
GATE = "parameters:\n  gate: {type: string}\n"
BAD = "parameters:\n  bad: {type: string}\n  token: {type: string, secret: true}\n"


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    return tmp_path / "gate"


@pytest.fixture
def world(tmp_path: Path, gate: Path) -> Iterator[World]:
    packs = tmp_path / "packs"
    add_workflow(packs / "own", "gated", GATED, GATE)
    add_workflow(packs / "own", "around", AROUND, GATE)
    add_workflow(packs / "own", "many", MANY.replace("[bad]", "[bad, token]"), BAD)
    add_workflow(packs / "own", "asks", ASKS)
    with serving(tmp_path, packs) as world:
        yield world
        gate.touch()


def path_of(number: str, *, plan: bool = False) -> str:
    return f"/v1/executions/{number}/operations{'?plan=true' if plan else ''}"


def planned(world: World, number: str, plan: type[T], **body: Any) -> T:
    """The plan, as our client reads it."""
    answer = world.client.post(path_of(number, plan=True), json=body)
    assert answer.status_code == 200, answer.text
    return read(plan, answer.content)


def around(world: World, gate: Path) -> tuple[str, str]:
    """A workflow around another one whose first task runs, and that one."""
    number = world.start("own.around", {"gate": str(gate)})
    world.wait(lambda: any(row["task"] == "inside" and row["workflow"] for row in world.children(number)))
    inside = world.task(number, "inside")
    world.until(inside, "running")
    return number, inside


def operations_of(world: World, number: str) -> list[str]:
    workflow = world.served.queries.brief(number).workflow
    with world.served.store.reading() as transaction:
        return [row["kind"] for row in transaction.all("operations_of_workflow", workflow=workflow)]


def test_the_plan_of_a_pause_tells_what_runs_on_and_what_is_held(world: World, gate: Path) -> None:
    number, inside = around(world, gate)
    plan = planned(world, number, ControlPlan, kind="pause")
    assert (plan.kind, plan.execution, plan.status) == ("pause", number, "pausing")
    assert [(one.path, one.execution, one.before, one.after) for one in plan.workflows] == [
        ((), number, "running", "pausing"),
        (("inside",), inside, "running", "pausing"),
    ]
    assert [one.path for one in plan.runs_on] == [("inside", "waits")]
    assert [(one.path, one.status) for one in plan.held] == [(("inside", "late"), "delayed")]
    assert (plan.starts, plan.ends, plan.waits) == ((), (), ())
    assert world.status(number) == "running"
    assert operations_of(world, number) == ["start"]


def test_the_plan_of_a_cancellation_tells_what_ends_and_that_it_takes_the_whole_tree(
    world: World, gate: Path
) -> None:
    number, inside = around(world, gate)
    plan = planned(world, inside, ControlPlan, kind="cancel")
    assert [one.execution for one in plan.workflows] == [number, inside]
    assert [one.path for one in plan.ends] == [("inside", "late")]
    assert plan.notes == (f"Its whole tree is canceled, from {number} on.",)


def test_a_plan_with_its_digest_is_done_while_it_holds(world: World, gate: Path) -> None:
    number, _ = around(world, gate)
    plan = planned(world, number, ControlPlan, kind="pause")
    body = {"kind": "pause", "digest": plan.digest, "reason": "maintenance"}
    accepted = world.post(path_of(number), body, 200)
    assert accepted == {"execution": number, "status": "pausing", "notes": []}
    resume = planned(world, number, ControlPlan, kind="resume")
    assert [one.path for one in resume.starts] == [("inside", "late")]
    gate.touch()
    world.until(number, "paused")
    told = world.post(path_of(number), {"kind": "resume", "digest": resume.digest}, 409)
    assert "does not hold any more" in told["faultstring"]
    assert world.status(number) == "paused"
    resume = planned(world, number, ControlPlan, kind="resume")
    world.post(path_of(number), {"kind": "resume", "digest": resume.digest}, 200)


def test_a_plan_does_not_hold_once_others_have_changed_something_and_changed_it_back(
    world: World, gate: Path
) -> None:
    gate.touch()
    number = world.start("own.gated", {"gate": str(gate)})
    world.wait(lambda: "after" in [row["task"] for row in world.children(number) if row["ended_at"]])
    world.post(path_of(number), {"kind": "pause"}, 200)
    assert world.status(number) == "paused", "only a delay is left"
    plan = planned(world, number, ControlPlan, kind="resume")
    for kind in ("resume", "pause"):
        world.post(path_of(number), {"kind": kind}, 200)
    again = planned(world, number, ControlPlan, kind="resume")
    assert (again.workflows, again.starts) == (plan.workflows, plan.starts)
    world.post(path_of(number), {"kind": "resume", "digest": plan.digest}, 409)
    world.post(path_of(number), {"kind": "resume", "digest": again.digest}, 200)


def test_the_digest_of_another_plan_is_refused(world: World, gate: Path) -> None:
    number, inside = around(world, gate)
    pause = planned(world, number, ControlPlan, kind="pause")
    for path, kind in ((number, "cancel"), (inside, "pause")):
        world.post(path_of(path), {"kind": kind, "digest": pause.digest}, 409)
    assert planned(world, number, ControlPlan, kind="pause").digest == pause.digest


def test_a_request_that_comes_again_gets_the_first_answer_although_its_plan_is_over(
    world: World, gate: Path
) -> None:
    number, _ = around(world, gate)
    plan = planned(world, number, ControlPlan, kind="pause")
    body, headers = {"kind": "pause", "digest": plan.digest}, {"Idempotency-Key": "k"}
    first = world.post(path_of(number), body, 200, headers)
    assert world.post(path_of(number), body, 200, headers) == first
    assert (
        "used for another request"
        in world.post(path_of(number), {"kind": "cancel"}, 409, headers)["faultstring"]
    )


def failed_items(world: World, bad: Path) -> str:
    bad.touch()
    number = world.start("own.many", {"bad": str(bad), "token": "swordfish"})
    world.until(number, "failed")
    bad.unlink()
    return number


def test_a_rerun_from_tasks_is_planned_and_then_done(world: World, tmp_path: Path) -> None:
    number = failed_items(world, tmp_path / "bad")
    body: dict[str, Any] = {"kind": "re-run", "tasks": ["many"], "no_reset": ["many"]}
    plan = planned(world, number, RerunPlan, **body)
    assert [one.task for one in plan.plan.restarts] == ["many"]
    assert [one.items for one in plan.plan.keeps_items] == [(0, 2)]
    accepted = world.post(path_of(number), {**body, "digest": plan.digest}, 200)
    world.until(accepted["execution"], "succeeded")
    assert len(world.children(accepted["execution"])) == 2
    told = world.post(path_of(number), {**body, "digest": plan.digest}, 409)
    assert "does not hold any more" in told["faultstring"]


def test_chosen_items_run_again(world: World, tmp_path: Path) -> None:
    number = failed_items(world, tmp_path / "bad")
    accepted = world.post(path_of(number), {"kind": "re-run", "items": {"many": [1]}}, 200)
    world.until(accepted["execution"], "succeeded")
    assert [row["item"] for row in world.children(accepted["execution"]) if row["task"] == "many"] == [1]


def test_a_refusal_tells_every_problem_and_creates_nothing(world: World, tmp_path: Path) -> None:
    number = failed_items(world, tmp_path / "bad")
    body = {"kind": "re-run", "tasks": ["q", "r"]}
    for path in (path_of(number), path_of(number, plan=True)):
        told = world.post(path, body, 409)
        assert [problem.split(".")[0] for problem in told["problems"]] == [
            'The task "q" never ran',
            'The task "r" never ran',
        ]
    assert len(world.served.queries.executions(9)) == 1
    assert world.served.queries.brief(number).continued_by is None


def test_a_whole_rerun_is_planned_without_secrets_and_then_done(world: World, tmp_path: Path) -> None:
    number = failed_items(world, tmp_path / "bad")
    body: dict[str, Any] = {"kind": "re-run", "parameters": {"token": "marlin-fish"}}
    plan = planned(world, number, StartPlan, **body)
    assert plan.parameters == {"bad": str(tmp_path / "bad"), "token": "********"}
    other = {"kind": "re-run", "parameters": {"bad": "/else"}, "digest": plan.digest}
    world.post(path_of(number), other, 409)
    accepted = world.post(path_of(number), {**body, "digest": plan.digest}, 200)
    world.until(accepted["execution"], "succeeded")
    assert world.served.queries.brief(accepted["execution"]).rerun_of == number


def test_the_plan_of_a_whole_rerun_holds_for_its_secrets_alone(world: World, tmp_path: Path) -> None:
    number = failed_items(world, tmp_path / "bad")
    bodies = [{"kind": "re-run", "parameters": {"token": token}} for token in ("marlin-fish", "marlin-fowl")]
    bodies.append({"kind": "re-run"})
    digests = [planned(world, number, StartPlan, **body).digest for body in bodies]
    assert digests == [planned(world, number, StartPlan, **body).digest for body in bodies]
    assert len({*digests}) == 3
    for body in bodies[1:]:
        told = world.post(path_of(number), {**body, "digest": digests[0]}, 409)
        assert "does not hold any more" in told["faultstring"]
    world.post(path_of(number), {**bodies[0], "digest": digests[0]}, 200)


OPENS = 'parameters:\n  gate: {type: string, default: "at={{ st2kv.system.db | decrypt_kv }}"}\n'


def test_a_key_that_was_opened_for_a_parameter_stays_secret_in_a_whole_rerun(
    world: World, tmp_path: Path
) -> None:
    add_workflow(tmp_path / "packs" / "own", "asks", "version: 1.0\ninput: [gate]\n" + TELLS, OPENS)
    key = {"name": "db", "value": "swordfish-77", "secret": True}
    assert world.client.put("/v1/keys/db", json=key).status_code == 200
    number = world.start("own.asks")
    world.until(number, "succeeded")
    assert planned(world, number, StartPlan, kind="re-run").parameters == {"gate": "at=********"}
    again = world.post(path_of(number), {"kind": "re-run"}, 200)["execution"]
    world.until(again, "succeeded")
    view = world.get(f"/v1/executions/{again}/view")
    assert (view["parameters"], view["result"]) == ({"gate": "at=********"}, {"output": {"out": "********"}})
    assert b"swordfish-77" not in world.served.store.path.with_name("served.db-wal").read_bytes()


TWO_PACKS = """
version: 1.0
input: [bad]
tasks:
  a: {action: core.noop, next: [{do: b}]}
  b: {action: more.b, next: [{when: <% succeeded() %>, do: c}]}
  c: {action: "<% 'other' %>.c"}
"""
SCRIPT = (
    "name: b\nrunner_type: local-shell-cmd\nparameters:\n  cmd: {default: 'test ! -e BAD', immutable: true}\n"
)


@pytest.mark.parametrize("changed, whole", [("own", False), ("more", False), ("own", True), ("more", True)])
def test_the_plan_of_a_rerun_holds_while_its_packs_stay_as_they_are(
    world: World, tmp_path: Path, changed: str, *, whole: bool
) -> None:
    bad, packs = tmp_path / "bad", tmp_path / "packs"
    script = SCRIPT.replace("BAD", str(bad))
    add_workflow(packs / "own", "flow", TWO_PACKS, BAD)
    write_pack(packs / "more", {"pack.yaml": "name: more\n", "actions/b.yaml": script})
    bad.touch()
    number = world.start("own.flow")
    world.until(number, "failed")
    body: dict[str, Any] = {"kind": "re-run", **({} if whole else {"tasks": ["b"]})}
    kind = StartPlan if whole else RerunPlan
    plan = planned(world, number, kind, **body)
    write_pack(packs / changed, {"actions/b.yaml": script.replace("test", "true; test")})
    told = world.post(path_of(number), {**body, "digest": plan.digest}, 409)
    assert "does not hold any more" in told["faultstring"]
    (packs / "own" / "actions" / "b.yaml").unlink(missing_ok=True)
    write_pack(packs / "more", {"actions/b.yaml": script})
    assert planned(world, number, kind, **body).digest == plan.digest
    bad.unlink()
    world.post(path_of(number), {**body, "digest": plan.digest}, 200)


def test_nothing_is_copied_for_a_plan(world: World, tmp_path: Path) -> None:
    number = failed_items(world, tmp_path / "bad")
    revisions = folder_of_revisions(world.served.store.path)
    before = sorted(revisions.rglob("*"))
    write_pack(tmp_path / "packs" / "own", {"new": "new"})
    planned(world, number, RerunPlan, kind="re-run", tasks=["many"])
    planned(world, number, StartPlan, kind="re-run")
    assert sorted(revisions.rglob("*")) == before


def test_an_answer_is_planned_and_then_given(world: World) -> None:
    number = world.start("own.asks")
    world.until(number, "paused")
    inquiry = world.task(number, "asks")
    body: dict[str, Any] = {"kind": "respond", "parameters": {"continue": True}}
    plan = planned(world, inquiry, ControlPlan, **body)
    assert [(one.execution, one.before, one.after) for one in plan.workflows] == [
        (number, "paused", "running")
    ]
    assert ([one.path for one in plan.ends], [one.path for one in plan.starts]) == (
        [("asks",)],
        [("after",)],
    )
    wrong = {"kind": "respond", "parameters": {"continue": 5}}
    world.post(path_of(inquiry), wrong, 400)
    world.post(path_of(inquiry), {**body, "digest": plan.digest}, 200)
    world.until(number, "succeeded")


def test_an_action_alone_is_cancelled_by_plan(world: World, gate: Path) -> None:
    number = world.start("core.local", {"cmd": f"until [ -e {gate} ]; do sleep 0.05; done"})
    world.until(number, "running")
    plan = planned(world, number, ControlPlan, kind="cancel")
    assert (plan.status, plan.workflows, [one.path for one in plan.ends]) == ("canceled", (), [()])
    accepted = world.post(path_of(number), {"kind": "cancel", "digest": plan.digest}, 200)
    assert accepted["status"] == "canceled"


@pytest.mark.parametrize(
    "body, text",
    [
        ({"kind": "pause", "tasks": ["a"]}, "tasks is only for a re-run."),
        (
            {"kind": "re-run", "no_reset": ["a"]},
            "no_reset says which of tasks keep their items: give tasks, too.",
        ),
        (
            {"kind": "re-run", "tasks": ["a"], "parameters": {"a": 1}},
            "parameters change a whole re-run, or are an answer; from tasks they stay.",
        ),
        ({"kind": "pause", "resaon": "x"}, "body.resaon: Extra inputs are not permitted"),
    ],
)
def test_what_means_nothing_is_refused(world: World, body: dict[str, Any], text: str) -> None:
    number = world.start("core.noop")
    assert world.post(path_of(number), body, 400)["faultstring"] == text


def test_unknown_executions_and_those_who_may_not(world: World, gate: Path) -> None:
    number, _ = around(world, gate)
    for kind in ("pause", "resume", "cancel", "re-run", "respond"):
        world.post(path_of("f" * 24), {"kind": kind}, 404)
        world.post(path_of("f" * 24, plan=True), {"kind": kind}, 404)
    world.ask_as("viewer")
    for kind in ("pause", "resume", "cancel", "re-run", "respond"):
        world.post(path_of(number), {"kind": kind}, 403)
        world.post(path_of(number, plan=True), {"kind": kind}, 403)
    assert world.status(number) == "running"
