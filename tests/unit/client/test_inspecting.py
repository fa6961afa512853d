"""A file is inspected in one pass: what is wrong with the text, with the tasks, and with their actions."""

from pathlib import Path

from orchestrion.actions.catalog import Catalog
from orchestrion.client.inspecting import Finding, report_of

ACTIONS = Path(__file__).parents[2] / "fixtures" / "packs"


def found(text: str) -> list[tuple[int, str]]:
    return [(one.line, one.message) for one in report_of(text, Path("x.yaml"), Catalog((ACTIONS,))).problems]


def warned(text: str) -> tuple[Finding, ...]:
    report = report_of(text, Path("x.yaml"), Catalog((ACTIONS,)))
    assert report.problems == ()
    return report.warnings


def test_actions_are_checked_whatever_else_is_wrong() -> None:
    text = "tasks:\n  one:\n    action: core.nope\n  one:\n    action: core.gone\n  two:\n    with: 5\n"
    messages = dict(found(text))
    assert messages[3].startswith('The action "core.nope" is not registered in the database.')
    assert messages[4].startswith("Failed to load workflow definition because found duplicate key")
    assert messages[5].startswith('The action "core.gone" is not registered in the database.')
    assert messages[7] == "5 is not of type 'object' (tasks.two.with)"


def test_an_action_whose_metadata_are_wrong_is_a_problem_among_the_others(tmp_path: Path) -> None:
    actions = tmp_path / "own" / "actions"
    actions.mkdir(parents=True)
    (actions.parent / "pack.yaml").write_text("name: own\n")
    (actions / "bad.yaml").write_text("name: bad\nrunner_type: noop\nnonsense: 1\n")
    text = "tasks:\n  one:\n    action: own.bad\n  two:\n    action: core.nope\n"
    problems = report_of(text, Path("x.yaml"), Catalog((tmp_path,))).problems
    assert [one.line for one in problems] == [3, 5]
    assert problems[0].message.startswith('The action "own.bad" cannot be used: ')
    assert "bad.yaml:3: Unknown key 'nonsense'" in problems[0].message


def test_an_action_that_cannot_run_here_is_a_warning() -> None:
    text = "tasks:\n  one:\n    action: demo.disabled\n  two:\n    action: demo.future\n"
    lines = [(one.line, one.column) for one in warned(text)]
    assert lines == [(3, 13), (5, 13)]
    disabled, future = (one.message for one in warned(text))
    assert disabled.startswith('Unable to execute. Action "demo.disabled" is disabled.')
    assert 'because its runner "' in future


def test_what_may_have_been_meant() -> None:
    messages = dict(found("taks: 1\ntasks:\n  one:\n    nxt: []\n    action: core.noop\n    x: 1\n"))
    assert messages[1].endswith("""('taks' was unexpected) Did you mean "tasks"?""")
    assert messages[4].endswith("""unexpected) Did you mean "next"? (tasks.one)""")
    assert "Attributes: delay, timeout, join, with, action, input, retry, next." in messages[6]


def test_inputs_that_are_wrong_stand_where_they_are_written() -> None:
    text = "tasks:\n  one:\n    action: core.echo mesage='x'\n"
    text += "  two:\n    input:\n      mesage: x\n    action: core.echo\n"
    problems = report_of(text, Path("x.yaml"), Catalog()).problems
    assert [(one.line, one.message.partition(" (")[0]) for one in problems] == [
        (3, 'Action "core.echo" has unexpected input "mesage".'),
        (3, 'Action "core.echo" is missing required input "message".'),
        (5, 'Action "core.echo" is missing required input "message".'),
        (6, 'Action "core.echo" has unexpected input "mesage".'),
    ]
