"""The HTTP server of a process: in a thread of its own, so that the engine keeps the main thread."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Sequence
from threading import Thread
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from orchestrion.errors import UsageError

_log = logging.getLogger(__name__)

HEADER_SECONDS: Final = 5
"""How long a connection that asks for nothing is kept."""

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
            timeout_keep_alive=HEADER_SECONDS,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
        config.load()
        if context is not None:
            config.ssl = context
        self._server: Final = uvicorn.Server(config)
        self._sockets: Final = [*sockets]
        self._thread: Final = Thread(target=self._run, name="web", daemon=True)

    def start(self) -> None:
        """Begin to serve; returns at once: the sockets listen already."""
        self._thread.start()

    def stop(self) -> None:
        """Take no new requests, end those that are there, and return."""
        self._server.should_exit = True
        self._thread.join()

    def _run(self) -> None:
        asyncio.run(self._server.serve(self._sockets))
