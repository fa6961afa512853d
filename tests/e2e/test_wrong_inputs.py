"""Wrong inputs: one message that names what is wrong, where, and what to do; the right exit code."""

import pytest

from tests.e2e.commands import Done, Shell

GOOD = """\
version: 1.0
input:
  - who: world
tasks:
  one:
    action: core.local cmd="./act one"
"""
ITEMS = """\
version: 1.0
tasks:
  one:
    with: <% list(1, 2) %>
    action: core.local cmd="./act one.<% item() %>"
    next:
      - when: <% succeeded() %>
        do: other
  other:
    action: core.noop
"""


def refused(done: Done, code: int, *parts: str) -> None:
    """A command that has failed as it should."""
    assert done.code == code, done
    assert done.err.startswith(("orchestrion", "usage: orchestrion")), done.err
    for part in parts:
        assert part in done.err, f"{part!r} is not in {done.err}"
    assert "Traceback" not in done.err
    assert done.out == ""


def test_a_file_that_is_missing(shell: Shell) -> None:
    refused(shell.run("run", "nowhere.yaml"), 4, "nowhere.yaml", "no such file")
    refused(shell.run("workflow", "inspect", "nowhere.yaml"), 4, "nowhere.yaml")
    refused(shell.run("workflow", "graph", "nowhere.yaml"), 4, "nowhere.yaml")


def test_a_folder_and_a_file_that_is_no_text(shell: Shell) -> None:
    refused(shell.run("run", "./"), 4, "./")
    (shell.folder / "bytes.yaml").write_bytes(b"\xff\xfe\x00")
    refused(shell.run("run", "bytes.yaml"), 2, "bytes.yaml", "UTF-8")


def test_broken_yaml(shell: Shell) -> None:
    name = shell.write("broken.yaml", "version: 1.0\ntasks:\n  one: [\n")
    refused(shell.run("run", name), 2, "broken.yaml:4:1", "workflow inspect")
    done = shell.run("workflow", "inspect", name)
    assert (done.code, done.err) == (2, "")
    assert "broken.yaml:4:1: " in done.out
    refused(shell.run("workflow", "graph", name), 2, "broken.yaml:4:1")


def test_a_name_that_no_file_can_have(shell: Shell) -> None:
    long = "9" * 5_000
    refused(shell.run("run", long), 4, "PACK.NAME")
    refused(shell.run("run", f"/{long}"), 4, "There is no such file")
    refused(shell.run("pack", "register", f"/{long}"), 2, "This is no pack")
    done = shell.run("run", "core.local", "cmd=true", f"cwd=/{long}")
    assert done.code == 1
    assert "error      The folder" in done.out


def test_every_problem_of_a_workflow_at_once(shell: Shell) -> None:
    text = GOOD + "    next:\n      - do: nowhere\n  two:\n    action: core.local cmd=<% ctx(nothing) %>\n"
    text = text.replace('core.local cmd="./act one"', "core.nope")
    name = shell.write("bad.yaml", text)
    parts = ("bad.yaml:6:13", "core.nope", "bad.yaml:8:13", "nowhere", "bad.yaml:10:13", "nothing")
    refused(shell.run("run", name), 2, *parts)
    done = shell.run("workflow", "inspect", name)
    assert done.code == 2
    assert all(part in done.out for part in parts), done.out


def test_an_action_that_does_not_exist(shell: Shell) -> None:
    name = shell.write("bad.yaml", GOOD.replace("core.local", "core.locl"))
    refused(shell.run("run", name), 2, "bad.yaml:6:13", "core.locl", "core.local")
    refused(shell.run("run", "core.nothing"), 4, "core.nothing", "core.noop")
    refused(shell.run("run", "nothing"), 4, "nothing", "PACK.NAME")
    refused(shell.run("run", "core.echo"), 2, "core.echo", "'message' is a required property")
    refused(shell.run("workflow", "graph", "core.echo"), 2, "core.echo", "not a workflow")


@pytest.mark.parametrize("value", ["1e400", "99999999999999999999", '["\\ud800"]', f"{'[' * 201}{']' * 201}"])
def test_an_input_that_cannot_be_kept_as_it_is(shell: Shell, value: str) -> None:
    refused(
        shell.run("run", shell.write("good.yaml", GOOD), f"who={value}"), 2, 'Parameter "who" cannot be kept'
    )


def test_an_input_that_is_missing_unknown_or_wrong(shell: Shell) -> None:
    refused(shell.run("run", "examples.provision"), 2, "site")
    refused(shell.run("run", "examples.hello", "nam=x"), 2, "nam", "name")
    name = shell.write("good.yaml", GOOD)
    refused(shell.run("run", name, "whom=x"), 2, "whom", "Did you mean", "who")
    refused(shell.run("run", name, "who"), 2, "who", "NAME=VALUE")
    refused(shell.run("run", name, "who=a", "who=b"), 2, '"who" is given more than once')
    assert shell.begun == []


def test_a_parameter_of_the_wrong_type(shell: Shell) -> None:
    actions = shell.folder / "packs" / "own" / "actions"
    actions.mkdir(parents=True)
    (actions.parent / "pack.yaml").write_text("name: own\n")
    (actions / "flow.yaml").write_text(
        "name: flow\nrunner_type: orquesta\nentry_point: flow.wf\nparameters: {count: {type: integer}}\n"
    )
    (actions / "flow.wf").write_text(GOOD.replace("who: world", "count"))
    refused(shell.run("run", "own.flow", "count=many"), 2, "count", "many")
    assert shell.run("run", "own.flow", "count=3").code == 0


def test_folders_of_packs_that_are_none(shell: Shell) -> None:
    refused(shell.run("run", "examples.hello", "--packs", "nowhere"), 2, "nowhere", "no such folder")


def test_an_execution_that_is_not_there(shell: Shell) -> None:
    refused(shell.run("execution", "get", "0" * 24), 4, "store.db", "--db")
    assert shell.run("run", "examples.hello").code == 0
    for operation in ("get", "pause", "resume", "cancel", "re-run"):
        refused(shell.run("execution", operation, "0" * 24), 4, "0" * 24, "execution list")
    refused(shell.run("execution", "re-run", "x", "--tasks", "one"), 4, '"x"')


def test_a_file_that_is_no_store(shell: Shell) -> None:
    name = shell.write("good.yaml", GOOD)
    before = sorted(path.name for path in shell.folder.iterdir())
    for words in (("run", name), ("execution", "list"), ("execution", "get", "x")):
        refused(shell.run(*words, "--db", name), 2, name, "store")
        refused(shell.run(*words, "--db", "."), 2, "this is no file", "--db")
    assert (shell.folder / name).read_text() == GOOD
    assert sorted(path.name for path in shell.folder.iterdir()) == before


def test_a_store_in_a_place_that_is_none(shell: Shell) -> None:
    shell.write("file", "")
    refused(shell.run("run", "examples.hello", "--db", "file/store.db"), 2, "file/store.db", "--db")


@pytest.mark.parametrize(
    "words, lacking",
    [
        (["doctor"], "nothing to examine"),
        (["db", "check"], "nothing to examine"),
        (["db", "backup", "copy.db"], "nothing to copy"),
        (["execution", "get", "0"], "no executions"),
    ],
)
def test_a_store_that_is_not_there(shell: Shell, words: list[str], lacking: str) -> None:
    done = shell.run(*words)
    refused(done, 4, "store.db: there is no such store, so there ", f"{lacking}. `orchestrion run` makes one")
    assert not (shell.folder / "store.db").exists()


def test_operations_in_states_that_do_not_allow_them(shell: Shell) -> None:
    number = shell.json("run", shell.write("good.yaml", GOOD))["id"]
    for operation in ("pause", "resume", "cancel"):
        refused(shell.run("execution", operation, number), 3, number, "succeeded")


def test_an_action_is_refused_alike_by_all_operations_on_workflows(shell: Shell) -> None:
    number = shell.json("run", shell.write("good.yaml", GOOD))["id"]
    (attempt,) = shell.json("execution", "get", number, "--attempts")["tasks"][0]["attempts"]
    for words in (["re-run", "--tasks", "one"], ["pause"], ["resume"]):
        refused(shell.run("execution", words[0], attempt["id"], *words[1:]), 3, attempt["id"], "core.local")


def test_a_rerun_of_an_execution_that_runs(shell: Shell) -> None:
    gate = shell.gate("one")
    running = shell.start("run", shell.write("good.yaml", GOOD))
    gate.arrived()
    number = shell.newest()
    refused(
        shell.run("execution", "re-run", number, "--tasks", "one"), 3, number, "running", "execution cancel"
    )
    gate.open()
    assert running.end().code == 0
    assert shell.begun == ["one"]


def test_tasks_that_never_ran_with_the_nearest_spelling(shell: Shell) -> None:
    shell.fail("one.2")
    done = shell.run("run", shell.write("items.yaml", ITEMS))
    number = shell.newest()
    assert done.code == 1
    request = ("execution", "re-run", number, "--tasks", "on", "other", "--no-reset", "two")
    for words in (request, (*request, "--plan")):
        refused(shell.run(*words), 3, '"on"', 'Did you mean "one"?', '"other" never ran', '"two"')
    assert shell.newest() == number


def test_an_execution_that_is_continued_by_another(shell: Shell) -> None:
    shell.fail("one.2")
    shell.run("run", shell.write("items.yaml", ITEMS))
    first = shell.newest()
    shell.mend()
    second = shell.json("execution", "re-run", first, "--tasks", "one", "--no-reset", "one")["id"]
    for operation in ("pause", "resume", "cancel"):
        refused(shell.run("execution", operation, first), 3, first, second)
    assert sorted(shell.begun) == ["one.1", "one.2", "one.2"]


EVIL = "\x1b]0;title\x07"


def test_names_that_hold_control_characters_steer_no_terminal(shell: Shell) -> None:
    for words in (
        ["run", f"{EVIL}.yaml"],
        ["run", f"core.{EVIL}"],
        ["execution", "get", EVIL, "--db", EVIL],
        ["run", "examples.hello", f"--{EVIL}"],
        ["workflow", "graph", "x", "--format", EVIL],
        ["run", "examples.hello", f"{EVIL}=1"],
    ):
        done = shell.run(*words)
        assert done.code in (2, 4)
        assert r"\x1b" in done.err
        assert "\x1b" not in done.err
    name = shell.write(f"{EVIL}.yaml", GOOD + '    "\\e[31m": 1\n')
    done = shell.run("workflow", "inspect", name)
    assert done.code == 2
    assert "\x1b" not in done.out
    assert r"\x1b]0;title\x07.yaml:7:5: " in done.out


def test_a_word_that_is_no_utf_8(shell: Shell) -> None:
    for words in (["run", "examples.hello", "name=\udcff"], ["run", "\udcff.yaml"], ["\udcff"]):
        done = shell.run(*words)
        refused(done, 2, r"\xff", "is not UTF-8")
        assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [
        ["execution", "re-run", "x", "--no-reset", "a"],
        ["execution", "re-run", "x", "--tasks"],
        ["execution", "re-run"],
        ["execution", "list", "-n", "0"],
        ["execution", "get"],
        ["execution"],
        ["workflow", "graph", "x.yaml", "--format", "png"],
        ["run"],
        ["run", "x.yaml", "a=1", "--nonsense"],
        ["nonsense"],
        [],
    ],
)
def test_wrong_usage(shell: Shell, words: list[str]) -> None:
    refused(shell.run(*words), 2, "usage: orchestrion")


def test_what_swallows_the_id_is_named(shell: Shell) -> None:
    refused(shell.run("execution", "re-run", "--tasks", "one", "ID"), 2, "ID is missing", "before --tasks")
    refused(shell.run("execution", "re-run", "ID", "--tasks", "one", "x=1"), 2, "--tasks takes every word")


def test_many_unknown_attributes_are_told_once_each_and_not_all(shell: Shell) -> None:
    lines = "".join(f"key{number}: 1\n" for number in range(300))
    done = shell.run("workflow", "inspect", shell.write("w.yaml", f"tasks: {{t: {{}}}}\n{lines}"))
    assert done.code == 2
    assert done.out.count("'key0' was unexpected") == 1
    assert "… and 201 more; all of them with -j" in done.out
    assert len(done.out) < 30_000
