"""What StackStorm's Python client sees where its clients are known to stumble (stackstorm-api, section 7).

`python traps.py FAILING SUCCEEDING` (two workflows) runs in the client's environment, and writes only
`true`, as JSON, when all is well.
"""
# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false

import os
import sys
from typing import Any

from st2client.client import Client
from st2client.models.action import LiveAction
from st2client.models.keyvalue import KeyValuePair

COMPLETED = ("succeeded", "failed", "timeout", "canceled", "abandoned")


def ended(st2: Client, action: str, **parameters: Any) -> Any:
    """Start an action, which is answered as `requested` and found at once; it when it has ended."""
    started = st2.executions.create(LiveAction(action=action, parameters=parameters))
    assert started.status == "requested", started.status
    while True:
        found = st2.executions.get_by_id(started.id)
        assert isinstance(found.context, dict)
        assert hasattr(found, "result")
        if found.status in COMPLETED:
            return found


def workflows(st2: Client, failing: str, succeeding: str) -> None:
    """Results are there and exact, children have ended before their workflow shows that it has."""
    failed = ended(st2, failing)
    assert failed.status == "failed"
    assert failed.result["output"] is None
    assert [error["task_id"] for error in failed.result["errors"]] == ["one", "fail"]
    done = ended(st2, succeeding)
    assert (done.status, done.result) == ("succeeded", {"output": None})
    children = st2.executions.query(parent=done.id)
    assert [child.status for child in children] == ["succeeded", "succeeded"]
    assert {child.context["orquesta"]["task_name"] for child in children} == {"one"}
    assert [child.id for child in st2.executions.get_children(done.id)] == done.children
    assert {child.parent for child in children} == {done.id}


def streams(st2: Client) -> None:
    """Who follows what has ended already is told its end; output has no status, executions have one."""
    done = ended(st2, "core.local", cmd="echo hello")
    names = ["st2.execution__update", "st2.execution.output__create"]
    events = list(
        st2.managers["Stream"].listen(names, end_event=names[0], end_execution_id=done.id, token=None)
    )
    assert [event.get("status") for event in events] == [None, "succeeded"], events
    assert events[0]["data"] == "hello\n"
    assert st2.executions.get_output(done.id) == "hello\n"


def keys(st2: Client) -> None:
    """Keys as the client's objects."""
    st2.keys.update(KeyValuePair(id="trap", name="trap", value="1", scope="system", secret=False))
    pair = st2.keys.get_by_name("trap")
    assert pair.value == "1"
    assert st2.keys.delete(pair)
    assert not st2.keys.get_by_name("trap")


def main() -> None:
    """Look at each."""
    failing, succeeding = sys.argv[1:]
    st2 = Client(
        api_url=os.environ["ST2_API_URL"],
        auth_url=os.environ["ST2_AUTH_URL"],
        stream_url=os.environ["ST2_STREAM_URL"],
    )
    workflows(st2, failing, succeeding)
    streams(st2)
    keys(st2)
    sys.stdout.write("true")


main()
