"""The way to a server: what its answers mean, and where it makes tokens."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrion.client.connection import Connection, api_url, auth_url
from orchestrion.client.http import HttpClient
from orchestrion.errors import NotFound, OrchestrionError, Refused, Unavailable, UsageError
from tests.servers.http_server import HttpServer, self_signed


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


@pytest.mark.parametrize("answer", [{"a": 1}, ["a"], None, {"username": "a", "rbac": {"roles": [1]}}])
def test_a_log_in_at_another_server_is_told_so(server: HttpServer, answer: object) -> None:
    server.says_json("/v1/user", answer)
    server.says_json("/auth/tokens", answer, 201)
    with Connection(server.url, "t") as connection:
        with pytest.raises(UsageError, match="of another version"):
            connection.user()
        with pytest.raises(UsageError, match="of another version"):
            connection.log_in("ann", "secret")
        server.says("/auth/tokens", "<html>")
        with pytest.raises(UsageError, match="this is no server of Orchestrion"):
            connection.log_in("ann", "secret")


@pytest.mark.parametrize("token", ["tökén", "a\nb", "a b", "a\x7f", "", "\udce9"])
def test_what_can_be_no_token_is_refused_before_it_is_sent(token: str) -> None:
    with pytest.raises(UsageError, match="a token is of ASCII letters") as caught:
        Connection("http://localhost", token)
    assert "tökén" not in str(caught.value)


@pytest.mark.parametrize(
    "url, address",
    [
        ("http://h:8080/stream", "http://h:8080/api"),
        ("http://h:8080/auth", "http://h:8080/api"),
        ("http://h:8080", "http://h:8080/api"),
        ("http://h:8080/api/v1", "http://h:8080/api"),
        ("https://h/orchestrion/stream", "https://h/orchestrion/api"),
        ("http://h:9102", "http://h:9101"),
        ("http://[::1]:9100", "http://[::1]:9101"),
        ("http://h:9101/v1", "http://h:9101"),
    ],
)
def test_the_api_is_beside_the_other_services(url: str, address: str) -> None:
    assert api_url(url) == address


def test_another_service_of_the_server_is_told_so(server: HttpServer) -> None:
    nothing = {"faultstring": "The resource could not be found."}
    server.says_json("/stream/v1/executions/1/view", nothing, 404)
    with Connection(f"{server.url}/stream", None) as connection, pytest.raises(UsageError) as caught:
        HttpClient(connection).execution("1")
    assert str(caught.value) == (
        f"{server.url}/stream: this is not the API of the server. Give --api-url {server.url}/api, or what "
        "`serve` says when it starts."
    )
    server.says_json("/api/v1/x", nothing, 404)
    with (
        Connection(f"{server.url}/api", None) as connection,
        pytest.raises(UsageError, match="of another version"),
    ):
        connection.get("x")


def test_a_certificate_that_is_not_trusted_is_told_with_what_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = HttpServer(self_signed(tmp_path))
    server.says_json("/v1/x", {})
    try:
        with (
            Connection(server.url, None) as connection,
            pytest.raises(UsageError, match=r"not trusted here: self-signed certificate.*SSL_CERT_FILE"),
        ):
            connection.get("x")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        with Connection(server.url, None) as connection:
            assert connection.get("x") == b"{}"
        other = server.url.replace("127.0.0.1", "localhost")
        with (
            Connection(other, None) as connection,
            pytest.raises(UsageError, match="not valid for 'localhost'"),
        ):
            connection.get("x")
    finally:
        server.close()


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_of_certificates_that_is_none_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    file = tmp_path / "cert.pem"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with pytest.raises(UsageError, match="SSL_CERT_FILE"):
        Connection("https://localhost", None)
