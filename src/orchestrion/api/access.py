"""Who asks, and what they may: one table of every operation and the least role that it needs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal, TypeAlias

from fastapi import Depends, Request

from orchestrion.api.faults import FaultError
from orchestrion.api.served import Served, served_by

Role: TypeAlias = Literal["viewer", "operator", "admin"]
ROLES: Final[tuple[Role, ...]] = ("viewer", "operator", "admin")
"""From the least to the greatest: each may what those before it may."""

ALLOWED: Final[Mapping[str, Role]] = {
    "action.list": "viewer",
    "execution.list": "viewer",
    "execution.get": "viewer",
    "execution.start": "operator",
    "execution.pause": "operator",
    "execution.resume": "operator",
    "execution.cancel": "operator",
    "execution.rerun": "operator",
    "execution.respond": "operator",
    "execution.start_for": "admin",
    "execution.view": "viewer",
    "execution.history": "viewer",
    "execution.explain": "viewer",
    "execution.export": "viewer",
    "execution.graph": "viewer",
    "limit.list": "viewer",
    "bulk.start": "operator",
    "bulk.get": "viewer",
    "bulk.cancel": "operator",
    "secrets.show": "admin",
}
"""The least role for each operation."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, how they have shown it, and until when that holds (microseconds since 1970, or for ever)."""

    name: str
    role: Role
    method: str
    expires_at: int | None = None

    def may(self, operation: str) -> bool:
        """Whether the role of who asks is enough."""
        return ROLES.index(self.role) >= ROLES.index(ALLOWED[operation])


def caller_of(request: Request) -> Caller:
    """Who asks. Raises FaultError (401)."""
    return served_by(request).identify(request)


def allowed(operation: str) -> Callable[[Caller], Caller]:
    """What a route depends on: who asks, if they may. The operation is in the table `ALLOWED`."""

    def check(caller: Annotated[Caller, Depends(caller_of)]) -> Caller:
        check_allowed(caller, operation)
        return caller

    assert operation in ALLOWED
    return check


def check_allowed(caller: Caller, operation: str) -> None:
    """Whether who asks may do it. Raises FaultError (403)."""
    if not caller.may(operation):
        role = ALLOWED[operation]
        raise FaultError(403, f'User "{caller.name}" is {caller.role}, and this needs {role}: {operation}.')


def may_show_secrets(caller: Caller, *, asked: bool) -> bool:
    """Whether secrets are shown, which only an admin may ask for. Raises FaultError (403)."""
    if asked and not caller.may("secrets.show"):
        raise FaultError(403, f'User "{caller.name}" may not see secrets: that needs the role admin.')
    return asked


__all__ = [
    "ALLOWED",
    "ROLES",
    "Caller",
    "Role",
    "Served",
    "allowed",
    "caller_of",
    "check_allowed",
    "may_show_secrets",
]
