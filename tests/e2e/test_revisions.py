"""A running execution keeps the packs as they were; what starts later takes them as they are then."""

import shutil
from typing import Any

import pytest

from tests.e2e.commands import Done, Shell
from tests.e2e.test_services import service, stop

FLOW = """
version: 1.0
tasks:
  one: {action: core.local cmd="./act one", next: [{do: two}]}
  two: {action: mine.script, next: [{publish: [{two: <% result().stdout %>}], do: three}]}
  three: {action: mine.metadata, next: [{publish: [{three: <% result().stdout %>}], do: four}]}
  four: {action: mine.python, next: [{publish: [{four: <% result().result %>}], do: five}]}
  five: {action: mine.inner, next: [{publish: [{five: <% result().output.said %>}], do: six}]}
  six: {action: core.local cmd="./act six"}
output:
  - flow: WORD
  - said: <% ctx().two + ' ' + ctx().three + ' ' + ctx().four + ' ' + ctx().five %>
"""
INNER = """
version: 1.0
tasks:
  t: {action: mine.metadata, next: [{publish: [{said: <% result().stdout %>}]}]}
output: [{said: "WORD <% ctx().said %>"}]
"""
PYTHON = """
from helper import VALUE
from st2common.runners.base_action import Action

class Run(Action):
    def run(self):
        return VALUE + " " + self.config["word"]
"""
BARE = """
version: 1.0
tasks:
  two: {action: mine.script, next: [{do: one}]}
  one: {action: core.local cmd="./act one", next: [{when: <% succeeded() %>, do: again}]}
  again: {action: mine.script, next: [{publish: [{said: <% result().stdout %>}]}]}
output: [{said: <% ctx().said %>}]
"""


def write(shell: Shell, word: str) -> None:
    """The pack, in which everything says the word from now on."""
    action = "name: {}\nrunner_type: {}\nentry_point: {}\n"
    files = {
        "pack.yaml": f"name: mine\nversion: 1.0.{len(word)}\n",
        "config.schema.yaml": f"word: {{type: string, default: {word}}}\n",
        "actions/flow.yaml": action.format("flow", "orquesta", "workflows/flow.yaml"),
        "actions/inner.yaml": action.format("inner", "orquesta", "workflows/inner.yaml"),
        "actions/script.yaml": action.format("script", "local-shell-script", "script.sh"),
        "actions/python.yaml": action.format("python", "python-script", "run.py"),
        "actions/metadata.yaml": (
            "name: metadata\nrunner_type: local-shell-cmd\nparameters:\n"
            f"  cmd: {{default: echo {word}, immutable: true}}\n"
        ),
        "actions/workflows/flow.yaml": FLOW.replace("WORD", word),
        "actions/workflows/inner.yaml": INNER.replace("WORD", word),
        "actions/script.sh": f"echo {word}\n",
        "actions/run.py": PYTHON,
        "lib/helper.py": f'VALUE = "{word}"\n',
    }
    for name, text in files.items():
        path = shell.folder / "packs" / "mine" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def said(word: str) -> str:
    return " ".join([word] * 6)


def output(shell: Shell, number: str) -> Any:
    return shell.get(number)["result"]["output"]


def test_a_running_execution_keeps_its_revision_and_a_new_one_takes_what_is_there(shell: Shell) -> None:
    write(shell, "first")
    gate = shell.gate("one")
    running = shell.start("run", "mine.flow")
    gate.arrived()
    write(shell, "second")
    gate.open()
    assert running.end().code == 0
    number = shell.newest()
    assert output(shell, number) == {"flow": "first", "said": said("first")}
    assert shell.run("run", "mine.flow").code == 0
    assert output(shell, shell.newest()) == {"flow": "second", "said": said("second")}
    assert shell.get(number)["packs"][0]["version"] == "1.0.5"
    shown = shell.run("execution", "get", number).out
    assert f"mine 1.0.5 ({shell.get(number)['packs'][0]['revision'][:8]})" in shown


def test_a_re_run_from_tasks_takes_the_packs_as_they_are_and_the_definition_as_it_ran(shell: Shell) -> None:
    write(shell, "first")
    shell.fail("six")
    assert shell.run("run", "mine.flow").code == 1
    number = shell.newest()
    write(shell, "second")
    shell.mend()
    gate = shell.gate("six")
    running = shell.start("execution", "re-run", number, "--tasks", "two")
    gate.arrived()
    write(shell, "third")
    gate.open()
    assert running.end().code == 0
    again = shell.newest()
    assert output(shell, again) == {"flow": "first", "said": said("second")}
    exported = shell.run("execution", "export", again).json
    listed = [(one["execution"], one["pack"], one["version"]) for one in exported["packs"]]
    assert listed == [(number, "mine", "1.0.5"), (again, "mine", "1.0.6")]


def resumed(shell: Shell) -> Done:
    return shell.run("execution", "resume", shell.newest())


@pytest.mark.parametrize("gone", [False, True], ids=["changed", "gone"])
def test_what_is_resumed_after_a_crash_keeps_its_revision(shell: Shell, *, gone: bool) -> None:
    write(shell, "first")
    gate = shell.gate("one")
    running = shell.start("run", "mine.flow")
    gate.arrived()
    running.kill()
    if gone:
        shutil.rmtree(shell.folder / "packs" / "mine")
    else:
        write(shell, "second")
    assert resumed(shell).code == 0
    assert output(shell, shell.newest())["said"] == said("first")


def test_a_pause_and_a_resume_keep_the_revision(shell: Shell) -> None:
    write(shell, "first")
    gate = shell.gate("one")
    running = shell.start("run", "mine.flow")
    gate.arrived()
    assert shell.run("execution", "pause", shell.newest()).code == 0
    gate.open()
    assert running.end().code == 5
    write(shell, "second")
    assert resumed(shell).code == 0
    assert output(shell, shell.newest())["said"] == said("first")


def test_the_actions_of_a_bare_file_keep_the_revision_of_their_first_use(shell: Shell) -> None:
    write(shell, "first")
    gate = shell.gate("one")
    running = shell.start("run", shell.write("bare.yaml", BARE))
    gate.arrived()
    write(shell, "second")
    gate.open()
    assert running.end().code == 0
    assert output(shell, shell.newest()) == {"said": "first"}


def test_a_service_runs_two_revisions_of_a_pack_side_by_side(shell: Shell) -> None:
    write(shell, "first")
    gate = shell.gate("one")
    with service(shell) as running:
        first = shell.start("run", "mine.flow")
        gate.arrived()
        write(shell, "second")
        older = shell.newest()
        gate.path.rename(shell.folder / "gate-held")
        assert shell.run("run", "mine.flow").code == 0
        newer = shell.newest()
        (shell.folder / "gate-held").rename(gate.path)
        gate.open()
        assert first.end().code == 0
        stop(running)
    assert [output(shell, one)["said"] for one in (older, newer)] == [said("first"), said("second")]


def test_packs_are_listed_and_registered_with_their_revision(shell: Shell) -> None:
    write(shell, "first")
    elsewhere = shell.folder / "elsewhere"
    (shell.folder / "packs" / "mine").rename(elsewhere)
    registered = shell.run("pack", "register", str(elsewhere))
    assert registered.code == 0
    listed = {one["ref"]: one["revision"] for one in shell.json("pack", "list")}
    assert len(listed["mine"]) == 8
    assert f"revision {listed['mine']}" in registered.out
    assert listed["core"] == ""
    assert shell.run("run", "mine.flow").code == 0
    (used,) = shell.get(shell.newest())["packs"]
    assert used["revision"].startswith(listed["mine"])


def test_a_purge_leaves_the_revisions_that_are_used(shell: Shell) -> None:
    write(shell, "first")
    assert shell.run("run", "mine.flow").code == 0
    write(shell, "second")
    assert shell.run("run", "--async", "mine.flow").code == 0
    place = shell.folder / "store.db.packs" / "mine"
    assert len([one for one in place.iterdir() if one.name[0] != "."]) == 2
    assert shell.run("purge", "--older-than", "0d").code == 0
    assert len([one for one in place.iterdir() if one.name[0] != "."]) == 1


def test_an_open_execution_of_a_backup_goes_on_with_its_revision(shell: Shell) -> None:
    write(shell, "first")
    assert shell.run("run", "--async", "mine.flow").code == 0
    write(shell, "second")
    done = shell.json("db", "backup", "copy.db")
    assert (done["packs"], done["packs_missing"]) == ("copy.db.packs", [])
    number = shell.newest()
    assert shell.run("execution", "resume", number, "--db", "copy.db").code == 0
    (used,) = shell.run("execution", "get", number, "-j", "--db", "copy.db").json["packs"]
    assert used["revision"] in {one.name for one in (shell.folder / "copy.db.packs/mine").iterdir()}
