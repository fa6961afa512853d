from collections.abc import Iterator

import pytest

from orchestrion.actions.runners.shell import ShellRunner
from orchestrion.actions.runners.waiter import Waiter


@pytest.fixture(params=["pidfd", "thread"])
def shell(request: pytest.FixtureRequest) -> Iterator[ShellRunner]:
    """Give a shell runner, once with each way to learn of the end of a process."""
    runner = ShellRunner(waiter=Waiter(uses_pidfd=request.param == "pidfd"))
    yield runner
    runner.close(grace_seconds=0.1)
