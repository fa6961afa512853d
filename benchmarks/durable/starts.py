"""How soon a resume or a re-run that another process asks for has an action begin, while the load runs.

From the call of the operation to the first thing that the action's process does: it tells the time. The other
process is this module: `python -m benchmarks.durable.starts DATABASE KIND TIMES` writes the seconds as JSON.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from time import sleep, time_ns
from typing import Final

from benchmarks.durable.definitions import chain
from benchmarks.durable.load import DATABASE, opened
from benchmarks.durable.scratch import PROJECT, scratch
from benchmarks.durable.spread import spread
from benchmarks.durable.throughput import AT_ONCE, LENGTH
from benchmarks.figures import Figure
from orchestrion.client.session import Session
from orchestrion.core.status import COMPLETED
from orchestrion.operations import RerunRequest, StartRequest

_NANOSECONDS: Final = 1_000_000_000
_DELAY_SECONDS: Final = 1
_POLL_SECONDS: Final = 0.01
_TELLS: Final = "core.local cmd='date +%s%N'"
_KINDS: Final = ("resume", "rerun")


def measure(times: int = 100) -> Iterator[Figure]:
    """Resumes and re-runs."""
    for kind in _KINDS:
        with scratch() as folder, opened(folder) as load, ThreadPoolExecutor(1) as pool:
            asking = pool.submit(_ask_elsewhere, folder / DATABASE, kind, times)
            load.keep(chain(LENGTH), AT_ONCE, lambda _, asking=asking: asking.done())
            assert set(load.ends.statuses.values()) == {"succeeded"}, load.ends.statuses
        yield from spread(f"durable.sqlite.operation_to_start_ms.{kind}", asking.result())


def _ask_elsewhere(database: Path, kind: str, times: int) -> list[float]:
    command = [sys.executable, "-m", "benchmarks.durable.starts", str(database), kind, str(times)]
    done = subprocess.run(command, cwd=PROJECT, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


class _Operator:
    """Somebody at another terminal."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def resume(self, times: int) -> list[float]:
        """What was paused before its delay was over is due when it is resumed."""
        numbers = [self._start(f"delay: {_DELAY_SECONDS}") for _ in range(times)]
        for number in numbers:
            self._wait_for(number, {"running"})
            self._session.operations.pause(number, None)
        sleep(_DELAY_SECONDS)
        found: list[float] = []
        for number in numbers:
            begin = time_ns()
            self._session.operations.resume(number, None)
            found.append(self._seconds_from(begin, number))
        return found

    def rerun(self, times: int) -> list[float]:
        """Re-run what has ended from its only task."""
        number = self._start("delay: 0")
        self._wait_for(number, COMPLETED)
        found: list[float] = []
        for _ in range(times):
            begin = time_ns()
            number = self._session.operations.rerun(RerunRequest(number, ("a",)), None).execution
            found.append(self._seconds_from(begin, number))
        return found

    def _start(self, attributes: str) -> str:
        definition = f"version: 1.0\ntasks:\n  a: {{action: {_TELLS}, {attributes}}}\n"
        return self._session.operations.start(StartRequest("bench.yaml", definition, {}), None)

    def _seconds_from(self, begin: int, number: str) -> float:
        """What has passed until the action of an execution told the time."""
        self._wait_for(number, COMPLETED)
        (task,) = self._session.queries.execution(number, attempts=True).tasks
        result = task.attempts[-1].result
        assert isinstance(result, dict), result
        return (int(str(result["stdout"])) - begin) / _NANOSECONDS

    def _wait_for(self, number: str, statuses: frozenset[str] | set[str]) -> None:
        while self._session.queries.brief(number).status not in statuses:
            sleep(_POLL_SECONDS)


if __name__ == "__main__":
    with closing(Session(Path(sys.argv[1]), "operator")) as opened_session:
        operator = _Operator(opened_session)
        ask = {"resume": operator.resume, "rerun": operator.rerun}[sys.argv[2]]
        print(json.dumps(ask(int(sys.argv[3]))))
