"""Lists the attributes of a definition that may hold expressions, with their paths (spec 1.2 to 1.4, 1.7).

`expressions` entries name the attribute, `context` entries also the index in its list; both come from here,
so that no check needs to know where attributes stand.
"""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple, TypeAlias

from orchestrion.core.language.inline import InlineAction, parse_action
from orchestrion.core.language.loader import expanded_with, indexed_assignments
from orchestrion.core.language.syntax import TASK_SCHEMA, TRANSITION_SCHEMA, task_bodies
from orchestrion.core.language.tree import Path
from orchestrion.core.values import Json

SchemaPath: TypeAlias = tuple[str, ...]

_TASK: Final = (*TASK_SCHEMA, "properties")
_WITH: Final = (*_TASK, "with", "properties")
_RETRY: Final = (*_TASK, "retry", "properties")
_TRANSITION: Final = (*TRANSITION_SCHEMA, "properties")
_PUBLISH: Final = (*_TRANSITION, "publish")


Text: TypeAlias = tuple[str, Path]
"""A text with an opening delimiter of an expression, and where it stands; plain, because there are many."""


class Attribute(NamedTuple):
    """One value that may hold expressions.

    `path` is where an `expressions` entry points to, `context_path` where a `context` entry does. `texts` are
    the texts inside the value, keys of mappings included, that have an opening delimiter. `name` is the
    variable that becomes known with it.
    """

    path: Path
    context_path: Path
    schema_path: SchemaPath
    texts: tuple[Text, ...]
    name: str | None = None


def has_delimiter(text: str) -> bool:
    """Tell whether a text has an opening delimiter of an expression or a block (spec 2.1)."""
    return "<%" in text or "{{" in text or "{%" in text


def _texts(value: Json, at: Path) -> tuple[Text, ...]:
    if isinstance(value, str):
        return ((value, at),) if has_delimiter(value) else ()
    if isinstance(value, dict | list):
        found: list[Text] = []
        _collect(value, at, found)
        return tuple(found)
    return ()


def _collect(value: dict[str, Json] | list[Json], at: Path, found: list[Text]) -> None:
    for key, member in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(key, str) and has_delimiter(key):
            found.append((key, (*at, key)))
        if isinstance(member, str):
            if has_delimiter(member):
                found.append((member, (*at, key)))
        elif isinstance(member, dict | list):
            _collect(member, (*at, key), found)


def list_attributes(value: Json, path: Path, schema_path: SchemaPath) -> Iterator[Attribute]:
    """The assignments of `input`, `vars`, `output` or `publish`."""
    is_inline = isinstance(value, str)
    for index, assignment in indexed_assignments(value):
        at = path if is_inline else (*path, index, assignment.name)
        yield Attribute(path, (*path, index), schema_path, _texts(assignment.value, at), assignment.name)


class TaskAttributes(NamedTuple):
    """The attributes of one task, in the order in which Orquesta checks them."""

    before: list[Attribute]
    """What is rendered before it runs."""
    retry: list[Attribute]
    after: list[tuple[int, list[Attribute]]]
    """What each entry of `next` holds, with its index."""


class Attributes(NamedTuple):
    """The attributes of a definition that may hold expressions; those that hold none may be left out."""

    inputs: list[Attribute]
    vars: list[Attribute]
    timeout: list[Attribute]
    tasks: dict[str, TaskAttributes]
    output: list[Attribute]

    def all(self) -> Iterator[Attribute]:
        """Yield every attribute."""
        yield from self.inputs
        yield from self.vars
        yield from self.timeout
        for task in self.tasks.values():
            yield from task.before
            yield from task.retry
            for _, attributes in task.after:
                yield from attributes
        yield from self.output


def attributes_of(value: dict[str, Json]) -> Attributes:
    """List the attributes of a definition."""
    return Attributes(
        inputs=list(list_attributes(value.get("input"), ("input",), ("properties", "input"))),
        vars=list(list_attributes(value.get("vars"), ("vars",), ("properties", "vars"))),
        timeout=list(_plain((), ("properties",), "timeout", value)),
        tasks={
            name: TaskAttributes(
                list(task_attributes(name, body)),
                list(retry_attributes(name, body)),
                list(transition_attributes(name, body)),
            )
            for name, body in task_bodies(value)
        },
        output=list(list_attributes(value.get("output"), ("output",), ("properties", "output"))),
    )


def task_attributes(name: str, body: dict[str, Json]) -> Iterator[Attribute]:
    """The attributes of a task that are rendered before it runs, in Orquesta's order of checking."""
    path: Path = ("tasks", name)
    yield from _plain(path, _TASK, "delay", body)
    yield from _plain(path, _TASK, "timeout", body)
    yield from _plain((*path, "with"), _WITH, "items", expanded_with(body.get("with")))
    yield from _plain((*path, "with"), _WITH, "concurrency", expanded_with(body.get("with")))
    action = body.get("action")
    inline = parse_action(action) if isinstance(action, str) else InlineAction("")
    yield from _plain(path, _TASK, "action", {"action": inline.name})
    if not inline.pairs:
        yield from _plain(path, _TASK, "input", body)
    elif isinstance(action, str) and has_delimiter(action):
        where: Path = (*path, "input")
        value: Json = {pair.name: pair.value for pair in inline.pairs}
        yield Attribute(where, where, (*_TASK, "input"), _texts(value, (*path, "action")))


def retry_attributes(name: str, body: dict[str, Json]) -> Iterator[Attribute]:
    """The attributes of `retry`; Orquesta does not check their variables (spec 1.7)."""
    retry = body.get("retry")
    if isinstance(retry, dict):
        for key in ("when", "count", "delay"):
            yield from _plain(("tasks", name, "retry"), _RETRY, key, retry)


def transition_attributes(name: str, body: dict[str, Json]) -> Iterator[tuple[int, list[Attribute]]]:
    """The attributes of each entry of `next`, with its index."""
    entries = body.get("next")
    for index, entry in enumerate(entries) if isinstance(entries, list) else ():
        if isinstance(entry, dict):
            path: Path = ("tasks", name, "next", index)
            found = [
                *_plain(path, _TRANSITION, "when", entry),
                *list_attributes(entry.get("publish"), (*path, "publish"), _PUBLISH),
                *_plain(path, _TRANSITION, "do", entry),
            ]
            if found:
                yield index, found


def _plain(path: Path, schema_path: SchemaPath, key: str, body: Mapping[str, Json]) -> Iterator[Attribute]:
    """One attribute of a mapping; none if there are no texts in it that matter."""
    value = body.get(key)
    if isinstance(value, dict | list) or (isinstance(value, str) and has_delimiter(value)):
        where = (*path, key)
        texts = _texts(value, where)
        if texts:
            yield Attribute(where, where, (*schema_path, key), texts)
