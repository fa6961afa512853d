"""What workflows come to, seen by StackStorm's Python client: results, errors, data (spec 4.2 and 5)."""

from typing import Any

import pytest

from tests.st2.site import Site

FAILED = "Execution failed. See result for details."
UNABLE = "YaqlEvaluationException: Unable to evaluate expression"

FLOW = """\
version: 1.0
input: [a, {b: fallback}]
vars: [{seen: []}]
tasks:
  yaql:
    action: core.echo message=<% ctx(a) %>
    next:
      - when: <% succeeded() %>
        publish:
          - seen: <% ctx(seen) + [result().stdout] %>
        do: jinja
  jinja:
    action: core.echo
    input: {message: "{{ ctx('a') }}/{{ ctx().b }}"}
    next:
      - when: "{{ succeeded() }}"
        publish:
          - seen: "{{ ctx().seen + [result().stdout] }}"
          - last: "{{ result() }}"
output:
  - seen: <% ctx(seen) %>
  - kinds: ["<% 0 %>", "<% -1 %>", "<% true %>", "<% null %>", "<% 1.5 %>", "<% dict(a => 1) %>", "<% '1' %>"]
  - last: <% ctx(last).succeeded %>
"""
JOINED = """\
version: 1.0
tasks:
  a: {action: core.noop, next: [{publish: [{a: 1}], do: [b, c, d]}]}
  b: {action: core.noop, next: [{publish: [{b: 2}], do: end}]}
  c: {action: core.noop, next: [{publish: [{c: 3}], do: end}]}
  d: {action: core.noop, next: [{publish: [{d: 4}], do: end}]}
  end: {join: all, action: core.noop}
output: [{sum: <% ctx(a) + ctx(b) + ctx(c) + ctx(d) %>}]
"""
CYCLE = """\
version: 1.0
vars: [{n: 0}]
tasks:
  begin: {action: core.noop, next: [{do: up}]}
  up:
    action: core.noop
    next: [{when: "<% ctx(n) < 3 %>", publish: [{n: <% ctx(n) + 1 %>}], do: up}]
output: [{n: <% ctx(n) %>}]
"""
TASKS = """\
version: 1.0
tasks:
  one: {action: core.echo message="hello", next: [{publish: [{mine: <% task() %>}], do: two}]}
  two: {with: "<% list(1, 2) %>", action: core.echo message=<% str(item()) %>, next: [{do: three}]}
  three: {action: core.noop, next: [{publish: [{items: <% task(two).result %>}]}]}
output: [{one: <% task(one) %>}, {mine: <% ctx(mine) %>}, {items: <% ctx(items) %>}]
"""
CONTEXT = """\
version: 1.0
tasks:
  a: {action: PACK.below, next: [{publish: [{below: <% result().output %>}]}]}
output: [{st2: <% ctx().st2 %>}, {below: <% ctx(below) %>}]
"""
BELOW = """\
version: 1.0
tasks:
  b: {action: core.noop}
output: [{st2: <% ctx().st2 %>}, {parent: <% ctx().parent %>}]
"""
RESULTS = """\
version: 1.0
tasks:
  a:
    with: "<% list(0, 1, 2) %>"
    action: core.local cmd="exit <% item() %>"
    next: [{when: <% failed() %>, publish: [{all: <% result() %>}], do: noop}]
output: [{codes: "<% ctx(all).select($.return_code) %>"}]
"""
SHELL = {"failed": False, "succeeded": True, "return_code": 0, "stderr": ""}
BROKEN = SHELL | {"failed": True, "succeeded": False, "return_code": 1, "stdout": ""}


def workflow(tasks: str, output: str = "") -> str:
    return f"version: 1.0\ntasks:\n{tasks}{output}"


def error(message: str, **more: Any) -> dict[str, Any]:
    return {"type": "error", "message": message, **more}


def test_data_flow_and_types(site: Site) -> None:
    """Trap 27: types are strict."""
    parameters = "parameters: {a: {type: string}}\n"
    ended = site.library.run(site.add("flow", FLOW, parameters), a="大")
    output = {"seen": ["大", "大/fallback"], "kinds": [0, -1, True, None, 1.5, {"a": 1}, "1"], "last": True}
    assert ended["result"] == {"output": output}
    assert [type(one) for one in ended["result"]["output"]["kinds"][:3]] == [int, int, bool]


@pytest.mark.parametrize(
    "text, output",
    [
        (JOINED, {"sum": 10}),
        (CYCLE, {"n": 3}),
        (RESULTS, {"codes": [0, 1, 2]}),
        (workflow("  a: {action: core.noop}\n"), None),
        (workflow("  a: {action: core.noop}\n", "output: [{x: null}]\n"), {"x": None}),
        (workflow("  a: {action: core.noop, next: [{do: noop}]}\n"), None),
    ],
)
def test_success_is_the_output_and_nothing_else(site: Site, text: str, output: object) -> None:
    """Trap 3."""
    ended = site.library.run(site.add("good", text))
    assert (ended["status"], ended["result"]) == ("succeeded", {"output": output})


@pytest.mark.parametrize(
    "tasks, errors",
    [
        ('  a: {action: core.local cmd="exit 1"}\n', [error(FAILED, task_id="a", result=BROKEN)]),
        (
            '  a: {action: core.local cmd="exit 1", next: [{when: <% failed() %>, do: fail}]}\n',
            [error(FAILED, task_id="a", result=BROKEN), error(FAILED, task_id="fail")],
        ),
        ("  a: {action: core.noop, next: [{do: fail}]}\n", [error(FAILED, task_id="fail")]),
        (
            "  a: {action: core.echo message='x', next: [{when: <% result().stdout.value %>, do: noop}]}\n",
            [
                error(
                    f"{UNABLE} '<% result().stdout.value %>'. "
                    'NoFunctionRegisteredException: Unknown function "#property#value"',
                    task_id="a",
                    route=0,
                    task_transition_id="noop__t0",
                )
            ],
        ),
        (
            "  a: {action: core.noop, next: [{publish: [{x: <% result().no %>}]}]}\n",
            [
                error(
                    "YaqlEvaluationException: Unable to resolve key 'no' in expression "
                    "'<% result().no %>' from context.",
                    task_id="a",
                    route=0,
                    task_transition_id="continue__t0",
                )
            ],
        ),
        (
            "  a: {action: core.echo message=<% task(b).result %>}\n",
            [
                error(
                    f"{UNABLE} '<% task(b).result %>'. "
                    'ExpressionEvaluationException: Unable to find task execution for "b".',
                    task_id="a",
                    route=0,
                )
            ],
        ),
        (
            '  a: {action: core.noop, next: [{publish: [{x: "{{ result().a.b }}"}]}]}\n',
            [
                error(
                    "JinjaEvaluationException: Unable to evaluate expression '{{ result().a.b }}'. "
                    "UndefinedError: 'dict object' has no attribute 'a'",
                    task_id="a",
                    route=0,
                    task_transition_id="continue__t0",
                )
            ],
        ),
        (
            "  a: {action: core.echo message=<% st2kv('system.no_such_key') %>}\n",
            [
                error(
                    f"{UNABLE} '<% st2kv('system.no_such_key') %>'. ExpressionEvaluationException: "
                    'The key "no_such_key" does not exist in the StackStorm datastore.',
                    task_id="a",
                    route=0,
                )
            ],
        ),
    ],
)
def test_errors_are_exact(site: Site, tasks: str, errors: list[dict[str, Any]]) -> None:
    """Trap 26: texts hold the names of the evaluators."""
    ended = site.library.run(site.add("bad", workflow(tasks)))
    assert (ended["status"], ended["result"]) == ("failed", {"errors": errors, "output": None})
    assert ended["context"]["workflow_execution"]


def test_an_output_that_cannot_be_rendered_fails_with_what_could_be(site: Site) -> None:
    tasks = "  a: {action: core.noop, next: [{publish: [{x: {y: 1}}]}]}\n"
    ended = site.library.run(site.add("bad", workflow(tasks, "output: [{a: 1}, {b: <% ctx(x).z %>}]\n")))
    text = "YaqlEvaluationException: Unable to resolve key 'z' in expression '<% ctx(x).z %>' from context."
    assert (ended["status"], ended["result"]) == ("failed", {"errors": [error(text)], "output": {"a": 1}})


def test_what_inspection_refuses_has_no_tasks(site: Site) -> None:
    """Traps 4 and 26, and the inspection's errors of spec 3.1."""
    text = workflow(
        '  a: {action: core.echoz, next: [{when: "<% <% succeeded() %>", publish: [{x: <% ctx().no %>}]}]}\n'
    )
    ended = site.library.run(site.add("refused", text))
    assert (ended["status"], ended["result"]["output"]) == ("failed", None)
    assert "workflow_execution" not in ended["context"]
    assert site.library.tasks(ended) == []
    assert [(one["type"], one["message"]) for one in ended["result"]["errors"]] == [
        ("content", 'The action "core.echoz" is not registered in the database.'),
        ("context", 'Variable "no" is referenced before assignment.'),
        ("expression", "Parse error: unexpected '<' at position 0 of expression '<% succeeded()'"),
    ]
    assert ended["result"]["errors"] == site.library.call("workflows.inspect", text)
    assert ended["result"]["errors"][1] == {
        "type": "context",
        "message": 'Variable "no" is referenced before assignment.',
        "language": "yaql",
        "expression": "<% ctx().no %>",
        "spec_path": "tasks.a.next[0].publish[0]",
        "schema_path": "properties.tasks.patternProperties.^\\w+$.properties.next.items.properties.publish",
    }


def test_task_function(site: Site) -> None:
    output = site.library.run(site.add("tasks", TASKS))["result"]["output"]
    one = output["one"]
    keys = ("task_execution_id", "workflow_execution_id", "task_name", "task_id", "route", "result", "status")
    assert set(one) == {*keys, "start_timestamp", "end_timestamp"}
    assert (one["task_name"], one["task_id"], one["route"]) == ("one", "one", 0)
    assert (one["status"], one["result"]) == ("succeeded", SHELL | {"stdout": "hello"})
    assert isinstance(one["start_timestamp"], str)
    assert isinstance(one["end_timestamp"], str)
    assert output["mine"] == one
    assert [(item["status"], item["result"]["stdout"]) for item in output["items"]["items"]] == [
        ("succeeded", 1),
        ("succeeded", 2),
    ]


def test_what_a_context_holds(site: Site) -> None:
    st2 = site.library
    site.add("below", BELOW)
    ended = st2.run(site.add("context", CONTEXT.replace("PACK", site.pack.name)))
    (child,) = st2.tasks(ended)
    found = ended["result"]["output"]
    expected = {
        "action_execution_id": ended["id"],
        "api_url": "http://127.0.0.1:9101/v1",
        "user": "stanley",
        "pack": site.pack.name,
        "action": site.ref("context"),
        "runner": "orquesta",
        "workflow_execution_id": ended["context"]["workflow_execution"],
    }
    assert found["st2"] == expected
    assert found["below"]["st2"] == expected | {
        "action_execution_id": child["id"],
        "action": site.ref("below"),
        "workflow_execution_id": child["context"]["workflow_execution"],
    }
    assert found["below"]["parent"] == child["context"]["parent"]
    assert child["context"]["parent"] == {
        "execution_id": ended["id"],
        "user": "stanley",
        "pack": site.pack.name,
    }
