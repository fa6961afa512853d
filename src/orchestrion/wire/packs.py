"""Packs as StackStorm's clients know them (stackstorm-api 2.5)."""

from typing import Any

from pydantic import BaseModel

from orchestrion.actions.metadata import Pack
from orchestrion.core.values import Json


class PackObject(BaseModel):
    """A pack: what its pack.yaml says, and where the server has it."""

    id: str
    uid: str
    ref: str
    name: str
    description: str
    version: str
    author: str
    email: str
    keywords: list[Any]
    dependencies: list[Any]
    path: str


class WholePackObject(PackObject):
    """The same with the names of its files, relative to its folder."""

    files: list[str]


class ConfigObject(BaseModel):
    """The configuration of a pack as it stands in its file."""

    id: str
    uid: str
    pack: str
    values: dict[str, Any]


class ConfigSchemaObject(BaseModel):
    """What a pack says of its configuration."""

    id: str
    uid: str
    pack: str
    attributes: dict[str, Any]


def pack_fields(pack: Pack) -> dict[str, Any]:
    """What a pack object holds."""
    metadata = pack.metadata
    texts = {name: _text(metadata.get(name)) for name in ("description", "version", "author", "email")}
    return {
        "id": pack.ref,
        "uid": f"pack:{pack.ref}",
        "ref": pack.ref,
        "name": pack.name,
        "keywords": _list(metadata.get("keywords")),
        "dependencies": _list(metadata.get("dependencies")),
        "path": str(pack.home),
        **texts,
    }


def _text(value: Json) -> str:
    return "" if value is None else str(value)


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
