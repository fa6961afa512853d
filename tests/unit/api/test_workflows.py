"""Workflow files over HTTP (stackstorm-api 3.1): a plain text in, a list of errors out."""

from tests.unit.api.served import Server

TEXT = {"Content-Type": "text/plain"}
TASK = r"properties.tasks.patternProperties.^\w+$"
BAD = """\
version: 1.0
tasks:
  one:
    action: core.echoz
    next:
      - do: nowhere
  two:
    action: core.echo messages=<% ctx(nothing) %>
  three:
    action: echo
"""


def test_errors_are_stackstorms_in_its_order(server: Server) -> None:
    client = server.client("vi")
    answer = client.post("/v1/workflows/inspect", content=BAD, headers=TEXT)
    assert answer.status_code == 200
    errors = answer.json()
    assert [error for error in errors if error["type"] == "content"] == [
        {
            "type": "content",
            "message": 'The action "core.echoz" is not registered in the database.',
            "spec_path": "tasks.one.action",
            "schema_path": f"{TASK}.properties.action",
        },
        {
            "type": "content",
            "message": 'The action reference "echo" is not formatted correctly.',
            "spec_path": "tasks.three.action",
            "schema_path": f"{TASK}.properties.action",
        },
        {
            "type": "content",
            "message": 'Action "core.echo" is missing required input "message".',
            "spec_path": "tasks.two.input",
            "schema_path": f"{TASK}.properties.input",
        },
        {
            "type": "content",
            "message": 'Action "core.echo" has unexpected input "messages".',
            "spec_path": "tasks.two.input.messages",
            "schema_path": f"{TASK}.properties.input.patternProperties.^\\w+$",
        },
    ]
    assert {error["type"] for error in errors} >= {"content", "context", "semantic"}
    order = [(error["type"], error["schema_path"]) for error in errors]
    assert order == sorted(order)
    (of_context,) = (error for error in errors if error["type"] == "context")
    assert (of_context["language"], of_context["expression"]) == ("yaql", "<% ctx(nothing) %>")


def test_nothing_wrong_is_an_empty_list(server: Server) -> None:
    text = "version: 1.0\ntasks:\n  a: {action: core.noop}\n"
    answer = server.client("vi").post("/v1/workflows/inspect", content=text, headers=TEXT)
    assert (answer.status_code, answer.json()) == (200, [])


def test_any_text_is_inspected(server: Server) -> None:
    client = server.client("vi")
    for text in ("", "[", "42", "a: &a [*a]", "\x00", "{" * 100_000):
        answer = client.post("/v1/workflows/inspect", content=text, headers=TEXT)
        assert answer.status_code == 200
        assert answer.json() != []
    assert client.post("/v1/workflows/inspect", content=b"\xff").status_code == 400


def test_a_report_has_lines_and_hints(server: Server) -> None:
    client = server.client("vi")
    report = client.post("/v1/workflows/report", content=BAD, headers=TEXT).json()
    assert report["problems"][0]["line"] == 4
    assert "Did you mean" in report["problems"][0]["message"]
    clean = client.get("/v1/workflows/examples.hello/report").json()
    assert clean == {"problems": [], "warnings": [], "unable": [], "errors": []}


def test_a_graph_has_nodes_and_edges(server: Server) -> None:
    client = server.client("vi")
    text = """\
version: 1.0
tasks:
  a:
    with: <% [1, 2] %>
    action: core.noop
    next:
      - when: <% succeeded() %>
        do: [b, c]
  b: {action: core.noop, next: [{do: d}]}
  c: {action: core.noop, next: [{do: d}, {do: fail}]}
  d: {action: core.noop, join: all}
"""
    graph = client.post("/v1/workflows/graph", content=text, headers=TEXT).json()
    nodes = {node["name"]: node for node in graph["nodes"]}
    assert nodes.keys() == {"a", "b", "c", "d", "fail"}
    assert [name for name, node in nodes.items() if node["is_first"]] == ["a"]
    assert (nodes["a"]["has_items"], nodes["d"]["join"], nodes["fail"]["kind"]) == (True, 2, "command")
    edges = [(edge["source"], edge["target"], edge["condition"]) for edge in graph["edges"]]
    assert ("a", "b", "<% succeeded() %>") in edges
    assert ("c", "fail", None) in edges
    assert len(edges) == 5
    bad = client.post("/v1/workflows/graph", content="[", headers=TEXT)
    assert bad.status_code == 400
    assert client.get("/v1/workflows/examples.hello/graph").status_code == 200
    assert client.get("/v1/workflows/examples.nothing/graph").status_code == 404
    assert client.get("/v1/workflows/core.noop/graph").status_code == 400
