"""Executions as StackStorm's clients read them (stackstorm-api 2.3, 2.4 and the traps of 7)."""

import re
import sqlite3
from typing import Any, get_args

import pytest

from orchestrion.api.shapes import ExecutionShape, Status
from orchestrion.core import status
from orchestrion.operations import RerunRequest
from orchestrion.queries.summaries import EVERYWHERE
from orchestrion.store.sqlite import named_statements
from tests.unit.api.reading.served import Server


@pytest.fixture(scope="module")
def outer(server: Server) -> str:
    """A workflow that has ended, with items and a workflow in it."""
    return server.run("own.outer")


def test_the_object_of_a_workflow(server: Server, outer: str) -> None:
    found = server.get(f"/v1/executions/{outer}")
    ExecutionShape.model_validate(found)
    assert found["status"] == "succeeded"
    assert found["result"] == {"output": None}
    assert found["result_size"] == len('{"output":null}')
    assert (found["action"]["ref"], found["action"]["runner_type"]) == ("own.outer", "orquesta")
    assert found["runner"]["name"] == "orquesta"
    assert found["runner"]["output_key"] == "output"
    assert found["liveaction"] == {
        "id": outer,
        "action": "own.outer",
        "action_is_workflow": True,
        "parameters": {},
        "callback": {},
        "runner_info": {},
        "notify": None,
    }
    workflow = found["context"].pop("workflow_execution")
    assert len(workflow) == 24
    assert found["context"] == {"user": "stanley", "pack": "own"}
    assert [one["status"] for one in found["log"]] == ["requested", "scheduled", "running", "succeeded"]
    times = [one["timestamp"] for one in found["log"]]
    assert times == sorted(times)
    assert (times[0], times[-1]) == (found["start_timestamp"], found["end_timestamp"])
    assert 0 < found["elapsed_seconds"] < 60
    assert len(found["children"]) == 3
    for name in ("parent", "web_url", "workflow_execution", "task_execution", "rerun_of", "continued_by"):
        assert found[name] is None
    assert found["engine"] is None


def test_the_context_of_a_task_says_where_it_belongs(server: Server, outer: str) -> None:
    workflow = server.get(f"/v1/executions/{outer}")["context"]["workflow_execution"]
    first, second, inside, one, two = server.get(f"/v1/executions/{outer}/children/?depth=-1")
    assert second["context"] == {
        "user": "stanley",
        "pack": "core",
        "parent": {"execution_id": outer, "user": "stanley", "pack": "own"},
        "orquesta": {
            "workflow_execution_id": workflow,
            "task_execution_id": first["id"],
            "task_name": "each",
            "task_id": "each",
            "task_route": 0,
            "item_id": 1,
        },
    }
    assert (second["parent"], second["workflow_execution"]) == (outer, workflow)
    assert second["task_execution"] == first["id"]
    assert "item_id" not in inside["context"]["orquesta"]
    assert inside["context"]["workflow_execution"] == one["context"]["orquesta"]["workflow_execution_id"]
    assert one["context"]["parent"] == {"execution_id": inside["id"], "user": "stanley", "pack": "own"}
    assert [one["status"] for one in two["log"]] == ["requested", "running", "succeeded"]


def test_children_come_depth_first_by_their_starts(server: Server, outer: str) -> None:
    def tasks(path: str) -> list[str]:
        return [one["context"]["orquesta"]["task_name"] for one in server.get(path)]

    path = f"/v1/executions/{outer}/children"
    assert tasks(path) == ["each", "each", "inside", "one", "two"]
    assert tasks(f"{path}?depth=1") == ["each", "each", "inside"]
    assert tasks(f"{path}?depth=2") == ["each", "each", "inside", "one", "two"]
    assert [one["id"] for one in server.get(path)[:3]] == server.get(f"/executions/{outer}")["children"]
    server.get("/v1/executions/nothing/children", 404)


def test_an_action_that_runs_by_itself_has_no_trace_of_what_wraps_it(server: Server) -> None:
    number = server.run("core.local", cmd="echo 5")
    found = server.get(f"/v1/executions/{number}")
    assert found["context"] == {"user": "stanley", "pack": "core"}
    assert found["result"]["stdout"] == 5
    assert (found["parent"], found["task_execution"], found["workflow_execution"]) == (None, None, None)
    everything = server.get("/v1/executions", limit=-1)
    assert "" not in {one["action"]["ref"] for one in everything}
    [listed] = [one for one in everything if one["action"]["ref"] == "core.local" and not one["parent"]]
    assert listed["id"] == number
    with server.served.store.reading() as transaction:
        row = transaction.one("execution", id=number)
    assert row is not None
    server.get(f"/v1/executions/{row['parent']}", 404)


def test_lists_can_be_asked_for_in_every_way(server: Server, outer: str) -> None:
    noop = server.run("core.noop")
    everything = server.get("/v1/executions", limit=-1)

    def ids(**query: object) -> list[str]:
        return [one["id"] for one in server.get("/v1/executions", limit=-1, **query)]

    assert ids() == sorted((one["id"] for one in everything), reverse=True)
    assert ids(sort_asc="True") == sorted(ids())
    tops = ids(parent="Null")
    assert {outer, noop} <= set(tops)
    assert len(tops) < len(ids())
    assert sorted(ids(parent=outer)) == server.get(f"/v1/executions/{outer}")["children"]
    assert ids(parent="null", action="own.outer") == [outer]
    assert set(ids(parent="null", action="own.*")) >= {outer}
    assert ids(action="own.oute?") == []
    assert set(ids(runner="noop")) >= {noop}
    assert outer not in ids(runner="noop")
    assert ids(id=f"{noop},{outer}") == [noop, outer]
    assert ids(liveaction=noop) == [noop]
    assert ids(liveaction=noop, id=outer) == []
    assert ids(status="succeeded,failed") == ids()
    assert ids(status="running") == []
    assert ids(user="stanley") == ids()
    assert ids(user="nobody") == []
    start = server.get(f"/v1/executions/{noop}")["start_timestamp"]
    assert noop not in ids(timestamp_gt=start)
    assert noop not in ids(timestamp_lt=start)
    assert set(ids(timestamp_lt=start)) | {noop} | set(ids(timestamp_gt=start)) == set(ids())
    assert ids(timestamp=start) == [noop]
    assert set(ids(timestamp=f"2020-01-01T00:00:00Z..{start}")) == set(ids()) - set(ids(timestamp_gt=start))
    for name in ("rule", "trigger", "trigger_type", "trigger_instance"):
        assert ids(**{name: "x"}) == []


def test_lists_can_be_sorted(server: Server, outer: str) -> None:
    def values(sort: str, *path: str) -> list[Any]:
        found = server.get("/v1/executions", limit=-1, sort=sort)
        for name in path:
            found = [one[name] for one in found]
        return found

    for sort, *path in (("action.ref", "action", "ref"), ("end_timestamp", "end_timestamp"), ("id", "id")):
        assert values(sort, *path) == sorted(values(sort, *path))
        assert values(f"-{sort}", *path) == sorted(values(sort, *path), reverse=True)
    assert outer in values("status", "id")
    assert "cannot be sorted" in server.get("/v1/executions", 400, sort="colour")["faultstring"]


def test_pages_say_how_many_there_are(server: Server, outer: str) -> None:
    def page(**query: object) -> tuple[list[str], dict[str, str]]:
        asked: Any = {"parent": outer, "sort_asc": "1", **query}
        answer = server.client.get("/v1/executions/", params=asked)
        assert answer.status_code == 200
        return [one["id"] for one in answer.json()], dict(answer.headers)

    children = server.get(f"/v1/executions/{outer}")["children"]
    ids, headers = page(limit=2, offset=1)
    assert ids == children[1:3]
    assert (headers["x-total-count"], headers["x-limit"]) == ("3", "2")
    ids, headers = page(limit=2, offset=7)
    assert (ids, headers["x-total-count"]) == ([], "3")
    ids, headers = page()
    assert (ids, "x-limit" in headers) == (children, False)
    for limit in (0, -2):
        assert "limit" in server.get("/v1/executions", 400, limit=limit)["faultstring"]
    server.get("/v1/executions", 400, offset=-1)
    fault = server.get("/v1/executions", 400, sort_desc="maybe")["faultstring"]
    assert fault == 'Parameter "sort_desc" is not of type boolean'


def test_attributes_can_be_chosen(server: Server, outer: str) -> None:
    path = f"/v1/executions/{outer}"
    assert server.get(path, include_attributes="status,context.user,status,nothing") == {
        "id": outer,
        "action": {"runner_type": "orquesta"},
        "status": "succeeded",
        "context": {"user": "stanley"},
    }
    found = server.get(path, include_attributes="id,children")
    assert len(found["children"]) == 3
    assert server.get(path, include_attributes="result.some.thing")["result"] == {"output": None}
    assert server.get(path, include_attributes="action,action.ref")["action"]["pack"] == "own"
    whole, without = server.get(path), server.get(path, exclude_attributes="result")
    assert whole.keys() - without.keys() == {"result", "result_size"}
    assert without["log"] == whole["log"]
    fault = server.get(path, 400, exclude_attributes="log")["faultstring"]
    assert fault == "Invalid or unsupported exclude attribute specified: log"
    server.get(path, 400, exclude_attributes="result", include_attributes="id")
    listed = server.get("/v1/executions", include_attributes="action.ref", id=outer)
    assert listed == [{"id": outer, "action": {"ref": "own.outer", "runner_type": "orquesta"}}]


def test_parts_of_an_execution(server: Server, outer: str) -> None:
    assert server.get(f"/v1/executions/{outer}/attribute/status") == "succeeded"
    assert server.get(f"/v1/executions/{outer}/attribute/result/") == {"output": None}
    assert server.get(f"/v1/executions/{outer}/attribute/trigger_instance") is None
    server.get(f"/v1/executions/{outer}/attribute/log", 400)
    answer = server.client.get(f"/executions/{outer}/result")
    assert (answer.text, answer.headers["content-type"]) == ('{"output":null}', "text/json; charset=utf-8")
    server.get("/v1/executions/nothing/result", 404)


def test_the_newest_is_the_last(server: Server) -> None:
    number = server.run("own.inner")
    assert server.get("/v1/executions/last")["id"] == number


def test_what_filters_may_say(server: Server, outer: str) -> None:  # noqa: ARG001  # it has run
    found = server.get("/v1/executions/views/filters")
    assert "own.outer" in found["action"]
    assert found["user"] == ["stanley"]
    assert "orquesta" in found["runner"]
    assert "succeeded" in found["status"]
    assert found["rule"] == found["trigger"] == []


def test_secrets_are_shown_to_an_admin_who_asks_for_them(server: Server) -> None:
    number = server.run("own.hidden", password="swordfish")
    path = f"/v1/executions/{number}"
    found = server.get(path)
    assert "swordfish" not in str(found)
    assert "by-default" not in str(found)
    assert found["parameters"] == found["liveaction"]["parameters"] == {"password": "********"}
    assert found["result"]["stdout"] == "********"
    assert "swordfish" not in server.client.get(f"{path}/result").text
    shown = server.get(path, show_secrets="true")
    assert shown["parameters"] == {"password": "swordfish"}
    assert shown["result"]["stdout"] == "swordfish"
    assert server.client.get(f"{path}/result?show_secrets=1").json()["stdout"] == "swordfish"
    for asked in (path, f"{path}/result", f"{path}/attribute/result", f"{path}/children", "/v1/executions"):
        server.get(asked, 403, "operator", show_secrets="true")
        assert "swordfish" not in server.client.get(asked, headers={"x-role": "viewer"}).text


def test_what_was_asked_of_an_execution_stands_in_its_context(server: Server) -> None:
    number = server.start("own.asking")
    server.until(number, "paused")
    commands = server.served.commands("ann")
    commands.resume(number)
    commands.cancel(number)
    server.until(number, "canceled")
    again = server.served.commands("bob").start_again(number, commands.whole_rerun(number))
    found = server.get(f"/v1/executions/{number}")
    assert (found["context"]["resumed_by"], found["context"]["cancelled_by"]) == ("ann", "ann")
    assert [one["status"] for one in found["log"]][-1] == "canceled"
    rerun = server.get(f"/v1/executions/{again}")
    assert rerun["rerun_of"] == number
    assert rerun["context"]["re-run"] == {"ref": number, "tasks": [], "reset": []}
    assert rerun["context"]["user"] == "bob"
    server.until(again, "paused")
    commands.cancel(again)


def test_a_rerun_from_tasks_and_what_it_continues(server: Server) -> None:
    number = server.run("own.outer")
    asked = RerunRequest(number, ("each",), ("each",))
    rerun = server.served.commands("bob").rerun(asked).execution
    server.until(rerun, "succeeded")
    before, after = server.get(f"/v1/executions/{number}"), server.get(f"/v1/executions/{rerun}")
    assert before["continued_by"] == rerun
    assert after["context"]["re-run"] == {"ref": number, "tasks": ["each"], "reset": []}
    assert after["context"]["workflow_execution"] == before["context"]["workflow_execution"]
    assert [one["status"] for one in before["log"]][0::3] == ["requested", "succeeded"]
    assert after["log"][0]["status"] == "requested"
    assert after["log"][-1] == {"timestamp": after["end_timestamp"], "status": "succeeded"}
    assert after["log"][1]["timestamp"] > before["log"][-1]["timestamp"]
    assert before["children"]
    assert not set(before["children"]) & set(after["children"])
    [child, *_] = server.get(f"/v1/executions/{rerun}/children")
    assert child["context"]["user"] == "bob"


def test_an_action_that_is_gone_is_told_by_its_name(server: Server) -> None:
    file = server.served.packs.given[0] / "own/actions/fleeting.yaml"
    file.write_text("name: fleeting\nrunner_type: noop\n")
    number = server.run("own.fleeting")
    file.unlink()
    action = server.get(f"/v1/executions/{number}")["action"]
    assert (action["ref"], action["pack"], action["name"]) == ("own.fleeting", "own", "fleeting")
    assert action["runner_type"] == "noop"


def test_there_is_no_execution_of_a_name(server: Server) -> None:
    assert 'no execution "nothing"' in server.get("/v1/executions/nothing", 404)["faultstring"]


def test_statuses_are_those_of_stackstorm() -> None:
    ours = set(get_args(status.Status)) - {"retrying"}  # which only a task shows
    assert ours == set(get_args(Status))


@pytest.mark.parametrize("scope", ["", EVERYWHERE])
def test_a_list_of_very_many_is_read_only_as_far_as_it_is_shown(server: Server, scope: str) -> None:
    plans: list[str] = []
    connection = sqlite3.connect(server.served.store.path)
    for query in ("newest_tops", "count_of_tops") if not scope else ("newest_of_all", "count_of_all"):
        sql = getattr(named_statements(), query).sql
        rows = connection.execute(f"EXPLAIN QUERY PLAN {sql}", {"count": 1, "skip": 0}).fetchall()
        plans += [row[3] for row in rows]
    connection.close()
    assert not [plan for plan in plans if "TEMP B-TREE" in plan or plan == "SCAN execution"]


def test_filters_of_those_that_people_start_are_answered_by_their_index(server: Server) -> None:
    connection = sqlite3.connect(server.served.store.path)
    sql = named_statements().listed_newest.sql
    nothing = dict.fromkeys(re.findall(r":(\w+)", sql))
    plans = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", nothing)]
    sql = named_statements().statuses_among.sql
    plans += [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", {"executions": "[]"})]
    connection.close()
    assert "SCAN execution USING COVERING INDEX execution_top" in plans
    assert "SEARCH execution USING INDEX execution_by_parent (parent=?)" in plans
    assert "SEARCH history USING COVERING INDEX history_of_whole (workflow=?)" in plans
