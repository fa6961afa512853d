"""What StackStorm has and Orchestrion has not: harmless answers (stackstorm-api 2.5, product "Not built")."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends

from orchestrion.api.access import Caller, allowed
from orchestrion.api.faults import Fault, FaultError
from orchestrion.api.paging import ThePage

routes = APIRouter(prefix="/v1", tags=["not here"])

LISTS: Final = (
    "actionalias",
    "policies",
    "policytypes",
    "rbac/permission_types",
    "rbac/role_assignments",
    "rbac/roles",
    "ruleenforcements",
    "rules",
    "ruletypes",
    "sensortypes",
    "timers",
    "traces",
    "triggerinstances",
    "triggers",
    "triggertypes",
    "webhooks",
)
"""Of these there are none: the list is empty, and nothing has a name or an id."""

PACK_COMMANDS: Final = ("download", "index/search", "install", "uninstall")

_INSTALLING: Final = (
    "Orchestrion does not install packs: put the pack into a folder of packs of the server, and it is there."
)


def _empty(_caller: Annotated[Caller, Depends(allowed("absent.list"))], page: ThePage) -> list[str]:
    """There are none."""
    return [*page.of([])]


def _no_groups(_caller: Annotated[Caller, Depends(allowed("absent.list"))]) -> dict[str, list[str]]:
    """There are no groups of services."""
    return {"groups": []}


def _nothing(_caller: Annotated[Caller, Depends(allowed("absent.list"))], name: str) -> None:
    """There is none of this name."""
    raise FaultError(
        404, f'Resource with a reference or id "{name}" not found: Orchestrion has none of these.'
    )


def _no_installing(_caller: Annotated[Caller, Depends(allowed("absent.list"))]) -> None:
    """Packs are folders of the server."""
    raise FaultError(404, _INSTALLING)


for _list in LISTS:
    routes.add_api_route(f"/{_list}", _empty, methods=["GET"])
    routes.add_api_route(
        f"/{_list}/{{name:path}}", _nothing, methods=["GET"], status_code=404, response_model=Fault
    )
routes.add_api_route("/service_registry/groups", _no_groups, methods=["GET"])
for _command in PACK_COMMANDS:
    routes.add_api_route(
        f"/packs/{_command}", _no_installing, methods=["POST"], status_code=404, response_model=Fault
    )
