"""Keys as StackStorm's clients know them (stackstorm-api 2.5)."""

from typing import Literal

from pydantic import BaseModel

from orchestrion.keys import KeyView
from orchestrion.wire.stackstorm import time_text


class KeyObject(BaseModel):
    """A key. `encrypted`: the value is not shown."""

    id: str
    uid: str
    name: str
    value: str
    scope: Literal["st2kv.system", "st2kv.user"]
    user: str | None = None
    secret: bool
    encrypted: bool
    expire_timestamp: str | None = None


def key_object(view: KeyView) -> KeyObject:
    """A key as an object."""
    scope: Literal["st2kv.system", "st2kv.user"] = "st2kv.system" if view.scope == "system" else "st2kv.user"
    reference = view.name if view.user is None else f"{view.user}:{view.name}"
    return KeyObject(
        id=view.name,
        uid=f"key_value_pair:{scope}:{reference}",
        name=view.name,
        value=view.value,
        scope=scope,
        user=view.user,
        secret=view.secret,
        encrypted=view.encrypted,
        expire_timestamp=time_text(view.expires_at),
    )
