"""Operations on workflows as soon as they are seen running, with StackStorm's Python client.

`python races.py KIND ACTION GATE COUNT` runs in the client's environment, and writes as JSON which sequences
of statuses were seen, and how often.
"""
# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false

import json
import os
import sys
from collections import Counter
from pathlib import Path

from st2client.client import Client
from st2client.models.action import LiveAction

COMPLETED = ("succeeded", "failed", "timeout", "canceled", "abandoned")


def client() -> Client:
    """A client of the server that the environment names."""
    return Client(
        api_url=os.environ["ST2_API_URL"],
        auth_url=os.environ["ST2_AUTH_URL"],
        stream_url=os.environ["ST2_STREAM_URL"],
    )


def watch(st2: Client, number: str, until: tuple[str, ...]) -> list[str]:
    """The different statuses that an execution shows, one after the other, until one of these."""
    seen: list[str] = []
    while not seen or seen[-1] not in until:
        status = st2.executions.get_by_id(number).status
        if not seen or seen[-1] != status:
            seen.append(status)
    return seen


def race(st2: Client, kind: str, action: str, gate: Path) -> tuple[str, ...]:
    """Start a workflow, operate on it when it is seen running, and let its items go on; what is seen."""
    gate.unlink(missing_ok=True)
    started = st2.executions.create(LiveAction(action=action, parameters={"gate": str(gate)}))
    assert started.status == "requested"
    assert st2.executions.get_by_id(started.id) is not None
    before = watch(st2, started.id, ("running", *COMPLETED))
    assert before[-1] == "running", before
    if kind == "pause":
        seen = [st2.executions.pause(started.id).status]
    else:
        st2.executions.delete(started)
        seen = [st2.executions.get_by_id(started.id).status]
    gate.touch()
    seen += watch(st2, started.id, ("paused", *COMPLETED))
    if kind == "pause":
        begun = len(st2.executions.get_property(started.id, "children"))
        assert begun < 4, f"{begun} of 4 items have begun, of which two run at once"
        st2.executions.resume(started.id)
        seen += watch(st2, started.id, ("paused", *COMPLETED))[-1:]
    return tuple(status for place, status in enumerate(seen) if place == 0 or seen[place - 1] != status)


def main() -> None:
    """Race as often as the arguments say."""
    kind, action, gate, count = sys.argv[1:]
    st2 = client()
    seen = Counter(" ".join(race(st2, kind, action, Path(gate))) for _ in range(int(count)))
    sys.stdout.write(json.dumps(seen))


main()
