"""How a server listens."""

import socket

import pytest

from orchestrion.errors import UsageError
from orchestrion.server.web import bind


def test_asyncio_sees_that_a_socket_is_tcp_and_sends_at_once() -> None:
    with bind("127.0.0.1", 0) as listening:
        assert listening.proto == socket.IPPROTO_TCP


def test_an_address_that_is_taken_is_told() -> None:
    with bind("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        with pytest.raises(UsageError, match=f"127.0.0.1:{port}: nothing can listen there"):
            bind("127.0.0.1", port)
