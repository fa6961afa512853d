"""Builds the records of a definition from a JSON value, every short form expanded (spec 1.2 to 1.5).

Total: what is ill-formed is left out, so that the other checks of an inspection can look at the rest.
Whether the value is well-formed is not decided here (`syntax.py`).
"""

from collections.abc import Mapping
from typing import Final, Literal

from orchestrion.core.language.definition import Assignment, Definition, Items, Retry, Task, Transition
from orchestrion.core.language.inline import parse_action, parse_pairs
from orchestrion.core.language.schema import ITEMS
from orchestrion.core.values import Json

_DEFAULT_TARGETS: Final = ("continue",)


def build_definition(value: Json) -> Definition:
    """Build the records of a workflow; parts of a wrong type are as if absent."""
    workflow = value if isinstance(value, dict) else {}
    tasks = workflow.get("tasks")
    version = workflow.get("version")
    tags = workflow.get("tags")
    return Definition(
        inputs=assignments(workflow.get("input")),
        vars=assignments(workflow.get("vars")),
        timeout=_text_or_count(workflow.get("timeout")),
        tasks={name: _task(name, body) for name, body in tasks.items()} if isinstance(tasks, dict) else {},
        output=assignments(workflow.get("output")),
        version=None if version is None else str(version),
        name=_text(workflow.get("name")),
        description=_text(workflow.get("description")),
        tags=tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else (),
    )


def assignments(value: Json) -> tuple[Assignment, ...]:
    """The assignments of `input`, `vars`, `publish` or `output`; a bare name has the value null."""
    return tuple(assignment for _, assignment in indexed_assignments(value))


def indexed_assignments(value: Json) -> tuple[tuple[int, Assignment], ...]:
    """The assignments of a list, or of an inline text, each with its index."""
    if isinstance(value, str):
        return tuple((i, Assignment(pair.name, pair.value)) for i, pair in enumerate(parse_pairs(value)))
    found: list[tuple[int, Assignment]] = []
    for index, element in enumerate(value if isinstance(value, list) else ()):
        if isinstance(element, str):
            found.append((index, Assignment(element, None)))
        elif isinstance(element, dict):
            found.extend((index, Assignment(name, member)) for name, member in element.items())
    return tuple(found)


def _task(name: str, value: Json) -> Task:
    body = value if isinstance(value, dict) else {}
    action = _text(body.get("action"))
    action_input = body.get("input")
    if action is not None:
        inline = parse_action(action)
        action = inline.name
        if inline.pairs:
            action_input = {pair.name: pair.value for pair in inline.pairs}
    transitions = body.get("next")
    return Task(
        name=name,
        action=action,
        input=action_input,
        delay=_text_or_count(body.get("delay")),
        timeout=_text_or_count(body.get("timeout")),
        join=_join(body.get("join")),
        items=_items(body.get("with")),
        retry=_retry(body.get("retry")),
        next=tuple(_transition(entry) for entry in transitions) if isinstance(transitions, list) else (),
    )


def _join(value: Json) -> int | Literal["all"] | None:
    """A join whose value is wrong is a join all the same."""
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    return "all"


def _items(value: Json) -> Items | None:
    """A `with` whose items are wrong or absent is one all the same."""
    if value is None:
        return None
    body: Mapping[str, Json] = expanded_with(value)
    source = _text(body.get("items")) or ""
    match = ITEMS.fullmatch(source)
    concurrency = _text_or_count(body.get("concurrency"))
    if match is None:
        return Items(source, source, concurrency=concurrency)
    alone, names, expression = match.groups()
    if names is None:
        return Items(source, alone, concurrency=concurrency)
    return Items(source, expression, tuple(part.strip() for part in names.split(",")), concurrency)


def expanded_with(value: Json) -> Mapping[str, Json]:
    """The mapping form of `with`; empty when the value is neither a text nor a mapping."""
    if isinstance(value, str):
        return {"items": value}
    return value if isinstance(value, dict) else {}


def _retry(value: Json) -> Retry | None:
    if not isinstance(value, dict):
        return None
    count = _text_or_count(value.get("count"))
    return Retry(0 if count is None else count, _text_or_count(value.get("delay")), _text(value.get("when")))


def _transition(value: Json) -> Transition:
    body = value if isinstance(value, dict) else {}
    return Transition(
        when=_text(body.get("when")),
        publish=assignments(body.get("publish")),
        do=targets(body.get("do")),
    )


def targets(value: Json) -> tuple[str, ...]:
    """The names in `do`, each once; an absent one is `continue`.

    Commas split a text, blanks do not (spec 1.4).
    """
    if isinstance(value, str):
        return tuple(dict.fromkeys(part.strip() for part in value.split(",")))
    if isinstance(value, list):
        names = tuple(dict.fromkeys(name for name in value if isinstance(name, str)))
        return names or _DEFAULT_TARGETS
    return _DEFAULT_TARGETS


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) else None


def _text_or_count(value: Json) -> int | str | None:
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    return None
