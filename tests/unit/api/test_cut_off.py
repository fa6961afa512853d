"""Streams end once the credential of who follows them counts no more."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

import pytest

from orchestrion.accounts import Accounts
from orchestrion.api import access, native, stream
from tests.unit.api.listening import Server, serving

NOOP = "version: 1.0\ntasks:\n  a: {action: core.noop}\n"
ASKS = "version: 1.0\ntasks:\n  a: {action: core.ask}\n"
MANY = 500
"""After so many heartbeats a stream goes on for ever."""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server that asks who somebody is, and beats and looks often."""
    monkeypatch.setattr(access, "LOOK_SECONDS", 0.0)
    for module in (stream, native):
        monkeypatch.setattr(module, "HEARTBEAT_SECONDS", 0.02)
    with serving(tmp_path, asks=True) as server:
        server.served.accounts.add("eve", "viewer", None)
        yield server


def revoke(accounts: Accounts) -> None:
    accounts.revoke_tokens("eve")


def remove(accounts: Accounts) -> None:
    accounts.remove("eve")


def disable(accounts: Accounts) -> None:
    for key in accounts.keys("eve"):
        accounts.change_key(key.id, enabled=False)


def give_away(accounts: Accounts) -> None:
    """To somebody who is removed then."""
    accounts.add("bob", "viewer", None)
    for key in accounts.keys("eve"):
        accounts.change_key(key.id, name="bob")
    accounts.remove("bob")


ENDS = [
    ("x-auth-token", revoke),
    ("x-auth-token", remove),
    ("st2-api-key", remove),
    ("st2-api-key", disable),
    ("st2-api-key", give_away),
]


def shown(server: Server, name: str) -> str:
    """What eve shows in a query."""
    accounts = server.served.accounts
    text = accounts.add_token("eve").text if name == "x-auth-token" else accounts.add_key("eve", {})[1]
    return f"{name}={text}"


@pytest.mark.parametrize("name, take_back", ENDS)
def test_silent_streams_end_once_their_credential_counts_no_more(
    server: Server, name: str, take_back: Callable[[Accounts], None]
) -> None:
    number = server.start(ASKS)
    query = shown(server, name)
    paths = (
        f"/stream/stream?events=*&{query}",
        f"/stream/executions/{number}/output?{query}",
        f"/v1/native/executions/{number}/output?follow=true&{query}",
    )
    with ExitStack() as open_ones:
        streams = [open_ones.enter_context(server.client.stream("GET", path)).iter_raw() for path in paths]
        for each in streams:
            assert sum(1 for _ in islice(each, 3)) == 3, "it goes on while the credential is good"
        take_back(server.served.accounts)
        for each in streams:
            assert sum(1 for _ in islice(each, MANY)) < MANY
    assert [server.client.get(path).status_code for path in paths] == [401, 401, 401]


def test_nothing_is_told_to_who_was_removed(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 60)
    with server.client.stream("GET", f"/stream/stream?{shown(server, 'x-auth-token')}") as response:
        chunks = response.iter_raw()
        assert next(chunks) == b"\n"
        server.served.accounts.remove("eve")
        server.start(NOOP)
        assert list(chunks) == []
