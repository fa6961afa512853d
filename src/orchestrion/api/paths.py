"""Where a request belongs: one of three services, by the port or by the first part of its path.

StackStorm's clients ask with and without `/v1`, and put a slash before the query: both are taken off here,
before routing, because a redirect would lose the body (stackstorm-api 1.1).
"""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from starlette.types import ASGIApp, Receive, Scope, Send

Service: TypeAlias = Literal["api", "auth", "stream"]

_ALIASES: Final[Mapping[str, str]] = {"actionexecutions": "executions"}
SERVICES: Final[tuple[Service, ...]] = ("api", "auth", "stream")


def internal_path(service: Service | None, path: str) -> str:
    """The path by which a route is declared: `/v1/…`, `/auth/…` or `/stream/…`.

    `service` None: of one port for all three, where the first part of the path says which it is; where it
    does not, it is the API.
    """
    parts = [part for part in path.split("/") if part]
    if service is None:
        service = next((one for one in SERVICES if parts[:1] == [one]), None)
        parts = parts[1:] if service else parts
    if parts[:1] == ["v1"]:
        parts.pop(0)
    if service in ("auth", "stream"):
        return "/".join(("", service, *parts))
    if parts:
        parts[0] = _ALIASES.get(parts[0], parts[0])
    return "/".join(("", "v1", *parts))


class Paths:
    """Gives each request its internal path. `ports` says which service a port is; all others are for all."""

    def __init__(self, app: ASGIApp, ports: Mapping[int, Service]) -> None:
        self._app: Final = app
        self._ports: Final = ports

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Route one request."""
        if scope["type"] == "http":
            server = scope.get("server")
            service = self._ports.get(server[1]) if server else None
            path = internal_path(service, scope["path"])
            scope = {**scope, "path": path, "raw_path": path.encode(), "root_path": ""}
        await self._app(scope, receive, send)
