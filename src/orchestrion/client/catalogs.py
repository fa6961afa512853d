"""The actions of packs, as people look them up. Needs no store."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from orchestrion.actions.metadata import Action, Parameter
from orchestrion.actions.metadata_file import read_text
from orchestrion.actions.on_disk import kind_of
from orchestrion.actions.parameters import MASK
from orchestrion.actions.runners.registry import WORKFLOW_RUNNER, check_runnable
from orchestrion.client.packs import catalog_of
from orchestrion.core.language import load_definition
from orchestrion.core.spelling import did_you_mean
from orchestrion.core.values import Json
from orchestrion.errors import NotFound, Refused


class ParameterView(NamedTuple):
    """A parameter of an action. `type` None: anything goes. `of_runner`: the action does not declare it."""

    name: str
    type: str | None
    default: Json
    required: bool
    secret: bool
    immutable: bool
    of_runner: bool
    description: str
    choices: tuple[Json, ...]


class ActionView(NamedTuple):
    """An action of a pack. `unable` says why it cannot run here, if it cannot."""

    ref: str
    pack: str
    runner: str
    description: str
    enabled: bool
    idempotent: bool
    entry_point: str
    file: Path
    parameters: tuple[ParameterView, ...]
    unable: str | None

    @property
    def is_workflow(self) -> bool:
        """Whether `run` starts it; any other action is part of a workflow."""
        return self.runner == WORKFLOW_RUNNER


class ActionList(NamedTuple):
    """The actions of packs by name, and what is wrong with files that hold none."""

    actions: tuple[ActionView, ...]
    problems: tuple[str, ...]


def list_actions(packs: Sequence[Path], pack: str | None = None) -> ActionList:
    """All actions, or those of one pack. Raises NotFound with the nearest spelling."""
    catalog = catalog_of(packs)
    known = [one.ref for one in catalog.packs()]
    if pack is not None and pack not in known:
        raise NotFound(f'There is no pack "{pack}".{did_you_mean(pack, known)} There are {", ".join(known)}.')
    views = (_view(one) for one in catalog.actions() if pack in (None, one.pack.ref))
    return ActionList(tuple(sorted(views, key=lambda one: one.ref)), catalog.problems())


def get_action(ref: str, packs: Sequence[Path]) -> ActionView:
    """One action. Raises NotFound with the nearest spelling; UsageError when its metadata is not valid."""
    return _view(catalog_of(packs).find(ref))


def _view(action: Action) -> ActionView:
    try:
        check_runnable(action)
        unable = None
    except Refused as error:
        unable = error.message
    own = [one for one in action.all_parameters.values() if one.name in action.parameters]
    others = [one for one in action.all_parameters.values() if one.name not in action.parameters]
    return ActionView(
        ref=action.ref,
        pack=action.pack.ref,
        runner=action.runner_type,
        description=action.description,
        enabled=action.enabled,
        idempotent=action.idempotent,
        entry_point=action.entry_point,
        file=action.metadata_file,
        parameters=(
            *(_parameter(one, of_runner=False) for one in own),
            *(_parameter(one, of_runner=True) for one in others),
        ),
        unable=unable,
    )


def _parameter(parameter: Parameter, *, of_runner: bool) -> ParameterView:
    choices = parameter.schema.get("enum")
    return ParameterView(
        name=parameter.name,
        type=parameter.type,
        default=MASK if parameter.secret and parameter.default is not None else parameter.default,
        required=parameter.required,
        secret=parameter.secret,
        immutable=parameter.immutable,
        of_runner=of_runner,
        description=str(parameter.schema.get("description") or ""),
        choices=tuple(choices) if isinstance(choices, list) else (),
    )


def refs(packs: Sequence[Path]) -> list[tuple[str, bool]]:
    """The names of all actions, each with whether it is a workflow."""
    return [(one.ref, one.runner_type == WORKFLOW_RUNNER) for one in catalog_of(packs).actions()]


def input_names(word: str, packs: Sequence[Path]) -> list[str]:
    """The names of the parameters of a pack's workflow, or of the inputs of a workflow file."""
    if kind_of(word) == "file":  # what is typed at a terminal is not read for a completion
        return [one.name for one in load_definition(read_text(Path(word))).inputs]
    return [*catalog_of(packs).find(word).parameters]
