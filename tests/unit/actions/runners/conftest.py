from collections.abc import Iterator

import pytest

from orchestrion.actions.runners.process_runner import ProcessRunner
from orchestrion.actions.runners.registry import COMMANDS
from orchestrion.actions.runners.waiter import Waiter


@pytest.fixture(params=["pidfd", "thread"])
def shell(request: pytest.FixtureRequest) -> Iterator[ProcessRunner]:
    """Give a shell runner, once with each way to learn of the end of a process."""
    runner = ProcessRunner(COMMANDS, waiter=Waiter(uses_pidfd=request.param == "pidfd"))
    yield runner
    runner.close(grace_seconds=0.1)
