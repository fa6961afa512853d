"""What is asked to run: a workflow or another action of a pack by its reference, or a bare workflow file.

With its parameters.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from re import compile as compiled
from typing import Final

from orchestrion.actions.catalog import Catalog
from orchestrion.actions.metadata import Action, Pack, workflow_path
from orchestrion.actions.metadata_file import read_text
from orchestrion.actions.parameters import (
    MASK,
    Resolved,
    Surroundings,
    cast_text,
    examine,
    repeated_key_problem,
    warnings_for,
)
from orchestrion.actions.runners.registry import WORKFLOW_RUNNER, check_runnable
from orchestrion.client.faulty import InvalidWorkflowError, UnrenderedError, as_result
from orchestrion.client.files import WorkflowFile, file_of
from orchestrion.client.inspecting import report_of
from orchestrion.core.language import Definition, load_definition
from orchestrion.core.spelling import did_you_mean
from orchestrion.core.values import TOO_DEEP, Json, problem_with
from orchestrion.errors import NotFound, UsageError
from orchestrion.operations.wrapping import inputs_of, wrapped
from orchestrion.queries import ExecutionView
from orchestrion.runtime.secrets import Output, masking, secret_output, secret_parameters

_MOST_ITEMS: Final = 1_000_000
_MOST_DIGITS: Final = 9
_RANGE: Final = compiled(r"(?P<first>\d+)(?:-(?P<last>\d+))?")


@dataclass(frozen=True, slots=True)
class Target:
    """A workflow that is ready to start, or an action, in a workflow that `wraps` it.

    `parameters` are its own, `inputs` those of the workflow; `secret` are those that are declared so,
    `opened` what else is secret in them, `secret_output` what is in its output; `source` is the file of a
    bare workflow, `pack` the pack of any other; `warnings` is what the operator should know; `given` are the
    parameters that words have named.
    """

    action: str
    definition: str
    parameters: Mapping[str, Json]
    source: str | None = None
    warnings: tuple[str, ...] = ()
    secret: Mapping[str, Json] = field(default_factory=dict[str, Json])
    secret_output: Output | None = None
    pack: Pack | None = None
    given: Mapping[str, Json] = field(default_factory=dict[str, Json])
    wraps: bool = False
    opened: tuple[Json, ...] = ()

    @property
    def inputs(self) -> Mapping[str, Json]:
        """The inputs of the workflow."""
        return inputs_of(self.parameters) if self.wraps else self.parameters

    @property
    def shown(self) -> dict[str, Json]:
        """The parameters as people see them."""
        value = masking(self.opened).value
        return {name: MASK if name in self.secret else value(one) for name, one in self.parameters.items()}


Outside = Callable[[Action], Surroundings | None]
"""Gives what the defaults of an action's parameters may refer to."""


def _nothing(_action: Action) -> None:
    return None


def target_of(word: str, words: Sequence[str], catalog: Catalog, outside: Outside = _nothing) -> Target:
    """What `run WORD NAME=VALUE ...` means. Raises UsageError with every problem, NotFound, SealError."""
    return target_in(catalog, file_of(word) or word, words, outside)


def target_in(
    catalog: Catalog, workflow: str | WorkflowFile, words: Sequence[str], outside: Outside = _nothing
) -> Target:
    """The same of a file that has been read already, or of an action of a pack."""
    texts, problems = _pairs(words)
    if isinstance(workflow, WorkflowFile):
        return _bare(workflow, texts, problems, catalog)
    return _of_pack(runnable_action(workflow, catalog), {}, (texts, problems), catalog, outside)


def target_with(
    action: Action, values: Mapping[str, Json], catalog: Catalog, outside: Outside = _nothing, delay: int = 0
) -> Target:
    """What it means to run an action with values, `delay` seconds later; see `target_of`.

    Raises UsageError, whose `problems` are in the texts that StackStorm's clients know.
    """
    resolved = examine(action, values, outside(action))
    if not isinstance(resolved, Resolved):
        texts = [problem.text for problem in resolved]
        kind = UnrenderedError if any(problem.of_default for problem in resolved) else UsageError
        raise kind(f"{action.ref} cannot run with these parameters.", problems=texts)
    target = replace(_of_action(action, values, resolved, catalog), given=values)
    if not delay:
        return target
    return replace(target, definition=wrapped(action.ref, delay), parameters=dict(values), wraps=True)


def _of_pack(
    action: Action,
    before: Mapping[str, Json],
    words: tuple[Mapping[str, str | list[str]], list[str]],
    catalog: Catalog,
    outside: Outside,
) -> Target:
    """An action of a pack with the parameters that it had before, and those of words."""
    texts, problems = words
    parameters = action.all_parameters
    problems += [_undeclared(name, parameters) for name in texts if name.removeprefix("@") not in parameters]
    known = {name: given for name, given in texts.items() if name.removeprefix("@") in parameters}
    given, unread = cast_text(parameters, known)
    problems += unread.values()
    values = {**before, **given}
    resolved = examine(action, values, outside(action), unread=unread)
    if problems or not isinstance(resolved, Resolved):
        if not isinstance(resolved, Resolved):
            problems += map(str, resolved)
        raise UsageError(f"{action.ref} cannot run with these parameters.", problems=problems)
    return replace(_of_action(action, values, resolved, catalog), given=given)


def whole_rerun(
    view: ExecutionView,
    parameters: Json,
    stored: str | None,
    words: Sequence[str],
    catalog: Catalog,
    outside: Outside = _nothing,
) -> Target:
    """What a whole re-run starts: the parameters as they were, changed by words; the definition as it is now.

    A bare file's is the one stored with its execution; of a sub-workflow that has not begun none is stored.
    Raises UsageError with every problem of the words, NotFound, Refused when its action cannot run any more.
    """
    values = parameters if isinstance(parameters, dict) else {}
    texts, problems = _pairs(words)
    if view.source is not None and stored is not None:
        declared = {one.name: one.value for one in load_definition(stored).inputs}
        problems += [_undeclared(name, declared) for name in texts if name not in declared]
        given = _values(texts, problems)
        if problems:
            raise UsageError(f"{view.action} cannot run with these parameters.", problems=problems)
        return Target(view.action, stored, {**values, **given}, view.source, given=given)
    action = runnable_action(view.action, catalog)
    values = _kept(action, values)
    return _noting_change(_of_pack(action, values, (texts, problems), catalog, outside), view, stored)


def _kept(action: Action, values: Mapping[str, Json]) -> dict[str, Json]:
    """Those of the parameters of an earlier execution that its action still takes, but for fixed ones."""
    takes = action.all_parameters
    return {name: value for name, value in values.items() if name in takes and not takes[name].immutable}


def whole_rerun_with(
    view: ExecutionView,
    parameters: Json,
    stored: str | None,
    changes: Mapping[str, Json],
    catalog: Catalog,
    outside: Outside = _nothing,
    delay: int = 0,
) -> Target:
    """The same with changes as values, `delay` seconds later; see `target_with`.

    Raises also UsageError when what runs a bare file is to be delayed.
    """
    values = parameters if isinstance(parameters, dict) else {}
    if view.source is not None and stored is not None:
        declared = {one.name: one.value for one in load_definition(stored).inputs}
        problems = [_undeclared(name, declared) for name in changes if name not in declared]
        problems += (
            ["A workflow that no pack registers starts at once: leave out the delay."] if delay else []
        )
        if problems:
            raise UsageError(f"{view.action} cannot run with these parameters.", problems=problems)
        return Target(view.action, stored, {**values, **changes}, view.source, given=changes)
    action = runnable_action(view.action, catalog)
    values = _kept(action, values)
    target = target_with(action, {**values, **changes}, catalog, outside, delay)
    return _noting_change(replace(target, given=changes), view, stored)


def _noting_change(target: Target, view: ExecutionView, stored: str | None) -> Target:
    if stored is None or target.wraps or target.definition == stored:
        return target
    warning = (
        f"The definition of {view.action} has changed since {view.id} ran; this re-run uses the new one."
    )
    return replace(target, warnings=(*target.warnings, warning))


def chosen_items(words: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """What `TASK=0,3-5` words choose. Raises UsageError with every problem."""
    chosen: dict[str, tuple[int, ...]] = {}
    problems: list[str] = []
    for word in words:
        task, _, text = word.rpartition("=")
        found = _items(text) if task else None
        if found is None:
            problems.append(f'"{word}" does not choose items: write TASK=0,3-5.')
        elif isinstance(found, str):
            problems.append(f'"{word}": {found}')
        else:
            chosen[task] = tuple(sorted({*chosen.get(task, ()), *found}))
    if problems:
        raise UsageError("These items cannot be chosen.", problems=problems)
    return chosen


def _items(text: str) -> set[int] | str | None:
    """The items of `0,3-5`; None where it is of another form; or what is wrong with it."""
    chosen: set[int] = set()
    for part in text.split(","):
        found = _RANGE.fullmatch(part)
        if found is None:
            return None
        first, last = found["first"], found["last"] or found["first"]
        if max(len(first), len(last)) > _MOST_DIGITS:
            what = "the number" if found["last"] is None else "the range"
            return f"{what} {part} is too large. At most {_MOST_ITEMS:,} items are chosen."
        items = range(int(first), int(last) + 1)
        if not items:
            return f"{part} is empty: the smaller number comes first, {last}-{first}."
        if len(items) > _MOST_ITEMS:
            return f"the range {part} is too large. At most {_MOST_ITEMS:,} items are chosen."
        chosen.update(items)
    return chosen


def _pairs(words: Sequence[str]) -> tuple[dict[str, str | list[str]], list[str]]:
    """The `NAME=TEXT` words, where a name that is given several times has several texts; what is none."""
    texts: dict[str, list[str]] = {}
    problems: list[str] = []
    for word in words:
        name, equals, text = word.partition("=")
        if equals and name:
            texts.setdefault(name, []).append(text)
        else:
            problems.append(f'"{word}" is not a parameter: write NAME=VALUE.')
    return {name: given[0] if len(given) == 1 else given for name, given in texts.items()}, problems


def runnable_action(word: str, catalog: Catalog) -> Action:
    """The action of a pack that a word names.

    Raises NotFound when there is no such action, Refused when it cannot run here.
    """
    if "." not in word:
        raise NotFound(
            f'"{word}": There is no such file, and it names no action of a pack, which is PACK.NAME.'
        )
    action = catalog.find(word)
    check_runnable(action)
    return action


def workflow_action(word: str, catalog: Catalog) -> Action:
    """The workflow of a pack that a word names. Raises UsageError when it is no workflow, else as above."""
    action = runnable_action(word, catalog)
    if action.runner_type != WORKFLOW_RUNNER:
        raise UsageError(f"{action.ref} is an action of the runner {action.runner_type}, not a workflow.")
    return action


def _of_action(action: Action, values: Mapping[str, Json], resolved: Resolved, catalog: Catalog) -> Target:
    if action.runner_type != WORKFLOW_RUNNER:
        secret = secret_parameters(action, values)
        return Target(
            action.ref,
            wrapped(action.ref),
            dict(values),
            None,
            tuple(warnings_for(values)),
            {name: value for name, value in secret.items() if value is not None},
            secret_output(action),
            action.pack,
            wraps=True,
        )
    path = workflow_path(action)
    text = read_text(path)
    _, unable = inspected(text, path, catalog)
    warnings = (*unable, *warnings_for(values))
    inputs = dict(resolved.action_parameters)
    secret = {name: value for name, value in secret_parameters(action, inputs).items() if value is not None}
    return Target(action.ref, text, inputs, None, warnings, secret, secret_output(action), action.pack)


def _bare(
    file: WorkflowFile, texts: Mapping[str, str | list[str]], problems: Sequence[str], catalog: Catalog
) -> Target:
    path, text = Path(file.path), file.text
    definition, unable = inspected(text, path, catalog)
    declared = {one.name: one.value for one in definition.inputs}
    found = [*problems, *(_undeclared(name, declared) for name in texts if name not in declared)]
    values = _values(texts, found)
    if found:
        raise UsageError(f"{path}: the workflow cannot run with these parameters.", problems=found)
    missing = [name for name, default in declared.items() if default is None and name not in values]
    warnings = [f'The input "{name}" has no value and no default: it is null.' for name in missing]
    warnings += (*unable, *warnings_for(values))
    return Target(path.name, text, values, file.source, tuple(warnings), given=values)


def answer_of(document: str | None, words: Sequence[str]) -> Json:
    """The answer to an inquiry: a JSON object, and NAME=VALUE words. Raises UsageError with every problem."""
    answer: dict[str, Json] = {}
    texts, problems = _pairs(words)
    if document is not None:
        given, unkept = _typed(document)
        if unkept:
            problems.append(unkept)
        elif isinstance(given, dict):
            answer |= given
            problems += filter(None, [repeated_key_problem("--response", document)])
        else:
            problems.append("--response must be a JSON object.")
    answer |= _values(texts, problems)
    if problems:
        raise UsageError("This is no answer.", problems=problems)
    return answer


def _values(texts: Mapping[str, str | list[str]], found: list[str]) -> dict[str, Json]:
    """The values of words; what is wrong with them is added to what was `found`."""
    values: dict[str, Json] = {}
    for name, given in texts.items():
        if not isinstance(given, str):
            found.append(f'Parameter "{name}" is given more than once: a list is written as JSON.')
            continue
        values[name], problem = _typed(given)
        found += [f'Parameter "{name}" cannot be kept as it is: {problem}'] if problem else []
        repeated = None if isinstance(values[name], str) else repeated_key_problem(name, given)
        found += [repeated] if repeated else []
    return values


def _undeclared(name: str, declared: Collection[str]) -> str:
    known = ", ".join(sorted(declared)) or "none"
    return f'The workflow has no input "{name}".{did_you_mean(name, declared)} Inputs: {known}.'


def _typed(text: str) -> tuple[Json, str | None]:
    """A JSON number, boolean, null, list or object is that, all else is text; and why it cannot be kept."""
    try:
        value: Json = json.loads(text, parse_constant=_refuse)
    except RecursionError:
        return None, TOO_DEEP
    except ValueError:
        value = text
    kept = text if isinstance(value, str) else value
    return kept, problem_with(kept)


def _refuse(constant: str) -> Json:
    raise ValueError(constant)


def inspected(text: str, path: Path, catalog: Catalog) -> tuple[Definition, tuple[str, ...]]:
    """The definition of a file, if nothing is wrong with it; and which of its actions cannot run here.

    Raises UsageError that names every problem with its line.
    """
    report = report_of(text, path, catalog)
    if report.problems:
        message = f"{path}: The workflow cannot run."
        hint = f"Mend this, and check it with: orchestrion workflow inspect {path}"
        problems = [problem.text(path) for problem in report.problems]
        raise InvalidWorkflowError(message, problems=problems, hint=hint, errors=as_result(report.stackstorm))
    return load_definition(text), tuple(finding.text(path) for finding in report.unable)
