"""What actions have written, as text and as a stream."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrion.api.feed import WRITTEN
from tests.unit.api.listening import Server, serving

BOTH = """
version: 1.0
tasks:
  a:
    action: core.local cmd="echo out; echo err >&2"
    next: [{do: b}]
  b: {action: core.local cmd="echo more"}
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path) as server:
        yield server


@pytest.fixture
def number(server: Server) -> str:
    number = server.start(BOTH)
    server.wait_for(number)
    return number


@pytest.mark.parametrize(
    "query,text",
    [
        ("", "out\nerr\nmore\n"),
        ("?output_type=all", "out\nerr\nmore\n"),
        ("?output_type=stdout", "out\nmore\n"),
        ("?output_type=stderr", "err\n"),
        ("?output_type=output", ""),
    ],
)
def test_all_that_was_written_is_one_text(server: Server, number: str, query: str, text: str) -> None:
    answer = server.client.get(f"/v1/executions/{number}/output{query}")
    assert (answer.status_code, answer.text) == (200, text)
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.usefixtures("number")
def test_last_is_the_newest_execution(server: Server) -> None:
    assert server.client.get("/executions/last/output").text == "out\nerr\nmore\n"


def test_an_execution_that_is_not_there_is_not_found(server: Server) -> None:
    for path in ("/v1/executions/ff/output", "/v1/executions/last/output", "/stream/executions/ff/output"):
        answer = server.client.get(path)
        assert answer.status_code == 404
        assert "faultstring" in answer.json()


def test_a_type_of_output_that_is_not_there_is_refused(server: Server, number: str) -> None:
    answer = server.client.get(f"/v1/executions/{number}/output?output_type=sound")
    assert answer.status_code == 400
    assert "stderr" in answer.json()["faultstring"]


def test_output_is_streamed_to_its_end(server: Server, number: str) -> None:
    text = server.client.get(f"/stream/v1/executions/{number}/output?output_type=stdout").text
    assert text.count(f"event: {WRITTEN}\n") == 2
    assert '"data":"more\\n"' in text
    assert text.endswith("event: EOF\ndata: ''\n\n")


def test_output_that_is_still_to_come_is_streamed_too(server: Server) -> None:
    number = server.start(BOTH)  # it runs while the stream is opened
    text = server.client.get(f"/stream/executions/{number}/output").text
    assert text.count(f"event: {WRITTEN}\n") == 3
    assert text.endswith("event: EOF\ndata: ''\n\n")
