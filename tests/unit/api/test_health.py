"""What those see who watch over a server: whether it lives, whether it works, and its metrics."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrion.api.health import ROUND_SECONDS
from orchestrion.errors import Refused
from orchestrion.operations import Operations, StartRequest
from orchestrion.queries.standing import standing
from tests.unit.api.listening import Server, serving

NOOP = "version: 1.0\ntasks:\n  a: {action: core.noop}\n"
ASKS = "version: 1.0\ntasks:\n  a: {action: core.ask}\n  b: {action: core.noop, delay: 1000}\n"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path) as server:
        yield server


def metric(server: Server, name: str) -> float:
    found = re.search(
        rf"^orchestrion_{re.escape(name)} (\S+)$", server.client.get("/metrics").text, re.MULTILINE
    )
    return float(found[1]) if found else -1


def test_a_process_that_answers_lives(tmp_path: Path) -> None:
    with serving(tmp_path, is_working=False) as server:
        answer = server.client.get("/healthz")
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_it_is_ready_while_its_engine_makes_rounds(tmp_path: Path) -> None:
    with serving(tmp_path, is_working=False) as server:
        answer = server.client.get("/readyz")
        assert answer.status_code == 503
        assert "not made a round yet" in answer.json()["faultstring"]
        server.served.engine.run_once()
        assert server.client.get("/v1/readyz").status_code == 200
        measures = server.served.engine.dispatcher.measures
        assert measures.round_at is not None
        measures.round_at -= ROUND_SECONDS
        assert "no round for 10 seconds" in server.client.get("/readyz").json()["faultstring"]


def test_a_server_that_drains_is_not_ready(tmp_path: Path) -> None:
    with serving(tmp_path, is_working=False) as server:
        server.served.engine.run_once()
        assert server.client.get("/readyz").status_code == 200
        server.served.engine.drain()
        server.served.engine.run_once()
        answer = server.client.get("/readyz")
        assert (answer.status_code, "about to stop" in answer.json()["faultstring"]) == (503, True)
        assert server.client.get("/healthz").status_code == 200


def test_both_can_be_asked_for_without_a_body(tmp_path: Path) -> None:
    with serving(tmp_path, is_working=False) as server:
        for path, status in (("/healthz", 200), ("/v1/readyz", 503)):
            answer = server.client.head(path)
            assert (answer.status_code, answer.content) == (status, b"")
            got = server.client.get(path)
            assert got.status_code == status
            assert answer.headers["content-length"] == got.headers["content-length"]


def test_metrics_tell_what_is_not_at_its_end(server: Server) -> None:
    server.start(ASKS)
    while not server.served.queries.inquiries(1):
        pass
    assert metric(server, 'active_executions{status="paused"}') == 1
    assert metric(server, 'attempts{state="asking"}') == 1
    assert metric(server, 'attempts{state="waiting"}') == 1
    assert metric(server, 'attempts{state="running"}') == 0
    assert metric(server, "stuck_executions") == 0
    assert metric(server, "slots") == server.served.engine.worker.slots
    assert metric(server, "queue_lag_seconds") == 0


def test_metrics_tell_how_long_transitions_take(server: Server) -> None:
    server.wait_for(server.start(NOOP))
    assert metric(server, "transition_seconds_count") == 1
    assert metric(server, 'transition_seconds_bucket{le="+Inf"}') == 1
    assert metric(server, 'transition_seconds_bucket{le="10.0"}') == 1
    assert 0 < metric(server, "transition_seconds_sum") < 10


def test_metrics_count_what_is_asked_for(server: Server) -> None:
    operations: Operations = server.served.commands("ann").operations
    number = server.start(ASKS)
    operations.cancel(number, server.served.engine)
    with pytest.raises(Refused):
        operations.pause(number, server.served.engine)
    assert metric(server, 'operations_total{kind="cancel",outcome="accepted"}') == 1
    assert metric(server, 'operations_total{kind="pause",outcome="refused"}') == 1


def test_metrics_count_requests_by_their_routes(server: Server) -> None:
    for number in ("a", "b"):
        server.client.get(f"/executions/{number}/output")
    server.client.get("/nowhere")
    route = 'method="GET",route="/v1/executions/{number}/output"'
    assert metric(server, f'http_requests_total{{{route},status="404"}}') == 2
    assert metric(server, f"http_request_seconds_count{{{route}}}") == 2
    assert metric(server, 'http_requests_total{method="GET",route="",status="404"}') == 1


def test_metrics_count_what_is_refused_before_it_is_looked_at(server: Server) -> None:
    foreign = server.client.post("/executions", headers={"Origin": "https://elsewhere.example"})
    assert foreign.status_code == 403
    assert metric(server, 'http_requests_total{method="POST",route="",status="403"}') == 1


def test_an_attempt_that_waits_and_an_execution_that_nothing_moves_show(tmp_path: Path) -> None:
    with serving(tmp_path, is_working=False) as server:
        server.session.operations.start(StartRequest("t.yaml", NOOP, {}), None)
        store = server.session.store
        with store.reading() as transaction:
            due_at = transaction.value("waits_longest", now=2**62)
        found = standing(store, due_at + 2_500_000)
        assert (found.lag_seconds, found.waiting, found.stuck) == (2.5, 1, 0)
        assert found.active == {"scheduled": 1}
        with store.transaction() as transaction:
            open_ones = transaction.all("open_attempts")
            transaction.many("delete_attempts", [(row["id"],) for row in open_ones])
        found = standing(store, due_at)
        assert (found.waiting, found.stuck, found.lag_seconds) == (0, 1, 0)
