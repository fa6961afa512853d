"""Keys, packs, actions and workflows as our own values, for our own command line (`native`)."""

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, StrictBool, StrictInt

from orchestrion.actions.metadata import workflow_path
from orchestrion.actions.metadata_file import read_text
from orchestrion.api.access import Caller, allowed
from orchestrion.api.bodies import Body
from orchestrion.api.faults import faults
from orchestrion.api.keys import Decrypt, User, check_keys
from orchestrion.api.native import NamedWorkflow
from orchestrion.api.operations import told
from orchestrion.api.served import Served, served_by
from orchestrion.client.catalogs import ActionList, ActionView, get_action, list_actions
from orchestrion.client.files import WorkflowFile
from orchestrion.client.inspecting import Report, report_of
from orchestrion.client.pack_contents import PackList, PackView, list_packs, register_pack
from orchestrion.client.targets import workflow_action
from orchestrion.keys import KeyView, NewKey
from orchestrion.wire.views import model_of

routes = APIRouter(prefix="/v1/native", tags=["native"])

TheServed = Annotated[Served, Depends(served_by)]
Scope = Annotated[str, Query(description="system or user.")]


class KeyToSet(BaseModel):
    """A key. `ttl` is its time to live in seconds."""

    model_config = ConfigDict(extra="forbid")

    name: str
    value: str
    scope: str = "system"
    secret: StrictBool = False
    ttl: StrictInt | None = None
    user: str | None = None


class KeysToSet(Body):
    """Keys that are set together."""

    model_config = ConfigDict(extra="forbid")

    keys: list[KeyToSet]


class PackFolder(Body):
    """A folder of the server's machine."""

    model_config = ConfigDict(extra="forbid")

    folder: str


# --- keys


@routes.get("/keys", response_model=model_of(list[KeyView]))
def keys(
    served: TheServed,
    caller: Annotated[Caller, Depends(allowed("key.list"))],
    scope: Annotated[str, Query(description="system, user or all.")] = "all",
    prefix: Annotated[str, Query(description="Only names that begin so.")] = "",
    user: User = None,
    *,
    decrypt: Decrypt = False,
) -> Response:
    """Keys by scope and name."""
    check_keys(caller, scope, user, decrypt=False)
    store = served.keys(caller.name)
    found = store.matching(scope, prefix=prefix, user=user)
    if decrypt:
        for view in found:
            check_keys(caller, view.scope, view.user, decrypt=view.secret)
        found = store.matching(scope, prefix=prefix, user=user, decrypt=True)
    return told(found)


@routes.get("/key", response_model=model_of(KeyView), responses=faults(404))
def key(
    served: TheServed,
    caller: Annotated[Caller, Depends(allowed("key.get"))],
    name: str,
    scope: Scope = "system",
    user: User = None,
    *,
    decrypt: Decrypt = False,
) -> Response:
    """One key."""
    check_keys(caller, scope, user, decrypt=False)
    store = served.keys(caller.name)
    view = store.get(name, scope, user=user)
    if decrypt and view.secret:
        check_keys(caller, scope, user, decrypt=True)
        view = store.get(name, scope, user=user, decrypt=True)
    return told(view)


@routes.post("/keys", response_model=model_of(list[KeyView]))
def set_keys(
    wanted: KeysToSet, served: TheServed, caller: Annotated[Caller, Depends(allowed("key.set"))]
) -> Response:
    """Set keys, all of them, or none."""
    for one in wanted.keys:
        check_keys(caller, one.scope, one.user, decrypt=False)
    new = [NewKey(one.name, one.value, one.scope, one.secret, one.ttl, one.user) for one in wanted.keys]
    return told(served.keys(caller.name).put(new))


@routes.delete("/keys", status_code=204, responses=faults(404))
def delete_keys(
    served: TheServed,
    caller: Annotated[Caller, Depends(allowed("key.delete"))],
    name: Annotated[list[str], Query(description="May be given several times.")],
    scope: Scope = "system",
    user: User = None,
) -> None:
    """Delete keys, all of them, or none."""
    check_keys(caller, scope, user, decrypt=False)
    served.keys(caller.name).delete(name, scope, user=user)


# --- what there is to run


@routes.get("/packs", response_model=model_of(PackList), responses=faults(400))
def packs(served: TheServed, _caller: Annotated[Caller, Depends(allowed("pack.list"))]) -> Response:
    """All packs, and what is wrong with files of theirs."""
    return told(list_packs(served.packs))


@routes.post("/packs", response_model=model_of(PackView))
def register(
    wanted: PackFolder, served: TheServed, _caller: Annotated[Caller, Depends(allowed("pack.register"))]
) -> Response:
    """Make a folder known as a pack."""
    return told(register_pack(served.packs, Path(wanted.folder)))


@routes.get("/actions", response_model=model_of(ActionList), responses=faults(404))
def actions(
    served: TheServed,
    _caller: Annotated[Caller, Depends(allowed("action.list"))],
    pack: Annotated[str | None, Query(description="Only its actions.")] = None,
) -> Response:
    """All actions, or those of one pack, and what is wrong with files that hold none."""
    return told(list_actions(served.packs.for_new(), pack))


@routes.get("/action", response_model=model_of(ActionView), responses=faults(404))
def action(
    served: TheServed, _caller: Annotated[Caller, Depends(allowed("action.get"))], ref: str
) -> Response:
    """One action with its parameters."""
    return told(get_action(ref, served.packs.for_new()))


@routes.get("/workflow", response_model=model_of(WorkflowFile), responses=faults(404, 409))
def workflow(
    served: TheServed, _caller: Annotated[Caller, Depends(allowed("workflow.inspect"))], ref: str
) -> Response:
    """The file of a workflow of a pack."""
    return told(_file_of(served, ref))


@routes.post("/workflows/inspect", response_model=model_of(Report), responses=faults(404, 409))
def inspect(
    wanted: NamedWorkflow,
    served: TheServed,
    _caller: Annotated[Caller, Depends(allowed("workflow.inspect"))],
) -> Response:
    """Everything that is wrong with a workflow, in the order of its text."""
    named = wanted.named()
    file = _file_of(served, named) if isinstance(named, str) else named
    return told(report_of(file.text, Path(file.path), served.catalog))


def _file_of(served: Served, ref: str) -> WorkflowFile:
    path = workflow_path(workflow_action(ref, served.catalog))
    return WorkflowFile(str(path), str(path.resolve()), read_text(path))
