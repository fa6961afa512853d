"""What defaults in metadata may refer to when an action is asked for (spec 6.3).

Nothing is read for an action whose defaults refer to nothing.
"""

from collections.abc import Callable, Mapping
from contextlib import nullcontext

from orchestrion.actions.metadata import Action
from orchestrion.actions.parameters import Resolved, Surroundings
from orchestrion.actions.runners.base import Job, OnOutput
from orchestrion.actions.runners.registry import WITH_CONFIG
from orchestrion.core.values import Json
from orchestrion.runtime.keyring import KeyRing
from orchestrion.runtime.ledger import Execution
from orchestrion.runtime.unit import Unit
from orchestrion.settings import current

_PLAIN = Surroundings()


def surroundings_of(
    action: Action,
    keys: KeyRing,
    context: Callable[[], Mapping[str, Json]],
    note_secret: Callable[[Json], None],
) -> Surroundings:
    """The surroundings of an action; secrets of its pack's config are noted. Raises UsageError, SealError."""
    if not action.templates:
        return _PLAIN
    from orchestrion.actions.configs import pack_config
    from orchestrion.actions.filters import metadata_functions
    from orchestrion.actions.key_lookups import KeyLookups
    from orchestrion.actions.rendering import RenderingError, names_in

    functions = metadata_functions()
    names: set[str] = set()
    for parameter in action.templates:
        try:
            names |= names_in(parameter.default, functions)
        except RenderingError:
            continue  # told when it is rendered
    return Surroundings(
        action_context=context() if "action_context" in names else {},
        config=pack_config(action.pack, keys, note_secret) if "config_context" in names else {},
        keys=KeyLookups(keys),
        functions=functions,
    )


def surroundings_of_task(unit: Unit, execution: Execution, action: Action) -> Surroundings:
    """Those of a task's action. Raises UsageError, SealError."""
    if not action.templates:
        return _PLAIN
    token = execution.token
    assert token is not None
    subject = unit.workflow(token.workflow)
    parent = _parent(unit, execution)
    keys, note = _keys(unit, execution)
    user = user_of_task(unit, execution)

    def context() -> Mapping[str, Json]:
        known = unit.external_values(subject)[("task", token.entry)]
        assert isinstance(known, dict)
        place: dict[str, Json] = {
            "workflow_execution_id": subject.id,
            "task_execution_id": known["task_execution_id"],
            "task_name": execution.task,
            "task_id": execution.task,
            "task_route": execution.route,
        }
        if token.item is not None:
            place["item_id"] = token.item
        above: Json = {"execution_id": execution.parent, "user": user, "pack": parent.get("pack")}
        return {"user": user, "pack": action.pack.ref, "parent": above, "orquesta": place}

    return surroundings_of(action, keys, context, note)


def job_of_task(
    unit: Unit, execution: Execution, action: Action, resolved: Resolved, engine: str, on_output: OnOutput
) -> Job:
    """What a runner gets of a task's action. Raises UsageError, SealError."""
    config: Mapping[str, Json] = {}
    if action.runner_type in WITH_CONFIG:
        from orchestrion.actions.configs import pack_config

        config = pack_config(action.pack, *_keys(unit, execution))
    return Job(
        execution.id,
        action,
        resolved.runner_parameters,
        resolved.action_parameters,
        api_url=current().advertised_url,
        engine=engine,
        config=config,
        user=user_of_task(unit, execution),
        on_output=on_output,
    )


def user_of_task(unit: Unit, execution: Execution) -> str:
    """Who has started the workflow of a task, or the one at the top of its tree."""
    return str(_parent(unit, execution).get("user", ""))


def _keys(unit: Unit, execution: Execution) -> tuple[KeyRing, Callable[[Json], None]]:
    """What reads keys for a task, and what notes the secrets among what was read."""
    assert execution.token is not None
    secrets = unit.secrets.of(unit.workflow(execution.token.workflow).row)

    def note(value: Json) -> None:
        secrets.note([value])

    user = user_of_task(unit, execution)
    return KeyRing(lambda: nullcontext(unit.transaction), user, unit.now, note), note


def _parent(unit: Unit, execution: Execution) -> Mapping[str, Json]:
    """What the workflow of a task knows of its own execution."""
    assert execution.token is not None
    found = unit.workflow(execution.token.workflow).state.initial.application.get("st2")
    return found if isinstance(found, dict) else {}
