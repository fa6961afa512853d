"""What the API answers beside what the client shows: statuses, texts, headers, objects (stackstorm-api)."""

from typing import Any

import httpx
import pytest

from tests.st2.site import Site

LIVE = "2026-12-01T00:00:00.000000Z"
WITH_SECRET = """\
name: secretive
runner_type: local-shell-cmd
parameters:
  cmd: {default: "echo {{ password }}", immutable: true}
  password: {type: string, secret: true, required: true}
  level: {type: string, enum: [low, high], required: true}
"""
CYCLIC = """\
name: cyclic
runner_type: local-shell-cmd
parameters:
  a: {type: string, default: "{{ b }}"}
  b: {type: string, default: "{{ a }}"}
  cmd: {default: "echo {{ a }}"}
"""
UNSATISFIED = """\
name: unsatisfied
runner_type: local-shell-cmd
parameters:
  a: {type: string, default: "{{ nothing }}"}
  cmd: {default: "echo {{ a }}"}
"""
ONE = "version: 1.0\ntasks:\n  t: {action: core.noop}\n"


def fault(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    return answer.json()["faultstring"]


def refused(site: Site, action: str, **parameters: Any) -> str:
    body = {"action": action, "parameters": parameters, "user": None}
    return fault(site.http.post("/executions", json=body), 400)


def test_paths_and_routes(site: Site) -> None:
    """Trap 1: with and without `/v1`, with slashes, never redirected."""
    base = site.server.addresses["api"]
    for path in (
        "/v1/actions/core.noop",
        "/actions/core.noop/",
        "/v1/actions/core.noop/",
        "/actions/core.noop",
    ):
        assert site.http.get(base + path).json()["ref"] == "core.noop"
    assert site.http.get("/actionexecutions/?limit=1").status_code == 200
    assert fault(site.http.get("/nothing/"), 404)
    body = site.http.put("/keys/slash/", json={"name": "slash", "value": "1"})
    assert (body.status_code, body.json()["value"]) == (200, "1")


@pytest.mark.parametrize("content", [b"{bad", b"[1", b'{"a": }'])
def test_a_body_that_is_no_json(site: Site, content: bytes) -> None:
    answer = site.http.post("/executions", content=content, headers={"content-type": "application/json"})
    assert fault(answer, 400).startswith("Failed to parse request body: ")


def test_lists(site: Site) -> None:
    """Trap 7: attributes may be named twice, and need not be there."""
    assert fault(site.http.get("/executions", params={"limit": 0}), 400)
    assert fault(site.http.get("/executions", params={"limit": -2}), 400)
    assert fault(site.http.get("/executions", params={"sort_desc": "perhaps"}), 400) == (
        'Parameter "sort_desc" is not of type boolean'
    )
    both = {"include_attributes": "id", "exclude_attributes": "result"}
    assert fault(site.http.get("/executions", params=both), 400)
    assert fault(site.http.get("/executions", params={"exclude_attributes": "x"}), 400) == (
        "Invalid or unsupported exclude attribute specified: x"
    )
    action = site.add("one", ONE)
    started = [site.library.run(action)["id"] for _ in range(3)]
    page = site.http.get("/executions", params={"action": action, "limit": 2, "offset": 1})
    assert [one["id"] for one in page.json()] == started[1::-1]
    assert (page.headers["x-total-count"], page.headers["x-limit"]) == ("3", "2")
    wanted = {
        "action": action,
        "limit": 1,
        "include_attributes": "action.ref,context.user,action.ref,nothing",
    }
    (part,) = site.http.get("/executions", params=wanted).json()
    assert part == {
        "id": started[2],
        "action": {"ref": action, "runner_type": "orquesta"},
        "context": {"user": "stanley"},
    }
    for name, value, count in (
        ("parent", "NULL", 3),
        ("parent", started[0], 0),
        ("id", ",".join(started[:2]), 2),
        ("liveaction", started[0], 1),
        ("runner", "orquesta", 3),
        ("runner", "noop", 0),
        ("user", "stanley", 3),
        ("status", "succeeded", 3),
        ("trigger_instance", "x", 0),
        ("rule", "x", 0),
        ("timestamp", f"2020-01-01T00:00:00Z..{LIVE.replace('2026', '2100')}", 3),
        ("timestamp_lt", "2020-01-01T00:00:00Z", 0),
    ):
        found = site.http.get("/executions", params={"action": action, name: value})
        assert found.headers["x-total-count"] == str(count), (name, value)
    assert site.http.get("/executions/last").json()["id"] == started[2]


def test_what_is_refused_is_told_as_the_validator_tells_it(site: Site) -> None:
    for name, text in (("secretive", WITH_SECRET), ("cyclic", CYCLIC), ("unsatisfied", UNSATISFIED)):
        (site.pack / "actions" / f"{name}.yaml").write_text(text)
    assert refused(site, "core.local") == "'cmd' is a required property"
    assert refused(site, "core.nothing") == 'Action "core.nothing" cannot be found.'
    assert refused(site, "core.local", cmd="x", timeout="soon") == "'soon' is not of type 'integer'"
    assert refused(site, "core.local", cmd=5) == 'Value "5" must either be a string or None. Got "int".'
    assert refused(site, "core.local", cmd="x", zz=1) == (
        "Additional properties are not allowed ('zz' was unexpected)"
    )
    assert refused(site, "core.echo", message="x", cmd="y") == (
        "Override of immutable parameter(s) ['cmd'] is unsupported."
    )
    secretive = {"password": "hunter22", "level": "z"}
    assert refused(site, site.ref("secretive"), **secretive) == "'z' is not one of ['low', 'high']"
    assert refused(site, site.ref("unsatisfied")) == 'Dependency unsatisfied in variable "nothing"'
    assert refused(site, site.ref("cyclic")) == (
        "Cyclic dependency found in the following variables: a, b. Likely the variable is referencing itself"
    )
    for name in ("unsatisfied", "cyclic"):  # what cannot be rendered is kept
        (kept,) = site.http.get("/executions", params={"action": site.ref(name)}).json()
        assert kept["status"] == "failed"


def test_an_execution_object(site: Site) -> None:
    st2 = site.library
    action = site.add("one", ONE)
    ended = st2.run(action)
    (child,) = st2.tasks(ended)
    assert {"id", "ref", "uid", "name", "pack", "runner_type", "parameters", "entry_point", "enabled"} <= set(
        ended["action"]
    )
    assert ended["action"]["runner_type"] == ended["runner"]["name"] == "orquesta"
    assert (ended["liveaction"]["action"], ended["liveaction"]["action_is_workflow"]) == (action, True)
    assert ended["children"] == [child["id"]]
    workflow = ended["context"].pop("workflow_execution")
    assert ended["context"] == {"user": "stanley", "pack": site.pack.name}
    assert child["parent"] == ended["id"]
    orquesta = child["context"].pop("orquesta")
    assert child["context"] == {
        "user": "stanley",
        "pack": "core",
        "parent": {"execution_id": ended["id"], "user": "stanley", "pack": site.pack.name},
    }
    assert isinstance(orquesta.pop("task_execution_id"), str)
    assert orquesta == {
        "workflow_execution_id": workflow,
        "task_name": "t",
        "task_id": "t",
        "task_route": 0,
    }
    for one in (ended, child):
        for name in ("start_timestamp", "end_timestamp"):
            assert len(one[name]) == len(LIVE)
            assert one[name][-1] == "Z"
        assert one["log"][0]["status"] == "requested"
        assert one["log"][-1] == {"status": "succeeded", "timestamp": one["end_timestamp"]}
    assert site.http.get(f"/executions/{ended['id']}/result").headers["content-type"].startswith("text/json")
    assert site.http.get(f"/executions/{ended['id']}/attribute/status").json() == "succeeded"


def test_secrets_are_masked_in_answers_and_events(site: Site) -> None:
    (site.pack / "actions" / "secretive.yaml").write_text(WITH_SECRET)
    st2 = site.library
    ended = st2.run(site.ref("secretive"), password="hunter22", level="low")
    assert (
        ended["parameters"] == ended["liveaction"]["parameters"] == {"password": "********", "level": "low"}
    )
    names = ["st2.execution__update", "st2.execution.output__create"]
    events = st2.call("stream", names, end_event=names[0], end_execution_id=ended["id"], token=None)
    assert events[-1] == st2.get(ended)
    assert "hunter22" not in str([ended, events])
    shown = site.http.get(f"/executions/{ended['id']}", params={"show_secrets": "true"}).json()
    assert (shown["parameters"]["password"], shown["result"]["stdout"]) == ("hunter22", "hunter22")


def test_what_a_rerun_from_tasks_refuses(site: Site) -> None:
    """The new execution has failed, and says what was asked."""
    st2 = site.library
    ended = st2.run(site.add("one", ONE))
    again = st2.wait(st2.rerun(ended, ["nothing", "t"], ["t"]))
    text = "Unable to rerun workflow because one or more tasks is not found: nothing"
    assert (again["status"], again["result"]) == ("failed", {"errors": [{"message": text}], "output": None})
    rerun = again["context"]["re-run"]
    assert rerun == {"ref": ended["id"], "tasks": ["nothing", "t"], "reset": ["nothing"]}
    plain = st2.rerun(ended)
    assert st2.wait(plain)["context"]["re-run"] == {"ref": ended["id"], "tasks": [], "reset": []}
