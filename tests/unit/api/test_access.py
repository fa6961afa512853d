"""Who may what: every route asks, every role may what the table says, and what counts no more is refused."""

from collections.abc import Iterator

import pytest
from fastapi.routing import APIRoute

from orchestrion.accounts import ROLES, Accounts
from orchestrion.api.access import ALLOWED, Allowed, Caller, operations_of
from orchestrion.api.app import ROUTERS
from orchestrion.api.faults import FaultError
from tests.unit.api.served import PEOPLE, Server

OPEN = {"/auth/tokens", "/auth/tokens/validate", "/v1/healthz", "/v1/readyz"}
"""The routes that anybody may ask."""

NONE = "Unauthorized - One of Token or API key required."


def _routes() -> Iterator[APIRoute]:
    for router in ROUTERS:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            yield route


def test_every_route_asks_who_it_is_or_is_open_on_purpose() -> None:
    unasked = {route.path for route in _routes() if not [*operations_of(route.dependant)]}
    assert unasked <= OPEN


def test_every_operation_is_one_of_a_route_or_within_one() -> None:
    of_routes = {name for route in _routes() for name in operations_of(route.dependant)}
    assert of_routes <= ALLOWED.keys()
    assert all(role in ROLES for role in ALLOWED.values())


@pytest.mark.parametrize("operation", ALLOWED)
@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_what_is_allowed_to_it_and_to_lesser_ones(role: str, operation: str) -> None:
    caller = Caller("somebody", role, "test")  # pyright: ignore[reportArgumentType]  # of ROLES
    if ROLES.index(ALLOWED[operation]) <= ("viewer", "operator", "admin").index(role):
        assert Allowed(operation)(caller) is caller
    else:
        with pytest.raises(FaultError) as caught:
            Allowed(operation)(caller)
        assert caught.value.status == 403
        assert ALLOWED[operation] in caught.value.text


ASKED: tuple[tuple[str, str, str], ...] = (
    ("GET", "/v1/user", "viewer"),
    ("GET", "/v1/keys", "viewer"),
    ("GET", "/v1/keys/a", "viewer"),
    ("PUT", "/v1/keys/a", "operator"),
    ("DELETE", "/v1/keys/a", "operator"),
    ("GET", "/v1/keys?user=somebody", "admin"),
    ("GET", "/v1/keys/a?user=somebody", "admin"),
    ("DELETE", "/v1/keys/a?user=somebody", "admin"),
    ("GET", "/v1/inquiries", "viewer"),
    ("GET", "/v1/inquiries/a", "viewer"),
    ("PUT", "/v1/inquiries/a", "operator"),
    ("GET", "/v1/packs", "viewer"),
    ("GET", "/v1/packs/core", "viewer"),
    ("POST", "/v1/packs/register", "admin"),
    ("GET", "/v1/configs", "viewer"),
    ("GET", "/v1/configs?show_secrets=true", "admin"),
    ("GET", "/v1/configs/core", "viewer"),
    ("GET", "/v1/config_schemas", "viewer"),
    ("GET", "/v1/config_schemas/core", "viewer"),
    ("POST", "/v1/workflows/inspect", "viewer"),
    ("POST", "/v1/workflows/report", "viewer"),
    ("POST", "/v1/workflows/graph", "viewer"),
    ("GET", "/v1/workflows/examples.hello/graph", "viewer"),
    ("GET", "/v1/workflows/examples.hello/report", "viewer"),
    ("GET", "/v1/apikeys", "admin"),
    ("POST", "/v1/apikeys", "admin"),
    ("GET", "/v1/apikeys/a", "admin"),
    ("PUT", "/v1/apikeys/a", "admin"),
    ("DELETE", "/v1/apikeys/a", "admin"),
    ("GET", "/v1/rules", "viewer"),
    ("GET", "/v1/rules/a", "viewer"),
    ("POST", "/v1/packs/install", "viewer"),
    ("GET", "/v1/executions/a", "viewer"),
    ("POST", "/v1/executions", "operator"),
)
BODY: dict[str, object] = {"value": "v", "response": {}, "action": "core.nothing"}


def test_each_role_at_each_route(server: Server) -> None:
    anonymous = server.client()
    clients = {role: server.client(name) for name, role in PEOPLE.items()}
    for method, path, least in ASKED:
        assert anonymous.request(method, path, json=BODY).status_code == 401, path
        for role, client in clients.items():
            status = client.request(method, path, json=BODY).status_code
            refused = ROLES.index(role) < ROLES.index(least)  # pyright: ignore[reportArgumentType]
            assert (status == 403) is refused, (role, method, path, status)
            assert status != 401
            assert status < 500


# --- who asks


def test_who_shows_nothing_or_what_is_forged_is_refused(server: Server) -> None:
    client = server.client()
    answer = client.get("/v1/user")
    assert (answer.status_code, answer.json()) == (401, {"faultstring": NONE})
    assert answer.headers["www-authenticate"] == "Bearer"
    for headers, text in (
        ({"X-Auth-Token": "x"}, "Token is not found."),
        ({"St2-Api-Key": "x"}, "API key is not found."),
        ({"Authorization": "Basic YTpi"}, "One of Token or API key required."),
        ({"X-Auth-Token": "' OR 1=1 --"}, "Token is not found."),
        ({"X-Auth-Token": "\u00e9".encode("latin-1")}, "Token is not found."),
    ):
        answer = client.get("/v1/user", headers=headers)  # pyright: ignore[reportArgumentType]
        assert (answer.status_code, answer.json()) == (401, {"faultstring": f"Unauthorized - {text}"})


def test_a_token_may_stand_where_clients_put_it(server: Server) -> None:
    server.accounts.add("ada", "admin", None)
    token = server.accounts.add_token("ada").text
    _, key = server.accounts.add_key("ada", {})
    client = server.client()
    for headers, query, method, location in (
        ({"X-Auth-Token": token}, "", "authentication token", "header"),
        ({"Authorization": f"Bearer {token}"}, "", "authentication token", "header"),
        ({"Authorization": f"bearer {key}"}, "", "API key", "header"),
        ({"St2-Api-Key": key}, "", "API key", "header"),
        ({}, f"?x-auth-token={token}", "authentication token", "query"),
        ({}, f"?st2-api-key={key}", "API key", "query"),
        ({"Cookie": f"auth-token={token}"}, "", "authentication token", "cookie"),
        ({"X-Auth-Token": "old", "St2-Api-Key": key}, "", "API key", "header"),
    ):
        answer = client.get(f"/v1/user{query}", headers=headers)
        assert answer.status_code == 200, headers
        shown = answer.json()["authentication"]
        assert (shown["method"], shown["location"]) == (method, location)
        assert (shown["token_expire"] is None) is (method == "API key")
        client.cookies.clear()


def test_what_is_over_disabled_or_taken_back_is_refused(server: Server) -> None:
    accounts = server.accounts
    accounts.add("ada", "admin", None)
    revoked = accounts.add_token("ada").text
    accounts.revoke_tokens("ada")
    over = Accounts(server.served.store, lambda: 1_000_000).add_token("ada", 1).text
    made, key = accounts.add_key("ada", {})
    accounts.change_key(made.id, enabled=False)
    client = server.client()
    for headers, text in (
        ({"X-Auth-Token": revoked}, "Token is not found."),
        ({"X-Auth-Token": over}, "Token has expired."),
        ({"St2-Api-Key": key}, "API key is disabled."),
    ):
        answer = client.get("/v1/user", headers=headers)
        assert (answer.status_code, answer.json()) == (401, {"faultstring": f"Unauthorized - {text}"})
    accounts.change_key(made.id, enabled=True)
    assert client.get("/v1/user", headers={"St2-Api-Key": key}).status_code == 200
    accounts.remove("ada")
    assert client.get("/v1/user", headers={"St2-Api-Key": key}).status_code == 401


def test_where_nobody_is_asked_everybody_is_the_systems_user(open_server: Server) -> None:
    client = open_server.client()
    for headers in ({}, {"X-Auth-Token": "left over"}):
        answer = client.get("/v1/user", headers=headers).json()
        assert (answer["username"], answer["rbac"]["roles"]) == ("stanley", ["admin"])
