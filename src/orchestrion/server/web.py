"""The HTTP server of a process: in a thread of its own, so that the engine keeps the main thread."""

import asyncio
import math
import socket
import ssl
from collections.abc import Sequence
from pathlib import Path
from threading import Thread
from typing import Final, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from orchestrion.errors import UsageError
from orchestrion.wire.bounds import MOST_CONNECTIONS, REQUEST_SECONDS

_GRACE_SECONDS: Final = 5


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. Raises UsageError when the address is taken, or not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Its protocol is named: else asyncio leaves Nagle's algorithm on, and each answer waits 40 ms.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise UsageError(f"{host}:{port}: nothing can listen there: {error.strerror}.") from error
    listening.listen(1024)
    listening.settimeout(0)
    return listening


def encryption(certificate: Path, key: Path | None) -> ssl.SSLContext:
    """How a server encrypts, with a certificate and its key. `key` None: it stands in the same file.

    Raises UsageError.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    names = str(certificate) if key is None else f"{certificate}, {key}"
    try:
        context.load_cert_chain(certificate, key, password="")
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        raise UsageError(
            f"{names}: no certificate and key in PEM that fit together, without a passphrase: {reason}."
        ) from error
    return context


class PatientProtocol(H11Protocol):
    """HTTP with a client that is waited for, but not for ever.

    uvicorn waits only for a next request; here the first one has a time, too, however slowly it comes, and so
    has the answer, as long as none of it is taken.
    """

    _deadline: asyncio.TimerHandle | None = None
    _left: float = math.inf

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody has come."""
        super().connection_made(transport)
        self._wait_for_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """They have left."""
        self._forget_deadline()
        super().connection_lost(exc)

    def _should_upgrade(self) -> bool:
        """Never: whatever else they would speak, they are answered in HTTP."""
        return False

    def on_response_complete(self) -> None:
        """They have been answered, and may ask again."""
        super().on_response_complete()
        self._wait_for_request()

    def _wait_for_request(self) -> None:
        self._left = math.inf
        self._wait()

    def _wait(self) -> None:
        self._forget_deadline()
        self._deadline = self.loop.call_later(REQUEST_SECONDS, self._give_up)

    def _forget_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()

    def _give_up(self) -> None:
        """Leave, unless they have asked for something, or still take what they have asked for."""
        cycle = cast("RequestResponseCycle | None", self.cycle)  # None before the first request
        if cycle is not None and not cycle.response_complete:
            return
        left = self.transport.get_write_buffer_size()
        if 0 < left < self._left:
            self._left = left
            self._wait()
        else:
            self.transport.abort()


class WebServer:
    """Serves an application on some sockets, from `start` until `stop`."""

    def __init__(
        self, app: ASGIApp, sockets: Sequence[socket.socket], context: ssl.SSLContext | None = None
    ) -> None:
        config = uvicorn.Config(
            app,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            http=PatientProtocol,
            limit_concurrency=MOST_CONNECTIONS,
            timeout_keep_alive=REQUEST_SECONDS,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
        config.load()
        if context is not None:
            config.ssl = context
        self._server: Final = uvicorn.Server(config)
        self._sockets: Final = [*sockets]
        self._thread: Final = Thread(target=self._run, name="web", daemon=True)

    @property
    def ports(self) -> list[int]:
        """The ports of the sockets; where 0 was asked for, the one that the system has picked."""
        return [one.getsockname()[1] for one in self._sockets]

    def start(self) -> None:
        """Begin to serve; returns at once: the sockets listen already."""
        self._thread.start()

    def stop(self) -> None:
        """Take no new requests, end those that are there, and return."""
        self._server.should_exit = True
        self._thread.join()

    def _run(self) -> None:
        asyncio.run(self._server.serve(self._sockets))
