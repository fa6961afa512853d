"""What the event stream sends (stackstorm-api 2.6). Pure.

StackStorm's client tells the two kinds apart by `status`: an execution has one, output has none.
"""

from collections.abc import Mapping
from typing import Any

from orchestrion.core.status import COMPLETED
from orchestrion.core.values import Json
from orchestrion.wire.stackstorm import time_text


def execution_body(shown: Mapping[str, Json], status: str) -> dict[str, Json]:
    """An execution as it showed a status; `shown` is its object, perhaps a later one."""
    body: dict[str, Json] = {**shown, "status": status}
    if status not in COMPLETED and shown["status"] in COMPLETED:
        body |= {"end_timestamp": None, "result": None, "result_size": 0}
    log = shown["log"]
    if isinstance(log, list):
        places = [place for place, one in enumerate(log) if isinstance(one, dict) and one["status"] == status]
        body["log"] = log[: places[-1] + 1] if places else log
    return body


def without_result(body: Mapping[str, Json]) -> dict[str, Json]:
    """The same of an execution whose result is too large to be sent to everybody."""
    return {**body, "result": None}


def output_body(
    number: str, execution: str, action: str, runner: str, at: int, stream: str, text: str
) -> dict[str, Any]:
    """Something that an action has written."""
    return {
        "id": number,
        "execution_id": execution,
        "action_ref": action,
        "runner_ref": runner,
        "timestamp": time_text(at),
        "output_type": stream,
        "data": text,
    }
