"""Who asks: `st2 whoami` (stackstorm-api 1.2)."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from orchestrion.accounts import Role
from orchestrion.api.access import Caller, allowed
from orchestrion.wire.stackstorm import time_text

routes = APIRouter(prefix="/v1", tags=["access"])


class Authentication(BaseModel):
    """How a caller has shown who they are, and until when that holds, in UTC."""

    method: str
    location: str | None
    token_expire: str | None


class Rbac(BaseModel):
    """What a caller may do."""

    enabled: bool
    roles: list[Role]
    is_admin: bool


class User(BaseModel):
    """Who asks."""

    username: str
    authentication: Authentication
    rbac: Rbac


@routes.get("/user")
def get(caller: Annotated[Caller, Depends(allowed("user.get"))]) -> User:
    """Who asks, how they have shown it, and what they may."""
    return User(
        username=caller.name,
        authentication=Authentication(
            method=caller.method, location=caller.location, token_expire=time_text(caller.expires_at)
        ),
        rbac=Rbac(enabled=True, roles=[caller.role], is_admin=caller.role == "admin"),
    )
