"""Executions as they are read: lists, one, what is below it, its parts (stackstorm-api 2.3 and 2.4)."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel

from orchestrion.api.access import Caller, allowed, may_show_secrets
from orchestrion.api.attributes import (
    Exclude,
    Include,
    Limit,
    Offset,
    Selection,
    Shows,
    ShowSecrets,
    json_answer,
    listed,
    names,
    window,
)
from orchestrion.api.faults import FaultError, faults
from orchestrion.api.objects import Objects
from orchestrion.api.served import Served, served_by
from orchestrion.api.shapes import ActionShape, ExecutionShape, FiltersShape
from orchestrion.core.values import Json
from orchestrion.queries.summaries import EVERYWHERE, Filters, Order, Page, Part, Summary
from orchestrion.wire.stackstorm import microseconds_of

routes = APIRouter(prefix="/v1", tags=["executions"])

_ALWAYS: Final = ("id", "action.runner_type")
_MAY_EXCLUDE: Final = frozenset(("result", "trigger_instance", "status"))


def _selection(include: str | None, exclude: str | None) -> Selection:
    found = Selection.of(include, exclude, always=_ALWAYS, may_exclude=_MAY_EXCLUDE)
    if "result" in found.exclude:  # whose size is only known by reading it
        return replace(found, exclude=found.exclude | {"result_size"})
    return found


def selected(include_attributes: Include = None, exclude_attributes: Exclude = None) -> Selection:
    """Which attributes are asked for. Raises FaultError (400)."""
    return _selection(include_attributes, exclude_attributes)


TheServed = Annotated[Served, Depends(served_by)]
Selected = Annotated[Selection, Depends(selected)]
LISTS: Final = [Depends(allowed("execution.list"))]
READS: Final = [Depends(allowed("execution.get"))]
Lister = Annotated[Caller, *LISTS]
Reader = Annotated[Caller, *READS]
Number = Annotated[str, Path(description="The id of an execution; `last` is the newest.")]

_NO_TRIGGERS: Final = ("rule", "trigger", "trigger_type", "trigger_instance")
"""Filters by what started an execution, where that was a rule: none ever did here."""

_PARTS: Final[Mapping[Part, tuple[str, ...]]] = {
    "parameters": ("parameters", "liveaction.parameters"),
    "result": ("result", "result_size"),
    "children": ("children",),
    "log": ("log",),
    "asked": ("context.re-run", "context.cancelled_by", "context.paused_by", "context.resumed_by"),
    "task_execution": ("task_execution", "context.orquesta"),
}
"""The attributes for which a part of an execution is read."""

_OF_PACKS: Final = tuple(
    f"action.{name}"
    for name in ActionShape.model_fields
    if name not in ("id", "uid", "ref", "pack", "name", "runner_type")
)
"""The attributes of an action that its pack must be asked for."""

_ORDERS: Final[Mapping[str, Order]] = {
    "id": "age",
    "start_timestamp": "age",
    "end_timestamp": "end",
    "status": "status",
    "action": "action",
    "action.ref": "action",
    "context.user": "user",
}


class Wanted(BaseModel):
    """Which executions are listed."""

    limit: Limit = 100
    offset: Offset = 0
    sort: Annotated[
        str | None, Query(description=f"What to sort by, `-` before it: backwards: {', '.join(_ORDERS)}.")
    ] = None
    sort_asc: Annotated[bool, Query(description="The oldest first.")] = False
    sort_desc: Annotated[bool, Query(description="The newest first.")] = False
    include_attributes: Include = None
    exclude_attributes: Exclude = None
    show_secrets: ShowSecrets = False
    id: Annotated[str | None, Query(description="Ids, separated by commas.")] = None
    liveaction: Annotated[str | None, Query(description="The id once more.")] = None
    parent: Annotated[
        str | None, Query(description="The execution whose task it is; `null`: those of no workflow.")
    ] = None
    status: Annotated[str | None, Query(description="Statuses, separated by commas.")] = None
    action: Annotated[str | None, Query(description="The action; `*` stands for any text.")] = None
    runner: Annotated[str | None, Query(description="The runner type.")] = None
    user: Annotated[str | None, Query(description="Who has started it, or the workflow above it.")] = None
    timestamp: Annotated[
        str | None, Query(description="When it was started: a time, or two with `..` between.")
    ] = None
    timestamp_gt: Annotated[str | None, Query(description="Started after this time.")] = None
    timestamp_lt: Annotated[str | None, Query(description="Started before this time.")] = None
    rule: str | None = None
    trigger: str | None = None
    trigger_type: str | None = None
    trigger_instance: str | None = None


@routes.get("/executions", response_model=list[ExecutionShape])
def get_executions(wanted: Annotated[Wanted, Query()], served: TheServed, caller: Lister) -> Response:
    """The executions that are asked for, newest first. `X-Total-Count` tells how many there are in all."""
    selection = _selection(wanted.include_attributes, wanted.exclude_attributes)
    shows = may_show_secrets(caller, asked=wanted.show_secrets)
    size, skip = window(wanted.limit, wanted.offset)
    order, descending = _order(wanted)
    filters = _filters(wanted)
    limit = wanted.limit if "limit" in wanted.model_fields_set else None
    if any(getattr(wanted, name) for name in _NO_TRIGGERS):
        return listed([], 0, limit)
    found, total = served.listing.page(
        filters, Page(size, skip, order, descending), _parts(selection), show_secrets=shows
    )
    return listed(_objects(served, caller, found, selection, show_secrets=shows), total, limit)


@routes.get("/executions/views/filters", dependencies=LISTS, response_model=FiltersShape)
def get_filters(served: TheServed) -> dict[str, list[str]]:
    """The values by which executions can be chosen."""
    return served.listing.filter_values()


@routes.get("/executions/{number}", response_model=ExecutionShape, responses=faults(404))
def get_execution(
    number: Number, served: TheServed, caller: Reader, selection: Selected, shows: Shows
) -> Response:
    """One execution."""
    return json_answer(one_execution(served, caller, number, selection, show_secrets=shows))


@routes.get("/executions/{number}/children", response_model=list[ExecutionShape], responses=faults(404))
def get_children(
    number: Number,
    served: TheServed,
    caller: Reader,
    selection: Selected,
    shows: Shows,
    depth: Annotated[int, Query(description="How many levels down; -1: all.")] = -1,
) -> Response:
    """What is below an execution: each one followed by what is below it, otherwise by their starts."""
    found = served.listing.below(number, depth, _parts(selection), show_secrets=shows)
    return listed(_objects(served, caller, found, selection, show_secrets=shows), len(found), None)


@routes.get("/executions/{number}/attribute/{name}", response_model=Any, responses=faults(404))
def get_attribute(number: Number, name: str, served: TheServed, caller: Reader, shows: Shows) -> Response:
    """One attribute of an execution: its status, or its result."""
    if name not in _MAY_EXCLUDE:
        raise FaultError(400, f'Invalid attribute "{name}" specified. There are result and status.')
    selection = _selection(name, None)
    found = one_execution(served, caller, number, selection, show_secrets=shows)
    return json_answer(found.get(name))


@routes.get(
    "/executions/{number}/result",
    dependencies=READS,
    response_class=Response,
    responses={**faults(404), 200: {"content": {"text/json": {"schema": {}}}}},
)
def get_result(number: Number, served: TheServed, shows: Shows) -> Response:
    """The result of an execution, as JSON and nothing else."""
    text = served.listing.result_text(number, show_secrets=shows)
    return Response(text, media_type="text/json")


def one_execution(
    served: Served,
    caller: Caller,
    number: str,
    selection: Selection | None = None,
    *,
    show_secrets: bool = False,
) -> dict[str, Json]:
    """The object of one execution. Raises NotFound."""
    selection = selection or Selection()
    found = served.listing.one(number, _parts(selection), show_secrets=show_secrets)
    return _objects(served, caller, [found], selection, show_secrets=show_secrets)[0]


def _objects(
    served: Served, caller: Caller, found: Iterable[Summary], selection: Selection, *, show_secrets: bool
) -> list[dict[str, Json]]:
    """The objects of executions, with the attributes that are asked for."""
    commands, needs_packs = served.commands(caller.name), selection.wants(*_OF_PACKS)
    objects = Objects(commands, needs_packs=needs_packs, show_secrets=show_secrets)
    return [selection.applied_to(objects.of(one)) for one in found]


def _parts(selection: Selection) -> frozenset[Part]:
    return frozenset(part for part, names in _PARTS.items() if selection.wants(*names))


def _order(wanted: Wanted) -> tuple[Order, bool]:
    """What a list is sorted by, and whether backwards. Raises FaultError (400)."""
    sort = (wanted.sort or "").strip()
    if not sort:
        return "age", not wanted.sort_asc or wanted.sort_desc
    name = sort.removeprefix("-").removeprefix("+").strip()
    if name not in _ORDERS:
        raise FaultError(400, f'Executions cannot be sorted by "{name}". Give one of {", ".join(_ORDERS)}.')
    return _ORDERS[name], sort.startswith("-")


def _filters(wanted: Wanted) -> Filters:
    """The filters that are asked for. Raises FaultError (400)."""
    after, before = _times(wanted)
    scope = wanted.parent or EVERYWHERE
    ids = _ids(wanted)
    return Filters(
        scope="" if scope.lower() == "null" else scope,
        statuses=tuple(names(wanted.status)),
        action=wanted.action or None,
        user=wanted.user or None,
        runner=wanted.runner or None,
        after=after,
        before=before,
        ids=ids,
    )


def _ids(wanted: Wanted) -> tuple[str, ...] | None:
    ids = names(wanted.id)
    if wanted.liveaction:
        ids = [wanted.liveaction] if not ids or wanted.liveaction in ids else [""]
    return tuple(ids) or None


def _times(wanted: Wanted) -> tuple[int | None, int | None]:
    """After and before which times, in microseconds since 1970."""
    afters = [_time("timestamp_gt", wanted.timestamp_gt)] if wanted.timestamp_gt else []
    befores = [_time("timestamp_lt", wanted.timestamp_lt)] if wanted.timestamp_lt else []
    if wanted.timestamp:
        first, _, last = wanted.timestamp.partition("..")
        ends = sorted((_time("timestamp", first), _time("timestamp", last or first)))
        afters.append(ends[0] - 1)
        befores.append(ends[1] + 1)
    return max(afters, default=None), min(befores, default=None)


def _time(name: str, text: str) -> int:
    try:
        return microseconds_of(text.strip())
    except ValueError as error:
        raise FaultError(
            400, f'Parameter "{name}" is no time: "{text}". Write it as 2026-12-31T23:59:59.000000Z.'
        ) from error
