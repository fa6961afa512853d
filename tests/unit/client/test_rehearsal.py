"""Tests of workflows in memory: what fits, what differs, what is refused."""

from pathlib import Path
from textwrap import dedent, indent

import pytest

import orchestrion
from orchestrion.client.rehearsal import play
from orchestrion.client.rehearsal.verdict import Outcome, rehearse
from orchestrion.errors import NotFound, UsageError

EXAMPLES = Path(orchestrion.__file__).parent / "examples"
LOOP = """\
version: 1.0
input: [most: 3]
vars: [n: 0]
tasks:
  init: {action: core.noop, next: [{do: step}]}
  step:
    action: core.echo
    input: {message: <% str(ctx(n)) %>}
    next:
      - {publish: [{n: <% ctx(n) + 1 %>}, {last: <% result() %>}], do: check}
  check:
    next: [{when: <% ctx(n) < ctx(most) %>, do: step}]
output: [n: <% ctx(n) %>, last: <% ctx(last) %>]
"""
FORK = """\
version: 1.0
tasks:
  a: {action: core.noop, delay: 5, next: [{publish: [{who: a}], do: meet}]}
  b: {action: core.noop, next: [{publish: [{who: b}], do: meet}]}
  meet: {join: all, action: core.noop}
output: [who: <% ctx(who) %>]
"""


def outcome(folder: Path, workflow: str, test: str) -> Outcome:
    """What comes of one test of a workflow; its text begins on line 3 of the file."""
    (folder / "w.yaml").write_text(workflow)
    (folder / "t.yaml").write_text(f"workflow: w.yaml\ntests:\n- name: only\n{indent(dedent(test), '  ')}")
    (found,) = rehearse(folder / "t.yaml", ()).outcomes
    return found


def differences(folder: Path, workflow: str, test: str) -> list[tuple[int, str]]:
    return [(one.line, one.text) for one in outcome(folder, workflow, test).differences]


def test_the_examples_that_come_along_pass() -> None:
    for outcomes in rehearse(EXAMPLES / "tests" / "provision.yaml", ()).outcomes:
        assert outcomes.differences == ()


def test_a_result_is_chosen_by_pass_attempt_item_and_route_the_first_that_fits(tmp_path: Path) -> None:
    found = outcome(
        tmp_path,
        LOOP,
        """\
          results:
          - {task: step, pass: 2, result: second, input: {message: '1'}}
          - {task: step, pass: 3, result: third}
          - {}
          expect: {output: {n: 3, last: third}, tasks: [init, step, check, step, check, step, check]}
        """,
    )
    assert found.status == "succeeded"
    assert found.differences == ()


@pytest.mark.parametrize("takes, who", [("0", "a"), ("6", "b")])
def test_time_decides_who_is_last(tmp_path: Path, takes: str, who: str) -> None:
    test = f"""\
      results: [{{task: b, takes: {takes}}}, {{}}]
      expect: {{output: {{who: {who}}}, status: succeeded}}
    """
    assert differences(tmp_path, FORK, test) == []


@pytest.mark.parametrize("takes, status", [(4, "succeeded"), (5, "succeeded"), (6, "failed")])
def test_the_timeout_of_a_task_ends_what_takes_longer(tmp_path: Path, takes: int, status: str) -> None:
    text = "version: 1.0\ntasks:\n  a: {action: core.noop, timeout: 5}\n"
    test = f"""\
      results: [{{task: a, takes: {takes}}}]
      expect: {{status: {status}}}
    """
    assert differences(tmp_path, text, test) == []


def test_the_timeout_of_the_workflow_ends_what_runs_and_waits(tmp_path: Path) -> None:
    text = (
        "version: 1.0\ntimeout: 5\ntasks:\n  a: {action: core.noop, next: [{when: <% failed() %>, do: c}]}\n"
        "  b: {action: core.noop, delay: 9}\n  c: {action: core.noop}\noutput: [{x: 1}]\n"
    )
    test = """\
      results: [{task: a, takes: 6}]
      expect:
        status: timeout
        output: {x: 1}
        tasks: [a]
        errors: [The workflow execution timed out after 5 seconds., {task_id: a}]
    """
    assert differences(tmp_path, text, test) == []


def test_each_difference_is_told_with_its_line_and_place(tmp_path: Path) -> None:
    test = """\
      inputs: {most: 1}
      results:
        - {task: step, result: {a: [1, true]}, input: {message: x}}
        - {task: step, pass: 9}
        - {}
      expect:
        status: failed
        output:
          n: '1'
          last: {a: [1, 1], b: 2}
        tasks: [init, step]
        errors: [no message]
    """
    assert differences(tmp_path, LOOP, test) == [
        (6, 'input of step.message: expected "x", got "0"'),
        (7, "this result of step was never asked for"),
        (10, 'status: expected "failed", got "succeeded"'),
        (11, "output.last.a[1]: expected 1, got true"),
        (11, "output.last.b: expected 2, got nothing"),
        (11, 'output.n: expected "1", got 1'),
        (14, 'tasks: expected ["init", "step"], got ["init", "step", "check"]'),
        (15, 'errors[0]: expected "no message", got nothing'),
    ]


def test_an_action_without_a_result_is_a_difference(tmp_path: Path) -> None:
    test = """\
      results: [{task: init}]
      expect: {status: succeeded}
    """
    assert differences(tmp_path, LOOP, test) == [
        (3, 'there is no result for step (core.echo {"message": "0"})')
    ]


def test_a_loop_that_never_ends_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(play, "MAX_EVENTS", 100)
    endless = LOOP.replace("core.echo", "core.noop").replace("    input: {message: <% str(ctx(n)) %>}\n", "")
    ((line, text),) = differences(tmp_path, endless, "  inputs: {most: 1000}\n  results: [{}]\n")
    assert line == 3
    assert text.startswith("the workflow has not ended after")
    empty = endless.replace("step:", "step:\n    with: <% list() %>")
    ((_, text),) = differences(tmp_path, empty, "  inputs: {most: 1000}\n  results: [{}]\n")
    assert text.startswith("the workflow has not ended after")


def test_keys_time_user_and_records_of_tasks_are_there(tmp_path: Path) -> None:
    workflow = """\
version: 1.0
tasks:
  t:
    action: core.noop
    next:
      - publish:
          - host: <% st2kv('system.db.host') %>
          - own: <% st2kv('mine', default => 'none') %>
          - by: <% ctx().st2.user %>
          - began: <% task(t).start_timestamp %>
output: [host: <% ctx(host) %>, own: <% ctx(own) %>, by: <% ctx(by) %>, began: <% ctx(began) %>]
"""
    test = """\
      keys: {system.db.host: db1}
      user: me
      time: '2030-05-06T07:08:09+02:00'
      results: [{}]
      expect: {output: {host: db1, own: none, by: me, began: '2030-05-06 05:08:09+00:00'}}
    """
    assert differences(tmp_path, workflow, test) == []


@pytest.mark.parametrize(
    "test, line, text",
    [
        ("  results: [{task: stepp}]", 4, 'The workflow has no task "stepp". Did you mean "step"?'),
        ("  expect: {tasks: ['init[0]', nobody]}", 4, 'The workflow has no task "nobody". There are:'),
        ("  inputs: {mots: 1}", 3, 'The workflow has no input "mots". Did you mean "most"?'),
        (
            "results:\n- {task: step, status: running}",
            5,
            "tests.0.results.0.status: 'running' is not one of",
        ),
        ("  time: yesterday", 4, "time: 'yesterday' is no time such as"),
        ("  expected: {}", 3, "tests.0: Additional properties are not allowed ('expected' was unexpected)."),
    ],
)
def test_what_is_wrong_with_a_file_is_told_with_its_line(
    tmp_path: Path, test: str, line: int, text: str
) -> None:
    with pytest.raises(UsageError) as raised:
        outcome(tmp_path, LOOP, test)
    (problem,) = raised.value.problems
    assert problem.startswith(f"{tmp_path / 't.yaml'}:{line}: {text}")


def test_a_workflow_that_is_not_there_or_not_valid_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text("workflow: examples.helo\ntests: [{name: x}]\n")
    with pytest.raises(NotFound, match=r'Did you mean "examples\.hello"'):
        rehearse(tmp_path / "t.yaml", ())
    with pytest.raises(UsageError, match="The workflow cannot run"):
        outcome(tmp_path, "version: 1.0\ntasks: {}\n", "")
