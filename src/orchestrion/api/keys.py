"""The key store (stackstorm-api 2.5).

Everybody who may read sees the system's keys and their own, those that are secret masked. What a secret key
of a user holds is shown to that user, what one of the system or of somebody else holds to admins.
"""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query
from pydantic import StrictBool, StrictInt, StrictStr

from orchestrion.api.access import Caller, allowed
from orchestrion.api.bodies import Body
from orchestrion.api.faults import FaultError, faults
from orchestrion.api.paging import ThePage
from orchestrion.api.served import Served, served_by
from orchestrion.errors import UsageError
from orchestrion.keys import NewKey
from orchestrion.wire.keys import KeyObject, key_object

routes = APIRouter(prefix="/v1", tags=["keys"])

TheServed = Annotated[Served, Depends(served_by)]
Scope = Annotated[str, Query(description="system or user, with or without st2kv. before it.")]
User = Annotated[str | None, Query(description="Whose keys, in the scope user; by default one's own.")]
Decrypt = Annotated[bool, Query(description="Show the values of secret keys.")]

_ALL: Final = "all"
_OF_USERS: Final = ("user", "st2kv.user")


class KeyToSet(Body):
    """A key. `ttl` is its time to live in seconds. What else clients send of one is ignored."""

    value: StrictStr
    scope: StrictStr | None = None
    user: StrictStr | None = None
    secret: StrictBool | None = None
    encrypted: StrictBool | None = None
    ttl: StrictInt | None = None


@routes.get("/keys", response_model_exclude_none=True)
def list_all(
    served: TheServed,
    caller: Annotated[Caller, Depends(allowed("key.list"))],
    page: ThePage,
    scope: Annotated[str, Query(description="system, user or all.")] = "system",
    prefix: Annotated[str, Query(description="Only names that begin so.")] = "",
    user: User = None,
    *,
    decrypt: Decrypt = False,
) -> list[KeyObject]:
    """List keys, by scope and name."""
    if user and scope != _ALL:
        scope = "user"
    check_keys(caller, scope, user, decrypt=False)
    keys = served.keys(caller.name)
    shown = page.of(keys.matching(scope, prefix=prefix, user=user))
    if decrypt:
        for view in shown:
            check_keys(caller, view.scope, view.user, decrypt=view.secret)
        shown = page.of(keys.matching(scope, prefix=prefix, user=user, decrypt=True))
    return [key_object(view) for view in shown]


@routes.get("/keys/{name:path}", responses=faults(404), response_model_exclude_none=True)
def get(
    name: str,
    served: TheServed,
    caller: Annotated[Caller, Depends(allowed("key.get"))],
    scope: Scope = "system",
    user: User = None,
    *,
    decrypt: Decrypt = False,
) -> KeyObject:
    """One key."""
    scope = _one(scope)
    keys = served.keys(caller.name)
    check_keys(caller, scope, user, decrypt=False)
    view = keys.get(name, scope, user=user)
    if decrypt and view.secret:
        check_keys(caller, scope, user, decrypt=True)
        view = keys.get(name, scope, user=user, decrypt=True)
    return key_object(view)


@routes.put("/keys/{name:path}", response_model_exclude_none=True)
def put(
    name: str, key: KeyToSet, served: TheServed, caller: Annotated[Caller, Depends(allowed("key.set"))]
) -> KeyObject:
    """Set a key."""
    scope = _one(key.scope or "system")
    check_keys(caller, scope, key.user, decrypt=False)
    if key.encrypted:
        raise FaultError(
            400, "A value that is encrypted already cannot be set: send the value itself, with secret: true."
        )
    new = NewKey(name, key.value, scope, key.secret is True, key.ttl, key.user)
    try:
        views = served.keys(caller.name).put([new])
    except UsageError as error:
        text = error.problems[0] if error.problems else error.message
        raise FaultError(400, text.removeprefix(f"{name}: ")) from error  # which of many is plain here
    return key_object(views[0])


@routes.delete("/keys/{name:path}", status_code=204, responses=faults(404))
def delete(
    name: str,
    served: TheServed,
    caller: Annotated[Caller, Depends(allowed("key.delete"))],
    scope: Scope = "system",
    user: User = None,
) -> None:
    """Delete a key."""
    scope = _one(scope)
    check_keys(caller, scope, user, decrypt=False)
    served.keys(caller.name).delete([name], scope, user=user)


def _one(scope: str) -> str:
    """The scope of one key: `all` is the system's there."""
    return "system" if scope == _ALL else scope


def check_keys(caller: Caller, scope: str, user: str | None, *, decrypt: bool) -> None:
    """Whether the keys that are meant are the caller's to read and set, or to decrypt. Raises FaultError."""
    if user not in (None, caller.name):
        caller.check("key.others", f'the keys of "{user}"')
    if decrypt and not user and scope not in _OF_USERS:
        caller.check("key.others", "to decrypt the system's keys")
