"""An operator while others work: asks for pauses or cancellations, and times how soon each is accepted.

It has a session of its own on the store, as every process and every thread that asks has. Run as a module
it is another process: `python -m benchmarks.durable.operator DATABASE KIND TIMES` writes the seconds as JSON.
"""

import json
import sys
from contextlib import closing
from pathlib import Path
from time import perf_counter, sleep

from orchestrion.client.session import Session
from orchestrion.errors import Refused
from orchestrion.queries import Choice

_RUNNING = Choice(statuses=("running",))
_PAUSE_SECONDS = 0.01
"""How long it rests between two requests, so that the load goes on."""


def operate(database: Path, kind: str, times: int) -> list[float]:
    """Ask so often, each time for what was started last; what has just ended does not count.

    What was paused is resumed, which is not timed.
    """
    found: list[float] = []
    with closing(Session(database, "operator")) as session:
        operations = session.operations
        ask = {"pause": operations.pause, "cancel": operations.cancel}[kind]
        while len(found) < times:
            sleep(_PAUSE_SECONDS)
            for view in session.queries.executions(1, _RUNNING):
                begin = perf_counter()
                try:
                    ask(view.id, None)
                except Refused:
                    continue
                found.append(perf_counter() - begin)
                if kind == "pause":
                    operations.resume(view.id, None)
    return found


if __name__ == "__main__":
    print(json.dumps(operate(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))))
