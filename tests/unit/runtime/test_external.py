"""`st2kv()` and `task()` in workflows that really run, on a real store, in this process."""

import sqlite3
import sys
from pathlib import Path
from subprocess import run
from typing import Any

import pytest

from orchestrion.client.following import Interruption
from orchestrion.client.keys import NewKey, open_keys
from orchestrion.client.local import LocalClient
from orchestrion.client.packs import PackFolders
from orchestrion.client.targets import target_of
from orchestrion.queries import ExecutionView

PW = "sesame-4711"


class Place:
    """A store, and a client that runs workflow texts on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = folder / "s.db"

    def keys(self, *keys: NewKey) -> None:
        with open_keys(self.database, "ada") as store:
            store.put(keys)

    def run(self, text: str) -> ExecutionView:
        (self.folder / "w.yaml").write_text(text)
        with LocalClient(self.database, PackFolders(), "ada") as client:
            target = target_of(str(self.folder / "w.yaml"), [], client.catalog, client.surroundings_of)
            return client.follow(client.start(target), lambda _: None, Interruption())

    def output(self, expression: str) -> Any:
        """What an expression gives in the output of a workflow with one task."""
        view = self.run(
            f"version: 1.0\ntasks:\n  one: {{action: core.noop}}\noutput: [{{v: {expression!r}}}]\n"
        )
        assert isinstance(view.result, dict)
        if view.status == "succeeded":
            output = view.result["output"]
            return output["v"] if isinstance(output, dict) else None
        errors: Any = view.result["errors"]
        return errors[0]["message"]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.mark.parametrize(
    "expression,value",
    [
        ("<% st2kv('system.host') %>", "db1"),
        ("{{ st2kv('system.host') }}", "db1"),
        ("{{ 'system.host' | st2kv }}", "db1"),
        ("<% st2kv('mine') %>", "ada's"),
        ("<% st2kv('system.host', decrypt => true) %>", "db1"),
        ("<% st2kv('system.no', default => null) %>", None),
        ("<% st2kv('no', default => '') %>", ""),
        ("<% st2kv('system.host', default => 'x') %>", "db1"),
        ("<% st2kv('system.pw', decrypt => true).len() %>", len(PW)),
        ("<% st2kv('system.pw', decrypt => true) %>", "********"),
        ("<% st2kv('system.pw').len() > 40 %>", True),
    ],
)
def test_keys_in_expressions(place: Place, expression: str, value: Any) -> None:
    mine = NewKey("mine", "ada's", scope="user")
    place.keys(NewKey("host", "db1"), mine, NewKey("pw", PW, secret=True))
    assert place.output(expression) == value


@pytest.mark.parametrize(
    "expression,text",
    [
        (
            "<% st2kv('system.no') %>",
            'ExpressionEvaluationException: The key "no" does not exist in the StackStorm datastore.',
        ),
        (
            "{{ st2kv('no') }}",
            'ExpressionEvaluationException: The key "ada:no" does not exist in the StackStorm datastore.',
        ),
        ("<% st2kv(5) %>", "TypeError: Given key is not typeof string."),
        ("{{ st2kv('x', decrypt=1) }}", "TypeError: Decrypt parameter is not typeof bool."),
        ("<% task('no') %>", 'ExpressionEvaluationException: Unable to find task execution for "no".'),
        ("<% task() %>", "ExpressionEvaluationException: The current task is not set in the context."),
    ],
)
def test_errors_have_stackstorms_texts(place: Place, expression: str, text: str) -> None:
    message = place.output(expression)
    assert message.endswith(text), message


RECORDS = """\
version: 1.0
tasks:
  one:
    action: core.local cmd="echo 5"
    next:
      - publish: [{here: <% task() %>}, {by_name: <% task('one') %>}]
        do: many
  many:
    with: <% ['a', 'b'] %>
    action: core.local cmd="test <% item() %> = a"
    next: [{when: <% failed() %>, publish: [{items: <% task('many').result.items %>}], do: last}]
  last:
    action: core.local
    input: {cmd: "echo <% task('one').result.stdout %> <% task('many').status %>"}
    next: [{publish: [{said: <% result().stdout %>}]}]
output:
  - here: <% ctx(here) %>
  - same: <% ctx(here) = ctx(by_name) %>
  - items: <% ctx(items).select([$.status, $.result.return_code]) %>
  - said: <% ctx(said) %>
"""


def test_the_record_of_a_task(place: Place) -> None:
    view = place.run(RECORDS)
    assert isinstance(view.result, dict)
    output: Any = view.result["output"]
    record = output["here"]
    attempt = view.tasks[0]
    with LocalClient(place.database, PackFolders(), "ada") as client:
        ids = {
            one.task: [run.id for run in one.attempts]
            for one in client.execution(view.id, attempts=True).tasks
        }
    assert record.pop("start_timestamp") < record.pop("end_timestamp")
    assert record == {
        "task_execution_id": ids["one"][0],
        "workflow_execution_id": view.workflow,
        "task_name": attempt.task,
        "task_id": "one",
        "route": 0,
        "result": {"failed": False, "succeeded": True, "return_code": 0, "stdout": 5, "stderr": ""},
        "status": "succeeded",
    }
    assert output["same"] is True
    assert output["items"] == [["succeeded", 0], ["failed", 1]]
    assert output["said"] == "5 failed"


def rows(database: Path, table: str) -> int:
    connection = sqlite3.connect(database)
    try:
        return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    finally:
        connection.close()


def test_a_tree_without_secrets_pays_nothing(place: Place) -> None:
    place.keys(NewKey("host", "db1"))
    assert place.output("<% st2kv('system.host') %>") == "db1"
    assert [rows(place.database, table) for table in ("secret", "vault")] == [0, 0]
    assert not (place.folder / "s.db.key").exists()


def test_a_secret_costs_its_tree_few_statements_and_others_none(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    connect = sqlite3.connect

    def traced(*arguments: Any, **named: Any) -> sqlite3.Connection:
        connection = connect(*arguments, **named)
        connection.set_trace_callback(seen.append)
        return connection

    monkeypatch.setattr(sqlite3, "connect", traced)
    place.keys(NewKey("plain", "x"), NewKey("closed", PW, secret=True))
    counts: list[int] = []
    for expression in ("'x'", "st2kv('system.plain')", "st2kv('system.closed', decrypt => true)"):
        seen.clear()
        place.output(f"<% {expression} %>")
        counts.append(sum(text.startswith(("INSERT", "UPDATE", "DELETE")) for text in seen))
    assert counts[1] == counts[0]
    assert counts[2] == counts[0] + 1


def test_the_cipher_is_not_even_loaded_without_secrets(place: Place) -> None:
    (place.folder / "w.yaml").write_text("version: 1.0\ntasks:\n  one: {action: core.noop}\n")
    program = (
        "import sys\nfrom orchestrion.cli.main import main\n"
        "assert main(['run', 'w.yaml', '--db', 's.db']) == 0\n"
        "print('cryptography' in sys.modules)\n"
    )
    done = run([sys.executable, "-c", program], cwd=place.folder, capture_output=True, text=True, check=True)
    assert done.stdout.endswith("False\n")
