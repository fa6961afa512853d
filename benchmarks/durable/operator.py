"""An operator while others work: asks for pauses or cancellations, and times how soon each is accepted.

In the process that works it asks through the inbox of the engine. Run as a module it is another process, with
a session of its own: `python -m benchmarks.durable.operator DATABASE KIND TIMES` writes the seconds as JSON.
"""

import json
import sys
from contextlib import closing
from pathlib import Path
from time import perf_counter, sleep

from orchestrion.client.session import Session
from orchestrion.errors import Refused
from orchestrion.operations import Operations
from orchestrion.queries import Choice

_RUNNING = Choice(statuses=("running",))
_PAUSE_SECONDS = 0.01
"""How long it rests between two requests, so that the load goes on."""


def operate(database: Path, kind: str, times: int, through: Operations | None = None) -> list[float]:
    """Ask so often, each time for what was started last; what has just ended does not count.

    What was paused is resumed, which is not timed. `through`: the operations of a process that works.
    """
    found: list[float] = []
    with closing(Session(database, "operator")) as session:
        operations = through or session.operations
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
