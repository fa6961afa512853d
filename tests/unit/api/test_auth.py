"""Log-ins: a token for a right password, and not many tries for wrong ones."""

import pytest

from orchestrion.api.logins import Logins
from orchestrion.wire.bounds import TRIES_OF_ADDRESS, TRIES_OF_USER, TRIES_SECONDS
from tests.unit.api.served import Server

PASSWORD = "correct horse: battery"
WRONG = {"faultstring": "Unauthorized - Invalid or missing credentials"}


@pytest.mark.parametrize("body", [{}, {"ttl": 3600}, {"ttl": None, "more": 1}])
def test_a_right_password_gives_a_token(server: Server, body: dict[str, object]) -> None:
    server.accounts.add("ada", "operator", PASSWORD)
    answer = server.client().post("/auth/tokens", json=body, auth=("ada", PASSWORD))
    assert answer.status_code == 201
    made = answer.json()
    assert made["user"] == "ada"
    assert made["expiry"].endswith("Z")
    headers = {"X-Auth-Token": made["token"]}
    shown = server.client().get("/v1/user", headers=headers).json()
    assert shown["authentication"]["token_expire"] == made["expiry"]
    valid = server.client().post("/auth/tokens/validate", json={"token": made["token"]})
    assert (valid.status_code, valid.json()) == (200, {"valid": True})


@pytest.mark.parametrize("ttl", [0, -1, 10**12, "x", 1.5, True])
def test_a_token_is_good_for_a_bounded_time(server: Server, ttl: object) -> None:
    server.accounts.add("ada", "operator", PASSWORD)
    answer = server.client().post("/auth/tokens", json={"ttl": ttl}, auth=("ada", PASSWORD))
    assert answer.status_code == 400


def test_wrong_passwords_are_refused_alike_for_users_and_nobody_and_soon_not_looked_at(
    server: Server,
) -> None:
    server.accounts.add("ada", "operator", PASSWORD)
    client = server.client()
    for headers in ({}, {"Authorization": "Basic !"}, {"Authorization": "Basic YQ=="}):
        answer = client.post("/auth/tokens", headers=headers)
        assert (answer.status_code, answer.json()) == (401, WRONG)
    assert client.post("/auth/tokens", auth=("bo", PASSWORD)).json() == WRONG
    for _ in range(TRIES_OF_USER):
        answer = client.post("/auth/tokens", auth=("ada", "wrong"))
        assert (answer.status_code, answer.json()) == (401, WRONG)
    answer = client.post("/auth/tokens", auth=("ada", PASSWORD))
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= TRIES_SECONDS
    valid = client.post("/auth/tokens/validate", json={"token": "x"})
    assert valid.json() == {"valid": False}


def test_where_nobody_is_asked_any_password_gives_a_token(open_server: Server) -> None:
    answer = open_server.client().post("/auth/tokens", json={}, auth=("x", "y"))
    assert answer.status_code == 201
    assert answer.json()["user"] == "stanley"


# --- how often


class Clock:
    now = 1_000_000_000

    def __call__(self) -> int:
        return self.now


def test_tries_of_a_user_are_forgotten_one_by_one() -> None:
    clock = Clock()
    logins = Logins(clock)
    for _ in range(TRIES_OF_USER):
        assert logins.seconds_to_wait("ada", "a") == 0
        clock.now += 1_000_000
    assert logins.seconds_to_wait("ada", "b") == TRIES_SECONDS - TRIES_OF_USER
    assert logins.seconds_to_wait("bo", "b") == 0
    clock.now += (TRIES_SECONDS - TRIES_OF_USER) * 1_000_000
    assert logins.seconds_to_wait("ada", "b") == 0
    assert logins.seconds_to_wait("ada", "b") == 1


def test_tries_from_an_address_are_counted_over_all_users() -> None:
    logins = Logins(Clock())
    for number in range(TRIES_OF_ADDRESS):
        assert logins.seconds_to_wait(f"u{number}", "a") == 0
    assert logins.seconds_to_wait("new", "a") == TRIES_SECONDS
    assert logins.seconds_to_wait("new", "b") == 0


def test_who_is_let_in_has_not_tried() -> None:
    logins = Logins(Clock())
    for _ in range(10 * TRIES_OF_ADDRESS):
        assert logins.seconds_to_wait("ada", "a") == 0
        logins.succeeded("ada", "a")


def test_what_is_remembered_is_bounded() -> None:
    logins = Logins(Clock())
    for number in range(12_000):
        logins.seconds_to_wait(f"u{number}", f"a{number}")
    assert len(logins._tries) == 10_000  # pyright: ignore[reportPrivateUsage]
