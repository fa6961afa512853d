"""Headers, paths and methods that no client would send: a real server answers, none the worse for it."""

import json
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.e2e.attacked import TEXTS, Attacked, check

_TEMPLATES: Final = (
    *("/v1/actions/{}", "/v1/actions/views/entry_point/{}", "/v1/apikeys/{}", "/v1/bulk/{}", "/v1/rules/{}"),
    *("/v1/configs/{}", "/v1/executions/{}", "/v1/executions/{}/children", "/v1/executions/{}/output"),
    *(
        "/v1/executions/{}/result",
        "/v1/executions/{}/graph",
        "/v1/inquiries/{}",
        "/v1/keys/{}",
        "/v1/packs/{}",
    ),
    *(
        "/v1/runnertypes/{}",
        "/v1/workflows/{}/graph",
        "/v1/workflows/{}/report",
        "/{}",
        "/v1/{}",
        "/{}/v1/user",
    ),
    *("/v1/native/inquiries/{}", "/v1/native/key?name={}", "/v1/native/action?ref={}", "/v1/keys?prefix={}"),
    *("/v1/executions?id={}", "/v1/executions?status={}", "/v1/executions?timestamp={}", "/v1/executions?{}"),
    *("/v1/executions?sort={}", "/v1/executions?limit={}&offset=0", "/v1/actions?include_attributes={}"),
    *("/v1/executions?include_attributes={}", "/v1/executions?action={}&user={}", "/auth/{}", "/stream/{}"),
)
_PATIENCE: Final = 0.3
"""Seconds after which a request that may be none does not wait for its answer."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    with Attacked(tmp_path_factory.mktemp("odd")) as server:
        yield server
        server.unharmed()


_NAMES: Final = (
    *(
        "Accept",
        "Accept-Encoding",
        "Authorization",
        "Content-Encoding",
        "Content-Length",
        "Content-Type",
        "Cookie",
    ),
    *(
        "Expect",
        "Host",
        "Idempotency-Key",
        "If-None-Match",
        "Origin",
        "Range",
        "Referer",
        "St2-Api-Key",
        "TE",
    ),
    *(
        "Transfer-Encoding",
        "Upgrade",
        "User-Agent",
        "X-Auth-Token",
        "X-Forwarded-For",
        "st2-context",
        "X Y",
        "\u00e9",
    ),
)
_VALUES: Final = (
    *(
        b"",
        b"-1",
        b"1e3",
        b"99999999999999999999",
        b"5, 6",
        b"\xff\xfe",
        b"http://[",
        b"http://[::1",
        b"//",
        b"null",
    ),
    *(
        b"gzip",
        b"chunked, gzip",
        b"Basic \xff",
        b"Basic Og==",
        b"Bearer \xc3\xa9",
        b"Bearer",
        b"*/*;q=nan",
        b"[",
        b"]:0",
    ),
    *(
        b"a" * 60_000,
        b"auth-token=\xff",
        b"100-continue",
        b"websocket",
        b"{",
        b"bytes=-1-",
        b"application/json; x=\xff",
    ),
)


@example(name="Origin", value=b"http://[", body=b"{}", path="/v1/executions")  # was 500
@given(
    name=st.sampled_from(_NAMES),
    value=st.sampled_from(_VALUES) | st.binary(max_size=30).filter(lambda one: not {*b"\r\n"} & {*one}),
    body=st.sampled_from((b"", b"{}")),
    path=st.sampled_from(("/v1/executions", "/auth/tokens", "/stream/nothing", "/v1/workflows/inspect")),
)
def test_headers(server: Attacked, name: str, value: bytes, body: bytes, path: str) -> None:
    method = "POST" if body else "GET"
    head = f"{method} {path} HTTP/1.1\r\nConnection: close\r\nX-Auth-Token: {server.tokens['admin']}\r\n"
    if name != "Host":
        head += "Host: localhost\r\n"
    if name not in ("Content-Length", "Transfer-Encoding"):
        head += f"Content-Length: {len(body)}\r\n"
    status, answer = server.exchange(
        head.encode() + name.encode() + b": " + value + b"\r\n\r\n" + body, _PATIENCE
    )
    assert status < 500, answer


@pytest.mark.parametrize("method, path", [("POST", "/v1/executions"), ("GET", "/healthz")])
def test_a_body_of_two_lengths_is_refused_and_what_follows_it_is_no_request(
    server: Attacked, method: str, path: str
) -> None:
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n"
    chunked = "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    second = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    status, answer = server.exchange(f"{head}{chunked}{second}".encode())
    assert (status, json.loads(answer)["faultstring"]) == (
        400,
        "A request has either a Content-Length or a Transfer-Encoding.",
    )


@given(
    template=st.sampled_from(_TEMPLATES),
    part=st.sampled_from(TEXTS).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.binary(max_size=20),
    safe=st.sampled_from(("", "/", "/.%?&=#;+")),
    method=st.sampled_from(("GET", "GET", "DELETE", "PUT", "POST")),
)
def test_paths(server: Attacked, template: str, part: bytes, safe: str, method: str) -> None:
    path = template.format(*[quote_from_bytes(part, safe)] * template.count("{}"))
    head = f"{method} {path} HTTP/1.1\r\nConnection: close\r\nHost: localhost\r\nContent-Length: 0\r\n"
    status, answer = server.exchange(f"{head}X-Auth-Token: {server.tokens['admin']}\r\n\r\n".encode())
    assert 200 <= status < 500, answer
    if status >= 400 and answer[:1] == b"{":
        assert json.loads(answer)["faultstring"]


@given(
    line=st.sampled_from(
        (
            *(b"OPTIONS * HTTP/1.1", b"OPTIONS /v1/executions HTTP/1.1", b"HEAD /v1/executions HTTP/1.1"),
            *(
                b"CONNECT localhost:80 HTTP/1.1",
                b"TRACE /v1/user HTTP/1.1",
                b"PATCH /v1/actions/a.b HTTP/1.1",
            ),
            *(
                b"PRI * HTTP/2.0",
                b"GET /v1/user",
                b"GET  /v1/user HTTP/1.1",
                b"GET http://x/v1/user HTTP/1.1",
            ),
            *(
                b"\x16\x03\x01\x02\x00\x01",
                b"GET /v1/user HTTP/9.9",
                b"get /v1/user HTTP/1.1",
                b"",
                b"A" * 70_000,
            ),
            b"GET /" + b"a" * 70_000 + b" HTTP/1.1",
        )
    )
    | st.binary(max_size=40)
    | st.binary(min_size=1, max_size=10).map(lambda method: method + b" /v1/executions HTTP/1.1"),
    host=st.sampled_from((b"\r\nHost: localhost", b"")),
)
def test_first_lines(server: Attacked, line: bytes, host: bytes) -> None:
    status, answer = server.exchange(line + host + b"\r\nConnection: close\r\n\r\n", _PATIENCE)
    assert status < 500, answer


@pytest.mark.parametrize(
    "path, methods",
    [
        ("/v1/executions", "GET, POST"),
        ("/v1/executions/x", "DELETE, GET, PUT"),
        ("/v1/keys/a/b", "DELETE, GET, PUT"),
        ("/v1/workflows/inspect", "POST"),
    ],
)
def test_a_method_that_is_not_there_names_those_that_are(server: Attacked, path: str, methods: str) -> None:
    with server.client() as client:
        answer = client.request("PATCH", path)
    check(answer)
    assert (answer.status_code, answer.headers["Allow"]) == (405, methods)
