"""Metrics in the form of Prometheus: of the store, of the engine of this process, and of its HTTP.

What the store knows is read when somebody asks; nothing of it is kept or counted meanwhile.
"""

from collections.abc import Iterator
from http import HTTPStatus
from time import perf_counter
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orchestrion.api.served import Served
from orchestrion.queries.standing import standing
from orchestrion.runtime.clock import system_clock
from orchestrion.runtime.measures import BOUNDS, Durations


class Metrics:
    """The metrics of one server."""

    def __init__(self, served: Served) -> None:
        self._registry: Final = CollectorRegistry()
        self._registry.register(_Standing(served))
        self.requests: Final = Counter(
            "orchestrion_http_requests",
            "Requests, by their route and the status of the answer.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self.durations: Final = Histogram(
            "orchestrion_http_request_seconds",
            "From a request to the beginning of its answer.",
            ("method", "route"),
            buckets=BOUNDS,
            registry=self._registry,
        )

    def text(self) -> bytes:
        """All of them. Raises StoreError."""
        return generate_latest(self._registry)


class Measured:
    """Counts the requests to an application. A stream counts from its beginning."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app: Final = app
        self._metrics: Final = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begin = perf_counter()
        is_counted = False

        def count(status: int) -> None:
            nonlocal is_counted
            is_counted = True
            # the path as it is declared: real ones are too many
            route = getattr(scope.get("route"), "path", "")
            self._metrics.requests.labels(scope["method"], route, str(status)).inc()
            self._metrics.durations.labels(scope["method"], route).observe(perf_counter() - begin)

        async def counting(message: Message) -> None:
            if message["type"] == "http.response.start":
                count(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, counting)
        except Exception:
            if not is_counted:
                count(HTTPStatus.INTERNAL_SERVER_ERROR)
            raise


class _Standing(Collector):
    """What is looked up when somebody asks."""

    def __init__(self, served: Served) -> None:
        self._served: Final = served

    def describe(self) -> Iterator[Metric]:
        """Nothing: the names are known without a look at the store."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Each metric."""
        yield from self._of_store()
        yield from self._of_process()

    def _of_store(self) -> Iterator[Metric]:
        found = standing(self._served.store, system_clock())
        yield _gauge(
            "queue_lag_seconds", "How long the attempt that is due longest has waited.", found.lag_seconds
        )
        active = GaugeMetricFamily(
            "orchestrion_active_executions", "Executions that have not ended.", labels=("status",)
        )
        for status, number in found.active.items():
            active.add_metric((status,), number)
        yield active
        yield _gauge("stuck_executions", "Executions that nothing would ever end.", found.stuck)
        attempts = GaugeMetricFamily(
            "orchestrion_attempts", "Attempts that have not ended.", labels=("state",)
        )
        for state, number in (
            ("waiting", found.waiting),
            ("running", found.running),
            ("asking", found.asking),
        ):
            attempts.add_metric((state,), number)
        yield attempts

    def _of_process(self) -> Iterator[Metric]:
        worker, measures = self._served.engine.worker, self._served.engine.dispatcher.measures
        yield _gauge("slots", "How many actions may run at a time in this process.", worker.slots)
        yield _gauge("slots_taken", "How many do.", len(worker.running))
        yield _gauge("streams", "Clients of the event stream.", self._served.feed.followers)
        yield _histogram(
            "transition_seconds",
            "From the report of an action to the commit of what follows.",
            measures.transitions,
        )
        lost = "Processes that died, or let their lease run out, and were cleared up by this one."
        yield CounterMetricFamily("orchestrion_lost_processes", lost, value=measures.lost_processes)
        operations = CounterMetricFamily(
            "orchestrion_operations",
            "Operations that were asked of this process.",
            labels=("kind", "outcome"),
        )
        for (kind, outcome), number in sorted(measures.operations.items()):
            operations.add_metric((kind, outcome), number)
        yield operations


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"orchestrion_{name}", text, value=value)


def _histogram(name: str, text: str, durations: Durations) -> Metric:
    counts = [*durations.counts]
    buckets: list[tuple[str, float]] = []
    below = 0
    for bound, count in zip((*map(str, BOUNDS), "+Inf"), counts, strict=True):
        below += count
        buckets.append((bound, below))
    return HistogramMetricFamily(f"orchestrion_{name}", text, buckets=buckets, sum_value=durations.total)
