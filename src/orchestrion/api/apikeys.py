"""API keys: what programs show instead of a token (stackstorm-api 2.5). Only admins make and see them."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, StrictBool

from orchestrion.accounts import ApiKey
from orchestrion.actions.parameters import MASK
from orchestrion.api.access import Caller, allowed, may_show_secrets
from orchestrion.api.bodies import Body
from orchestrion.api.faults import FaultError, faults
from orchestrion.api.paging import ThePage
from orchestrion.api.served import Served, served_by
from orchestrion.errors import NotFound
from orchestrion.wire.stackstorm import time_text

routes = APIRouter(prefix="/v1", tags=["access"])

TheServed = Annotated[Served, Depends(served_by)]
ShowSecrets = Annotated[bool, Query(description="Show what identifies the key.")]


class NewApiKey(Body):
    """Whose key it is to be, by default one's own; what else clients send of one is ignored."""

    user: str | None = None
    metadata: dict[str, Any] | None = None
    key_hash: str | None = None


class ApiKeyChange(NewApiKey):
    """What is to change of a key."""

    enabled: StrictBool | None = None


class ApiKeyObject(BaseModel):
    """An API key: what is known of it, not the key."""

    id: str
    uid: str
    user: str
    enabled: bool
    created_at: str
    metadata: dict[str, Any]
    key_hash: str


class MadeApiKey(ApiKeyObject):
    """The same with the key, which is told only once."""

    key: str


@routes.get("/apikeys")
def list_all(
    served: TheServed,
    caller: Annotated[Caller, Depends(allowed("apikey.list"))],
    page: ThePage,
    *,
    user: Annotated[str | None, Query(description="Only the keys of this user.")] = None,
    show_secrets: ShowSecrets = False,
) -> list[ApiKeyObject]:
    """List API keys, the oldest first."""
    shown = may_show_secrets(caller, asked=show_secrets)
    return [ApiKeyObject(**_fields(key, shown=shown)) for key in page.of(served.accounts.keys(user))]


@routes.post("/apikeys", status_code=201)
def make(
    served: TheServed,
    caller: Annotated[Caller, Depends(allowed("apikey.make"))],
    new: NewApiKey | None = None,
) -> MadeApiKey:
    """Make an API key."""
    new = new or NewApiKey()
    if new.key_hash is not None:
        raise FaultError(400, "An API key cannot be loaded by its hash. Make a new one: st2 apikey create")
    user = new.user or caller.name
    if user != caller.name:
        try:
            served.accounts.check_user(user)
        except NotFound as error:
            raise FaultError(400, error.message) from error
    key, text = served.accounts.add_key(user, new.metadata or {})
    return MadeApiKey(**_fields(key, shown=True), key=text)


@routes.get("/apikeys/{word}", responses=faults(404))
def get(
    word: str,
    served: TheServed,
    caller: Annotated[Caller, Depends(allowed("apikey.get"))],
    *,
    show_secrets: ShowSecrets = False,
) -> ApiKeyObject:
    """One API key, by its id or by itself."""
    shown = may_show_secrets(caller, asked=show_secrets)
    return ApiKeyObject(**_fields(served.accounts.key(word), shown=shown))


@routes.put("/apikeys/{word}", responses=faults(404))
def update(
    word: str,
    change: ApiKeyChange,
    served: TheServed,
    _caller: Annotated[Caller, Depends(allowed("apikey.update"))],
) -> ApiKeyObject:
    """Enable or disable an API key, or give it to another user."""
    served.accounts.key(word)
    try:
        key = served.accounts.change_key(
            word, enabled=change.enabled, name=change.user, metadata=change.metadata
        )
    except NotFound as error:
        raise FaultError(400, error.message) from error
    return ApiKeyObject(**_fields(key, shown=False))


@routes.delete("/apikeys/{word}", status_code=204, responses=faults(404))
def delete(
    word: str, served: TheServed, _caller: Annotated[Caller, Depends(allowed("apikey.delete"))]
) -> None:
    """Delete an API key, which counts no more at once."""
    served.accounts.delete_key(word)


def _fields(key: ApiKey, *, shown: bool) -> dict[str, Any]:
    return {
        "id": key.id,
        "uid": f"api_key:{key.hash if shown else MASK}",
        "user": key.account,
        "enabled": key.enabled,
        "created_at": time_text(key.created_at),
        "metadata": {**key.metadata},
        "key_hash": key.hash if shown else MASK,
    }
