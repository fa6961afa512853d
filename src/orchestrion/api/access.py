"""Who asks, and what they may: one table of every operation and the least role that it needs."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Annotated, Final

from anyio.to_thread import run_sync
from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant

from orchestrion.accounts import ROLES, Accounts, Credential, Kind, Role
from orchestrion.api.faults import FaultError
from orchestrion.api.served import Identify, Served, served_by
from orchestrion.errors import StoreError

ALLOWED: Final[Mapping[str, Role]] = {
    "absent.list": "viewer",
    "action.list": "viewer",
    "action.get": "viewer",
    "action.change": "admin",
    "apikey.delete": "admin",
    "apikey.get": "admin",
    "apikey.list": "admin",
    "apikey.make": "admin",
    "apikey.update": "admin",
    "config.get": "viewer",
    "execution.list": "viewer",
    "execution.get": "viewer",
    "execution.operate": "operator",
    "execution.output": "viewer",
    "execution.start": "operator",
    "execution.pause": "operator",
    "execution.resume": "operator",
    "execution.cancel": "operator",
    "execution.rerun": "operator",
    "bulk.cancel": "operator",
    "bulk.get": "viewer",
    "bulk.list": "viewer",
    "bulk.start": "operator",
    "execution.explain": "viewer",
    "execution.export": "viewer",
    "execution.graph": "viewer",
    "execution.history": "viewer",
    "execution.respond": "operator",
    "execution.start_for": "admin",
    "execution.view": "viewer",
    "inquiry.get": "viewer",
    "inquiry.list": "viewer",
    "inquiry.respond": "operator",
    "key.delete": "operator",
    "key.get": "viewer",
    "key.list": "viewer",
    "key.others": "admin",
    "key.set": "operator",
    "limit.list": "viewer",
    "metrics.get": "viewer",
    "pack.get": "viewer",
    "pack.list": "viewer",
    "pack.register": "admin",
    "secrets.show": "admin",
    "stream.follow": "viewer",
    "user.get": "viewer",
    "workflow.inspect": "viewer",
}
"""The least role for each operation."""

LOOK_SECONDS: Final = 1.0
"""How long it is believed of who follows a stream that they still may."""

SYSTEM_USER: Final = "stanley"
"""Who everybody is where nobody is asked."""

_METHODS: Final[Mapping[Kind, str]] = {"token": "authentication token", "key": "API key"}
"""What StackStorm calls the ways to show who one is."""

CREDENTIALS: Final[Mapping[str, Mapping[str, str]]] = {
    "token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token"},
    "key": {"type": "apiKey", "in": "header", "name": "St2-Api-Key"},
    "bearer": {"type": "http", "scheme": "bearer", "description": "A token or an API key."},
    "token in the query": {"type": "apiKey", "in": "query", "name": "x-auth-token"},
    "key in the query": {"type": "apiKey", "in": "query", "name": "st2-api-key"},
    "token in a cookie": {"type": "apiKey", "in": "cookie", "name": "auth-token"},
}
"""How a request may show who sends it, in the words of OpenAPI."""

_MISSING: Final = "One of Token or API key required."
_COOKIE: Final = "auth-token"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, how they have shown it, and until when that holds (microseconds since 1970, or for ever).

    `location` says where in the request that was: header, query, cookie.
    """

    name: str
    role: Role
    method: str
    expires_at: int | None = None
    location: str | None = None

    def may(self, operation: str) -> bool:
        """Whether the role of who asks is enough."""
        return ROLES.index(self.role) >= ROLES.index(ALLOWED[operation])

    def check(self, operation: str, what: str | None = None) -> None:
        """Raise FaultError (403) where the role is not enough for what they ask."""
        if not self.may(operation):
            what = what or f"this ({operation})"
            raise FaultError(
                403, f'User "{self.name}" is {self.role}, and {what} needs {ALLOWED[operation]}.'
            )


def everybody(_request: Request) -> Caller:
    """Who asks, where nobody is asked: the system's user, whatever the request brings."""
    return Caller(SYSTEM_USER, "admin", "no authentication")


def identified_by(accounts: Accounts, clock: Callable[[], int]) -> Identify:
    """Tell callers by their tokens and API keys. `clock` in microseconds since 1970."""

    def identify(request: Request) -> Caller:
        fault = _MISSING
        for kind, location, text in _shown(request):
            credential = accounts.credential(kind, text)
            wrong = _fault_of(kind, credential, clock())
            if credential is not None and wrong is None:
                return Caller(
                    credential.account, credential.role, _METHODS[kind], credential.expires_at, location
                )
            fault = wrong or fault
        raise FaultError(401, f"Unauthorized - {fault}", headers={"WWW-Authenticate": "Bearer"})

    return identify


def _shown(request: Request) -> Iterator[tuple[Kind, str, str]]:
    """What a request shows of who sends it; of several the first that is good counts."""
    headers, query = request.headers, request.query_params
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    bearer = bearer.strip() if scheme.lower() == "bearer" else ""
    found: tuple[tuple[Kind, str, str | None], ...] = (
        ("token", "header", headers.get("x-auth-token")),
        ("key", "header", headers.get("st2-api-key")),
        ("token", "header", bearer),
        ("key", "header", bearer),
        ("token", "query", query.get("x-auth-token")),
        ("key", "query", query.get("st2-api-key")),
        ("token", "cookie", request.cookies.get(_COOKIE)),
    )
    for kind, location, text in found:
        if text:
            yield kind, location, text


def _fault_of(kind: Kind, credential: Credential | None, now: int) -> str | None:
    """Why it does not count, in StackStorm's words; None: it does."""
    word = "Token" if kind == "token" else "API key"
    if credential is None:
        return f"{word} is not found."
    if credential.expires_at is not None and credential.expires_at <= now:
        return f"{word} has expired."
    return None if credential.enabled else f"{word} is disabled."


def caller_of(request: Request) -> Caller:
    """Who asks. Raises FaultError (401)."""
    return served_by(request).identify(request)


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a route depends on: who asks, if their role is enough for its operation."""

    operation: str

    def __call__(self, caller: Annotated[Caller, Depends(caller_of)]) -> Caller:
        """The caller. Raises FaultError (403)."""
        caller.check(self.operation)
        return caller


def allowed(operation: str) -> Allowed:
    """What a route depends on. The operation is in the table `ALLOWED`."""
    assert operation in ALLOWED
    return Allowed(operation)


class Permission:
    """Whether who has sent a request still may what it asks for, however long the answer takes.

    It is looked up anew, but at the most every LOOK_SECONDS: a credential may be taken back meanwhile.
    """

    def __init__(self, request: Request, operation: str) -> None:
        self._request: Final = request
        self._operation: Final = operation
        self._looked_at = monotonic()

    async def holds(self) -> bool:
        """Whether they may; not where nobody can tell."""
        if monotonic() - self._looked_at < LOOK_SECONDS:
            return True
        self._looked_at = monotonic()
        try:
            (await run_sync(caller_of, self._request)).check(self._operation)
        except (FaultError, StoreError):
            return False
        return True


def lasting(operation: str) -> Callable[..., Permission]:
    """What a route depends on whose answer goes on: as `allowed`, and as long as that is so."""

    def permission(request: Request, _caller: Annotated[Caller, Depends(allowed(operation))]) -> Permission:
        return Permission(request, operation)

    return permission


def operations_of(dependant: Dependant) -> Iterator[str]:
    """The operations that a route, by what it depends on, asks its caller to be allowed."""
    if isinstance(dependant.call, Allowed):
        yield dependant.call.operation
    for one in dependant.dependencies:
        yield from operations_of(one)


def may_show_secrets(caller: Caller, *, asked: bool) -> bool:
    """Whether secrets are shown, which only an admin may ask for. Raises FaultError (403)."""
    if asked:
        caller.check("secrets.show", "to show secrets")
    return asked


__all__ = [
    "ALLOWED",
    "CREDENTIALS",
    "ROLES",
    "Allowed",
    "Caller",
    "Permission",
    "Role",
    "Served",
    "allowed",
    "caller_of",
    "everybody",
    "identified_by",
    "lasting",
    "may_show_secrets",
    "operations_of",
]
