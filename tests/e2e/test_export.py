"""`execution export`: all of one execution, in one document, without secrets."""

import json

from tests.e2e.commands import Shell

CHILD = "version: 1.0\ntasks:\n  inner: {action: core.noop}\n"
PARENT = """\
version: 1.0
tasks:
  many:
    with: x in <% range(150) %>
    action: core.echo message=<% item() %>
    next:
      - publish: [{made: <% result() %>}]
        do: child
  child:
    action: own.child
    next: [{do: uses}]
  uses:
    action: core.local
    input:
      cmd: test "$(echo '<% st2kv("system.password", decrypt => true) %>')" = right
"""


def prepare(shell: Shell) -> str:
    actions = shell.folder / "packs" / "own" / "actions"
    actions.mkdir(parents=True)
    (actions.parent / "pack.yaml").write_text("name: own\n")
    (actions / "child.yaml").write_text("name: child\nrunner_type: orquesta\nentry_point: child.wf\n")
    (actions / "child.wf").write_text(CHILD)
    shell.run("key", "set", "password", "hunter2hunter2", "--encrypt")
    assert shell.run("run", shell.write("parent.yaml", PARENT)).code == 1
    number = shell.newest()
    assert shell.run("execution", "re-run", number, "--tasks", "uses", "--reason", "again").code == 1
    return number


def test_all_of_an_execution_is_in_the_document_once_and_no_secret(shell: Shell) -> None:
    number = prepare(shell)
    done = shell.run("execution", "export", number)
    assert done.code == 0
    assert "hunter2hunter2" not in done.out
    document = done.json
    assert (document["format"], document["execution"], document["finished"]) == (1, number, True)
    ids = [one["id"] for one in document["executions"]]
    assert len(ids) == len(set(ids)) == 2 + 150 + 1 + 1 + 2
    assert [one["path"] for one in document["workflows"]] == [[], ["child"]]
    assert CHILD in [one["definition"] for one in document["workflows"]]
    assert [(one["kind"], one["reason"]) for one in document["requests"]] == [
        ("start", None),
        ("re-run", "again"),
    ]
    shown = shell.json("execution", "history", number)["history"]
    assert len(document["history"]) == sum(one["what"] == "status" for one in shown)
    assert len(document["items"]) == 150
    assert any(one["published"] for one in document["transitions"])
    assert document["executions"][0]["created_at"].endswith("Z")


def test_a_file_is_its_owners_alone_and_written_whole(shell: Shell) -> None:
    shell.run("run", "examples.hello", "name=you")
    number = shell.newest()
    done = shell.run("execution", "export", number, "-o", "out.json")
    assert done.code == 0
    path = shell.folder / "out.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text())["execution"] == number
    assert shell.run("execution", "export", number, "-o", "no/such/folder.json").code == 2
    assert shell.run("execution", "export", "none", "-o", "out2.json").code == 4
    assert sorted(one.name for one in shell.folder.glob("*out*")) == ["out.json"]
    action = json.loads(path.read_text())["executions"][-1]["id"]
    assert shell.run("execution", "export", action).code == 3
