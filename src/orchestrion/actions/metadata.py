"""What an action is: `Pack`, `Action` and `Parameter`, and the check of a metadata file (spec 6.1, 6.2).

This file does not look for files (`catalog` does) and does not handle values (`parameters` does).
"""

import os.path
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from orchestrion.actions.metadata_file import line_of
from orchestrion.actions.runner_types import RUNNER_TYPES, RunnerType
from orchestrion.core.values import Json
from orchestrion.errors import UsageError

TYPES: Final = ("array", "boolean", "integer", "null", "number", "object", "string")
"""The type names of a parameter."""

_DRAFT_4: Final = frozenset(
    {
        "$ref",
        "$schema",
        "additionalItems",
        "additionalProperties",
        "allOf",
        "anyOf",
        "default",
        "definitions",
        "dependencies",
        "description",
        "enum",
        "exclusiveMaximum",
        "exclusiveMinimum",
        "format",
        "id",
        "items",
        "maxItems",
        "maxLength",
        "maxProperties",
        "maximum",
        "minItems",
        "minLength",
        "minProperties",
        "minimum",
        "multipleOf",
        "not",
        "oneOf",
        "pattern",
        "patternProperties",
        "properties",
        "required",
        "title",
        "type",
        "uniqueItems",
    }
)
_PARAMETER_KEYS: Final = _DRAFT_4 | {"position", "immutable", "secret"}
_OVERRIDABLE: Final = frozenset({"default", "description", "enum", "immutable", "required"})
_PLAIN_KEYS: Final = frozenset(
    {"type", "default", "description", "title", "required", "position", "immutable", "secret"}
)
_ACTION_KEYS: Final[Mapping[str, tuple[type, ...]]] = {
    "name": (str,),
    "runner_type": (str,),
    "description": (str, type(None)),
    "enabled": (bool,),
    "entry_point": (str, type(None)),
    "pack": (str, type(None)),
    "ref": (str, type(None)),
    "uid": (str, type(None)),
    "parameters": (dict, type(None)),
    "output_schema": (dict, type(None)),
    "tags": (list, type(None)),
    "notify": (dict, type(None)),
    "metadata_file": (str, type(None)),
    "idempotent": (bool,),
}
_WORDS: Final = {str: "a text", bool: "true or false", dict: "a mapping", list: "a list"}


_BUNDLED: Final = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Pack:
    """One pack on disk. `metadata` is the whole of its pack.yaml. `copy_of`: where its people have it."""

    ref: str
    name: str
    folder: Path
    metadata: Mapping[str, Json]
    copy_of: Path | None = None

    @property
    def actions_folder(self) -> Path:
        """The folder of the metadata files, to which entry points are relative."""
        return self.folder / "actions"

    @property
    def home(self) -> Path:
        """The folder of the pack as its people know it."""
        return self.copy_of or self.folder

    @property
    def is_bundled(self) -> bool:
        """Whether it comes with Orchestrion, and so changes only with it."""
        return self.folder.is_relative_to(_BUNDLED)

    def told(self, text: str) -> str:
        """A text about the pack with the files that its people know."""
        return text if self.copy_of is None else text.replace(str(self.folder), str(self.copy_of))


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a runner or an action; `schema` is all that was written about it (spec 6.2)."""

    name: str
    schema: Mapping[str, Json]
    type: str | None = None
    default: Json = None
    has_default: bool = False
    required: bool = False
    immutable: bool = False
    secret: bool = False
    accepts_null: bool = True
    is_plain: bool = True
    """`type` alone says which values are valid."""
    is_template: bool = False
    """The default holds Jinja, to be rendered when it is used."""

    @classmethod
    def of(cls, name: str, schema: Mapping[str, Json]) -> "Parameter":
        """Make the record for a schema that was checked."""
        kind, default, has_default = schema.get("type"), schema.get("default"), "default" in schema
        required = schema.get("required") is True
        return cls(
            name=name,
            schema=schema,
            type=kind if isinstance(kind, str) else None,
            default=default,
            has_default=has_default,
            required=required,
            immutable=schema.get("immutable") is True,
            secret=schema.get("secret") is True,
            accepts_null=default is None and (has_default or not required),
            is_plain=_PLAIN_KEYS.issuperset(schema),
            is_template=_holds_jinja(default),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Action:
    """One action, as its metadata file says (spec 6.2).

    `parameters` is what the action declares, `runner_parameters` those of its runner with the action's
    overrides, `all_parameters` both, `templates` and `secrets` those of them that are such. `runner` is None
    for a runner type that nobody knows: such an action is catalogued and cannot run.
    """

    ref: str
    name: str
    pack: Pack
    metadata_file: Path
    runner_type: str
    runner: RunnerType | None
    description: str = ""
    enabled: bool = True
    entry_point: str = ""
    idempotent: bool = False
    output_schema: Mapping[str, Json] | None = None
    tags: tuple[Json, ...] = ()
    notify: Mapping[str, Json] = field(default_factory=dict[str, Json])
    parameters: Mapping[str, Parameter] = field(default_factory=dict[str, Parameter])
    runner_parameters: Mapping[str, Parameter] = field(default_factory=dict[str, Parameter])
    all_parameters: Mapping[str, Parameter] = field(default_factory=dict[str, Parameter])
    templates: tuple[Parameter, ...] = ()
    secrets: tuple[str, ...] = ()

    def inputs(self) -> dict[str, Parameter]:
        """Give the parameters as the inspection of workflows knows them (spec 3.1).

        There an action's own declaration replaces the runner's as a whole, while everywhere else it is merged
        with it.
        """
        of_runner = parameters_of(self.runner.parameters) if self.runner else {}
        return {**of_runner, **self.parameters}


def parameters_of(schemas: Mapping[str, Mapping[str, Json]]) -> dict[str, Parameter]:
    """Make the records for parameters as they stand in JSON, for example in a server's answer."""
    return {name: Parameter.of(name, schema) for name, schema in schemas.items()}


def workflow_path(action: Action) -> Path:
    """Give the file of an orquesta action's definition; that it exists is not checked.

    Raises `UsageError` when the action names none, or one outside its pack.
    """
    where = f"{action.metadata_file}:{line_of(action.metadata_file, ['entry_point'])}"
    if not action.entry_point:
        remedy = f"Write entry_point: workflows/{action.name}.yaml."
        message = f"{where}: Action {action.ref} names no workflow. {remedy}"
        raise UsageError(message)
    path = Path(os.path.normpath(action.pack.actions_folder / action.entry_point))
    if not path.is_relative_to(os.path.normpath(action.pack.folder)):
        message = (
            f"{where}: The entry_point {action.entry_point} of action {action.ref} leaves its pack. "
            f"Give a path below {action.pack.actions_folder}."
        )
        raise UsageError(message)
    return path


def action_of(document: Mapping[str, Json], pack: Pack, file: Path) -> Action:
    """Check one metadata document and make the action.

    Raises `UsageError` with every problem, each with file and line.
    """
    problems = _Problems(file)
    _check_keys(document, pack, problems)
    parameters = document.get("parameters") or {}
    schemas: dict[str, Mapping[str, Json]] = {}
    if isinstance(parameters, dict):
        for name, schema in parameters.items():
            _check_parameter(name, schema, problems)
            if isinstance(schema, dict):
                schemas[name] = schema
    problems.raise_any()

    name, runner_type = str(document["name"]), str(document["runner_type"])
    runner = RUNNER_TYPES.get(runner_type)
    of_runner = dict(runner.parameters) if runner else {}
    merged = {**of_runner, **schemas}
    for key in of_runner.keys() & schemas.keys():
        merged[key] = {**of_runner[key], **schemas[key]}
    ref = f"{pack.ref}.{name}"
    _check_overrides(ref, of_runner, schemas, problems)
    _check_positions(merged, problems)
    problems.raise_any()

    everything = parameters_of(merged)
    output_schema, tags, notify = (document.get(key) for key in ("output_schema", "tags", "notify"))
    return Action(
        ref=ref,
        name=name,
        pack=pack,
        metadata_file=file,
        runner_type=runner_type,
        runner=runner,
        description=str(document.get("description") or ""),
        enabled=document.get("enabled", True) is True,
        entry_point=str(document.get("entry_point") or ""),
        idempotent=document.get("idempotent") is True,
        output_schema=output_schema if isinstance(output_schema, dict) else None,
        tags=tuple(tags) if isinstance(tags, list) else (),
        notify=notify if isinstance(notify, dict) else {},
        parameters=parameters_of(schemas),
        runner_parameters={key: value for key, value in everything.items() if key in of_runner},
        all_parameters=everything,
        templates=tuple(one for one in everything.values() if one.is_template),
        secrets=tuple(name for name, one in everything.items() if one.secret),
    )


class _Problems:
    """Collects the problems of one file, so that all are told at once."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._texts: list[str] = []

    def add(self, path: tuple[str, ...], text: str) -> None:
        self._texts.append(f"{self._file}:{line_of(self._file, path)}: {text}")

    def raise_any(self) -> None:
        if self._texts:
            message = f"{self._file} is not valid action metadata; correct it and try again."
            raise UsageError(message, problems=self._texts)


def _check_keys(document: Mapping[str, Json], pack: Pack, problems: _Problems) -> None:
    for key, value in document.items():
        if key not in _ACTION_KEYS:
            known = ", ".join(sorted(_ACTION_KEYS))
            problems.add((key,), f"Unknown key {key!r}. Remove it or correct its name; known keys: {known}.")
        elif not isinstance(value, _ACTION_KEYS[key]):
            wanted = _WORDS[_ACTION_KEYS[key][0]]
            remedy = (
                " Put it in quotes." if wanted == "a text" and not isinstance(value, (list, dict)) else ""
            )
            problems.add((key,), f"{key} must be {wanted}, found {value!r}.{remedy}")
    for key in ("name", "runner_type"):
        if document.get(key, "") == "":
            problems.add((), f"{key} is missing. Add a line `{key}: …`.")
    named = document.get("pack")
    if named and named != pack.ref:
        problems.add(
            ("pack",),
            f"pack is {named!r}, but the file is in pack {pack.ref!r}. Remove the line or move the file.",
        )


def _check_parameter(name: str, schema: Json, problems: _Problems) -> None:
    path = ("parameters", name)
    if not re.fullmatch(r"\w+", name):
        problems.add(path, f"Parameter name {name!r} may hold letters, digits and underscores only.")
    if not isinstance(schema, dict):
        problems.add(
            path, f"Parameter {name} must be a mapping such as `{{type: string}}`, found {schema!r}."
        )
        return
    for key in schema.keys() - _PARAMETER_KEYS:
        problems.add((*path, key), f"Unknown key {key!r} of parameter {name}. Remove it or correct its name.")
    kind = schema.get("type")
    if "type" in schema and kind not in TYPES:
        problems.add(
            (*path, "type"), f"type of parameter {name} must be one of {', '.join(TYPES)}, found {kind!r}."
        )
    for key in ("required", "immutable", "secret"):
        if not isinstance(schema.get(key, False), bool):
            problems.add(
                (*path, key), f"{key} of parameter {name} must be true or false, found {schema[key]!r}."
            )
    position = schema.get("position", 0)
    if isinstance(position, bool) or not isinstance(position, int) or position < 0:
        problems.add(
            (*path, "position"), f"position of parameter {name} must be 0, 1, 2, …, found {position!r}."
        )
    if "enum" in schema and not isinstance(schema["enum"], list):
        problems.add((*path, "enum"), f"enum of parameter {name} must be a list, found {schema['enum']!r}.")


def _check_overrides(
    ref: str,
    of_runner: Mapping[str, Mapping[str, Json]],
    schemas: Mapping[str, Mapping[str, Json]],
    problems: _Problems,
) -> None:
    for name, schema in schemas.items():
        inherited = of_runner.get(name, {})
        if schema.get("immutable") is True and "default" not in schema and "default" not in inherited:
            problems.add(("parameters", name), f"Immutable param {name} requires a default value.")
        if not inherited:
            continue
        if inherited.get("immutable") is True:
            problems.add(
                ("parameters", name),
                f"Param {name} is declared immutable in runner. Cannot override in action.",
            )
        for key, value in schema.items():
            if key not in _OVERRIDABLE and (key not in inherited or inherited[key] != value):
                problems.add(
                    ("parameters", name, key),
                    f'The attribute "{key}" for the runner parameter "{name}" in action "{ref}" cannot be '
                    "overridden.",
                )


def _check_positions(schemas: Mapping[str, Mapping[str, Json]], problems: _Problems) -> None:
    taken: dict[int, str] = {}
    for name, schema in schemas.items():
        position = schema.get("position")
        if not isinstance(position, int):
            continue
        if position in taken:
            problems.add(
                ("parameters", name, "position"),
                f"Parameters {taken[position]} and {name} have same position {position}. "
                "Position values have to be unique.",
            )
        taken[position] = name
    given = sorted(taken)
    if given != list(range(len(given))):
        problems.add(("parameters",), f"Positions supplied {given} for parameters are not contiguous.")


def _holds_jinja(value: Json) -> bool:
    if isinstance(value, str):
        return "{{" in value or "{%" in value
    if isinstance(value, list):
        return any(_holds_jinja(item) for item in value)
    if isinstance(value, dict):
        return any(_holds_jinja(item) for item in value.values())
    return False
