"""The history of an execution as a table, and as a document."""

import re
from collections.abc import Sequence
from typing import Any

from orchestrion.cli.render.output import Cell, Output, compact, local_time, style_of, utc_time
from orchestrion.client.views import Request, StatusChange

_VALUE_CELLS = 60


def show_history(output: Output, events: Sequence[StatusChange | Request]) -> None:
    """Each change and each request in a line, those of sub-workflows indented."""
    rows: list[Sequence[Cell]] = [[(name, "bold") for name in ("TIME", "WHAT", "STATUS", "BECAUSE")]]
    for event in events:
        time = local_time(event.at, "milliseconds") or ""
        indent = "  " * len(event.path)
        if isinstance(event, Request):
            rows.append(
                [time, (f"{indent}{_what_was_asked(event)}", "bold"), event.outcome, _who_asked(event)]
            )
            continue
        name = event.subject or (event.path[-1] if event.path else "workflow")
        status = event.status or "counts no more"
        depth = indent if event.subject is None else f"{indent}  "
        rows.append([time, f"{depth}{name}", (status, style_of(status)), words(event.cause)])
    output.table(rows)


def words(cause: str) -> str:
    """The name of an event as words: `PauseRequested` is `pause requested`."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", cause).lower()


def _what_was_asked(request: Request) -> str:
    details = request.details if isinstance(request.details, dict) else {}
    given = ", ".join(f"{name}: {compact(value)}" for name, value in details.items() if value)
    subject = f" {request.subject}" if request.subject else ""
    return f"{request.kind}{subject}" + (f" ({compact(given, _VALUE_CELLS)})" if given else "")


def _who_asked(request: Request) -> str:
    by = f"by {request.actor}"
    return f"{by}: {compact(request.reason)}" if request.reason else by


def history_document(number: str, events: Sequence[StatusChange | Request]) -> dict[str, Any]:
    """The history as a document."""
    return {"execution": number, "history": [_event(event) for event in events]}


def _event(event: StatusChange | Request) -> dict[str, Any]:
    document: dict[str, Any] = {
        "at": utc_time(event.at),
        "what": "request" if isinstance(event, Request) else "status",
        "path": [*event.path],
        "execution": event.execution,
        "task": event.subject,
    }
    if isinstance(event, Request):
        return document | {
            "kind": event.kind,
            "actor": event.actor,
            "reason": event.reason,
            "request_id": event.request_id,
            "details": event.details,
            "outcome": event.outcome,
            "answered": event.answered,
        }
    return document | {"status": event.status, "cause": event.cause, "event": event.event}
