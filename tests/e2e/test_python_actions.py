"""Python actions of packs, as operators meet them: in workflows, set up, timed out, left by a crash."""

import os
import select
import shutil
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.commands import Shell

STACKSTORM = Path(__file__).parents[1] / "fixtures" / "stackstorm"
HEAD = "from st2common.runners.base_action import Action\n\nclass Do(Action):\n    def run(self, **given):\n"


@pytest.fixture
def packs(shell: Shell) -> Path:
    """Give the folder of packs, with the pack of the fixtures and its configuration."""
    shutil.copytree(STACKSTORM, shell.folder, dirs_exist_ok=True)
    return shell.folder / "packs"


def add(pack: Path, name: str, *lines: str, parameters: str = "{}") -> None:
    """Add an action with this body."""
    (pack / "actions").mkdir(parents=True, exist_ok=True)
    (pack / "pack.yaml").write_text(f"name: {pack.name}\nversion: 0.1.0\n")
    (pack / "actions" / f"{name}.yaml").write_text(
        f"name: {name}\nrunner_type: python-script\nentry_point: {name}.py\nparameters: {parameters}\n"
    )
    (pack / "actions" / f"{name}.py").write_text(HEAD + "".join(f"        {line}\n" for line in lines))


def attempts_of(shell: Shell) -> dict[str, Any]:
    """Give the only attempt of each task of the newest execution."""
    document = shell.json("execution", "get", shell.newest(), "--attempts")
    return {task["task"]: task["attempts"][0] for task in document["tasks"] if task["attempts"]}


@pytest.mark.usefixtures("packs")
def test_an_action_of_stackstorm_runs_as_it_is(shell: Shell) -> None:
    workflow = shell.write(
        "w.yaml",
        "version: 1.0\ntasks:\n"
        "  greet:\n    action: pythonic.greet names=<% list(Ada) %>\n"
        "    next: [{when: <% succeeded() %>, publish: [{said: <% result().result %>}], do: nobody}]\n"
        "  nobody:\n    action: pythonic.greet names=<% list() %>\n"
        "    next: [{when: <% failed() %>, publish: [{why: <% result() %>}], do: noop}]\n"
        "vars: [{why: null}, {said: null}]\n"
        "output: [{said: <% ctx(said) %>}, {why: <% ctx(why) %>}]\n",
    )
    done = shell.run("run", workflow, "-j")
    assert done.code == 0, done
    assert done.json["result"]["output"] == {
        "said": {"greetings": ["* Hello Ada *"], "servers": 3, "year_is_known": True},
        "why": {
            "result": {"reason": "nobody"},
            "exit_code": 0,
            "stdout": "from pythonic\n",
            "stderr": "st2.actions.python.Greet: INFO     Greeting 0 in west\n"
            "st2.actions.python.Greet: ERROR    Nobody\n",
        },
    }


def test_actions_of_all_kinds_of_ends(shell: Shell, packs: Path) -> None:
    own = packs / "own"
    add(own, "raises", "raise ValueError('語')")
    add(own, "leaves", "import sys", "sys.exit(3)")
    add(own, "hangs", "import os, time", "os.fork()", "time.sleep(600)", parameters="{timeout: {default: 1}}")
    add(own, "odd", "import sys", "sys.stdout.buffer.write(b'a\\xff')", "return object, float('nan'), {1, 2}")
    add(own, "large", "print('x' * 10_000_000)", "return len(given)")
    names = ("raises", "leaves", "hangs", "odd", "large")
    text = "".join(f"  {name}:\n    action: own.{name}\n    next: [{{do: noop}}]\n" for name in names)
    done = shell.run("run", shell.write("w.yaml", f"version: 1.0\ntasks:\n{text}"), "-j")
    assert done.code == 0, done.err
    found = attempts_of(shell)
    statuses = {name: found[name]["status"] for name in names}
    assert statuses == dict(
        zip(names, ("failed", "failed", "timeout", "succeeded", "succeeded"), strict=True)
    )
    assert "ValueError: 語" in found["raises"]["result"]["stderr"]
    assert found["leaves"]["result"]["exit_code"] == 3
    assert found["hangs"]["result"]["error"] == "Action failed to complete in 1 seconds"
    assert found["odd"]["result"]["result"] == ["<class 'object'>", "nan", [1, 2]]
    assert found["odd"]["result"]["stdout"] == "a\ufffd"
    assert len(found["large"]["result"]["stdout"]) == 10_000_001


def test_an_action_uses_the_key_store(shell: Shell, packs: Path) -> None:
    assert shell.run("key", "set", "shared", "s3cret-value", "--encrypt").code == 0
    add(
        packs / "own",
        "keys",
        "service = self.action_service",
        "service.set_value('mine', 'kept')",
        "assert service.get_value('shared', local=False, decrypt=True) == 's3cret-value'",
        "return [key.name for key in service.list_values()]",
    )
    done = shell.run("run", shell.write("w.yaml", "version: 1.0\ntasks: {t: {action: own.keys}}\n"), "-j")
    assert done.code == 0, done
    assert attempts_of(shell)["t"]["result"]["result"] == ["own.Do:mine"]
    assert shell.json("key", "get", "own.Do:mine")["value"] == "kept"


def test_what_a_killed_engine_has_left_is_gone_after_resume(shell: Shell, packs: Path) -> None:
    ready = shell.folder / "ready"
    os.mkfifo(ready)
    add(
        packs / "own",
        "runs",
        "import os, signal, subprocess, time",
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)",
        "child = subprocess.Popen(['sleep', '600'])",
        f"open({str(ready)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')",
        "time.sleep(600)",
    )
    running = shell.start("run", shell.write("w.yaml", "version: 1.0\ntasks: {t: {action: own.runs}}\n"))
    pids = [int(word) for word in ready.read_text().split()]
    ends = [os.pidfd_open(pid) for pid in pids]
    running.kill()
    assert shell.run("execution", "resume", shell.newest()).code == 1
    assert attempts_of(shell)["t"]["status"] == "abandoned"
    for end in ends:
        assert select.select([end], [], [], 5)[0]
        os.close(end)


def test_requirements_are_installed_by_setup(shell: Shell, packs: Path) -> None:
    own = packs / "own"
    add(own, "needs", "import needed", "return needed.VALUE")
    with zipfile.ZipFile(own / "needed-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("needed.py", "VALUE = 'from its own environment'\n")
        wheel.writestr("needed-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: needed\nVersion: 1.0\n")
        wheel.writestr(
            "needed-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr("needed-1.0.dist-info/RECORD", "")
    (own / "requirements.txt").write_text("./needed-1.0-py3-none-any.whl\n")
    workflow = shell.write("w.yaml", "version: 1.0\ntasks: {t: {action: own.needs}}\n")
    assert "orchestrion pack setup own" in shell.run("pack", "list").out
    assert shell.run("run", workflow).code == 1
    assert "orchestrion pack setup own" in attempts_of(shell)["t"]["result"]["error"]
    done = shell.run("pack", "setup", "own")
    assert (done.code, done.out) == (0, "own: its environment is ready\n"), done.err
    assert shell.json("run", workflow)["status"] == "succeeded"
    found = attempts_of(shell)["t"]["result"]
    assert found["result"] == "from its own environment"
    (own / "requirements.txt").write_text("./missing-1.0-py3-none-any.whl\n")
    (outdated,) = [one for one in shell.json("pack", "list") if one["ref"] == "own"]
    assert outdated["environment"] == "outdated"
    failed = shell.run("pack", "setup", "own")
    assert failed.code == 2
    assert "could not be set up" in failed.err
    assert "missing-1.0-py3-none-any.whl" in failed.err


def test_packs_are_registered_by_their_folder(shell: Shell) -> None:
    mine = str(STACKSTORM / "packs" / "pythonic")
    done, again = (shell.run("pack", "register", mine) for _ in range(2))
    assert (done.code, done) == (0, again)
    revision = shell.json("pack", "list")[-1]["revision"]
    what = f"1 action in packs/pythonic, revision {revision}"
    assert done.out == f"pythonic: {what}; ignored: 1 rule, 1 sensor, 1 policy\n"
    row = next(line for line in shell.run("pack", "list").out.splitlines() if line.startswith("pythonic"))
    assert row.split(None, 3)[:3] == ["pythonic", "1.2.0", revision]
    assert row.split(None, 3)[3].split(None, 1) == ["1", "not needed   1 rule, 1 sensor, 1 policy"]
    other = shell.folder / "other"
    add(other, "a", "return 1")
    (other / "pack.yaml").write_text("name: pythonic\n")
    refused = shell.run("pack", "register", "other")
    assert refused.code == 2
    assert "There is a pack pythonic in packs/pythonic already." in refused.err
    (other / "actions" / "a.yaml").write_text("name: a\nrunner: x\n")
    (other / "pack.yaml").write_text("name: other\n")
    refused = shell.run("pack", "register", "other")
    assert refused.code == 2
    assert "runner_type is missing" in refused.err
    assert shell.run("pack", "register", "packs").code == 2
    assert sorted(path.name for path in (shell.folder / "packs").iterdir()) == ["pythonic"]


def test_secrets_of_the_configuration_are_masked(shell: Shell, packs: Path) -> None:
    own = packs / "pythonic"
    (own / "actions" / "tells.yaml").write_text(
        "name: tells\nrunner_type: python-script\nentry_point: tells.py\n"
    )
    (own / "actions" / "tells.py").write_text(
        f"{HEAD}        print(self.config['token'])\n        return self.config\n"
    )
    workflow = shell.write("w.yaml", "version: 1.0\ntasks: {t: {action: pythonic.tells}}\n")
    assert shell.run("run", workflow).code == 0
    found = attempts_of(shell)["t"]["result"]
    assert found["stdout"] == "********\n"
    assert found["result"] == {"region": "west", "token": "********", "limits": {"servers": 3}}


@pytest.mark.parametrize("kind", ["cancel", "pause"])
def test_the_first_action_can_be_stopped_while_its_environment_starts(
    shell: Shell, packs: Path, kind: str
) -> None:
    own, environment = packs / "own", shell.folder / "virtualenvs" / "own"
    add(own, "marks", f"open({str(shell.folder / 'mark')!r}, 'w').close()")
    (own / "requirements.txt").write_text("something\n")
    gate = shell.gate("python")
    (environment / "bin").mkdir(parents=True)
    (environment / "requirements").write_text("something\n")
    interpreter = environment / "bin" / "python"
    interpreter.write_text(f'#!/bin/sh\nread -r line < {gate.path}\nexec {sys.executable} "$@"\n')
    interpreter.chmod(0o755)
    workflow = shell.write(
        "w.yaml", "version: 1.0\ntasks: {n: {action: core.noop, next: [{do: t}]}, t: {action: own.marks}}\n"
    )
    running = shell.start("run", workflow, ORCHESTRION_VIRTUALENVS=str(environment.parent))
    gate.arrived()
    number = shell.newest()
    assert shell.run("execution", kind, number).code == 0
    assert running.end().code != 0  # it does not wait for the environment
    assert not (shell.folder / "mark").exists()
    assert shell.get(number)["status"] == ("canceled" if kind == "cancel" else "paused")
    if kind == "pause":
        interpreter.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        again = shell.run("execution", "resume", number, ORCHESTRION_VIRTUALENVS=str(environment.parent))
        assert again.code == 0, again
        assert (shell.folder / "mark").exists()
