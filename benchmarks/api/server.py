"""`python -m benchmarks.api.server FILE`: a server on a store, on a free port, which it prints."""

import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE, Popen
from types import FrameType
from typing import Final
from urllib.parse import urlsplit

from benchmarks.durable.scratch import PROJECT
from orchestrion.client.packs import PackFolders
from orchestrion.runtime.worker import SLOTS
from orchestrion.server.serving import Listening, LocalService

USER: Final = "stanley"


@contextmanager
def server(database: Path) -> Generator[int]:
    """Such a process; gives its port."""
    command = [sys.executable, "-m", "benchmarks.api.server", str(database)]
    with Popen(command, cwd=PROJECT, stdout=PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


def main(database: Path) -> None:
    """Serve until SIGTERM."""
    service = LocalService(
        database,
        PackFolders(()),
        USER,
        kind="serve",
        slots=SLOTS,
        grace_seconds=1,
        keep_days=None,
        listening=Listening(port=0, authentication=False),
    )

    def stop(_number: int, _frame: FrameType | None) -> None:
        service.stop()

    signal.signal(signal.SIGTERM, stop)
    service.begin()
    print(urlsplit(service.addresses["api"]).port, flush=True)
    service.run()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
