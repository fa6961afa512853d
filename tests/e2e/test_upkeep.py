"""What operators need around executions: settings, bounds, the store's upkeep, actions, completion."""

from pathlib import Path

import pytest

from tests.e2e.commands import Shell


def test_config_tells_every_value_and_where_it_comes_from(shell: Shell) -> None:
    shell.write("orchestrion.toml", "slots = 3\ngrace = 4\n")
    done = shell.run("config", ORCHESTRION_GRACE="5")
    assert done.code == 0
    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    assert f"db {shell.folder / 'store.db'} environment ORCHESTRION_DB" in lines
    assert "slots 3 file orchestrion.toml:1" in lines
    assert "grace 5 environment ORCHESTRION_GRACE" in lines
    assert "log_level info default" in lines
    documents = {one["name"]: one for one in shell.json("config")}
    assert documents["grace"]["value"] == 4
    assert documents["grace"]["from"] == "file orchestrion.toml:2"
    assert documents["packs"] == {
        "name": "packs",
        "value": None,
        "from": "default",
        "flag": "--packs",
        "variable": "ORCHESTRION_PACKS",
        "text": "folders of packs; in the environment separated as in PATH",
        "default": "./packs, if there is one",
    }


def test_a_command_takes_its_settings_from_flag_environment_and_file(shell: Shell) -> None:
    shell.write("orchestrion.toml", "db = 'of-file.db'\n")
    shell.run("run", "examples.hello", ORCHESTRION_DB="")
    shell.run("run", "examples.hello", ORCHESTRION_DB="of-environment.db")
    shell.run("run", "examples.hello", "--db", "of-flag.db")
    for name in ("of-file.db", "of-environment.db", "of-flag.db"):
        assert (shell.folder / name).exists()


def test_a_bad_setting_ends_every_command_with_one_sentence(shell: Shell) -> None:
    shell.write("orchestrion.toml", "\nslotz = 3\n")
    for words in (("config",), ("execution", "list"), ("serve",)):
        done = shell.run(*words)
        assert (done.code, done.out) == (2, "")
        assert (
            done.err
            == 'orchestrion: orchestrion.toml:2: there is no setting "slotz": did you mean "slots"?\n'
        )
    assert shell.run("--version").code == 0


def test_limits_are_listed(shell: Shell) -> None:
    assert "MAX_OUTPUT_BYTES" in shell.run("limits").out
    values = {(one["part"], one["name"]): one["value"] for one in shell.json("limits")}
    assert values["expression", "MAX_STEPS"] == 600_000
    assert values["lease", "LEASE"] == 15


def test_a_store_is_backed_up_and_checked_while_it_is_in_use(shell: Shell) -> None:
    gate = shell.gate("one")
    running = shell.start("run", shell.write("one.yaml", ONE))
    gate.arrived()
    done = shell.run("db", "backup", "copy.db")
    assert done.code == 0
    assert done.out.startswith("copy.db: ")
    assert "key" not in done.out
    assert shell.run("db", "check").code == 0
    gate.open()
    assert running.end().code == 0
    again = shell.run("db", "backup", "copy.db")
    assert again.code == 2
    assert "copy.db: this file is there already" in again.err
    copied = shell.run("execution", "list", "-j", "--db", "copy.db").json
    assert [one["status"] for one in copied] == ["running"]
    assert shell.json("db", "check")["problems"] == []


def test_a_backup_says_that_the_key_is_not_in_it(shell: Shell) -> None:
    shell.run("key", "set", "pw", "secret", "--encrypt")
    done = shell.run("db", "backup", "copy.db")
    assert f"open only with {shell.folder / 'store.db.key'}, which is not in it" in done.out


def test_a_store_that_is_not_there_is_neither_backed_up_nor_checked_nor_made(shell: Shell) -> None:
    for words in (("db", "check"), ("db", "backup", "copy.db")):
        assert shell.run(*words).code == 4
    assert not (shell.folder / "store.db").exists()


def test_actions_are_looked_up(shell: Shell) -> None:
    assert "core.echo" in shell.run("action", "list", "--pack", "core").out
    assert {one["pack"] for one in shell.json("action", "list", "--pack", "examples")} == {"examples"}
    done = shell.run("action", "get", "core.local")
    assert [line.split()[:3] for line in done.out.splitlines() if line.startswith("cmd")] == [
        ["cmd", "string", "required"]
    ]
    document = shell.json("action", "get", "core.local")
    assert (document["runner"], document["unable"]) == ("local-shell-cmd", None)
    password = next(one for one in document["parameters"] if one["name"] == "sudo_password")
    assert password["secret"]
    assert password["of_runner"]
    refused = shell.run("action", "get", "core.locl")
    assert refused.code == 4
    assert 'Did you mean "core.local"?' in refused.err


def completed(shell: Shell, line: str) -> set[str]:
    """What the shell is told when somebody presses the tab key at the end of a line."""
    words = Path(shell.folder / "words")
    shell.run(
        COMP_LINE=line,
        COMP_POINT=str(len(line)),
        _ARGCOMPLETE="1",
        _ARGCOMPLETE_SHELL="bash",
        _ARGCOMPLETE_IFS="\n",
        _ARGCOMPLETE_STDOUT_FILENAME=str(words),
    )
    return {word.strip() for word in words.read_text().splitlines()}


@pytest.mark.parametrize("name", ["bash", "zsh"])
def test_a_shell_is_told_how_to_complete(shell: Shell, name: str) -> None:
    done = shell.run("completion", name)
    assert done.code == 0
    assert "_ARGCOMPLETE" in done.out
    assert "orchestrion" in done.out


def test_ids_tasks_and_names_are_completed(shell: Shell) -> None:
    shell.run("run", shell.write("one.yaml", ONE))
    number = shell.newest()
    assert completed(shell, "orchestrion exec") == {"execution"}
    assert completed(shell, "orchestrion execution get 0") == {number}
    assert completed(shell, f"orchestrion execution re-run {number} --tasks o") == {"one"}
    assert completed(shell, "orchestrion run examples.h") == {"examples.hello"}
    assert completed(shell, "orchestrion run on") == {"one.yaml"}
    assert "name=" in completed(shell, "orchestrion run examples.hello n")
    assert completed(shell, "orchestrion execution get 0 --db nothing.db") == set()


def test_a_workflow_is_tested_without_running_its_actions(shell: Shell) -> None:
    shell.write("one.yaml", ONE)
    shell.write(
        "tests.yaml",
        "workflow: one.yaml\ntests:\n  - {name: good, results: [{}], expect: {status: succeeded}}\n"
        "  - name: bad\n    results: [{status: failed}]\n    expect: {status: succeeded}\n",
    )
    done = shell.run("workflow", "test", "tests.yaml")
    assert done.code == 1
    assert done.out.splitlines() == [
        "tests.yaml: one.yaml",
        "  ✔ good",
        "  ✘ bad",
        '    tests.yaml:6: status: expected "succeeded", got "failed"',
        "2 tests, 1 failed.",
    ]
    assert shell.begun == []
    document = shell.run("workflow", "test", "tests.yaml", "-j").json
    assert [one["passed"] for one in document[0]["tests"]] == [True, False]
    assert document[0]["tests"][1]["differences"] == [
        {"line": 6, "text": 'status: expected "succeeded", got "failed"'}
    ]
    shell.write("tests.yaml", "workflow: one.yaml\ntests: [{name: good, results: [{}]}]\n")
    assert shell.run("workflow", "test", "tests.yaml").out.endswith("1 test passed.\n")
    assert shell.run("workflow", "test", "nothing.yaml").code == 2


ONE = """\
version: 1.0
tasks:
  one:
    action: core.local cmd="./act one"
"""
