"""Packs, their configurations, and what StackStorm has and Orchestrion has not (stackstorm-api 2.5)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrion.api.absent import LISTS, PACK_COMMANDS
from orchestrion.client.packs import PackFolders
from tests.unit.api.served import Server, serving

PACK = """\
ref: mine
name: mine
description: Mine.
version: 1.0.0
author: me
email: me@example.com
keywords: [a, b]
"""
ACTION = "name: a\nrunner_type: noop\nentry_point: ''\n"
SCHEMA = """\
host: {type: string}
password: {type: string, secret: true}
nested: {type: object, properties: {pin: {type: string, secret: true}, port: {type: integer}}}
several: {type: array, items: {type: object, properties: {token: {type: string, secret: true}}}}
"""
CONFIG = """\
host: "{{ st2kv.system.host }}"
password: hush
nested: {pin: hush, port: 1}
several: [{token: hush, name: n}]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "packs" / "mine" / "actions").mkdir(parents=True)
    (tmp_path / "configs").mkdir()
    pack = tmp_path / "packs" / "mine"
    (pack / "pack.yaml").write_text(PACK)
    (pack / "actions" / "a.yaml").write_text(ACTION)
    return tmp_path


@pytest.fixture
def packed(folder: Path) -> Iterator[Server]:
    with serving(folder, PackFolders((folder / "packs",))) as server:
        yield server


def test_packs_are_listed_and_shown(packed: Server, folder: Path) -> None:
    client = packed.client("vi")
    listed = client.get("/v1/packs?include_attributes=ref,name")
    assert [pack["ref"] for pack in listed.json()] == ["core", "examples", "mine"]
    assert listed.headers["x-total-count"] == "3"
    assert client.get("/v1/packs/mine").json() == {
        "id": "mine",
        "uid": "pack:mine",
        "ref": "mine",
        "name": "mine",
        "description": "Mine.",
        "version": "1.0.0",
        "author": "me",
        "email": "me@example.com",
        "keywords": ["a", "b"],
        "dependencies": [],
        "path": str(folder / "packs" / "mine"),
        "files": ["actions/a.yaml", "pack.yaml"],
    }


@pytest.mark.parametrize("ref", ["nothing", "..", "%2e%2e%2f%2e%2e%2fetc", "mine%2f..", "mine%00"])
def test_a_pack_that_is_not_there_is_not_found(packed: Server, ref: str) -> None:
    client = packed.client("ada")
    for path in ("packs", "configs", "config_schemas"):
        assert client.get(f"/v1/{path}/{ref}").status_code == 404


def test_registering_counts_what_there_is(packed: Server) -> None:
    client = packed.client("ada")
    counts = client.post("/v1/packs/register", json={"packs": ["mine"]}).json()
    assert (counts["actions"], counts["rules"]) == (1, 0)
    assert counts["runners"] >= 9
    counted = client.post("/v1/packs/register", json={"packs": ["mine"], "types": ["action"]})
    assert counted.json() == {"actions": 1}
    everything = client.post("/v1/packs/register").json()
    assert everything["actions"] > 10


def test_what_cannot_be_registered_is_told(packed: Server, folder: Path) -> None:
    client = packed.client("ada")
    answer = client.post("/v1/packs/register", json={"packs": ["nothing"]})
    assert answer.status_code == 400
    assert answer.json()["faultstring"] == f'Pack "nothing" not found on disk: {folder / "packs"}'
    (folder / "packs" / "mine" / "actions" / "bad.yaml").write_text("name: bad\n")
    answer = client.post("/v1/packs/register", json={"packs": ["mine"]})
    assert answer.status_code == 400
    assert "bad.yaml" in answer.json()["faultstring"]
    assert client.post("/v1/packs/register", json={"packs": ["core"]}).status_code == 200


def test_a_folder_of_the_server_becomes_a_pack(packed: Server, folder: Path) -> None:
    other = folder / "other"
    (other / "actions").mkdir(parents=True)
    (other / "pack.yaml").write_text(PACK.replace("mine", "other"))
    client = packed.client("ada")
    assert client.post("/v1/packs/register", json={"packs": [str(other)]}).status_code == 200
    assert client.get("/v1/packs/other").status_code == 200
    answer = client.post("/v1/packs/register", json={"packs": ["/etc"]})
    assert answer.status_code == 400
    assert "This is no pack" in answer.json()["faultstring"]


def test_secrets_of_a_configuration_are_for_admins_who_ask(packed: Server, folder: Path) -> None:
    client = packed.client("ada")
    assert client.get("/v1/configs").json() == []
    assert client.get("/v1/configs/mine").status_code == 404
    assert client.get("/v1/config_schemas/mine").status_code == 404
    (folder / "configs" / "mine.yaml").write_text(CONFIG)
    (folder / "packs" / "mine" / "config.schema.yaml").write_text(SCHEMA)
    masked = {
        "host": "{{ st2kv.system.host }}",
        "password": "********",
        "nested": {"pin": "********", "port": 1},
        "several": [{"token": "********", "name": "n"}],
    }
    for asking in (client, packed.client("vi")):
        (config,) = asking.get("/v1/configs").json()
        assert (config["pack"], config["values"]) == ("mine", masked)
        assert asking.get("/v1/configs/mine").json() == config
    shown = client.get("/v1/configs/mine?show_secrets=true").json()["values"]
    assert shown["password"] == shown["nested"]["pin"] == shown["several"][0]["token"] == "hush"
    (schema,) = client.get("/v1/config_schemas").json()
    assert schema == client.get("/v1/config_schemas/mine").json()
    assert schema["attributes"]["password"]["secret"] is True


# --- what is not here


def test_of_what_is_not_here_there_is_nothing(packed: Server) -> None:
    client = packed.client("vi")
    for name in LISTS:
        answer = client.get(f"/v1/{name}/?limit=50")
        assert (answer.status_code, answer.json(), answer.headers["x-total-count"]) == (200, [], "0")
        assert client.get(f"/v1/{name}/some.thing").status_code == 404
    for name in PACK_COMMANDS:
        answer = client.post(f"/v1/packs/{name}", json={"packs": ["x"]})
        assert answer.status_code == 404
        assert "does not install packs" in answer.json()["faultstring"]


# --- API keys


def test_where_nobody_is_asked_a_key_can_be_made_all_the_same(open_server: Server) -> None:
    made = open_server.client().post("/v1/apikeys", json={})
    assert (made.status_code, made.json()["user"]) == (201, "stanley")
    assert open_server.accounts.credential("key", made.json()["key"]) is None


def test_an_api_key_is_told_once_and_can_be_disabled(packed: Server) -> None:
    client = packed.client("ada")
    made = client.post("/v1/apikeys", json={"user": "ada", "metadata": {"for": "ci"}, "enabled": True})
    assert made.status_code == 201
    key = made.json()
    own = packed.client()
    headers = {"St2-Api-Key": key["key"]}
    assert own.get("/v1/user", headers=headers).json()["username"] == "ada"
    (listed,) = client.get("/v1/apikeys").json()
    assert (listed["id"], listed["key_hash"], listed["metadata"]) == (key["id"], "********", {"for": "ci"})
    assert key["key"] not in client.get("/v1/apikeys?show_secrets=True").text
    assert client.get(f"/v1/apikeys/{key['key']}").json() == listed
    assert client.get("/v1/apikeys?user=bo").json() == []
    disabled = client.put(f"/v1/apikeys/{key['id']}", json={**listed, "enabled": False})
    assert (disabled.status_code, disabled.json()) == (200, {**listed, "enabled": False})
    assert own.get("/v1/user", headers=headers).status_code == 401
    assert client.put(f"/v1/apikeys/{key['id']}", json={"user": "nobody"}).status_code == 400
    assert client.delete(f"/v1/apikeys/{key['id']}").status_code == 204
    for method in ("GET", "DELETE", "PUT"):
        assert client.request(method, f"/v1/apikeys/{key['id']}", json={}).status_code == 404
    assert client.post("/v1/apikeys", json={"user": "nobody"}).status_code == 400
    assert client.post("/v1/apikeys", json={"metadata": {"n": 2**70}}).status_code == 400
    assert client.post("/v1/apikeys").json()["user"] == "ada"
