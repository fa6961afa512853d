import gzip
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from orchestrion.actions.parameters import resolve
from orchestrion.actions.runners.base import Job, Outcome, run
from orchestrion.actions.runners.process_runner import ProcessRunner
from orchestrion.actions.runners.processes import end_group
from orchestrion.actions.runners.registry import COMMANDS
from orchestrion.core.values import Json
from tests.servers.http_server import HttpServer, self_signed
from tests.unit.actions.packs import action
from tests.unit.actions.runners.collecting import Started, wait_for_end

MIB = 1024 * 1024


@pytest.fixture
def processes() -> Iterator[ProcessRunner]:
    runner = ProcessRunner(COMMANDS)
    yield runner
    runner.close(grace_seconds=0.1)


@pytest.fixture
def server() -> Iterator[HttpServer]:
    made = HttpServer()
    yield made
    made.close()


def http_job(url: str, **given: Json) -> Job:
    http = action("core.http")
    found = resolve(http, {"url": url, **given})
    return Job("e1", http, found.runner_parameters, found.action_parameters)


def job_beyond_core(url: str, *, runner: dict[str, Json] | None = None, own: dict[str, Json]) -> Job:
    """Give a job of an action of another pack, which may declare more than core.http does."""
    return Job("e1", action("core.http"), {"url": url, **(runner or {})}, own)


def error_of(outcome: Outcome) -> str:
    assert outcome.status == "failed", outcome
    assert isinstance(outcome.result, dict)
    assert outcome.result.keys() == {"error", "traceback"}
    return str(outcome.result["error"])


def result_of(outcome: Outcome) -> dict[str, Any]:
    assert isinstance(outcome.result, dict)
    return outcome.result


class TestAnswer:
    def test_of_json_is_parsed(self, processes: ProcessRunner, server: HttpServer) -> None:
        outcome = run(processes, http_job(server.says_json("/a", {"a": [1, "語"]})))
        assert outcome.status == "succeeded"
        found = result_of(outcome)
        assert found["headers"].pop("Server").startswith("BaseHTTP/")
        assert found["headers"].pop("Date")
        assert found == {
            "status_code": 200,
            "body": {"a": [1, "語"]},
            "parsed": True,
            "headers": {
                "Content-Type": "application/json; charset=utf-8",
                "Content-Length": "20",
                "Connection": "close",
            },
        }

    @pytest.mark.parametrize(
        "status,expected",
        [
            (200, "succeeded"),
            (206, "succeeded"),
            (207, "failed"),
            (302, "failed"),
            (404, "failed"),
            (500, "failed"),
        ],
    )
    def test_decides_by_its_status(
        self, processes: ProcessRunner, server: HttpServer, status: int, expected: str
    ) -> None:
        outcome = run(processes, http_job(server.says_json("/a", {"reason": "x"}, status)))
        assert (outcome.status, result_of(outcome)["status_code"]) == (expected, status)
        assert result_of(outcome)["body"] == {"reason": "x"}

    @pytest.mark.parametrize(
        "content_type,body,expected",
        [
            ("text/plain", b"5", "5"),
            ("text/plain", "grün".encode(), "grün"),
            ("text/plain; charset=latin-1", "grün".encode("latin-1"), "grün"),
            ("text/plain; charset=martian", b"x", "x"),
            ("text/plain", b"a\xffb\x00", "a\ufffdb\x00"),
            ("application/json", b"{not json", "{not json"),
            ("application/json", b"NaN", "NaN"),
            ("application/json", b"1e999", "1e999"),
            ("application/json", b'"\\ud800"', '"\\ud800"'),
            ("application/json", b"[" * 100_000, "[" * 100_000),
            ("application/json", b"", ""),
        ],
    )
    def test_that_is_no_json_is_text(
        self, processes: ProcessRunner, server: HttpServer, content_type: str, body: bytes, expected: str
    ) -> None:
        found = result_of(run(processes, http_job(server.says("/a", body, Content_Type=content_type))))
        assert (found["body"], found["parsed"]) == (expected, False)

    def test_headers_that_repeat_are_joined(self, processes: ProcessRunner, server: HttpServer) -> None:
        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-A: 1\r\nX-A: gr\xc3\xbcn\r\nContent-Length: 0\r\n\r\n")

        server.answers["/a"] = answer
        assert result_of(run(processes, http_job(server.url + "/a")))["headers"]["X-A"] == "1, grün"

    def test_may_be_as_large_as_the_limit(self, server: HttpServer) -> None:
        processes = ProcessRunner(COMMANDS, max_output_bytes=MIB)
        try:
            assert run(processes, http_job(server.says("/a", b"x" * (MIB - 1000)))).status == "succeeded"
            error = error_of(run(processes, http_job(server.says("/a", b"x" * (MIB + 1)))))
            assert error.startswith("The answer has more than 1 MiB (1048576 bytes). Let a command fetch it")
            bomb = server.says("/a", gzip.compress(b"x" * (100 * MIB)), Content_Encoding="gzip")
            assert "more than 1 MiB" in error_of(run(processes, http_job(bomb)))
            # six times as long in JSON
            error = error_of(run(processes, http_job(server.says("/a", b"\x01" * (MIB - 1000)))))
            assert error == "The result has more than 1 MiB."
        finally:
            processes.close()

    def test_of_megabytes(self, processes: ProcessRunner, server: HttpServer) -> None:
        found = result_of(run(processes, http_job(server.says("/a", b"x" * (20 * MIB)))))
        assert len(found["body"]) == 20 * MIB


class TestRequest:
    def test_has_what_was_asked_for(self, processes: ProcessRunner, server: HttpServer) -> None:
        job = http_job(
            server.says("/a") + "?x=0",
            method="POST",
            headers={"X-Text": "grün", "X-Number": 5, "X-Nothing": None},
            cookies={"c": "1", "d": "2"},
            params={"q": "a b", "n": 1},
            body='{"a": 1}',
            username="me",
            password="pass",
        )
        assert run(processes, job).status == "succeeded"
        (seen,) = server.seen
        assert (seen["method"], seen["body"]) == ("POST", '{"a": 1}')
        assert seen["path"] in {"/a?x=0&q=a+b&n=1", "/a?q=a+b&n=1", "/a?x=0&q=a%20b&n=1"}
        headers = seen["headers"]
        assert headers["x-text"].encode("latin-1").decode() == "grün"
        assert headers["x-number"] == "5"
        assert "x-nothing" not in headers
        assert headers["cookie"] == "c=1; d=2"
        assert headers["authorization"] == "Basic bWU6cGFzcw=="
        assert headers["user-agent"].startswith("orchestrion/")

    @pytest.mark.parametrize(
        "content_type,body,sent",
        [
            ("application/json", {"a": [1]}, '{"a": [1]}'),
            ("application/x-www-form-urlencoded", {"a": "1 2"}, "a=1+2"),
            (None, {"a": 1}, "a=1"),
            ("application/json", [1], "[1]"),
        ],
    )
    def test_body_that_is_no_text(
        self, processes: ProcessRunner, server: HttpServer, content_type: str | None, body: Json, sent: str
    ) -> None:
        headers: dict[str, Json] = {"headers": {"content-type": content_type}}
        job = job_beyond_core(server.says("/a"), runner=headers, own={"method": "put", "body": body})
        assert run(processes, job).status == "succeeded"
        assert (server.seen[0]["method"], server.seen[0]["body"]) == ("PUT", sent)

    def test_goes_to_http_without_a_scheme(self, processes: ProcessRunner, server: HttpServer) -> None:
        url = server.says("/a").removeprefix("http://")
        assert run(processes, http_job(url)).status == "succeeded"

    def test_goes_through_a_proxy(self, processes: ProcessRunner, server: HttpServer) -> None:
        server.says("http://example.invalid/a", "by proxy")
        outcome = run(processes, http_job("http://example.invalid/a", http_proxy=server.url))
        assert result_of(outcome)["body"] == "by proxy"

    def test_head_has_no_body(self, processes: ProcessRunner, server: HttpServer) -> None:
        assert result_of(run(processes, http_job(server.says("/a", "x"), method="HEAD")))["body"] == ""


class TestRedirect:
    def test_is_followed_when_asked_for(self, processes: ProcessRunner, server: HttpServer) -> None:
        url = server.says("/a", "", 302, Location="/b")
        server.says("/b", "there")
        assert result_of(run(processes, http_job(url)))["status_code"] == 302
        assert result_of(run(processes, http_job(url, allow_redirects=True)))["body"] == "there"

    def test_in_a_circle_ends(self, processes: ProcessRunner, server: HttpServer) -> None:
        url = server.says("/a", "", 302, Location="/a")
        error = error_of(run(processes, http_job(url, allow_redirects=True)))
        assert error == f"GET {url} failed: Exceeded maximum allowed redirects."

    def test_does_not_reach_a_host_that_must_not_be_asked(
        self, processes: ProcessRunner, server: HttpServer
    ) -> None:
        url = server.says("/a", "", 302, Location=f"http://localhost:{server.port}/b")
        rules: list[dict[str, Json]] = [
            {"allow_redirects": True, "url_hosts_blacklist": ["LOCALHOST"]},
            {"allow_redirects": True, "url_hosts_whitelist": ["127.0.0.1"]},
        ]
        for hosts in rules:
            error = error_of(run(processes, job_beyond_core(url, runner=hosts, own={})))
            assert error.startswith("The host localhost must not be asked")
        assert {seen["path"] for seen in server.seen} == {"/a"}


class TestFailure:
    def test_when_nobody_listens(self, processes: ProcessRunner) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        url = f"http://me:secret@127.0.0.1:{port}/a"
        assert error_of(run(processes, http_job(url))) == (
            f"GET http://127.0.0.1:{port}/a failed: [Errno 111] Connection refused"
        )

    @pytest.mark.parametrize(
        "words,reason",
        [
            (b"", "Server disconnected without sending a response."),
            (b"no http\r\n\r\n", "illegal"),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx", "peer closed connection"),
            (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nxxxx", "Error -3"),
        ],
    )
    def test_when_the_answer_is_broken(
        self, processes: ProcessRunner, server: HttpServer, words: bytes, reason: str
    ) -> None:
        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.wfile.write(words)

        server.answers["/a"] = answer
        assert reason in error_of(run(processes, http_job(server.url + "/a")))

    def test_of_a_certificate_that_nobody_has_signed(
        self, processes: ProcessRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        server = HttpServer(self_signed(tmp_path))
        try:
            url = server.says("/a", "safe")
            error = error_of(run(processes, http_job(url)))
            assert error.startswith(f"GET {url} failed: [SSL: CERTIFICATE_VERIFY_FAILED]")
            unchecked = run(processes, http_job(url, verify_ssl_cert=False))
            assert result_of(unchecked)["body"] == "safe"
            monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
            assert result_of(run(processes, http_job(url)))["body"] == "safe"
        finally:
            server.close()

    @pytest.mark.parametrize(
        "url", ["", "http://", "ftp://example.com/", "http://[::1", "file:///etc/passwd"]
    )
    def test_of_an_address_that_is_none(self, processes: ProcessRunner, url: str) -> None:
        assert error_of(run(processes, http_job(url))) == (
            f"The parameter url must be an address such as https://example.com/path, found {url!r}."
        )

    def test_of_a_header_that_cannot_be_sent(self, processes: ProcessRunner, server: HttpServer) -> None:
        job = http_job(server.says("/a"), headers={"X-A": "a\r\nX-B: b"})
        assert "Illegal header value" in error_of(run(processes, job))
        assert server.seen == []

    @pytest.mark.parametrize(
        "runner,own,error",
        [
            ({"headers": {"a": []}}, {}, "The parameter headers must be a mapping of names to texts."),
            ({"cookies": "a=b"}, {}, "The parameter cookies must be a mapping of names to texts."),
            (
                {},
                {"timeout": 0},
                "The parameter timeout must be a number of seconds greater than 0, found 0.",
            ),
            (
                {"url_hosts_blacklist": ["a"], "url_hosts_whitelist": ["b"]},
                {},
                "The parameters url_hosts_blacklist and url_hosts_whitelist exclude each other: give one.",
            ),
        ],
    )
    def test_of_wrong_parameters(
        self, processes: ProcessRunner, runner: dict[str, Json], own: dict[str, Json], error: str
    ) -> None:
        assert error_of(run(processes, job_beyond_core("http://x", runner=runner, own=own))) == error


class TestProcess:
    @pytest.mark.parametrize("words", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"])
    def test_of_a_server_that_hangs_is_ended(
        self, processes: ProcessRunner, server: HttpServer, words: bytes
    ) -> None:
        go = threading.Event()

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.wfile.write(words)
            go.wait(20)

        server.answers["/a"] = answer
        started = Started(processes, http_job(server.url + "/a", timeout=1))
        assert started.outcome() == Outcome("timeout", {"error": "Action failed to complete in 1 seconds"})
        wait_for_end(started.pid)
        go.set()

    def test_can_be_ended_by_its_group(self, processes: ProcessRunner, server: HttpServer) -> None:
        arrived, go = threading.Event(), threading.Event()

        def answer(_handler: BaseHTTPRequestHandler) -> None:
            arrived.set()
            go.wait(20)

        server.answers["/a"] = answer
        started = Started(processes, http_job(server.url + "/a"))
        assert arrived.wait(20)
        assert end_group(started.pid, started.mark)
        outcome = started.outcome()
        assert outcome.status == "abandoned"
        assert "ended with signal 15" in str(result_of(outcome)["error"])
        go.set()

    def test_shows_no_password_and_says_whose_it_is(
        self, processes: ProcessRunner, server: HttpServer
    ) -> None:
        shown: list[str] = []
        pids: list[int] = []

        def answer(handler: BaseHTTPRequestHandler) -> None:
            process = Path(f"/proc/{pids[0]}")
            shown.extend((process / name).read_text(encoding="utf-8") for name in ("cmdline", "environ"))
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

        server.answers["/a"] = answer
        job = http_job(server.url + "/a", username="me", password="s3cr3t")
        done = threading.Event()
        processes.start(job, lambda pid, _mark: pids.append(pid), lambda _outcome: done.set())
        assert done.wait(20)
        assert "s3cr3t" not in "".join(shown)
        assert "ST2_ACTION_EXECUTION_ID=e1" in shown[1]

    def test_imports_nothing_from_the_folder_of_the_engine(
        self, processes: ProcessRunner, server: HttpServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "httpx.py").write_text("raise SystemExit(7)\n", encoding="utf-8")
        monkeypatch.chdir(tmp_path)
        assert run(processes, http_job(server.says("/a"))).status == "succeeded"
