"""Lists the attributes of a definition that may hold expressions, with their paths (spec 1.2 to 1.4, 1.7).

`expressions` entries name the attribute, `context` entries also the index in its list; both come from here,
so that no check needs to know where attributes stand.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple, TypeAlias

from orchestrion.core.language.inline import parse_action
from orchestrion.core.language.loader import expanded_with, indexed_assignments
from orchestrion.core.language.syntax import TASK_SCHEMA, TRANSITION_SCHEMA, task_bodies
from orchestrion.core.language.tree import Path
from orchestrion.core.values import Json

SchemaPath: TypeAlias = tuple[str, ...]

_NEXT: Final = "next"


class Text(NamedTuple):
    """A text with an opening delimiter of an expression, and where it stands."""

    text: str
    at: Path


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
        return (Text(value, at),) if has_delimiter(value) else ()
    if isinstance(value, dict | list):
        found: list[Text] = []
        _collect(value, at, found)
        return tuple(found)
    return ()


def _collect(value: dict[str, Json] | list[Json], at: Path, found: list[Text]) -> None:
    for key, member in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(key, str) and has_delimiter(key):
            found.append(Text(key, (*at, key)))
        if isinstance(member, str):
            if has_delimiter(member):
                found.append(Text(member, (*at, key)))
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
    """The attributes of a definition that may hold expressions."""

    inputs: list[Attribute]
    vars: list[Attribute]
    tasks: dict[str, TaskAttributes]
    output: list[Attribute]

    def all(self) -> Iterator[Attribute]:
        """Yield every attribute."""
        yield from self.inputs
        yield from self.vars
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
    schema_path = (*TASK_SCHEMA, "properties")
    if "delay" in body:
        yield _plain(path, schema_path, "delay", body["delay"])
    with_items = expanded_with(body.get("with"))
    for key in ("items", "concurrency"):
        if key in with_items:
            yield _plain((*path, "with"), (*schema_path, "with", "properties"), key, with_items[key])
    action = body.get("action")
    inline = parse_action(action) if isinstance(action, str) else None
    if inline is not None:
        yield _plain(path, schema_path, "action", inline.name)
    if inline is not None and inline.pairs:
        value: Json = {pair.name: pair.value for pair in inline.pairs}
        where: Path = (*path, "input")
        yield Attribute(where, where, (*schema_path, "input"), _texts(value, (*path, "action")))
    elif "input" in body:
        yield _plain(path, schema_path, "input", body["input"])


def retry_attributes(name: str, body: dict[str, Json]) -> Iterator[Attribute]:
    """The attributes of `retry`; Orquesta does not check their variables (spec 1.7)."""
    retry = body.get("retry")
    if isinstance(retry, dict):
        for key in ("when", "count", "delay"):
            if key in retry:
                schema_path = (*TASK_SCHEMA, "properties", "retry", "properties")
                yield _plain(("tasks", name, "retry"), schema_path, key, retry[key])


def transition_attributes(name: str, body: dict[str, Json]) -> Iterator[tuple[int, list[Attribute]]]:
    """The attributes of each entry of `next`, with its index."""
    entries = body.get(_NEXT)
    schema_path = (*TRANSITION_SCHEMA, "properties")
    for index, entry in enumerate(entries) if isinstance(entries, list) else ():
        if not isinstance(entry, dict):
            continue
        path: Path = ("tasks", name, _NEXT, index)
        found: list[Attribute] = []
        if "when" in entry:
            found.append(_plain(path, schema_path, "when", entry["when"]))
        found.extend(list_attributes(entry.get("publish"), (*path, "publish"), (*schema_path, "publish")))
        if "do" in entry:
            found.append(_plain(path, schema_path, "do", entry["do"]))
        yield index, found


def _plain(path: Path, schema_path: SchemaPath, key: str, value: Json) -> Attribute:
    where = (*path, key)
    return Attribute(where, where, (*schema_path, key), _texts(value, where))
