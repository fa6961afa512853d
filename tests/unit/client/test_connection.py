"""The way to a server: what its answers mean, and where it makes tokens."""

from collections.abc import Iterator

import pytest

from orchestrion.client.connection import Connection, auth_url
from orchestrion.client.http import HttpClient
from orchestrion.errors import NotFound, OrchestrionError, Refused, Unavailable, UsageError
from tests.servers.http_server import HttpServer


@pytest.fixture
def server() -> Iterator[HttpServer]:
    server = HttpServer()
    yield server
    server.close()


@pytest.mark.parametrize(
    "url, address",
    [
        ("http://h:9101", "http://h:9100"),
        ("https://h:9101/", "https://h:9100"),
        ("http://h:8080/api", "http://h:8080/auth"),
        ("http://h:9101/api", "http://h:9101/auth"),
        ("https://h/orchestrion/api/", "https://h/orchestrion/auth"),
        ("http://h:8080", "http://h:8080/auth"),
        ("http://[::1]:9101", "http://[::1]:9100"),
    ],
)
def test_tokens_are_made_beside_the_api(url: str, address: str) -> None:
    assert auth_url(url) == address


@pytest.mark.parametrize(
    "status, kind, code",
    [
        (400, UsageError, 2),
        (403, Refused, 3),
        (404, NotFound, 4),
        (409, Refused, 3),
        (413, UsageError, 2),
        (429, Refused, 3),
        (500, OrchestrionError, 1),
        (503, Unavailable, 1),
    ],
)
def test_a_fault_is_the_error_that_the_server_has_raised(
    server: HttpServer, status: int, kind: type[OrchestrionError], code: int
) -> None:
    server.says_json("/v1/x", {"faultstring": "That is wrong.", "problems": ["a", "b"]}, status)
    with Connection(server.url, "t") as connection, pytest.raises(kind) as caught:
        connection.get("x")
    assert type(caught.value) is kind
    assert (str(caught.value), caught.value.exit_code) == ("That is wrong.\n  - a\n  - b", code)
    assert server.seen[0]["headers"]["authorization"] == "Bearer t"


@pytest.mark.parametrize("status", [200, 302, 404, 502])
def test_what_is_no_server_of_ours_is_told_so(server: HttpServer, status: int) -> None:
    server.says("/v1/x", "<html>", status, Location="/login")
    with Connection(server.url, None) as connection:
        with pytest.raises(UsageError, match=f"this is no server of Orchestrion, it answers {status}"):
            connection.get("x")
        with (
            pytest.raises(UsageError, match="this is no server of Orchestrion"),
            connection.lines("x") as lines,
        ):
            next(lines)


def test_an_answer_of_another_version_is_told_so(server: HttpServer) -> None:
    server.says_json("/v1/executions/1/view", {"id": "1"})
    with Connection(server.url, None) as connection, pytest.raises(UsageError, match="of another version"):
        HttpClient(connection).execution("1")


def test_a_connection_that_breaks_leaves_open_what_was_done(server: HttpServer) -> None:
    server.answers["/v1/x"] = lambda handler: handler.connection.close()
    with Connection(server.url, None) as connection, pytest.raises(Unavailable, match="may be done or not"):
        connection.post("x", {}, request_id="r")


def test_a_name_of_a_request_that_no_header_can_hold_is_refused(server: HttpServer) -> None:
    with Connection(server.url, None) as connection, pytest.raises(UsageError, match="--request-id"):
        connection.post("x", {}, request_id="ü")
    assert server.seen == []
