"""Traces: a span for all that ends, at its own times, in the trace of its execution, without its values."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, Span, StatusCode, Tracer, TracerProvider

from orchestrion.actions.catalog import Catalog
from orchestrion.client.session import Session
from orchestrion.operations import StartRequest
from orchestrion.operations.wrapping import inputs_of, wrapped
from orchestrion.runtime.engine import Engine
from orchestrion.runtime.telemetry import Tracing, tracing

FAILS = """
version: 1.0
tasks:
  a:
    action: core.noop
    next: [{do: b}]
  b:
    action: core.local cmd="echo secret; false"
    retry: {count: 1, delay: 0}
"""


@dataclass
class Made:
    """A span as an SDK gets it."""

    name: str
    trace: str
    parent: int
    attributes: Mapping[str, Any]
    start: int
    end: int = 0
    status: StatusCode = StatusCode.UNSET


class Recording(NonRecordingSpan):
    """A span that keeps what it is told."""

    def __init__(self, made: Made) -> None:
        super().__init__(trace.INVALID_SPAN_CONTEXT)
        self._made = made

    def set_status(self, status: Any, description: str | None = None) -> None:
        del description
        self._made.status = status

    def end(self, end_time: int | None = None) -> None:
        assert end_time is not None
        self._made.end = end_time


@dataclass
class Sdk(TracerProvider, Tracer):
    """An SDK of OpenTelemetry that keeps the spans."""

    made: list[Made] = field(default_factory=list[Made])

    def get_tracer(self, *_arguments: Any, **_named: Any) -> Tracer:
        return self

    def start_span(self, name: str, context: Context | None = None, *_: Any, **given: Any) -> Span:
        parent = trace.get_current_span(context).get_span_context()
        made = Made(
            name,
            trace.format_trace_id(parent.trace_id),
            parent.span_id,
            given["attributes"],
            given["start_time"],
        )
        self.made.append(made)
        return Recording(made)

    def start_as_current_span(self, *_arguments: Any, **_named: Any) -> Any:
        raise NotImplementedError


@dataclass
class World:
    session: Session
    engine: Engine
    sdk: Sdk

    def run(self, request: StartRequest) -> str:
        number = self.session.operations.start(request, self.engine)
        while self.engine.run_once() or self.engine.worker.busy:
            if self.engine.worker.busy and not self.engine.worker.is_pending:
                self.engine.wait()
        return number


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    session = Session(tmp_path / "s.db", "tester")
    engine = session.engine(lambda _: Catalog([]), "serve")
    with session.dispatcher.unit(engine) as unit:
        engine.beat(unit)
    sdk = Sdk()
    session.dispatcher.tracing = Tracing(sdk)
    yield World(session, engine, sdk)
    engine.worker.close()
    session.close()


def test_an_execution_is_a_trace_and_each_attempt_a_span(world: World) -> None:
    number = world.run(StartRequest("p.fails", FAILS, {}))
    assert [(one.name, one.attributes.get("orchestrion.attempt"), one.status) for one in world.sdk.made] == [
        ("a", 1, StatusCode.OK),
        ("b", 1, StatusCode.ERROR),
        ("b", 2, StatusCode.ERROR),
        ("p.fails", None, StatusCode.ERROR),
    ]
    assert {one.trace for one in world.sdk.made} == {f"{number}00000000"}
    assert len({one.parent for one in world.sdk.made}) == 1


def test_a_span_has_the_recorded_times_and_no_values(world: World) -> None:
    number = world.run(StartRequest("p.fails", FAILS, {}))
    with world.session.store.reading() as transaction:
        row = transaction.all("children", parent=number)[1]
    span = world.sdk.made[1]
    assert span.attributes["orchestrion.execution"] == row["id"]
    assert (span.start, span.end) == (row["started_at"] * 1000, row["ended_at"] * 1000)
    assert "secret" not in str(span.attributes)


def test_an_action_that_runs_by_itself_is_the_only_span_of_its_trace(world: World) -> None:
    number = world.run(StartRequest("core.noop", wrapped("core.noop"), inputs_of({}), wraps=True))
    assert [(one.attributes["orchestrion.execution"], one.trace) for one in world.sdk.made] == [
        (number, f"{number}00000000")
    ]


def test_what_is_only_rehearsed_has_not_ended(world: World) -> None:
    number = world.session.operations.start(
        StartRequest("t", "version: 1.0\ntasks: {a: {action: core.noop}}", {}), None
    )
    with world.session.dispatcher.rehearsal() as unit:
        unit.ledger.execution(number).show("canceled", unit.now)
    assert world.sdk.made == []


def test_without_an_sdk_there_are_no_traces(monkeypatch: pytest.MonkeyPatch) -> None:
    assert tracing() is None  # the API is there, and nobody has set anything up
    monkeypatch.delitem(sys.modules, "opentelemetry.trace")
    monkeypatch.delenv("OTEL_PYTHON_TRACER_PROVIDER", raising=False)
    assert tracing() is None
    assert "opentelemetry.trace" not in sys.modules
