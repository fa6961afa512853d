"""Our own looks at an execution, as our client rebuilds them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from orchestrion.client.limits import Limit, limits
from orchestrion.client.looking import Looking
from orchestrion.queries import ExecutionView
from orchestrion.queries.explaining import Explanation
from orchestrion.queries.graphs import GraphView
from orchestrion.queries.history import Request, StatusChange
from orchestrion.wire.views import plain, read
from tests.unit.actions.packs import add_workflow
from tests.unit.api.world import World, serving

FLOW = """
version: 1.0
input: [token]
tasks:
  first:
    with: <% [1, 2] %>
    action: core.noop
    next:
      - {when: <% succeeded() %>, do: [asks, joins]}
      - {when: <% failed() %>, do: fail}
  asks: {action: core.ask, next: [{do: joins}]}
  joins: {join: all, action: core.noop}
"""
PARAMETERS = "parameters:\n  token: {type: string, secret: true}\n"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("looking")
    add_workflow(folder / "packs/own", "flow", FLOW, PARAMETERS)
    with serving(folder, folder / "packs") as world:
        yield world


@pytest.fixture(scope="module")
def number(world: World) -> str:
    number = world.start("own.flow", {"token": "swordfish"})
    world.until(number, "paused")
    return number


def seen(world: World, kind: Any, path: str) -> Any:
    answer = world.client.get(path)
    assert answer.status_code == 200, answer.text
    assert "swordfish" not in answer.text
    return read(kind, answer.content)


def test_the_view_is_the_one_that_the_server_has(world: World, number: str) -> None:
    for attempts in (True, False):
        found = seen(world, ExecutionView, f"/v1/executions/{number}/view?attempts={attempts}")
        assert found == world.served.queries.execution(number, attempts=attempts)
    assert found.parameters == {"token": "********"}


def test_history_and_explanation_are_those_that_the_server_has(world: World, number: str) -> None:
    looking = Looking(world.served.store, world.served.peers, world.served.packs)
    history = seen(world, list[StatusChange | Request], f"/v1/executions/{number}/history")
    assert history == looking.history(number)
    explanation = seen(world, Explanation, f"/v1/executions/{number}/explain")
    told = looking.explain(number)
    assert explanation.process is None, "a service takes what belongs to nobody"
    assert explanation == told
    assert [wait.kind for wait in explanation.waits] == ["inquiry", "join"]


def test_the_export_comes_line_by_line(world: World, number: str) -> None:
    answer = world.client.get(f"/v1/executions/{number}/export")
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    head, *records = map(json.loads, answer.text.splitlines())
    looking = Looking(world.served.store, world.served.peers, world.served.packs)
    assert head == looking.export(number).head()
    assert records == [plain(record) for record in looking.export(number).records()]
    task = world.task(number, "asks")
    refused = world.client.get(f"/v1/executions/{task}/export")
    assert (refused.status_code, "ran an action" in refused.text) == (409, True)


def test_the_graph_shows_how_the_tasks_stand_and_which_ways_were_taken(world: World, number: str) -> None:
    graph = seen(world, GraphView, f"/v1/executions/{number}/graph")
    assert (graph.execution, graph.status) == (number, "paused")
    nodes = {node.name: node for node in graph.nodes}
    assert {name: node.status for name, node in nodes.items()} == {
        "first": "succeeded",
        "asks": "pending",
        "joins": None,
        "fail": None,
    }
    first = nodes["first"]
    assert (first.is_first, first.has_items, first.entries[0].items.succeeded) == (True, True, 2)
    assert (nodes["fail"].kind, nodes["joins"].join) == ("command", 2)
    taken = {(edge.source, edge.target): edge.taken for edge in graph.edges}
    assert taken == {
        ("first", "asks"): 1,
        ("first", "joins"): 1,
        ("first", "fail"): 0,
        ("asks", "joins"): 0,
    }
    task = world.task(number, "asks")
    assert world.client.get(f"/v1/executions/{task}/graph").status_code == 404


def test_the_graph_of_a_rerun_counts_only_what_counts(world: World) -> None:
    number = world.start("own.flow")
    world.until(number, "paused")
    world.post(f"/v1/executions/{number}/operations", {"kind": "cancel"}, 200)
    world.until(number, "canceled")
    body = {"kind": "re-run", "tasks": ["first"]}
    again = world.post(f"/v1/executions/{number}/operations", body, 200)["execution"]
    world.until(again, "paused")
    graph = seen(world, GraphView, f"/v1/executions/{again}/graph")
    assert [len(node.entries) for node in graph.nodes if node.name in ("first", "asks")] == [1, 1]
    assert sorted(edge.taken for edge in graph.edges) == [0, 0, 1, 1]


def test_the_limits_are_those_of_this_version(world: World) -> None:
    assert seen(world, list[Limit], "/v1/limits") == [*limits()]


@pytest.mark.parametrize("look", ["view", "history", "explain", "export", "graph"])
def test_what_is_not_there_is_not_found(world: World, look: str) -> None:
    assert world.client.get(f"/v1/executions/{'f' * 24}/{look}").status_code == 404


def test_every_answer_is_typed_in_the_document(world: World) -> None:
    document = world.get("/v1/openapi.json")
    for path, operation in (
        ("view", "ExecutionView"),
        ("explain", "Explanation"),
        ("graph", "GraphView"),
    ):
        route = document["paths"][f"/v1/executions/{{number}}/{path}"]["get"]
        schema = route["responses"]["200"]["content"]["application/json"]["schema"]
        assert schema == {"$ref": f"#/components/schemas/{operation}"}
