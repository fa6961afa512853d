"""The key store over HTTP (stackstorm-api 2.5): scopes, users, secrets, what is refused."""

from typing import Any

import httpx
import pytest

from tests.unit.api.served import Server

MASK = "********"


def put(client: httpx.Client, name: str, **body: Any) -> Any:
    answer = client.put(f"/v1/keys/{name}", json={"name": name, "user": None, **body})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_key_as_clients_see_it(server: Server) -> None:
    client = server.client("olga")
    made = put(client, "db.host", value="db1", scope="system", ttl=60)
    expiry = made.pop("expire_timestamp")
    assert expiry.endswith("Z")
    assert made == {
        "id": "db.host",
        "uid": "key_value_pair:st2kv.system:db.host",
        "name": "db.host",
        "value": "db1",
        "scope": "st2kv.system",
        "secret": False,
        "encrypted": False,
    }
    assert client.get("/v1/keys/db.host/").json()["expire_timestamp"] == expiry
    assert client.delete("/v1/keys/db.host").status_code == 204
    for method in ("GET", "DELETE"):
        answer = client.request(method, "/v1/keys/db.host")
        assert answer.status_code == 404
        assert "db.host" in answer.json()["faultstring"]


def test_each_user_has_keys_of_their_own_and_only_admins_see_those_of_others(server: Server) -> None:
    olga, ada = server.client("olga"), server.client("ada")
    put(olga, "k", value="of all")
    own = put(olga, "k", value="of olga", scope="st2kv.user")
    assert (own["scope"], own["user"]) == ("st2kv.user", "olga")
    assert olga.get("/v1/keys/k").json()["value"] == "of all"
    assert olga.get("/v1/keys/k?scope=user").json()["value"] == "of olga"
    assert olga.get("/v1/keys/k?user=olga").json()["value"] == "of olga"
    assert ada.get("/v1/keys/k?scope=user").status_code == 404
    assert ada.get("/v1/keys/k?user=olga").json()["value"] == "of olga"
    for method, path in (("GET", "keys/k"), ("DELETE", "keys/k"), ("GET", "keys")):
        assert olga.request(method, f"/v1/{path}?user=ada&scope=user").status_code == 403
    assert olga.put("/v1/keys/k", json={"value": "v", "user": "ada"}).status_code == 403
    assert [key["value"] for key in olga.get("/v1/keys?scope=all").json()] == ["of all", "of olga"]
    assert [key["value"] for key in olga.get("/v1/keys").json()] == ["of all"]
    assert [key["value"] for key in ada.get("/v1/keys?user=olga").json()] == ["of olga"]


def test_a_secret_is_shown_to_whom_it_belongs(server: Server) -> None:
    olga, vi, ada = server.client("olga"), server.client("vi"), server.client("ada")
    assert put(olga, "pw", value="hush", secret=True)["value"] == MASK
    put(olga, "own", value="mine", secret=True, scope="user")
    put(olga, "open", value="o")
    for client in (olga, vi):
        shown = client.get("/v1/keys/pw").json()
        assert (shown["value"], shown["encrypted"], shown["secret"]) == (MASK, True, True)
        refused = client.get("/v1/keys/pw?decrypt=true")
        assert refused.status_code == 403
        assert client.get("/v1/keys?decrypt=true").status_code == 403
        assert client.get("/v1/keys/open?decrypt=true").json()["value"] == "o"
        assert client.get("/v1/keys?decrypt=true&prefix=open").json()[0]["value"] == "o"
    shown = ada.get("/v1/keys/pw?decrypt=True").json()
    assert (shown["value"], shown["encrypted"], shown["secret"]) == ("hush", False, True)
    assert olga.get("/v1/keys/own?scope=user&decrypt=1").json()["value"] == "mine"
    assert ada.get("/v1/keys/own?user=olga&decrypt=yes").json()["value"] == "mine"
    assert [key["value"] for key in ada.get("/v1/keys?decrypt=true").json()] == ["o", "hush"]
    assert [key["value"] for key in ada.get("/v1/keys").json()] == ["o", MASK]


def test_a_list_comes_in_pages(server: Server) -> None:
    client = server.client("olga")
    for number in range(5):
        put(client, f"a{number}", value="v")
    put(client, "b", value="v")
    for query, names in (
        ("prefix=a&limit=2", ["a0", "a1"]),
        ("prefix=a&limit=2&offset=4", ["a4"]),
        ("prefix=a&limit=-1", ["a0", "a1", "a2", "a3", "a4"]),
        ("prefix=a&limit=2&offset=9", []),
    ):
        answer = client.get(f"/v1/keys/?{query}")
        assert [key["name"] for key in answer.json()] == names
        assert answer.headers["x-total-count"] == "5"
    for limit in ("0", "-2", "x"):
        assert client.get(f"/v1/keys?limit={limit}").status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"value": 1},
        {"value": None},
        {"value": "v", "scope": "bogus"},
        {"value": "v", "ttl": 0},
        {"value": "v", "ttl": "60"},
        {"value": "enc:abc", "encrypted": True},
        [],
    ],
)
def test_what_is_no_key_is_refused(server: Server, body: object) -> None:
    client = server.client("ada")
    answer = client.put("/v1/keys/k", json=body)
    assert answer.status_code == 400
    assert answer.json()["faultstring"]
    assert client.get("/v1/keys/k").status_code == 404


def test_half_a_character_is_refused(server: Server) -> None:
    client = server.client("ada")
    for body in (b'{"value": "\\ud800"}', b'{"value": "v", "user": "\\ud800"}'):
        answer = client.put("/v1/keys/k", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400


@pytest.mark.parametrize("scope", ["bogus", "SYSTEM", ""])
def test_a_scope_that_there_is_not_is_told(server: Server, scope: str) -> None:
    client = server.client("ada")
    for path in ("keys", "keys/k"):
        answer = client.get(f"/v1/{path}?scope={scope}")
        assert answer.status_code == 400
        assert "is not in allowed scopes list" in answer.json()["faultstring"]
    assert client.get("/v1/keys/k?scope=all").status_code == 404
