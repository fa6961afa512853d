"""A pack whose Python action each test writes, and what runs it."""

from pathlib import Path
from typing import Any

from orchestrion.actions.catalog import Catalog
from orchestrion.actions.environments import Environments
from orchestrion.actions.parameters import resolve
from orchestrion.actions.runners.base import Job, Outcome, run
from orchestrion.actions.runners.python import PythonRunner
from orchestrion.core.values import Json, problem_with
from tests.unit.actions.packs import write_pack

EXECUTION = "6556e0d1a1b2c3d4e5f60718"
HEAD = "from st2common.runners.base_action import Action\n"


def new_runner(folder: Path, **options: Any) -> PythonRunner:
    """A runner whose environments are in a folder."""
    return PythonRunner(Environments(lambda: folder / "virtualenvs"), **options)


class PythonPack:
    """A pack with one action, whose code each test writes; and the runner."""

    def __init__(self, folder: Path, runner: PythonRunner) -> None:
        self.folder = folder / "packs" / "own"
        self.runner = runner

    def job(self, code: str, parameters: dict[str, Json] | None = None, **runner: Json) -> Job:
        """A job of an action with this file."""
        given = parameters or {}
        declared = "".join(f"  {name}: {{}}\n" for name in given)
        write_pack(
            self.folder,
            {
                "pack.yaml": "name: own\n",
                "actions/a.yaml": "name: a\nrunner_type: python-script\nentry_point: a.py\n"
                f"parameters:\n{declared}",
                "actions/a.py": code,
            },
        )
        action = Catalog([self.folder]).find("own.a")
        resolved = resolve(action, {**given, **runner})
        return Job(
            EXECUTION, action, resolved.runner_parameters, resolved.action_parameters, "engine-1", user="eve"
        )

    def body(self, text: str, parameters: dict[str, Json] | None = None, **runner: Json) -> Job:
        """A job of an action whose `run` is this text."""
        lines = "".join(f"        {line}\n" for line in text.splitlines())
        return self.job(f"{HEAD}class A(Action):\n    def run(self, **given):\n{lines}", parameters, **runner)

    def outcome(self, text: str, parameters: dict[str, Json] | None = None, **runner: Json) -> Outcome:
        return run(self.runner, self.body(text, parameters, **runner))

    def result(self, text: str, parameters: dict[str, Json] | None = None, **runner: Json) -> Any:
        outcome = self.outcome(text, parameters, **runner)
        assert outcome.status == "succeeded", outcome
        return result_of(outcome)["result"]


def result_of(outcome: Outcome) -> dict[str, Any]:
    assert isinstance(outcome.result, dict)
    assert problem_with(outcome.result) is None
    return outcome.result
