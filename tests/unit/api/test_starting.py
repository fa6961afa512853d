"""POST /executions and POST …/re_run, as StackStorm's clients send them and read the answers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.actions.packs import add_workflow, write_pack
from tests.unit.api.world import World, serving

FLOW = """
version: 1.0
input: [name]
tasks:
  first: {action: core.noop, next: [{do: second}]}
  second: {action: "core.local cmd='test ! -e <% ctx().name %>'"}
output: [{name: <% ctx().name %>}]
"""
INVALID = """
version: 1.0
tasks:
  a: {action: core.nothing, next: [{when: <% succeeded( %>, do: b}]}
  b: {action: core.noop}
"""
MANY = """
version: 1.0
tasks:
  many: {with: "<% [1, 2, 3] %>", action: core.noop}
"""
PARAMETERS = "parameters:\n  name: {type: string, required: true}\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packs")
    add_workflow(folder / "own", "flow", FLOW, PARAMETERS)
    add_workflow(folder / "own", "invalid", INVALID)
    add_workflow(folder / "own", "many", MANY)
    metadata = "name: {name}\nrunner_type: local-shell-cmd\nenabled: {enabled}\nparameters:\n{more}"
    actions = {
        "disabled": metadata.format(name="disabled", enabled="false", more="  cmd: {default: 'true'}\n"),
        "fixed": metadata.format(
            name="fixed", enabled="true", more="  cmd: {default: 'true', immutable: true}\n"
        ),
        "templated": metadata.format(
            name="templated",
            enabled="true",
            more="  cmd: {default: 'echo {{ missing }}'}\n  token: {type: string, secret: true}\n",
        ),
    }
    write_pack(folder / "own", {f"actions/{name}.yaml": text for name, text in actions.items()})
    return folder


@pytest.fixture
def world(tmp_path: Path, folder: Path) -> Iterator[World]:
    with serving(tmp_path, folder) as world:
        yield world


def failed(world: World, number: str) -> Any:
    """The result of an execution that has failed, and has neither children nor a workflow execution."""
    world.until(number)
    view = world.served.queries.execution(number)
    assert (view.status, view.workflow, world.children(number)) == ("failed", None, [])
    return view.result


def test_what_the_client_sends_starts_an_action(world: World) -> None:
    body = {
        "action": "core.noop",
        "parameters": {},
        "user": None,
        "context": {"trace_context": {"trace_tag": "t"}},
        "notify": None,
    }
    started = world.post("/executions", body, 201)
    assert started["status"] == "requested"
    assert world.get(f"/executions/{started['id']}/")["id"] == started["id"]
    world.until(started["id"], "succeeded")


def test_a_delay_is_in_milliseconds_and_rounded_up(world: World) -> None:
    body = {"action": "own.flow", "parameters": {"name": "x"}, "delay": 3_600_001}
    number = world.post("/v1/executions", body, 201)["id"]
    assert world.status(number) == "delayed"
    with world.served.store.reading() as transaction:
        attempt = transaction.one("attempt", execution=number)
    assert attempt is not None
    created_at = world.served.queries.brief(number).created_at
    assert round((attempt["due_at"] - created_at) / 1_000_000) == 3_601


@pytest.mark.parametrize(
    "body, text",
    [
        ({"action": "no.such"}, 'Action "no.such" cannot be found.'),
        ({"action": "plain"}, 'Action "plain" cannot be found.'),
        ({"action": "own.disabled"}, 'Unable to execute. Action "own.disabled" is disabled.'),
        (
            {"action": "own.fixed", "parameters": {"cmd": "id"}},
            "Override of immutable parameter(s) ['cmd'] is unsupported.",
        ),
        ({"action": "core.local"}, "'cmd' is a required property"),
        (
            {"action": "core.noop", "parameters": {"zz": 1}},
            "Additional properties are not allowed ('zz' was unexpected)",
        ),
        (
            {"action": "core.local", "parameters": {"cmd": 5}},
            'Value "5" must either be a string or None. Got "int".',
        ),
        ({"action": "core.noop", "delay": -1}, "body.delay: Input should be greater than or equal to 0"),
        (
            {"action": "core.noop", "parameters": {"big": 2**64}},
            "body: An integer does not fit into 64 bits.",
        ),
    ],
)
def test_what_cannot_start_is_told_in_known_words_and_leaves_nothing(
    world: World, body: dict[str, Any], text: str
) -> None:
    assert world.post("/v1/executions", body, 400)["faultstring"] == text
    assert world.served.queries.executions(9) == []


def test_a_workflow_with_mistakes_is_an_execution_that_has_failed(world: World) -> None:
    started = world.post("/v1/executions", {"action": "own.invalid"}, 201)
    assert started["status"] == "requested"
    result = failed(world, started["id"])
    assert result["output"] is None
    kinds = [(one["type"], one["spec_path"]) for one in result["errors"]]
    assert kinds == [("content", "tasks.a.action"), ("expression", "tasks.a.next[0].when")]
    assert {*result["errors"][0]} == {"type", "message", "schema_path", "spec_path"}
    assert {*result["errors"][1]} == {
        "type",
        "message",
        "schema_path",
        "spec_path",
        "language",
        "expression",
    }
    (listed,) = world.served.queries.executions(9)
    assert (listed.id, listed.action) == (started["id"], "own.invalid")


def test_a_default_that_cannot_be_rendered_is_told_and_kept(world: World) -> None:
    body = {"action": "own.templated", "parameters": {"token": "swordfish"}}
    told = world.post("/v1/executions", body, 400)["faultstring"]
    assert told == 'Dependency unsatisfied in variable "missing"'
    (kept,) = world.served.queries.executions(9)
    assert failed(world, kept.id) == {"error": told}
    assert kept.parameters == {"token": "********"}


def test_the_same_request_gets_the_same_execution(world: World) -> None:
    body, headers = {"action": "core.noop"}, {"Idempotency-Key": "k"}
    first = world.post("/v1/executions", body, 201, headers)["id"]
    assert world.post("/v1/executions", body, 201, headers)["id"] == first
    other = world.post("/v1/executions", {"action": "core.uuid"}, 409, headers)
    assert "used for another request" in other["faultstring"]
    world.post("/v1/executions", {**body, "delay": 5_000}, 409, headers)
    world.ask_as("operator", "olga")
    assert "used for another request" in world.post("/v1/executions", body, 409, headers)["faultstring"]
    world.post("/v1/executions", body, 201, {"Idempotency-Key": "hers"})


def test_a_delayed_request_gets_the_same_execution(world: World) -> None:
    body, headers = {"action": "core.noop", "delay": 60_000}, {"Idempotency-Key": "k"}
    first = world.post("/v1/executions", body, 201, headers)["id"]
    assert world.post("/v1/executions", body, 201, headers)["id"] == first
    world.post("/v1/executions", {**body, "delay": 61_000}, 409, headers)
    world.post("/v1/executions", {"action": "core.noop"}, 409, headers)


def test_a_file_with_another_text_is_another_request(world: World) -> None:
    def body(text: str) -> dict[str, Any]:
        return {"workflow": {"path": "f.yaml", "source": "/f.yaml", "text": f"version: 1.0\ntasks:\n{text}"}}

    headers = {"Idempotency-Key": "k"}
    first = world.post("/v1/native/executions", body("  a: {action: core.noop}"), 201, headers)
    assert world.post("/v1/native/executions", body("  a: {action: core.noop}"), 201, headers) == first
    world.post("/v1/native/executions", body("  b: {action: core.noop}"), 409, headers)


def test_only_an_admin_starts_for_somebody_else(world: World) -> None:
    body = {"action": "core.noop", "user": "bob"}
    number = world.post("/v1/executions", body, 201)["id"]
    with world.served.store.reading() as transaction:
        row = transaction.one("execution", id=number)
    assert row is not None
    assert row["user"] == "bob"
    world.ask_as("operator")
    assert "execution.start_for" in world.post("/v1/executions", body, 403)["faultstring"]
    world.ask_as("viewer")
    world.post("/v1/executions", {"action": "core.noop"}, 403)


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", None])
def test_a_body_that_says_not_that_it_is_json_is_told_the_header(world: World, kind: str | None) -> None:
    headers = {} if kind is None else {"Content-Type": kind}
    for path in ("/v1/executions", "/v1/bulk"):
        answer = world.client.post(path, content=b'{"action": "core.noop"}', headers=headers)
        assert answer.status_code == 400
        assert answer.json()["faultstring"] == (
            "The body of the request is JSON: send the header Content-Type: application/json."
        )
    assert world.served.queries.executions(9) == []


@pytest.mark.parametrize("path", ["/v1/executions", "/v1/native/executions"])
def test_a_start_has_no_plan_and_is_not_done_instead(world: World, path: str) -> None:
    body = {"action": "core.noop"} if path == "/v1/executions" else {"workflow": "core.noop"}
    told = world.post(f"{path}?plan=true", body, 400)["faultstring"]
    assert told == "There is no plan of this request, and nothing was done: leave out ?plan."
    assert world.served.queries.executions(9) == []


def test_whatever_has_no_plan_is_not_done_instead(world: World) -> None:
    number = world.start("core.noop")
    world.until(number, "succeeded")
    world.post(f"/v1/executions/{number}/re_run?plan=true", again(), 400)
    assert world.client.put("/v1/keys/a?plan=true", json={"name": "a", "value": "1"}).status_code == 400
    assert world.client.delete(f"/v1/executions/{number}?plan=true").status_code == 400
    assert len(world.served.queries.executions(9)) == 1
    assert world.get(f"/v1/executions/{number}", plan="true")["id"] == number, "nothing is done anyway"


# --- re-run


def again(**more: Any) -> dict[str, Any]:
    """What the client sends."""
    return {"parameters": {}, "tasks": [], "reset": [], "delay": 0, **more}


def test_a_rerun_that_is_asked_for_otherwise_is_another_request(world: World) -> None:
    number = world.start("core.noop")
    world.until(number, "succeeded")
    path, headers = f"/v1/executions/{number}/re_run", {"Idempotency-Key": "k"}
    first = world.post(path, again(), 201, headers)["id"]
    assert world.post(path, again(), 201, headers)["id"] == first
    for other, query in ((again(delay=60_000), ""), (again(), "?no_merge=true")):
        assert "used for another request" in world.post(path + query, other, 409, headers)["faultstring"]
    world.ask_as("operator", "olga")
    world.post(path, again(), 409, headers)


def test_a_whole_rerun_is_a_fresh_execution_with_merged_parameters(world: World) -> None:
    number = world.start("own.flow", {"name": "a"})
    world.until(number)
    path = f"/v1/executions/{number}/re_run"
    same = world.post(path, again(), 201)["id"]
    other = world.post(path, again(parameters={"name": "b"}), 201)["id"]
    for one, name in ((same, "a"), (other, "b")):
        world.until(one)
        view = world.served.queries.execution(one)
        assert (view.status, view.rerun_of, view.result) == (
            "succeeded",
            number,
            {"output": {"name": name}},
        )
    told = world.post(f"{path}?no_merge=true", again(), 400)
    assert told["faultstring"] == "'name' is a required property"


def test_a_rerun_from_tasks_goes_on_with_the_workflow_execution(world: World, tmp_path: Path) -> None:
    bad = tmp_path / "bad"
    bad.touch()
    number = world.start("own.flow", {"name": str(bad)})
    world.until(number, "failed")
    bad.unlink()
    path = f"/v1/executions/{number}/re_run"
    answered = world.post(path, again(tasks=["second"], reset=["second"]), 201)
    assert answered["status"] == "requested"
    world.until(answered["id"], "succeeded")
    before, after = (world.served.queries.execution(one) for one in (number, answered["id"]))
    assert (after.workflow, after.rerun_of) == (before.workflow, number)
    assert [row["task"] for row in world.children(after.id)] == ["second"]


@pytest.mark.parametrize("reset, ran", [(["many"], 3), ([], 0), (None, 0)])
def test_without_reset_the_items_that_succeeded_are_kept(
    world: World, reset: list[str] | None, ran: int
) -> None:
    number = world.start("own.many")
    world.until(number, "succeeded")
    body = again(tasks=["many"], reset=reset)
    answered = world.post(f"/v1/executions/{number}/re_run", body, 201)
    world.until(answered["id"], "succeeded")
    assert len(world.children(answered["id"])) == ran


def test_a_rerun_from_tasks_that_is_refused_is_an_execution_that_has_failed(world: World) -> None:
    ended = world.start("own.flow", {"name": "x"})
    world.until(ended)
    waits = world.start("own.flow", {"name": "$(sleep 60)"})
    invalid = world.post("/v1/executions", {"action": "own.invalid"}, 201)["id"]
    workflow = world.served.queries.execution(waits).workflow
    texts = {
        ended: "Unable to rerun workflow because one or more tasks is not found: q,r",
        waits: f'Unable to rerun workflow execution "{workflow}" because it is not in a completed state.',
        invalid: "Unable to rerun workflow execution because workflow_execution_id is not provided.",
    }
    for number, text in texts.items():
        tasks = ["q", "second", "r"] if number == ended else ["second"]
        answered = world.post(f"/v1/executions/{number}/re_run", again(tasks=tasks), 201)
        assert failed(world, answered["id"]) == {"errors": [{"message": text}], "output": None}
        view = world.served.queries.brief(answered["id"])
        assert (view.rerun_of, view.action) == (
            number,
            world.served.queries.brief(number).action,
        )
        assert world.served.queries.brief(number).continued_by is None
    world.client.delete(f"/v1/executions/{waits}")


@pytest.mark.parametrize(
    "body, text",
    [
        (
            again(tasks=["run"], parameters={"a": 1}),
            "Parameters override is not supported when re-running task(s) for a workflow.",
        ),
        (again(tasks=["a"], reset=["b"]), "List of tasks to reset does not match the tasks to rerun."),
        (again(tasks=["run"]), "Task option is only supported for Orquesta workflows."),
    ],
)
def test_a_rerun_that_means_nothing_is_no_execution(world: World, body: dict[str, Any], text: str) -> None:
    number = world.start("core.noop")
    world.until(number)
    assert world.post(f"/v1/executions/{number}/re_run", body, 400)["faultstring"] == text
    assert len(world.served.queries.executions(9)) == 1


def test_what_is_not_there_is_not_run_again(world: World) -> None:
    world.post(f"/v1/executions/{'f' * 24}/re_run", again(), 404)
