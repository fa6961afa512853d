"""A service starts on a store with 10,000 open executions, and works them off.

Half of them wait for somebody to take them up; of the other half a process that has died had claimed the
first of their two tasks, so they are cleared up after it. `start_s` is from the start of `orchestrion serve`
to the first of the executions that ends, `memory_mb` is the most that the process has had resident (in
millions of bytes) until all of them have ended.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

from benchmarks.durable.definitions import chain
from benchmarks.durable.load import DATABASE
from benchmarks.durable.scratch import scratch
from benchmarks.figures import Figure
from orchestrion.client.packs import catalog_of
from orchestrion.client.session import Session
from orchestrion.runtime.engine import CLAIMS
from orchestrion.runtime.ledger import Execution
from orchestrion.runtime.subworkflows import Start, start_workflow
from orchestrion.runtime.unit import Unit

_TASKS = 2


def measure(executions: int = 10_000) -> Iterator[Figure]:
    """The figures of one start."""
    with scratch() as folder:
        database = folder / DATABASE
        _fill(database, executions)
        begin = perf_counter()
        # as its users start it; what it logs tells what has ended
        service = subprocess.Popen(
            [sys.executable, "-m", "orchestrion", "serve", "--port", "0", "--no-auth", "--db", str(database)],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "ORCHESTRION_LOG_LEVEL": "info"},
        )
        try:
            assert service.stderr is not None
            ends = (line for line in service.stderr if ": succeeded" in line)
            next(ends)
            seconds = perf_counter() - begin
            for _ in range(executions - 1):
                next(ends)
            memory = _peak_bytes(service.pid)
        finally:
            service.terminate()
            service.communicate()
    yield Figure("durable.sqlite.start_s", executions, seconds, "s")
    yield Figure("durable.sqlite.memory_mb", executions, memory / 1_000_000, "MB")


def _fill(database: Path, executions: int) -> None:
    """Start workflows, many in a commit; the process that has claimed half of them leaves without a word."""
    definition = chain(_TASKS)
    session = Session(database, "bench")
    engine = session.engine(lambda _: catalog_of(()), "serve")
    with session.dispatcher.unit(engine) as unit:
        engine.beat(unit)
    for group, first in enumerate(range(0, executions, CLAIMS)):
        with session.dispatcher.unit(engine if group % 2 else None) as unit:
            for _ in range(min(CLAIMS, executions - first)):
                _start(unit, definition)
    engine.worker.close()
    session.close()


def _start(unit: Unit, definition: str) -> None:
    """What the operation does, many of which cannot share a commit."""
    execution = Execution(
        unit.ids.next(), "bench.yaml", "requested", {}, created_at=unit.now, source="bench.yaml"
    )
    unit.ledger.add(execution)
    start_workflow(unit, Start(execution, definition, {}, "bench"))


def _peak_bytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    found = re.search(r"VmHWM:\s*(\d+) kB", status)
    assert found is not None, status
    return int(found[1]) * 1_024
