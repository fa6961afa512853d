from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrion.actions.catalog import Catalog
from orchestrion.actions.parameters import resolve
from orchestrion.actions.runners.base import Job, Outcome, run
from orchestrion.actions.runners.process_runner import ProcessRunner
from orchestrion.actions.runners.registry import COMMANDS
from orchestrion.core.values import Json
from tests.unit.actions.packs import write_pack

SHOW = "#!/usr/bin/env bash\nprintf '<%s>' \"$@\"\n"


@pytest.fixture
def processes() -> Iterator[ProcessRunner]:
    runner = ProcessRunner(COMMANDS)
    yield runner
    runner.close(grace_seconds=0.1)


class Scripts:
    """A pack with one action, `tools.a`, whose script is `actions/a.sh`."""

    def __init__(self, folder: Path, runner: ProcessRunner) -> None:
        self.folder, self.runner = folder, runner

    def run(
        self,
        script: str | None = SHOW,
        parameters: str = "{}",
        *,
        mode: int = 0o755,
        entry_point: str = "a.sh",
        **given: Json,
    ) -> Outcome:
        metadata = "name: a\nrunner_type: local-shell-script\n"
        metadata += f"entry_point: {entry_point}\nparameters: {parameters}\n"
        write_pack(self.folder, {"pack.yaml": "name: tools\n", "actions/a.yaml": metadata})
        if script is not None:
            write_pack(self.folder, {"actions/a.sh": script})
            self.path.chmod(mode)
        action = Catalog([self.folder]).find("tools.a")
        found = resolve(action, given)
        return run(self.runner, Job("e1", action, found.runner_parameters, found.action_parameters))

    def stdout(self, *arguments: Any, **given: Any) -> Any:
        outcome = self.run(*arguments, **given)
        assert outcome.status == "succeeded", outcome
        assert isinstance(outcome.result, dict)
        return outcome.result["stdout"]

    @property
    def path(self) -> Path:
        return self.folder / "actions" / "a.sh"


@pytest.fixture
def scripts(tmp_path: Path, processes: ProcessRunner) -> Scripts:
    return Scripts(tmp_path / "tools", processes)


def test_the_result_is_that_of_a_command(scripts: Scripts) -> None:
    assert scripts.run("#!/bin/sh\necho '{\"a\": 1}'; echo err >&2; exit 3\n") == Outcome(
        "failed",
        {"failed": True, "succeeded": False, "return_code": 3, "stdout": {"a": 1}, "stderr": "err"},
    )


@pytest.mark.parametrize(
    "kind,value,text",
    [
        ("string", "two words; $HOME", "two words; $HOME"),
        ("string", None, ""),
        ("integer", -5, "-5"),
        ("number", 1.5, "1.5"),
        ("boolean", True, "1"),
        ("boolean", False, "0"),
        ("boolean", None, ""),
        ("array", ["a", 1, None, {"b": "語"}], 'a,1,null,{"b": "語"}'),
        ("array", [], ""),
        ("object", {"a": [1]}, '{"a": [1]}'),
    ],
)
def test_an_argument_with_a_position(scripts: Scripts, kind: str, value: Json, text: str) -> None:
    parameters = f"{{p: {{type: {kind}, position: 0}}}}"
    assert scripts.stdout(SHOW, parameters, p=value) == f"<{text}>"


@pytest.mark.parametrize(
    "kind,value,text",
    [
        ("string", "two words", "<--p=two words>"),
        ("string", "", "<>"),
        ("string", None, "<>"),
        ("integer", 0, "<--p=0>"),
        ("boolean", True, "<--p>"),
        ("boolean", False, "<>"),
        ("array", ["a", 1], '<--p=["a", 1]>'),
        ("object", {"a": None}, '<--p={"a": null}>'),
    ],
)
def test_a_named_argument(scripts: Scripts, kind: str, value: Json, text: str) -> None:
    assert scripts.stdout(SHOW, f"{{p: {{type: {kind}}}}}", p=value) == text


def test_named_arguments_stand_first_and_positions_decide(scripts: Scripts) -> None:
    parameters = "{b: {position: 1, type: string}, z: {type: string}, a: {position: 0, type: string}}"
    assert scripts.stdout(SHOW, parameters, a="1", b="2", z="3", kwarg_op="-") == "<-z=3><1><2>"


def test_what_the_runner_takes_is_no_argument(scripts: Scripts, tmp_path: Path) -> None:
    script = "#!/bin/bash\necho $# $PWD $MINE $ST2_ACTION_EXECUTION_ID\n"
    given: dict[str, Json] = {"cwd": str(tmp_path), "env": {"MINE": "x"}, "timeout": 5}
    assert scripts.stdout(script, "{timeout: {default: 9}}", **given) == f"0 {tmp_path} x e1"


@pytest.mark.parametrize(
    "script,mode",
    [
        ("#!/usr/bin/env python3\nprint('hi')\n", 0o755),
        ("#!/usr/bin/env python3\nprint('hi')\n", 0o644),
        ("[[ $BASH_VERSION ]] && echo hi\n", 0o755),
        ("[[ $BASH_VERSION ]] && echo hi\n", 0o644),
        ("#!\n[[ $BASH_VERSION ]] && echo hi\n", 0o644),
    ],
)
def test_runs_with_what_its_first_line_names_or_bash(scripts: Scripts, script: str, mode: int) -> None:
    assert scripts.stdout(script, mode=mode) == "hi"
    assert scripts.path.stat().st_mode & 0o777 == mode


def test_the_timeout_ends_it(scripts: Scripts) -> None:
    outcome = scripts.run("#!/bin/bash\necho begun\nsleep 60 & sleep 60\n", timeout=1)
    assert outcome == Outcome(
        "timeout",
        {
            "failed": True,
            "succeeded": False,
            "return_code": -9,
            "stdout": "begun",
            "stderr": "",
            "error": "Action failed to complete in 1 seconds",
        },
    )


@pytest.mark.parametrize(
    "entry_point,script,error",
    [
        ("a.sh", None, "The script {folder}/actions/a.sh of action tools.a does not exist."),
        ("''", None, "Action tools.a names no script."),
        ("../../a.sh", None, "The entry_point ../../a.sh of action tools.a leaves its pack."),
        ("a.sh", "#!/no/such/interpreter\n", "could not be started: No such file or directory."),
    ],
)
def test_one_that_cannot_start_says_why(
    scripts: Scripts, entry_point: str, script: str | None, error: str
) -> None:
    outcome = scripts.run(script, entry_point=entry_point)
    assert outcome.status == "failed"
    assert isinstance(outcome.result, dict)
    found = str(outcome.result["error"])
    assert error.format(folder=scripts.folder) in found
    assert script or found.endswith(f"Correct entry_point in {scripts.folder}/actions/a.yaml.")


def test_an_argument_that_no_process_can_take(scripts: Scripts) -> None:
    outcome = scripts.run(SHOW, "{p: {type: string}}", p="a\0b")
    assert outcome.result == {
        "error": "The parameter p holds the character NUL, which no command can hold. Remove it.",
        "traceback": "",
    }
