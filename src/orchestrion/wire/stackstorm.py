"""Objects as StackStorm's clients know them (stackstorm-api 2). Pure: from views to JSON."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Final

from orchestrion.actions.metadata import Action, Parameter
from orchestrion.actions.parameters import MASK
from orchestrion.actions.runner_types import RUNNER_TYPES, RunnerType
from orchestrion.core.values import Json
from orchestrion.queries.summaries import RerunTasks, Summary

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = 1_000_000

_BY: Final[Mapping[str, str]] = {"cancel": "cancelled_by", "pause": "paused_by", "resume": "resumed_by"}
"""The names in the context of an execution for who has asked what."""


def time_text(microseconds: int | None) -> str | None:
    """A time as `YYYY-MM-DDTHH:MM:SS.ffffffZ`; from microseconds since 1970."""
    if microseconds is None:
        return None
    at = _EPOCH + timedelta(microseconds=microseconds)
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def microseconds_of(text: str) -> int:
    """The time that a text says, in microseconds since 1970; UTC where it says no zone. Raises ValueError."""
    at = datetime.fromisoformat(text)
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - _EPOCH) // timedelta(microseconds=1)


def id_of(uid: str) -> str:
    """The id of something that has a name only: 24 hexadecimal digits, always the same."""
    return blake2b(uid.encode(), digest_size=12).hexdigest()


# --- actions and runner types


def action_object(action: Action, *, show_secrets: bool = False) -> dict[str, Json]:
    """An action. The defaults of secret parameters are masked, unless they are to be shown."""
    file = action.metadata_file
    folder = action.pack.folder
    return {
        **_action(action.ref, action.pack.ref, action.name, action.runner_type),
        "description": action.description,
        "enabled": action.enabled,
        "entry_point": action.entry_point,
        "parameters": _schemas(action.parameters, show_secrets=show_secrets),
        "output_schema": dict(action.output_schema or {}),
        "tags": [*action.tags],
        "notify": dict(action.notify),
        "metadata_file": str(file.relative_to(folder) if file.is_relative_to(folder) else file),
        "idempotent": action.idempotent,
    }


def missing_action_object(ref: str, runner_type: str) -> dict[str, Json]:
    """An action that is not there any more, or never was in a pack: what is known of it."""
    pack, _, name = ref.rpartition(".") if "/" not in ref else ("", "", ref)
    return _action(ref, pack, name, runner_type)


def overview_object(action: Action, *, show_secrets: bool = False) -> dict[str, Json]:
    """An action with all its parameters: those of its runner, too."""
    return {
        **action_object(action, show_secrets=show_secrets),
        "parameters": _schemas(action.all_parameters, show_secrets=show_secrets),
    }


def runner_object(name: str) -> dict[str, Json]:
    """A runner type; of one that nobody knows, only the name."""
    known = RUNNER_TYPES.get(name, RunnerType(name, "", {}))
    module = name.replace("-", "_")
    return {
        "id": id_of(f"runner_type:{name}"),
        "uid": f"runner_type:{name}",
        "name": name,
        "description": known.description,
        "enabled": name in RUNNER_TYPES,
        "runner_module": f"{module}_runner",
        "runner_package": f"{module}_runner",
        "runner_parameters": {one: dict(schema) for one, schema in known.parameters.items()},
        "output_key": known.output_key,
        "output_schema": {},
    }


def _action(ref: str, pack: str, name: str, runner_type: str) -> dict[str, Json]:
    return {
        "id": id_of(f"action:{ref}"),
        "uid": f"action:{pack}:{name}",
        "ref": ref,
        "pack": pack,
        "name": name,
        "description": "",
        "enabled": True,
        "entry_point": "",
        "runner_type": runner_type,
        "parameters": {},
        "output_schema": {},
        "tags": [],
        "notify": {},
        "metadata_file": "",
        "idempotent": False,
    }


def _schemas(parameters: Mapping[str, Parameter], *, show_secrets: bool) -> dict[str, Json]:
    return {
        name: dict(one.schema) | ({"default": MASK} if hides_default(one) and not show_secrets else {})
        for name, one in parameters.items()
    }


def hides_default(parameter: Parameter) -> bool:
    """Whether the default of a parameter is secret."""
    return parameter.secret and parameter.default not in (None, "")


# --- executions


def execution_object(
    summary: Summary, action: Mapping[str, Json], runner: Mapping[str, Json], now: int
) -> dict[str, Json]:
    """An execution, with its action and runner as objects; `now` in microseconds since 1970."""
    end = summary.ended_at if summary.ended_at is not None else now
    return {
        "id": summary.id,
        "action": dict(action),
        "runner": dict(runner),
        "liveaction": {
            "id": summary.id,
            "action": summary.action,
            "action_is_workflow": summary.workflow is not None or action["runner_type"] == "orquesta",
            "parameters": summary.parameters,
            "callback": {},
            "runner_info": {},
            "notify": None,
        },
        "status": summary.status,
        "start_timestamp": time_text(summary.created_at),
        "end_timestamp": time_text(summary.ended_at),
        "elapsed_seconds": max(0, end - summary.created_at) / _SECOND,
        "parameters": summary.parameters,
        "context": context_of(summary),
        "result": summary.result,
        "result_size": summary.result_size,
        "parent": summary.parent,
        "children": [*summary.children],
        "log": [{"timestamp": time_text(one.at), "status": one.status} for one in summary.log],
        "delay": None,
        "web_url": None,
        "workflow_execution": summary.of_workflow,
        "task_execution": None if summary.top else summary.task_execution,
        "engine": summary.engine,
        "rerun_of": summary.rerun_of,
        "continued_by": summary.continued_by,
    }


def context_of(summary: Summary) -> dict[str, Json]:
    """The context of an execution: who has started it, and where it belongs."""
    context: dict[str, Json] = {"user": summary.user, "pack": _pack_of(summary.action)}
    if summary.workflow is not None:
        context["workflow_execution"] = summary.workflow
    if summary.top and summary.rerun_of is not None:
        tasks, reset = summary.rerun or RerunTasks()
        context["re-run"] = {"ref": summary.rerun_of, "tasks": [*tasks], "reset": [*reset]}
    context |= {_BY[kind]: who for kind, who in (summary.asked or {}).items()}
    if summary.parent is not None:
        context["parent"] = {
            "execution_id": summary.parent,
            "user": summary.user,
            "pack": _pack_of(summary.parent_action or ""),
        }
        orquesta: dict[str, Json] = {
            "workflow_execution_id": summary.of_workflow,
            "task_execution_id": summary.task_execution,
            "task_name": summary.task,
            "task_id": summary.task,
            "task_route": summary.route,
        }
        if summary.item is not None:
            orquesta["item_id"] = summary.item
        context["orquesta"] = orquesta
    return context


def _pack_of(ref: str) -> str:
    return ref.partition(".")[0] if "." in ref else ""
