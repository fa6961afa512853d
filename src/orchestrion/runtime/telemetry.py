"""Traces for OpenTelemetry: one for each execution, a span for each attempt in it, and one for the whole.

They are made at the end of what they show, from the times that are recorded: so nothing has to be kept until
then, and it does not matter which processes did the work. Only the API of OpenTelemetry is ours; whoever
wants traces runs Orchestrion with an SDK that is set up (`opentelemetry-instrument orchestrion serve`).

No values are in them: those may be secret, and large.
"""

import os
import sys
from collections.abc import Iterable
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, NamedTuple

from orchestrion import __version__
from orchestrion.core.status import ABENDED, COMPLETED
from orchestrion.runtime.ledger import Execution

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import TracerProvider

    from orchestrion.runtime.unit import Unit

_NAME: Final = "orchestrion"
_NANOSECONDS: Final = 1_000
_PROVIDER: Final = "OTEL_PYTHON_TRACER_PROVIDER"


class Ended(NamedTuple):
    """An execution that has ended, and the one at the top of its tree, which names the trace."""

    top: str
    execution: Execution


class Tracing:
    """Gives a tracer provider the spans of what has ended."""

    def __init__(self, provider: "TracerProvider") -> None:
        self._tracer: Final = provider.get_tracer(_NAME, __version__)

    def ended(self, unit: "Unit") -> list[Ended]:
        """What ends in a unit, as it is about to be committed. What only wraps an action is none of it."""
        found: list[Ended] = []
        for execution in [one for one in unit.ledger.moved if one.status in COMPLETED]:
            number = execution.token.workflow if execution.token is not None else execution.workflow
            assert number is not None
            subject = unit.workflow(number)
            if execution.token is None and subject.row["wraps"]:
                continue
            root = unit.workflow(subject.row["root"])
            found.append(Ended(execution.id if execution.top else root.row["execution"], execution))
        return found

    def tell(self, ended: Iterable[Ended]) -> None:
        """Make their spans, once that is committed."""
        from opentelemetry.trace import StatusCode

        for top, execution in ended:
            begin = execution.created_at if execution.started_at is None else execution.started_at
            end = begin if execution.ended_at is None else execution.ended_at
            span = self._tracer.start_span(
                execution.task or execution.action,
                context=_context_of(top),
                attributes=_attributes(execution),
                start_time=begin * _NANOSECONDS,
            )
            if execution.status in ABENDED:
                span.set_status(StatusCode.ERROR, execution.status)
            elif execution.status == "succeeded":
                span.set_status(StatusCode.OK)
            span.end(end_time=max(begin, end) * _NANOSECONDS)


def tracing() -> Tracing | None:
    """What makes traces, if an SDK of OpenTelemetry is set up in this process or its environment."""
    if "opentelemetry.trace" not in sys.modules and _PROVIDER not in os.environ:
        return None
    from opentelemetry.trace import NoOpTracerProvider, ProxyTracerProvider, get_tracer_provider

    provider = get_tracer_provider()
    return None if isinstance(provider, (NoOpTracerProvider, ProxyTracerProvider)) else Tracing(provider)


def _context_of(top: str) -> "Context":
    """A trace is named by its execution: the id, and eight zeros. So every process finds the same one.

    The parent of all spans is only a name, and never sent: a span is made at its end, after those below it,
    and OpenTelemetry lets only an SDK name spans. What is below what is in the attributes.
    """
    from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

    parent = int.from_bytes(blake2b(top.encode(), digest_size=8).digest())
    sampled = TraceFlags(TraceFlags.SAMPLED)
    return set_span_in_context(
        NonRecordingSpan(SpanContext(int(top, 16) << 32, parent, is_remote=True, trace_flags=sampled))
    )


def _attributes(execution: Execution) -> dict[str, str | int]:
    found: dict[str, str | int | None] = {
        "execution": execution.id,
        "action": execution.action,
        "status": execution.status,
        "parent": execution.parent,
        "task": execution.task,
        "item": None if execution.token is None else execution.token.item,
        "attempt": None if execution.token is None else execution.token.number,
    }
    return {f"{_NAME}.{name}": value for name, value in found.items() if value is not None}
