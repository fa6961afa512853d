"""Actions and runner types (stackstorm-api 2.1)."""

from collections.abc import Iterable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import PlainTextResponse, Response
from pydantic import ConfigDict, Field, StrictBool, ValidationError

from orchestrion.actions.metadata import Action
from orchestrion.actions.metadata_file import read_text
from orchestrion.actions.runner_types import RUNNER_TYPES
from orchestrion.api.access import allowed
from orchestrion.api.attributes import (
    Exclude,
    Include,
    Limit,
    Offset,
    Selection,
    Shows,
    json_answer,
    listed,
    shown,
)
from orchestrion.api.bodies import Body
from orchestrion.api.faults import Fault, FaultError, faults
from orchestrion.api.served import Served, served_by
from orchestrion.api.shapes import ActionShape, RunnerShape
from orchestrion.client.action_changes import (
    ActionExists,
    clone_action,
    create_action,
    delete_action,
    entry_point_of,
    update_action,
)
from orchestrion.core.values import Json
from orchestrion.wire.stackstorm import action_object, id_of, overview_object, runner_object

routes = APIRouter(prefix="/v1", tags=["actions"])

TheServed = Annotated[Served, Depends(served_by)]
LISTS: Final = [Depends(allowed("action.list"))]
READS: Final = [Depends(allowed("action.get"))]
CHANGES: Final = [Depends(allowed("action.change"))]
Name = Annotated[str, Path(description="The reference `PACK.NAME` of an action, or its id.")]
RunnerName = Annotated[str, Path(description="The name of a runner type, or its id.")]
NameFilter = Annotated[str | None, Query(description="Only those of this name.")]
PackFilter = Annotated[str | None, Query(description="Only those of this pack.")]

_BODY: Final = {
    "requestBody": {
        "required": False,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "remove_files": {"type": "boolean"},
                    },
                }
            }
        },
    }
}


class NewAction(Body):
    """The metadata of an action, as its file has it (spec 6.2), and what clients add to that."""

    model_config = ConfigDict(extra="allow")

    name: str | None = None
    pack: str | None = None
    runner_type: str | None = None
    description: str | None = None
    enabled: bool | None = None
    entry_point: str | None = None
    parameters: dict[str, Any] | None = None


class Clone(Body):
    """Where an action is copied to."""

    dest_pack: str
    dest_action: str
    overwrite: StrictBool = False


class RunnerChange(Body):
    """What is to change of a runner type. Clients send all that there is of it."""

    enabled: StrictBool | None = None


class Conflict(Fault):
    """There is something of the same name: the id of that."""

    conflict_id: Annotated[str, Field(alias="conflict-id")]


_CONFLICT: Final[dict[int | str, dict[str, Any]]] = {409: {"model": Conflict}}


def of_actions(include_attributes: Include = None, exclude_attributes: Exclude = None) -> Selection:
    """Which attributes of actions are asked for. Raises FaultError (400)."""
    may_exclude = frozenset(("parameters", "notify"))
    return Selection.of(include_attributes, exclude_attributes, always=("id", "ref"), may_exclude=may_exclude)


def of_runners(include_attributes: Include = None, exclude_attributes: Exclude = None) -> Selection:
    """Which attributes of runner types are asked for. Raises FaultError (400)."""
    may_exclude = frozenset(("runner_parameters",))
    return Selection.of(
        include_attributes, exclude_attributes, always=("id", "name"), may_exclude=may_exclude
    )


OfActions = Annotated[Selection, Depends(of_actions)]
OfRunners = Annotated[Selection, Depends(of_runners)]


@routes.get("/actions", dependencies=LISTS, response_model=list[ActionShape])
def get_actions(
    served: TheServed,
    selection: OfActions,
    shows: Shows,
    pack: PackFilter = None,
    name: NameFilter = None,
    limit: Limit = -1,
    offset: Offset = 0,
) -> Response:
    """All actions, by pack and name."""
    found = _chosen(served.catalog.actions(), pack, name)
    objects = [
        selection.applied_to(action_object(one, show_secrets=shows)) for one in shown(found, limit, offset)
    ]
    return listed(objects, len(found), None if limit < 0 else limit)


@routes.get("/actions/views/overview", dependencies=LISTS, response_model=list[ActionShape])
def get_overviews(
    served: TheServed,
    selection: OfActions,
    shows: Shows,
    pack: PackFilter = None,
    name: NameFilter = None,
    limit: Limit = -1,
    offset: Offset = 0,
) -> Response:
    """All actions with the parameters of their runners."""
    found = _chosen(served.catalog.actions(), pack, name)
    objects = [
        selection.applied_to(overview_object(one, show_secrets=shows)) for one in shown(found, limit, offset)
    ]
    return listed(objects, len(found), None if limit < 0 else limit)


@routes.get(
    "/actions/views/entry_point/{ref}",
    dependencies=READS,
    response_class=PlainTextResponse,
    responses=faults(404),
)
def get_entry_point(ref: Name, served: TheServed) -> Response:
    """The text of the file that an action runs."""
    return PlainTextResponse(read_text(entry_point_of(_action(served, ref))))


@routes.get("/actions/{ref}", dependencies=READS, response_model=ActionShape, responses=faults(404))
def get_action(
    ref: Name,
    served: TheServed,
    selection: OfActions,
    shows: Shows,
) -> Response:
    """One action."""
    return json_answer(selection.applied_to(action_object(_action(served, ref), show_secrets=shows)))


@routes.post(
    "/actions", dependencies=CHANGES, status_code=201, response_model=ActionShape, responses=_CONFLICT
)
def post_action(new: NewAction, served: TheServed) -> Response:
    """Make an action: its metadata file in the folder of its pack."""
    try:
        action = create_action(served.catalog, served.packs.for_new(), _document(new))
    except ActionExists as error:
        return _conflict(error)
    return json_answer(action_object(action), 201)


@routes.put("/actions/{ref}", dependencies=CHANGES, response_model=ActionShape, responses=faults(404))
def put_action(ref: Name, new: NewAction, served: TheServed) -> Response:
    """Change an action: its metadata are written anew."""
    return json_answer(action_object(update_action(served.catalog, _action(served, ref), _document(new))))


@routes.post(
    "/actions/{ref}/clone",
    dependencies=CHANGES,
    status_code=201,
    response_model=ActionShape,
    responses={**faults(404), **_CONFLICT},
)
def post_clone(ref: Name, to: Clone, served: TheServed) -> Response:
    """Copy an action, with the file that it runs."""
    source = _action(served, ref)
    try:
        action = clone_action(
            served.catalog,
            served.packs.for_new(),
            source,
            to.dest_pack,
            to.dest_action,
            overwrite=to.overwrite,
        )
    except ActionExists as error:
        return _conflict(error)
    return json_answer(action_object(action), 201)


class Removal(Body):
    """How an action is deleted."""

    remove_files: StrictBool = False


async def removal(request: Request) -> Removal:
    """What a body says, which its sender may not call JSON. Raises FaultError (400)."""
    text = await request.body()
    try:
        return Removal.model_validate_json(text) if text.strip() else Removal()
    except ValidationError as error:
        raise FaultError(400, f"Failed to parse request body: {error.errors()[0]['msg']}") from error


@routes.delete(
    "/actions/{ref}",
    dependencies=CHANGES,
    status_code=204,
    response_class=Response,
    responses=faults(404),
    openapi_extra=_BODY,
)
def remove_action(
    ref: Name,
    how: Annotated[Removal, Depends(removal)],
    served: TheServed,
) -> Response:
    """Delete an action: its metadata file and, if that is asked for, the file that it runs."""
    delete_action(served.catalog, _action(served, ref), remove_files=how.remove_files)
    return Response(status_code=204)


@routes.get("/runnertypes", dependencies=LISTS, response_model=list[RunnerShape])
def get_runners(
    selection: OfRunners,
    name: NameFilter = None,
    limit: Limit = -1,
    offset: Offset = 0,
) -> Response:
    """All runner types, by name."""
    found = [one for one in sorted(RUNNER_TYPES) if name in (None, one)]
    objects = [selection.applied_to(runner_object(one)) for one in shown(found, limit, offset)]
    return listed(objects, len(found), None if limit < 0 else limit)


@routes.get("/runnertypes/{name}", dependencies=READS, response_model=RunnerShape, responses=faults(404))
def get_runner(
    name: RunnerName,
    selection: OfRunners,
) -> Response:
    """One runner type."""
    return json_answer(selection.applied_to(_runner(name)))


@routes.put("/runnertypes/{name}", dependencies=CHANGES, response_model=RunnerShape, responses=faults(404))
def put_runner(name: RunnerName, change: RunnerChange) -> Response:
    """A runner type that is to be enabled, which it is; it cannot be disabled."""
    runner = _runner(name)
    if change.enabled is False:
        raise FaultError(
            400, f'The runner type "{runner["name"]}" is a part of Orchestrion. Disable actions instead.'
        )
    return json_answer(runner)


def _chosen(actions: Iterable[Action], pack: str | None, name: str | None) -> list[Action]:
    found = (one for one in actions if pack in (None, one.pack.ref) and name in (None, one.name))
    return sorted(found, key=lambda one: (one.pack.ref, one.name))


def _action(served: Served, ref: str) -> Action:
    """The action of a reference or an id. Raises NotFound, UsageError."""
    if "." not in ref:
        for action in served.catalog.actions():
            if id_of(f"action:{action.ref}") == ref:
                return action
    return served.catalog.find(ref)


def _runner(name: str) -> dict[str, Json]:
    """The runner type of a name or an id. Raises FaultError (404)."""
    found = next((one for one in RUNNER_TYPES if name in (one, runner_object(one)["id"])), None)
    if found is None:
        raise FaultError(
            404, f'There is no runner type "{name}". There are {", ".join(sorted(RUNNER_TYPES))}.'
        )
    return runner_object(found)


def _document(new: NewAction) -> dict[str, Json]:
    return new.model_dump(exclude_unset=True)


def _conflict(error: ActionExists) -> Response:
    return json_answer({"faultstring": error.message, "conflict-id": id_of(f"action:{error.ref}")}, 409)
