from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrion.actions.runners.process_runner import ProcessRunner
from orchestrion.actions.runners.python import PythonRunner
from orchestrion.actions.runners.registry import COMMANDS
from orchestrion.actions.runners.waiter import Waiter
from tests.unit.actions.runners.python_pack import PythonPack, new_runner


@pytest.fixture(params=["pidfd", "thread"])
def shell(request: pytest.FixtureRequest) -> Iterator[ProcessRunner]:
    """Give a shell runner, once with each way to learn of the end of a process."""
    runner = ProcessRunner(COMMANDS, waiter=Waiter(uses_pidfd=request.param == "pidfd"))
    yield runner
    runner.close(grace_seconds=0.1)


@pytest.fixture(params=["pidfd", "thread"], scope="module")
def runner_of_either(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PythonRunner]:
    waiter = Waiter(uses_pidfd=request.param == "pidfd")
    runner = new_runner(tmp_path_factory.mktemp("python"), waiter=waiter)
    yield runner
    runner.close(grace_seconds=0.1)


@pytest.fixture(scope="module")
def python_runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PythonRunner]:
    runner = new_runner(tmp_path_factory.mktemp("python"))
    yield runner
    runner.close(grace_seconds=0.1)


@pytest.fixture
def pack(tmp_path: Path, python_runner: PythonRunner) -> PythonPack:
    """Give a pack for Python actions."""
    return PythonPack(tmp_path, python_runner)


@pytest.fixture
def either(tmp_path: Path, runner_of_either: PythonRunner) -> PythonPack:
    """Give a pack for Python actions, once with each way to learn of the end of a process."""
    return PythonPack(tmp_path, runner_of_either)
