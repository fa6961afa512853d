"""Requests that no client would send: a real server answers each of them, and is none the worse for it.

Here is what schemathesis does not reach: bodies that are no JSON, texts that are no Unicode, headers, paths
and methods as bytes.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast
from urllib.parse import quote_from_bytes

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.e2e.attacked import Attacked

Routes = list[tuple[str, str]]

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
_LONG: Final = "é\u0000" * 5_000
_TEXTS: Final = (
    *(
        "",
        "\ud800",
        "\x00",
        "a\x00b",
        "..",
        "../../etc/passwd",
        "/",
        "own.flow",
        "core.noop",
        "*",
        "\ufffe",
        "💥",
    ),
    *(
        "NaN",
        "-1",
        "own",
        "user",
        "st2kv.user",
        "a=\ud800",
        "<% 1 %>",
        "{{ 1 }}",
        "\n",
        "%00",
        _LONG,
        "1e999",
    ),
    *("9" * 5_000, "9999-12-31T23:59:59.999999-23:59", "0001-01-01T00:00:00+23:59", "..9999-12-31"),
)
_NUMBERS: Final = (
    0,
    -1,
    1,
    2**31,
    2**63 - 1,
    2**63,
    -(2**63) - 1,
    10**400,
    1e308,
    float("nan"),
    float("inf"),
)

COMMAND: Final = re.compile(r"\b(?:orchestrion|st2) (?:execution|action|inquiry|key|pack|run|workflow)\b|^$")

_PATIENCE: Final = 0.3
"""Seconds after which a request that may be none does not wait for its answer."""

texts = st.sampled_from(_TEXTS) | st.text(st.characters(), max_size=20)
numbers = st.sampled_from(_NUMBERS) | st.integers() | st.floats()
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    with Attacked(tmp_path_factory.mktemp("odd")) as server:
        yield server
        server.unharmed()


@pytest.fixture(scope="module")
def document(server: Attacked) -> dict[str, Any]:
    with server.client() as client:
        return client.get("/v1/openapi.json").json()


@pytest.fixture(scope="module")
def client(server: Attacked) -> Iterator[httpx.Client]:
    with server.client() as client:
        yield client


@pytest.fixture(scope="module")
def routes(server: Attacked, document: Mapping[str, Any]) -> Routes:
    """All that takes a body as JSON, of things that there are."""
    return [
        (method, _named(path, server))
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if "application/json" in operation.get("requestBody", {}).get("content", ())
    ]


def _named(path: str, server: Attacked) -> str:
    for name, known in server.known.items():
        path = path.replace(f"{{{name}}}", known[0])
    return path


def check(answer: httpx.Response) -> None:
    """An answer tells of no bug, and what is wrong in words that name no client's commands."""
    assert answer.status_code < 500, (answer.request.method, answer.request.url, answer.text)
    if answer.is_error:
        assert not COMMAND.search(answer.json()["faultstring"]), answer.text


# --- bodies

_UNREADABLE: Final[Mapping[bytes, str]] = {
    b"{": "Expecting property name enclosed in double quotes (character 1)",
    b'{"a": 1,}': "Illegal trailing comma before end of object (character 7)",
    b"nothing": "Expecting value (character 0)",
    b"[1] [2]": "Extra data (character 4)",
    b'{"a\xff": 1}': "it is not UTF-8: byte 3 belongs to no character.",
    b"[" * 100_000 + b"]" * 100_000: "it is nested too deeply.",
    b'{"a":' * 100_000 + b"1" + b"}" * 100_000: "it is nested too deeply.",
    b'{"ttl": ' + b"9" * 5_000 + b"}": "a number in it has too many digits.",
}


@pytest.mark.parametrize("body", _UNREADABLE, ids=range(len(_UNREADABLE)))
def test_a_body_that_cannot_be_read_says_why(client: httpx.Client, routes: Routes, body: bytes) -> None:
    for method, path in routes:
        answer = client.request(method, path, content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400, (method, path)
        if method != "delete":
            assert answer.json()["faultstring"].startswith("Failed to parse request body: "), (method, path)


@pytest.mark.parametrize(
    "method, path, body",
    [  # all of them were bugs
        ("POST", "/v1/executions", {"action": "\ud800"}),
        ("PUT", "/v1/executions/{number}", {"status": "\ud800"}),
        ("POST", "/v1/packs/register", {"packs": ["\ud800"]}),
        ("POST", "/v1/packs/register", {"packs": ["/" + "9" * 5_000]}),
        ("POST", "/v1/native/packs", {"folder": "9" * 5_000}),
        ("POST", "/v1/executions/{number}/operations", {"kind": "cancel", "reason": "\ud800"}),
        ("POST", "/v1/bulk", {"kind": "cancel", "query": {"action": "\ud800"}}),
    ],
)
def test_what_has_been_found(
    server: Attacked, client: httpx.Client, method: str, path: str, body: object
) -> None:
    headers = {"Content-Type": "application/json"}
    answer = client.request(method, _named(path, server), content=_sent(body), headers=headers)
    check(answer)
    assert answer.status_code == 400


def test_an_action_may_name_a_file_that_cannot_be_there(client: httpx.Client) -> None:
    long = {"name": "long", "pack": "own", "runner_type": "local-shell-script", "entry_point": "9" * 5_000}
    assert client.post("/v1/actions", json=long).status_code == 201
    assert client.get("/v1/actions/views/entry_point/own.long").status_code == 404
    clone = {"dest_pack": "own", "dest_action": "longer"}
    check(client.post("/v1/actions/own.long/clone", json=clone))


@given(data=st.data())
def test_bodies_of_bytes(client: httpx.Client, routes: Routes, data: st.DataObject) -> None:
    method, path = data.draw(st.sampled_from(routes))
    kinds = ("application/json", "application/json; charset=latin-1", "text/plain", "a/b+json", "")
    kind = data.draw(st.sampled_from(kinds))
    parts = st.sampled_from(
        (b"{", b"}", b"[", b'"', b":", b",", b"\\u0000", b"\\ud800", b"NaN", b"-", b"1e9", b" ")
    )
    body = data.draw(st.binary() | st.lists(parts).map(b"".join) | values.map(_sent))
    check(client.request(method, path, content=body, headers={"Content-Type": kind}))


@pytest.fixture(scope="module")
def shaped(server: Attacked, document: Mapping[str, Any]) -> st.SearchStrategy[tuple[str, str, Any]]:
    """Requests whose bodies have the form that the document says; `plan` is a parameter of one of them."""
    known = document["components"]["schemas"]
    return st.one_of(
        [
            st.tuples(
                st.just(method),
                st.sampled_from([_named(path, server), f"{_named(path, server)}?plan=true"]),
                _shaped(operation["requestBody"]["content"]["application/json"]["schema"], known),
            )
            for path, operations in document["paths"].items()
            for method, operation in operations.items()
            if "application/json" in operation.get("requestBody", {}).get("content", ())
        ]
    )


@given(data=st.data())
def test_bodies_of_the_right_form_with_odd_values(
    client: httpx.Client, shaped: st.SearchStrategy[tuple[str, str, Any]], data: st.DataObject
) -> None:
    method, path, body = data.draw(shaped)
    headers = {"Content-Type": "application/json"}
    check(client.request(method, path, content=_sent(body), headers=headers))


def _sent(value: object) -> bytes:
    """A value as JSON, with all that Python's writer lets through: NaN, and halves of characters."""
    return json.dumps(value).encode()


def _shaped(schema: Mapping[str, Any], known: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Values that a schema describes, but for what they hold; now and then something else."""
    if "$ref" in schema:
        return _shaped(known[schema["$ref"].rpartition("/")[2]], known)
    if "anyOf" in schema:
        return st.one_of([_shaped(one, known) for one in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema.get("type"):
        case "object" if "properties" in schema:
            parts = {name: _shaped(one, known) for name, one in schema["properties"].items()}
            required = set(schema.get("required", ()))
            optional = {name: one for name, one in parts.items() if name not in required}
            return st.fixed_dictionaries({name: parts[name] for name in required}, optional=optional)
        case "object":
            inner = schema.get("additionalProperties")
            rest = _shaped(cast("Mapping[str, Any]", inner), known) if isinstance(inner, dict) else values
            return st.dictionaries(texts, rest, max_size=3)
        case "array":
            return st.lists(_shaped(schema["items"], known), max_size=3)
        case "string":
            return texts
        case "integer" | "number":
            return numbers
        case "boolean":
            return st.booleans()
        case _:
            return values


# --- headers, paths, methods

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


@given(
    template=st.sampled_from(_TEMPLATES),
    part=st.sampled_from(_TEXTS).map(lambda text: text.encode("utf-8", "surrogatepass"))
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
    "path", ["/v1/executions", "/v1/keys/a", "/v1/workflows/inspect", "/v1/executions/x"]
)
def test_a_method_that_is_not_there_names_those_that_are(client: httpx.Client, path: str) -> None:
    answer = client.request("PATCH", path)
    assert answer.status_code == 405
    expected = {
        "/v1/executions": "GET, POST",
        "/v1/keys/a": "DELETE, GET, PUT",
        "/v1/workflows/inspect": "POST",
        "/v1/executions/x": "DELETE, GET, PUT",
    }
    assert answer.headers["Allow"] == expected[path]
