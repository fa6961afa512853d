"""Bodies that no client would send: a real server answers each of them, and is none the worse for it.

Here is what schemathesis does not reach: bodies that are no JSON, and texts that are no Unicode.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.e2e.attacked import TEXTS, Attacked, check

Routes = list[tuple[str, str]]
Shaped = tuple[frozenset[str], str, str, Any]
"""The statuses that are described, the method, the path, the body."""

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

texts = st.sampled_from(TEXTS) | st.text(st.characters(), max_size=20)
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


_UNREADABLE: Final[Mapping[bytes, str]] = {
    b"{": "Expecting property name enclosed in double quotes (character 1)",
    b'{"a" 1}': "Expecting ':' delimiter (character 5)",
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
        told = answer.json()["faultstring"]
        assert told.startswith("Failed to parse request body: "), (method, path)
        assert told.endswith(_UNREADABLE[body]) or method == "delete", told  # which has a reader of its own


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
def shaped(server: Attacked, document: Mapping[str, Any]) -> st.SearchStrategy[Shaped]:
    """Requests whose bodies have the form that the document says; `plan` is a parameter of one of them."""
    known = document["components"]["schemas"]
    return st.one_of(
        [
            st.tuples(
                st.just(frozenset(operation["responses"])),
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
    client: httpx.Client, shaped: st.SearchStrategy[Shaped], data: st.DataObject
) -> None:
    statuses, method, path, body = data.draw(shaped)
    headers = {"Content-Type": "application/json"}
    answer = client.request(method, path, content=_sent(body), headers=headers)
    check(answer)
    assert str(answer.status_code) in statuses, (method, path, answer.text)


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
