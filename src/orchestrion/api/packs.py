"""Packs and their configurations (stackstorm-api 2.5). A pack is a folder of the server."""

from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query

from orchestrion.actions.configs import masked_config, schema_of, stored_config
from orchestrion.actions.metadata import Pack
from orchestrion.actions.runner_types import RUNNER_TYPES
from orchestrion.api.access import Caller, allowed, may_show_secrets
from orchestrion.api.bodies import Body
from orchestrion.api.faults import FaultError, faults
from orchestrion.api.paging import ThePage
from orchestrion.api.served import Served, served_by
from orchestrion.client.pack_contents import files_of, register_pack
from orchestrion.wire.packs import ConfigObject, ConfigSchemaObject, PackObject, WholePackObject, pack_fields

routes = APIRouter(prefix="/v1", tags=["packs"])

TheServed = Annotated[Served, Depends(served_by)]
ShowSecrets = Annotated[bool, Query(description="Show values that are secret.")]

_KINDS: Final = (
    *("actions", "aliases", "configs", "policies", "policy_types"),
    *("rule_types", "rules", "runners", "sensors", "triggers"),
)


class PacksToRegister(Body):
    """Which packs, by name, or (our own addition) by the path of a folder of the server. None: all.

    `types`: what is counted, for example `action`.
    """

    packs: list[str] | None = None
    types: list[str] | None = None


@routes.get("/packs")
def list_all(
    served: TheServed, _caller: Annotated[Caller, Depends(allowed("pack.list"))], page: ThePage
) -> list[PackObject]:
    """List packs, by name."""
    return [PackObject(**pack_fields(pack)) for pack in page.of(served.catalog.packs())]


@routes.get("/packs/{ref}", responses=faults(404))
def get(
    ref: str, served: TheServed, _caller: Annotated[Caller, Depends(allowed("pack.get"))]
) -> WholePackObject:
    """One pack."""
    pack = _pack(served, ref)
    return WholePackObject(**pack_fields(pack), files=[*files_of(pack)])


@routes.post("/packs/register")
def register(
    served: TheServed,
    _caller: Annotated[Caller, Depends(allowed("pack.register"))],
    wanted: PacksToRegister | None = None,
) -> dict[str, int]:
    """Check packs, and count what they bring. A pack is known as soon as its folder is there."""
    wanted = wanted or PacksToRegister()
    refs = [_registered(served, word) for word in wanted.packs or ()]
    catalog = served.catalog
    packs = {pack.ref: pack for pack in catalog.packs() if wanted.packs is None or pack.ref in refs}
    folders = tuple(f"{pack.folder}/" for pack in packs.values())
    problems = tuple(problem for problem in catalog.problems() if problem.startswith(folders))
    if problems:
        raise FaultError(400, problems[0], problems)
    counts = dict.fromkeys(_KINDS, 0)
    counts["actions"] = sum(action.pack.ref in packs for action in catalog.actions())
    counts["configs"] = sum(bool(stored_config(pack)) for pack in packs.values())
    counts["runners"] = len(RUNNER_TYPES)
    kinds = {one.removesuffix("s") for one in wanted.types or ()}
    return {name: count for name, count in counts.items() if not kinds or name.removesuffix("s") in kinds}


@routes.get("/configs")
def list_configs(
    served: TheServed,
    caller: Annotated[Caller, Depends(allowed("config.get"))],
    page: ThePage,
    *,
    show_secrets: ShowSecrets = False,
) -> list[ConfigObject]:
    """List the configurations of packs that have one."""
    shown = may_show_secrets(caller, asked=show_secrets)
    packs = [pack for pack in served.catalog.packs() if stored_config(pack)]
    return [_config(pack, shown=shown) for pack in page.of(packs)]


@routes.get("/configs/{ref}", responses=faults(404))
def get_config(
    ref: str,
    served: TheServed,
    caller: Annotated[Caller, Depends(allowed("config.get"))],
    *,
    show_secrets: ShowSecrets = False,
) -> ConfigObject:
    """The configuration of a pack as it stands in its file."""
    shown = may_show_secrets(caller, asked=show_secrets)
    pack = _pack(served, ref)
    if not stored_config(pack):
        raise FaultError(404, f'The pack "{ref}" has no configuration.')
    return _config(pack, shown=shown)


@routes.get("/config_schemas")
def list_schemas(
    served: TheServed, _caller: Annotated[Caller, Depends(allowed("config.get"))], page: ThePage
) -> list[ConfigSchemaObject]:
    """List the schemas of configurations of packs that have one."""
    packs = [pack for pack in served.catalog.packs() if schema_of(pack)]
    return [_schema(pack) for pack in page.of(packs)]


@routes.get("/config_schemas/{ref}", responses=faults(404))
def get_schema(
    ref: str, served: TheServed, _caller: Annotated[Caller, Depends(allowed("config.get"))]
) -> ConfigSchemaObject:
    """What a pack says of its configuration."""
    pack = _pack(served, ref)
    if not schema_of(pack):
        raise FaultError(404, f'The pack "{ref}" has no schema of a configuration.')
    return _schema(pack)


def _pack(served: Served, ref: str) -> Pack:
    pack = served.catalog.pack(ref)
    if pack is None:
        raise FaultError(404, f'Pack "{ref}" is not found.')
    return pack


def _registered(served: Served, word: str) -> str:
    """The name of a pack that is known, or is made known by its folder. Raises FaultError, UsageError."""
    if "/" in word:
        return register_pack(served.packs, Path(word)).ref
    if served.catalog.pack(word) is None:
        folders = ", ".join(map(str, served.packs.for_new())) or "no folder (none was given)"
        raise FaultError(400, f'Pack "{word}" not found on disk: {folders}')
    return word


def _config(pack: Pack, *, shown: bool) -> ConfigObject:
    values = stored_config(pack)
    return ConfigObject(
        id=pack.ref,
        uid=f"config:{pack.ref}",
        pack=pack.ref,
        values=values if shown else masked_config(values, schema_of(pack)),
    )


def _schema(pack: Pack) -> ConfigSchemaObject:
    return ConfigSchemaObject(
        id=pack.ref, uid=f"config_schema:{pack.ref}", pack=pack.ref, attributes=schema_of(pack)
    )
