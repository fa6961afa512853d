"""Executions as they are read: lists, one, what is below it, its parts (stackstorm-api 2.3 and 2.4)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel

from orchestrion.actions.runners.registry import WORKFLOW_RUNNER
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
from orchestrion.api.served import Served, served_by
from orchestrion.api.shapes import ActionShape, ExecutionShape, FiltersShape
from orchestrion.client.commands import Commands
from orchestrion.core.values import Json
from orchestrion.errors import NotFound, UsageError
from orchestrion.queries.summaries import EVERYWHERE, Filters, Order, Page, Part, Summary
from orchestrion.runtime.clock import system_clock
from orchestrion.wire.stackstorm import (
    action_object,
    execution_object,
    microseconds_of,
    missing_action_object,
    runner_object,
)

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
    shown = Objects(served, caller, selection, show_secrets=shows)
    return listed([shown.of(one) for one in found], total, limit)


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
    shown = Objects(served, caller, selection, show_secrets=shows)
    return listed([shown.of(one) for one in found], len(found), None)


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
    return Objects(served, caller, selection, show_secrets=show_secrets).of(found)


class Objects:
    """Makes the objects of executions for one answer; each action is looked up once."""

    def __init__(self, served: Served, caller: Caller, selection: Selection, *, show_secrets: bool) -> None:
        self._served: Final = served
        self._selection: Final = selection
        self._show_secrets: Final = show_secrets
        self._commands: Final[Commands] = served.commands(caller.name)
        self._actions: Final[dict[tuple[str, str], dict[str, Json]]] = {}
        self._runners: Final[dict[str, dict[str, Json]]] = {}
        self._needs_packs: Final = selection.wants(*_OF_PACKS)
        self._now: Final = system_clock()

    def of(self, summary: Summary) -> dict[str, Json]:
        """The object of an execution, with the attributes that are asked for."""
        if summary.started_at is None and not self._show_secrets and summary.parameters:
            parameters = self._commands.masked_parameters(summary.id, summary.action, summary.parameters)
            summary = replace(summary, parameters=parameters)
        action = self._action(summary)
        runner = self._runner(str(action["runner_type"]))
        return self._selection.applied_to(execution_object(summary, action, runner, self._now))

    def _action(self, summary: Summary) -> dict[str, Json]:
        key = (summary.action, summary.runner)
        found = self._actions.get(key)
        if found is None:
            found = self._actions[key] = self._found(summary)
        return found

    def _found(self, summary: Summary) -> dict[str, Json]:
        if summary.source is None and (self._needs_packs or not summary.runner):
            try:
                action = self._commands.catalog.find(summary.action)
                return action_object(action, show_secrets=self._show_secrets)
            except (NotFound, UsageError):
                pass  # it is not there any more: what is known of it is told
        runner = summary.runner or (WORKFLOW_RUNNER if summary.workflow is not None else "")
        return missing_action_object(summary.action, runner)

    def _runner(self, name: str) -> dict[str, Json]:
        if name not in self._runners:
            self._runners[name] = runner_object(name)
        return self._runners[name]


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
