"""What an inspection finds: every category, its paths and messages, and warnings (spec 1.7)."""

import pytest

from orchestrion.core.language import Problem, as_orquesta, as_stackstorm, inspect
from orchestrion.core.language.definition import MAX_DELAY

TASK = r"properties.tasks.patternProperties.^\w+$"
FAILS = "the task fails when it is used"
NEXT = f"{TASK}.properties.next.items.properties"


def found(text: str) -> list[tuple[str, str | None, str]]:
    """Category, path and message of every problem."""
    return [(each.category, each.spec_path, each.message) for each in inspect(text).problems]


def warned(text: str) -> list[tuple[str | None, str]]:
    inspection = inspect(text)
    assert inspection.problems == ()
    return [(each.spec_path, each.message) for each in inspection.warnings]


def unassigned(name: str) -> str:
    return f'Variable "{name}" is referenced before assignment.'


def task(name: str, body: str) -> str:
    return f"  {name}: {{action: core.noop, {body}}}\n"


def test_a_valid_workflow_has_neither_problems_nor_warnings() -> None:
    assert (
        inspect("version: 1.0\ntasks:\n  t1:\n    action: core.noop\n    next: [{do: noop}]").problems == ()
    )
    assert (
        inspect("version: 1.0\ntasks:\n  t1:\n    action: core.noop\n    next: [{do: noop}]").warnings == ()
    )


ALL_CATEGORIES = """\
version: 2.0
tasks:
  fail:
    action: core.noop
    input: {x: <% ctx(a) %>, y: '<% <% b %>'}
    next: [{do: nope}]
"""


def test_all_categories_are_found_in_one_pass() -> None:
    inspection = inspect(ALL_CATEGORIES)
    assert as_orquesta(inspection) == {
        "syntax": [
            {
                "message": "2.0 is not one of ['1.0', 1.0]",
                "spec_path": "version",
                "schema_path": "properties.version.enum",
            }
        ],
        "semantics": [
            {
                "message": 'The task name "fail" is reserved with special function.',
                "spec_path": "tasks.fail",
                "schema_path": TASK,
            },
            {
                "message": 'The task "nope" is not defined.',
                "spec_path": "tasks.fail.next[0].do",
                "schema_path": f"{NEXT}.do",
            },
        ],
        "expressions": [
            {
                "type": "yaql",
                "expression": "<% <% b %>",
                "message": "Parse error: unexpected '<' at position 0 of expression '<% b'",
                "spec_path": "tasks.fail.input",
                "schema_path": f"{TASK}.properties.input",
            }
        ],
        "context": [
            {
                "type": "yaql",
                "expression": "<% ctx(a) %>",
                "message": unassigned("a"),
                "spec_path": "tasks.fail.input",
                "schema_path": f"{TASK}.properties.input",
            }
        ],
    }
    flat = as_stackstorm(inspection)
    assert [entry["type"] for entry in flat] == ["context", "expression", "semantic", "semantic", "syntax"]
    assert flat[0] == {
        "type": "context",
        "language": "yaql",
        "expression": "<% ctx(a) %>",
        "message": unassigned("a"),
        "spec_path": "tasks.fail.input",
        "schema_path": f"{TASK}.properties.input",
        "line": 5,
        "column": 16,
    }
    assert inspection.problems[0].as_dict() == {
        "category": "syntax",
        "message": "2.0 is not one of ['1.0', 1.0]",
        "spec_path": "version",
        "schema_path": "properties.version.enum",
        "line": 1,
        "column": 10,
    }


@pytest.mark.parametrize(
    "body, path, message",
    [
        ("on-success: x", "tasks.t", "Additional properties are not allowed ('on-success' was unexpected)"),
        (
            "tags: [x], name: y",
            "tasks.t",
            "Additional properties are not allowed ('name', 'tags' were unexpected)",
        ),
        ("delay: 1.5", "tasks.t.delay", "1.5 is not valid under any of the given schemas"),
        ("delay: true", "tasks.t.delay", "True is not valid under any of the given schemas"),
        ("timeout: 0", "tasks.t.timeout", "0 is not valid under any of the given schemas"),
        ("timeout: 1.5", "tasks.t.timeout", "1.5 is not valid under any of the given schemas"),
        ("timeout: true", "tasks.t.timeout", "True is not valid under any of the given schemas"),
        ("timeout: ''", "tasks.t.timeout", "'' is not valid under any of the given schemas"),
        ("join: some", "tasks.t.join", "'some' is not valid under any of the given schemas"),
        ("with: 5", "tasks.t.with", "5 is not of type 'object'"),
        ("with: {concurrency: 1}", "tasks.t.with", "'items' is a required property"),
        ("with: {items: 5}", "tasks.t.with.items", "5 is not of type 'string'"),
        (
            "with: a b in <% ctx(x) %>",
            "tasks.t.with.items",
            (
                r"'a b in <% ctx(x) %>' does not match '^(\s+)?({{.*?}}|<%.*?%>)(\s+)?$|^(\s+)?"
                r"((\w+,\s?|\s+)+)?(\w+)"
                r"\s+in\s+({{.*?}}|<%.*?%>)(\s+)?$'"
            ),
        ),
        ("input: []", "tasks.t.input", "[] is not valid under any of the given schemas"),
        ("retry: {}", "tasks.t.retry", "'count' is a required property"),
        ("next: [{when: true}]", "tasks.t.next[0].when", "True is not of type 'string'"),
        (
            "next: [{publish: {a: 1}}]",
            "tasks.t.next[0].publish",
            "{'a': 1} is not valid under any of the given schemas",
        ),
        (
            "next: [{do: [noop, noop]}]",
            "tasks.t.next[0].do",
            "['noop', 'noop'] is not valid under any of the given schemas",
        ),
    ],
)
def test_syntax(body: str, path: str, message: str) -> None:
    assert ("syntax", path, message) in found(f"vars: [{{x: 1}}]\ntasks:\n{task('t', body)}")


@pytest.mark.parametrize(
    "text, path, message",
    [
        ("input: []", "input", "[] should be non-empty"),
        ("input: [a, a]", "input", "['a', 'a'] has non-unique elements"),
        ("input: [5]", "input[0]", "5 is not valid under any of the given schemas"),
        ("vars: [{a: 1, b: 2}]", "vars[0]", "{'a': 1, 'b': 2} has too many properties"),
        ("foo: 1", None, "Additional properties are not allowed ('foo' was unexpected)"),
        ("version: true", "version", "True is not one of ['1.0', 1.0]"),
    ],
)
def test_syntax_at_the_top(text: str, path: str | None, message: str) -> None:
    assert found(f"{text}\ntasks: {{t: {{action: a.b}}}}") == [("syntax", path, message)]


def test_tasks_are_required() -> None:
    assert found("version: 1.0") == [("syntax", None, "'tasks' is a required property")]


def test_a_text_that_cannot_be_read_has_one_problem_with_its_place() -> None:
    assert inspect("tasks:\n  t1:\n    action: [\n").problems == (
        Problem(
            "syntax",
            "Failed to load workflow definition because while parsing a flow node,"
            " did not find expected node content.",
            "tasks.t1.action",
            line=4,
            column=1,
        ),
    )


NO_START = (
    "Unable to identify any tasks to start the workflow. If the workflow has a loop, please add a task that"
    " serves as an entry point (or lead) into the loop."
)


def test_semantics() -> None:
    loop = "tasks:\n" + task("a", "next: [{do: b}]") + task("b", "next: [{do: a}]")
    assert found(loop) == [("semantics", "tasks", NO_START)]
    assert found(loop + task("lead", "next: [{do: a}]")) == []
    assert found("tasks: {t: {with: 'x in <% [1] %>'}}") == [
        ("semantics", "tasks.t", "The action property is required for with items task.")
    ]
    assert found("tasks:\n" + task("t", "next: [{do: 'u, , u u'}]")) == [
        ("semantics", "tasks.t.next[0].do", 'The task "u" is not defined.'),
        ("semantics", "tasks.t.next[0].do", 'The task "" is not defined.'),
        ("semantics", "tasks.t.next[0].do", 'The task "u u" is not defined.'),
    ]


def test_a_task_that_never_starts_is_a_warning_and_nothing_else_about_it_is_checked() -> None:
    text = (
        "tasks:\n"
        + task("t", "next: []")
        + task("lonely", "input: {x: <% ctx(y) %>}, next: [{do: [lonely, nope]}]")
    )
    assert warned(text) == [
        ("tasks.lonely", 'The task "lonely" never starts: no task that can start leads to it.')
    ]


def test_a_join_behind_a_split_that_not_all_its_sources_have_passed_is_unreachable() -> None:
    text = (
        "tasks:\n"
        + task("t1", "next: [{do: [t2, t3]}]")
        + task("t2", "next: [{do: t4}]")
        + task("t3", "next: [{do: t4}]")
        + task("t4", "next: [{do: [t5, t6]}]")
        + task("t5", "next: [{do: j}]")
        + task("t6", "next: [{do: j}]")
        + task("j", "join: all")
    )
    assert found(text) == []
    (problem,) = found(text + task("t7", "next: [{do: j}]"))
    assert problem[:2] == ("semantics", "tasks.j")
    assert problem[2].startswith(
        'The join task "j" is unreachable. A join task is determined to be unreachable if'
    )


def test_mixed_languages() -> None:
    (problem,) = inspect("tasks: {t: {action: a.b, input: {x: '<% 1 %> {{ 2 }}'}}}").problems
    assert (problem.category, problem.language, problem.expression) == (
        "expressions",
        None,
        "<% 1 %> {{ 2 }}",
    )
    assert problem.message == "Expression with multiple types is not supported."


def test_context_follows_the_order_of_the_lists_and_carries_their_index() -> None:
    text = (
        "input: [a, {b: <% ctx(a) %>}, {c: <% ctx(d) %>}]\n"
        "vars: [{d: <% ctx(c) %>}, {e: <% ctx(f) %>}]\n"
        "tasks:\n"
        + task("t", "next: [{publish: [{x: <% ctx(y) %>}, {y: <% ctx(x) %>}]}, {when: <% ctx(x) %>}]")
        + "output: [{o: <% ctx(x) + ctx(y) %>}, {p: <% ctx(o) + ctx(p) %>}]"
    )
    assert found(text) == [
        ("context", "input[2]", unassigned("d")),
        ("context", "vars[1]", unassigned("f")),
        ("context", "tasks.t.next[0].publish[0]", unassigned("y")),
        ("context", "tasks.t.next[1].when", unassigned("x")),
        ("context", "output[1]", unassigned("p")),
    ]


def test_known_names_and_private_names() -> None:
    text = "tasks: {t: {action: a.b, input: {x: <% ctx(st2) %>, y: <% ctx(parent) %>}}}"
    assert found(text) == []
    assert [each.message for each in inspect(text, ()).problems] == [unassigned("st2"), unassigned("parent")]
    private = (
        'Variable "__p" that is prefixed with double underscores is considered a private variable and cannot'
        " be referenced."
    )
    assert found("vars: [{__p: 1}]\noutput: [{o: <% ctx('__p') %>}]\ntasks: {t: {action: a.b}}") == [
        ("context", "output[0]", private)
    ]
    assert found("output: [{o: <% ctx('__p') %>}]\ntasks: {t: {action: a.b}}") == [
        ("context", "output[0]", unassigned("__p")),
        ("context", "output[0]", private),
    ]


BRANCHES = (
    "tasks:\n"
    + task("t", "next: [{publish: [{x: 1}], do: a}, {do: b}]")
    + task("a", "next: [{publish: [{y: 1}], do: c}]")
    + task("b", "next: [{do: c}]")
)


def test_a_task_that_is_no_join_knows_what_every_way_to_it_brings() -> None:
    text = BRANCHES + task("c", "input: {x: <% ctx(x) %>, y: <% ctx(y) %>}")
    assert [message for _, _, message in found(text)] == [unassigned("x"), unassigned("y")]


def test_a_join_knows_what_any_way_to_it_brings() -> None:
    assert found(BRANCHES + task("c", "join: all, input: {x: <% ctx(x) %>, y: <% ctx(y) %>}")) == []


def test_a_join_knows_what_any_way_to_its_sources_brings() -> None:
    text = (
        "tasks:\n"
        + task("a", "next: [{publish: [{x: 1}], do: u}, {do: u}]")
        + task("u", "next: [{do: 'v, w'}]")
        + task("v", "next: [{do: j}]")
        + task("w", "next: [{do: j}]")
        + task("j", "join: all, input: {x: <% ctx(x) %>}")
    )
    assert found(text) == []


def test_in_a_loop_the_first_pass_knows_what_leads_into_it() -> None:
    text = (
        "tasks:\n"
        + task("lead", "next: [{publish: [{x: 1}], do: head}]")
        + task("head", "input: {x: <% ctx(x) %>, y: <% ctx(y) %>}, next: [{do: tail}]")
        + task("tail", "next: [{publish: [{y: 1}], do: head}, {publish: [{z: <% ctx(x) %>}], do: end}]")
        + task("end", "input: {z: <% ctx(z) %>}")
    )
    assert found(text) == [("context", "tasks.head.input", unassigned("y"))]


def test_a_loop_with_two_ways_in_knows_what_both_bring() -> None:
    text = (
        "tasks:\n"
        + task("r1", "next: [{publish: [{x: 1}, {y: 1}], do: a}]")
        + task("r2", "next: [{publish: [{y: 1}], do: b}]")
        + task("a", "input: {x: <% ctx(x) %>, y: <% ctx(y) %>}, next: [{do: b}]")
        + task("b", "input: {x: <% ctx(x) %>, y: <% ctx(y) %>}, next: [{do: a}]")
    )
    assert found(text) == [
        ("context", "tasks.a.input", unassigned("x")),
        ("context", "tasks.b.input", unassigned("x")),
    ]


def test_a_join_in_a_loop_still_misses_what_nobody_publishes() -> None:
    text = (
        "tasks:\n"
        + task("lead", "next: [{do: head}]")
        + task(
            "head",
            "join: 1, input: {x: <% ctx(x) %>, q: <% ctx(q) %>}, next: [{publish: [{x: 1}], do: head}]",
        )
    )
    assert found(text) == [("context", "tasks.head.input", unassigned("q"))]


def test_expressions_of_inline_parameters_and_of_with_are_checked() -> None:
    text = "tasks:\n  t:\n    with: x in <% ctx(l) %>\n    action: a.b m=<% ctx(m) %>\n"
    text += "    retry: {count: <% ctx(n) %>}"
    assert found(text) == [
        ("context", "tasks.t.with.items", unassigned("l")),
        ("context", "tasks.t.input", unassigned("m")),
    ]


@pytest.mark.parametrize(
    "body, path, message",
    [
        (
            "action: a.b x=1 h=abc",
            "tasks.t.action",
            "The text 'h=abc' is dropped: it is no name=value with a value that can be read.",
        ),
        (
            "{action: a.b x=1, input: {y: 1}}",
            "tasks.t.input",
            "The inline parameters of 'action' replace the whole 'input'; nothing is merged.",
        ),
        (
            "action: a.b x=y",
            "tasks.t.action",
            "There is no inline parameter that can be read, so the whole text is the name of the action.",
        ),
        (
            "{action: a.b, next: [{publish: x=y}]}",
            "tasks.t.next[0].publish",
            "The text 'x=y' is dropped: it is no name=value with a value that can be read.",
        ),
        (
            "{action: a.b, input: {x: [1, '{{ ctx().a ']}}",
            "tasks.t.input.x[1]",
            "'{{' is not closed on its line, so this is plain text and not an expression.",
        ),
        (
            "{action: a.b, input: x=1}",
            "tasks.t.input",
            "The text of 'input' is passed on as it is; inline parameters belong to 'action'.",
        ),
        (
            "{action: a.b, delay: '5'}",
            "tasks.t.delay",
            "'5' is a text, not an integer: the task fails when it is used.",
        ),
        (
            "{action: a.b, timeout: soon}",
            "tasks.t.timeout",
            "'soon' is a text, not an integer: the task fails when it is used.",
        ),
        *(
            (
                f"{{action: a.b, {body}}}",
                f"tasks.t.{path}",
                f"{MAX_DELAY + 1} seconds are more than {MAX_DELAY} (100,000 years): {FAILS}.",
            )
            for body, path in (
                (f"delay: {MAX_DELAY + 1}", "delay"),
                (f"timeout: {MAX_DELAY + 1}", "timeout"),
                (f"retry: {{count: 1, delay: {MAX_DELAY + 1}}}", "retry.delay"),
            )
        ),
        (
            "{action: a.b, retry: {count: x}}",
            "tasks.t.retry.count",
            "'x' is a text, not an integer: the task fails when it is used.",
        ),
        (
            "{action: a.b, with: 'x in <% [1] %>', input: {v: <% item(y) %>}}",
            "tasks.t.input.v",
            "'with' does not name 'y', so 'item(y)' fails.",
        ),
        (
            "{action: a.b, input: {v: <% item(y) %>}}",
            "tasks.t.input.v",
            "'item(y)' is used in a task without 'with'.",
        ),
        (
            "{action: a.b, next: [{do: retry}]}",
            "tasks.t.next[0].do",
            "'do: retry' without 'when' retries successes too, three times.",
        ),
    ],
)
def test_warnings(body: str, path: str, message: str) -> None:
    block = body if body.startswith("{") else f"\n    {body}"
    assert warned(f"tasks:\n  t: {block}\n") == [(path, message)]


@pytest.mark.parametrize(
    "value, what",
    [
        ("soon", "'soon' is a text, not an integer"),
        (f"{MAX_DELAY + 1}", f"{MAX_DELAY + 1} seconds are more than {MAX_DELAY} (100,000 years)"),
    ],
)
def test_warnings_about_the_timeout_of_the_workflow(value: str, what: str) -> None:
    found = warned(f"timeout: {value}\ntasks:\n  t: {{action: a.b}}\n")
    assert found == [("timeout", f"{what}: the workflow fails when it starts.")]


def test_warnings_about_joins_keys_and_names() -> None:
    text = "tasks:\n" + task("1", "next: [{do: items}]") + task("items", "join: 3")
    assert warned(text) == [
        ("tasks.1", "The key is the number 1, not a string; it becomes the text '1'."),
        ("tasks.items", 'StackStorm cannot run a workflow with a task of the name "items".'),
        ("tasks.items.join", "The join waits for 3 tasks, but only 1 lead to it: it never starts."),
    ]


def places(text: str) -> list[tuple[int, int, str]]:
    return [(each.line, each.column, each.message) for each in inspect(text).problems]


def test_every_unknown_attribute_stands_where_its_key_does() -> None:
    text = "nonsense: 1\ntasks:\n  one:\n    action: core.noop\n    b: 1\n    a:\n      c: 1\n"
    message = "Additional properties are not allowed ('a', 'b' were unexpected)"
    assert places(text) == [
        (1, 1, "Additional properties are not allowed ('nonsense' was unexpected)"),
        (5, 5, message),
        (6, 5, message),
    ]
    assert len(as_orquesta(inspect(text))["syntax"]) == len(as_stackstorm(inspect(text))) == 2


def test_a_task_name_that_is_no_word_stands_where_it_is_written() -> None:
    assert places("tasks:\n  t-x: {action: core.noop}\n  u-x:    5")[::2] == [
        (2, 3, r"'t-x' does not match '^\w+$'"),
        (3, 11, "5 is not of type 'object'"),
    ]


def test_a_with_that_names_no_items_still_wants_an_action() -> None:
    assert [message for _, _, message in places("tasks:\n  t: {with: {concurrency: 2}}")] == [
        "The action property is required for with items task.",
        "'items' is a required property",
    ]


def test_every_copy_of_a_repeated_key_is_inspected() -> None:
    one = "  one:\n    action: core.noop\n    next: [{do: %s}]\n"
    text = "tasks:\n" + one % "first" + one % "second" + "    bogus: 1\n" + one % "third"
    assert places(text) == [
        (4, 17, 'The task "first" is not defined.'),
        (5, 3, 'Failed to load workflow definition because found duplicate key "one".'),
        (7, 17, 'The task "second" is not defined.'),
        (8, 5, "Additional properties are not allowed ('bogus' was unexpected)"),
        (9, 3, 'Failed to load workflow definition because found duplicate key "one".'),
        (11, 17, 'The task "third" is not defined.'),
    ]


def test_what_another_copy_of_a_key_changes_elsewhere_is_no_problem() -> None:
    text = (
        "tasks:\n  one: {action: core.noop}\n"
        "  one: {action: core.noop, next: [{publish: x=1, do: two}]}\n"
        "  two: {action: core.noop, input: {v: <% ctx(x) %>}}\n"
    )
    assert [message for _, _, message in places(text)] == [
        'Failed to load workflow definition because found duplicate key "one".'
    ]


@pytest.mark.parametrize(
    "text",
    [
        "{{ " + "(" * 99 + "1" + ")" * 99 + " }}",
        "{{ " + "[" * 99 + "]" * 99 + " }}",
        "{% if 1 %}" * 400 + "{% endif %}" * 400,
    ],
)
def test_jinja_that_is_nested_too_deeply_is_a_problem(text: str) -> None:
    definition = f"version: 1.0\ntasks: {{a: {{action: core.echo, input: {{message: '{text}'}}}}}}\n"
    assert any("nested too deeply" in problem.message for problem in inspect(definition).problems)
