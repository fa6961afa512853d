"""Why an execution does not move, as text and as a document."""

from collections.abc import Iterator
from typing import Any

from orchestrion.cli.hints import Again
from orchestrion.cli.render.output import Output, compact, duration, local_time, style_of, utc_time
from orchestrion.client.views import Explanation, Process, Wait

_SHOWN = 50


def show_explanation(output: Output, found: Explanation, again: Again) -> None:
    """The status, the reasons, what it waits for, and the commands that help."""
    output.cells((found.status, style_of(found.status)), f"  {found.execution}")
    if found.process is not None:
        output.line(f"  Its engine is {_process(found.process)}.")
    for reason in (*found.reasons, *_time(found)):
        output.line(f"  {compact(reason)}")
    if found.waits:
        output.line()
        for wait in found.waits[:_SHOWN]:
            output.cells("  ", (_name(wait), "bold"), f"  {wait.execution}" if wait.execution else "")
            times = _times(wait)
            output.line(f"    {compact(wait.why)}{f', {times}' if times else ''}")
            if wait.process is not None and wait.process != found.process:
                output.line(f"    run by {_process(wait.process)}")
        if len(found.waits) > _SHOWN:
            output.line(f"  and {len(found.waits) - _SHOWN} more; all of them with -j")
    elif not found.reasons:
        output.line("  Nothing of it waits.")
    remedies = dict.fromkeys(
        (*found.remedies, *(wait.remedy for wait in found.waits[:_SHOWN] if wait.remedy is not None))
    )
    if remedies:
        output.line()
        output.line("what helps", "bold")
        for remedy in remedies:
            output.line(f"  {again.command(f'orchestrion {remedy}')}")


def _time(found: Explanation) -> Iterator[str]:
    if found.until is not None:
        yield f"Its timeout ends it at {local_time(found.until)}."
    if found.left is not None:
        yield f"While it is paused its timeout does not run: {duration(0, found.left)} of it are left."


def _name(wait: Wait) -> str:
    return "/".join((*wait.path, wait.task))


def _times(wait: Wait) -> str:
    known = (("since", wait.since), ("until", wait.until))
    return ", ".join(f"{word} {local_time(at)}" for word, at in known if at is not None)


def _process(process: Process) -> str:
    if not process.is_alive:
        return f"{process.id}, which is gone"
    drains = ", which drains" if process.draining else ""
    since, until = local_time(process.started_at), local_time(process.lease_until)
    facts = f"{process.kind}, pid {process.pid}, since {since}, its lease runs until {until}"
    return f"{process.id} ({facts}){drains}"


def explanation_document(found: Explanation) -> dict[str, Any]:
    """The explanation as a document."""
    return {
        "execution": found.execution,
        "status": found.status,
        "engine": _process_document(found.process),
        "reasons": [*found.reasons],
        "remedies": [f"orchestrion {remedy}" for remedy in found.remedies],
        "timeout_at": utc_time(found.until),
        "timeout_left": None if found.left is None else found.left / 1_000_000,
        "waits": [
            {
                "path": [*wait.path],
                "task": wait.task,
                "waits_for": wait.kind,
                "why": wait.why,
                "execution": wait.execution,
                "engine": _process_document(wait.process),
                "since": utc_time(wait.since),
                "until": utc_time(wait.until),
                "remedy": None if wait.remedy is None else f"orchestrion {wait.remedy}",
            }
            for wait in found.waits
        ],
    }


def _process_document(process: Process | None) -> dict[str, Any] | None:
    if process is None:
        return None
    return {
        "id": process.id,
        "alive": process.is_alive,
        "kind": process.kind or None,
        "pid": process.pid or None,
        "since": utc_time(process.started_at or None),
        "lease_until": utc_time(process.lease_until or None),
        "draining": process.draining,
    }
