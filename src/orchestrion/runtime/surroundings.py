"""What defaults in metadata may refer to when an action is asked for (spec 6.3).

Nothing is read for an action whose defaults refer to nothing.
"""

from collections.abc import Callable, Mapping
from contextlib import nullcontext

from orchestrion.actions.metadata import Action
from orchestrion.actions.parameters import Surroundings
from orchestrion.core.values import Json
from orchestrion.runtime.dispatcher import Unit
from orchestrion.runtime.keyring import KeyRing
from orchestrion.runtime.ledger import Execution

_PLAIN = Surroundings()


def surroundings_of(
    action: Action,
    keys: KeyRing,
    context: Callable[[], Mapping[str, Json]],
    note_secret: Callable[[Json], None],
) -> Surroundings:
    """The surroundings of an action; secrets of its pack's config are noted. Raises UsageError, SealError."""
    templates = [parameter for parameter in action.all_parameters.values() if parameter.is_template]
    if not templates:
        return _PLAIN
    from orchestrion.actions.configs import pack_config
    from orchestrion.actions.filters import metadata_functions
    from orchestrion.actions.key_lookups import KeyLookups
    from orchestrion.actions.rendering import RenderingError, names_in

    functions = metadata_functions()
    names: set[str] = set()
    for parameter in templates:
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
    token = execution.token
    assert token is not None
    subject = unit.workflow(token.workflow)
    application = subject.state.initial.application
    secrets = unit.secrets.of(subject.row)
    of_parent = application.get("st2")
    parent = of_parent if isinstance(of_parent, dict) else {}
    user = str(parent.get("user", ""))

    def note(value: Json) -> None:
        secrets.note([value])

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

    keys = KeyRing(lambda: nullcontext(unit.transaction), user, unit.now, note)
    return surroundings_of(action, keys, context, note)
