"""The parameters of an action: from what was asked to what a runner gets (spec 2.2, 6.3, 6.4).

The order, as in StackStorm: immutable parameters cannot be given; what is given is cast; what is missing,
null or immutable gets its default, rendered where it is a template (`rendering`); all is cast, then validated
against draft 4 with a boolean `required`. All problems are told at once, in StackStorm's words.

Data is never code: a supplied value is inserted into defaults and handed to the runner, but never rendered.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from orchestrion.actions.casting import CastError, cast_value, from_text
from orchestrion.actions.metadata import Action, Parameter
from orchestrion.actions.metadata_file import read_text
from orchestrion.actions.rendering import Functions, RenderingError, in_order, names_in, render
from orchestrion.core.values import Json, texts_in
from orchestrion.errors import UsageError

MASK: Final = "********"
"""What is shown in place of a secret."""

_LONG: Final = 6  # a shorter secret is hidden where it is quoted; everywhere, it would blot out the message
_JSON: Final = ("array", "object")
_CONTAINERS: Final = frozenset({"array", "object", "integer", "number", "boolean"})


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What defaults may refer to besides other parameters (spec 6.3).

    `action_context` is the context of the execution, `config` the configuration of the action's pack, `keys`
    what `st2kv` stands for (with `system` and `user`), `functions` StackStorm's functions and filters by
    name.
    """

    action_context: Mapping[str, Json] = field(default_factory=dict[str, Json])
    config: Mapping[str, Json] = field(default_factory=dict[str, Json])
    keys: Mapping[str, object] = field(default_factory=dict[str, object])
    functions: Functions = field(default_factory=dict[str, Any])


class Resolved(NamedTuple):
    """The parameters of one action execution.

    `shown` is what the execution shows as its parameters: those that were supplied, and rendered defaults
    (secrets are not masked here, see `masked`). `action_parameters` has every parameter that the action
    declares beyond its runner's, null when it has no value: for an orquesta action this is the workflow's
    input (trap 24).
    """

    runner_parameters: Mapping[str, Json]
    action_parameters: Mapping[str, Json]
    all: Mapping[str, Json]
    shown: Mapping[str, Json]


class Problem(NamedTuple):
    """What is wrong with the parameters of an action, in the text that StackStorm's clients know.

    `name` is the parameter's, where the text does not tell it. `of_default`: not what was given is wrong, but
    the default of a parameter cannot be rendered.
    """

    text: str
    name: str | None = None
    of_default: bool = False

    def __str__(self) -> str:
        """For people."""
        return self.text if self.name is None else f'Parameter "{self.name}": {self.text}'


class Texts(NamedTuple):
    """The values for the texts of a command line; and one sentence for each name whose text gives none."""

    values: dict[str, Json]
    problems: dict[str, str]


def cast_text(parameters: Mapping[str, Parameter], texts: Mapping[str, str | Sequence[str]]) -> Texts:
    """Give the values for `NAME=TEXT` of a command line, typed as the `st2` client types them (spec 2.2).

    A name that was given several times has several texts, which are put together to an array. `@NAME` gives
    the path of a text file whose content is the text. A name that is not declared keeps its text: the server
    refuses it.
    """
    values: dict[str, Json] = {}
    problems: dict[str, str] = {}
    for word, given in texts.items():
        name = word.removeprefix("@")
        parameter = parameters.get(name) or Parameter(name, {})
        paths_or_texts = [given] if isinstance(given, str) else given
        if (len(paths_or_texts) > 1 and parameter.type != "array") or (word != name and name in texts):
            problems[name] = f'Parameter "{name}" is given more than once: give it once.'
            continue
        try:
            contents = [read_text(Path(path)) for path in paths_or_texts] if word != name else paths_or_texts
            values[name] = from_text(parameter, contents)
        except CastError as error:
            problems[name] = (
                f'Parameter "{name}" is no valid {parameter.type}. What was given is not shown: it is secret.'
                if parameter.secret
                else f'Parameter "{name}" {error}.'
            )
        except UsageError as error:
            problems[name] = error.message
        else:
            found = [repeated_key_problem(name, text) for text in contents if parameter.type in _JSON]
            problems.update((name, problem) for problem in found if problem)
    return Texts({name: value for name, value in values.items() if name not in problems}, problems)


def resolve(action: Action, values: Mapping[str, Json], surroundings: Surroundings | None = None) -> Resolved:
    """Decide the parameters with which an action runs, from the values that were supplied.

    Raises `UsageError` with all problems, as people read them.
    """
    found = examine(action, values, surroundings)
    if isinstance(found, Resolved):
        return found
    raise UsageError(f"Action {action.ref} cannot run with these parameters.", problems=map(str, found))


def examine(
    action: Action,
    values: Mapping[str, Json],
    surroundings: Surroundings | None = None,
    *,
    unread: Collection[str] = (),
) -> Resolved | list[Problem]:
    """Decide the parameters with which an action runs, or tell everything that is wrong with the values.

    `unread` names parameters that were supplied in a form that gives no value: nothing is said of them.
    """
    declared = action.all_parameters
    problems: list[Problem] = []
    overridden = [name for name in values if name in declared and declared[name].immutable]
    if overridden:
        problems.append(Problem(f"Override of immutable parameter(s) {overridden} is unsupported."))

    everything: dict[str, Json] = {}
    bad = set(unread)
    templates: list[Parameter] = []
    for name, parameter in declared.items():
        if name in bad:
            continue
        given = None if parameter.immutable else values.get(name)
        if given is None and parameter.is_template:
            templates.append(parameter)
            continue
        try:
            everything[name] = cast_value(parameter, parameter.default if given is None else given)
        except CastError as error:
            problems.append(Problem(str(error), name))
            bad.add(name)
    if templates:
        waiting = {parameter.name for parameter in templates}
        unrendered = _render_defaults(templates, everything, bad, surroundings or Surroundings())
        problems += (Problem(text, of_default=True) for text in unrendered)
        bad |= waiting - everything.keys()

    checked = everything | {name: value for name, value in values.items() if name not in declared}
    if not all(_is_plainly_valid(declared.get(name), value) for name, value in checked.items()):
        considered = {name: parameter for name, parameter in declared.items() if name not in bad}
        problems += _validate(considered, checked, declared.keys() - values.keys())
    if problems or unread:
        return [one._replace(text=_without_secrets(one.text, declared, values)) for one in problems]

    runner = action.runner_parameters
    rendered = {parameter.name for parameter in templates if not parameter.immutable}
    return Resolved(
        runner_parameters={name: value for name, value in everything.items() if name in runner},
        action_parameters={name: value for name, value in everything.items() if name not in runner},
        all=everything,
        shown={name: everything[name] for name in everything if name in values or name in rendered},
    )


def repeated_key_problem(name: str, text: str) -> str | None:
    """Say that a JSON text has a mapping with the same key twice, of which one value would be lost.

    None where it has none, or is no JSON.
    """
    repeated: list[str] = []

    def note(members: list[tuple[str, Json]]) -> None:
        counts = Counter(key for key, _ in members)
        repeated.extend(key for key, count in counts.items() if count > 1)

    try:
        json.loads(text, object_pairs_hook=note)
    except (ValueError, RecursionError):
        return None
    return f'Parameter "{name}" has the key "{repeated[0]}" more than once.' if repeated else None


def warnings_for(values: Mapping[str, Json]) -> list[str]:
    """Give one sentence for each supplied value that looks like an expression: it stays text."""
    warnings: list[str] = []
    for name, value in values.items():
        for text in texts_in(value):
            mark = next(
                (f"{left} {right}" for left, right in _DELIMITERS if _encloses(text, left, right)), None
            )
            if mark:
                warnings.append(
                    f'Parameter "{name}" holds "{mark}": it stays text, supplied values are not evaluated.'
                )
                break
    return warnings


def masked(parameters: Mapping[str, Parameter], values: Mapping[str, Json]) -> dict[str, Json]:
    """Give the values with those of secret parameters hidden (spec 2.3)."""
    return {
        name: MASK if name in parameters and parameters[name].secret and value is not None else value
        for name, value in values.items()
    }


def _without_secrets(text: str, declared: Mapping[str, Parameter], values: Mapping[str, Json]) -> str:
    """Hide in a message what the value of a secret parameter may have brought into it."""
    secret = (value for name, value in values.items() if name in declared and declared[name].secret)
    return without_values(text, secret)


def without_values(text: str, values: Iterable[Json]) -> str:
    """A message in which values are hidden, as a whole and in their parts, as far as it may quote them."""
    for value in values:
        if value is None or value == "":
            continue
        for form in (repr(value), f'"{value}"', *([str(value)] if len(str(value)) >= _LONG else [])):
            text = text.replace(form, MASK)
        if isinstance(value, (list, dict)):
            members = [*value, *value.values()] if isinstance(value, dict) else value
            parts = (one for one in members if not isinstance(one, (int, float)) or len(str(one)) >= _LONG)
            text = without_values(text, parts)
    return text


_DELIMITERS: Final = (("{{", "}}"), ("<%", "%>"), ("{%", "%}"))


def _encloses(text: str, left: str, right: str) -> bool:
    start = text.find(left)
    return start >= 0 and text.find(right, start + len(left)) >= 0


def _render_defaults(
    templates: Iterable[Parameter],
    everything: dict[str, Json],
    bad: AbstractSet[str],
    surroundings: Surroundings,
) -> list[str]:
    """Render defaults in the order of what they refer to, into `everything`; give the problems.

    What refers to a parameter in `bad`, which has its problem already, is passed over.
    """
    functions = surroundings.functions
    variables: dict[str, object] = {
        **everything,
        "action_context": surroundings.action_context,
        "config_context": surroundings.config,
        "st2kv": surroundings.keys,
    }
    by_name = {parameter.name: parameter for parameter in templates}
    problems: list[str] = []
    dependencies: dict[str, frozenset[str]] = {}
    for name, parameter in by_name.items():
        try:
            dependencies[name] = names_in(parameter.default, functions)
        except RenderingError as error:
            problems.append(f'Failed to render parameter "{name}": {error}')
    missing = (
        {name for names in dependencies.values() for name in names} - variables.keys() - by_name.keys() - bad
    )
    problems += [f'Dependency unsatisfied in variable "{name}"' for name in sorted(missing)]

    order, cyclic = in_order(dependencies)
    if cyclic:
        problems.append(
            f"Cyclic dependency found in the following variables: {', '.join(cyclic)}. "
            "Likely the variable is referencing itself"
        )
    for name in order:
        if not variables.keys() >= dependencies[name]:
            continue  # the reason is among the problems
        parameter = by_name[name]
        try:
            keep_type = parameter.type in _CONTAINERS
            rendered = render(parameter.default, variables, functions, keep_type=keep_type)
            everything[name] = variables[name] = cast_value(parameter, rendered)
        except (RenderingError, CastError) as error:
            problems.append(f'Failed to render parameter "{name}": {error}')
    return problems


def _validate(
    declared: Mapping[str, Parameter], values: Mapping[str, Json], missing: Collection[str]
) -> list[Problem]:
    """Give the problems of the values, by the slow validator, which is imported only then."""
    from orchestrion.actions.validation import problems_of

    return [Problem(text, name) for name, text in problems_of(declared, values, missing)]


_PYTHON_TYPES: Final[Mapping[str | None, tuple[type, ...]]] = {
    None: (list, bool, int, float, dict, str),
    "array": (list,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "object": (dict,),
    "string": (str,),
}


def _is_plainly_valid(parameter: Parameter | None, value: Json) -> bool:
    if parameter is None:
        return False
    if value is None:
        return parameter.accepts_null
    return parameter.is_plain and type(value) in _PYTHON_TYPES.get(parameter.type, ())
