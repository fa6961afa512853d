"""Reads the text of a definition: YAML 1.1 or JSON, with the place of every key and value (spec 1.1).

Composed from the parser's events rather than constructed by the YAML library: that keeps lines and columns,
finds duplicate keys, and bounds depth and size before anything big exists. The result is a JSON value (spec
2.5):

* dates and times become their ISO text; one that is no date (`2020-13-45`) stays the text that it is; * keys
that are not strings become the text that JSON would give them, with a warning (`on:` is the boolean true); *
`.nan`, `.inf`, integers beyond 64 bits, binary, sets and other tags are syntax problems: they are not JSON; *
merge keys (`<<`) work.

It must not know what a workflow is.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import yaml
from yaml.constructor import SafeConstructor

from orchestrion.core.language.json_text import read_json
from orchestrion.core.language.tree import (
    MAX_CHARACTERS,
    MERGE,
    Branch,
    Finding,
    Mark,
    Path,
    Place,
    Scalar,
    TreeBuilder,
    Unreadable,
    load_failure,
    mark_of,
)
from orchestrion.core.values import Json

_PREFIX: Final = "tag:yaml.org,2002:"
_LONGEST_NUMBER: Final = 100
_MOST_COPIES: Final = 10
_RESOLVERS: Final = yaml.SafeLoader.yaml_implicit_resolvers


@dataclass(frozen=True, slots=True)
class Document:
    """A text that was read: its value, what was wrong with it, and where everything stands.

    `is_complete` is False when the text could not be read to its end; the value then means nothing. `nodes`
    counts what was read, aliases once. `copies` is how often a mapping has the same key at the most,
    `repeated` the paths of such keys.
    """

    value: Json
    place: Place
    findings: tuple[Finding, ...]
    notes: tuple[Finding, ...]
    is_complete: bool
    nodes: int
    copies: int = 1
    repeated: frozenset[Path] = frozenset()

    def locate_key(self, path: Path) -> Mark:
        """Find the key at the end of a path; what `locate` finds if there is none."""
        place = self.place
        for part in path[:-1]:
            if not isinstance(place, Branch):
                break
            if isinstance(part, int):
                place = place.elements[part] if part < len(place.elements) else place.mark
            else:
                place = place.members.get(part, place.mark)
        if isinstance(place, Branch) and path[-1:] and (mark := place.keys.get(str(path[-1]))) is not None:
            return mark
        return self.locate(path)

    def locate(self, path: Path) -> Mark:
        """Find a part of the document: a scalar itself, else its key; what is near if it is absent."""
        place = self.place
        mark = mark_of(place)
        for part in path:
            if not isinstance(place, Branch):
                break
            if isinstance(part, int):
                if part >= len(place.elements):
                    break
                place = place.elements[part]
                mark = mark_of(place)
            else:
                if part not in place.members:
                    break
                key_mark = place.keys[part]
                place = place.members[part]
                mark = key_mark if isinstance(place, Branch) else place
        return mark


def read_copies(text: str) -> Iterator[Document]:
    """Read a text; where keys are repeated, read it once more for each of the other copies in its place.

    So an inspection sees what stands in every copy. The first document is the one that counts.
    """
    document = read_document(text)
    yield document
    for copy in range(min(document.copies - 1, _MOST_COPIES)):
        yield read_document(text, copy)


def read_document(text: str, copy: int | None = None) -> Document:
    """Read a text; of repeated keys the last one counts, or the given `copy`.

    Never raises: what is wrong stands in `findings`.
    """
    if len(text) > MAX_CHARACTERS:
        return _unread(TreeBuilder(), Unreadable(f"it is longer than {MAX_CHARACTERS} characters", (1, 1)))
    builder = TreeBuilder(copy)
    try:
        if text.lstrip()[:1] not in {"{", "["} or not read_json(text, builder):
            builder = TreeBuilder(copy)
            _read_yaml(text, builder)
    except Unreadable as error:
        return _unread(builder, error)
    return Document(
        builder.value,
        builder.place,
        tuple(builder.findings),
        tuple(builder.notes),
        is_complete=True,
        nodes=builder.nodes,
        copies=builder.copies,
        repeated=frozenset(builder.repeated),
    )


def _unread(builder: TreeBuilder, error: Unreadable) -> Document:
    finding = Finding(load_failure(error.message), builder.path(), error.mark)
    return Document(
        None,
        (1, 1),
        (*builder.findings, finding),
        tuple(builder.notes),
        is_complete=False,
        nodes=builder.nodes,
    )


def _read_yaml(text: str, builder: TreeBuilder) -> None:
    documents = 0
    for event in _events(text):
        mark = event.start_mark
        at = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        match event:
            case yaml.ScalarEvent():
                builder.scalar(_scalar(event, at), at, event.anchor)
            case yaml.MappingStartEvent():
                _check_tag(event.tag, "map", at)
                builder.open_mapping(at, event.anchor)
            case yaml.SequenceStartEvent():
                _check_tag(event.tag, "seq", at)
                builder.open_list(at, event.anchor)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                builder.close()
            case yaml.AliasEvent():
                builder.alias(str(event.anchor), at)
            case yaml.DocumentStartEvent():
                documents += 1
                if documents > 1:
                    raise Unreadable("expected a single document in the stream, but found another one", at)
            case _:
                pass


def _events(text: str) -> Iterator[yaml.Event]:
    loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    try:
        yield from yaml.parse(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = ", ".join(part for part in (error.context, error.problem) if part)
        place = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        raise Unreadable(" ".join(reason.split()), place) from None
    except (yaml.YAMLError, UnicodeError) as error:
        raise Unreadable(" ".join(str(error).split()), (1, 1)) from None


def _check_tag(tag: str | None, kind: str, mark: Mark) -> None:
    if tag is not None and tag not in {"!", _PREFIX + kind}:
        raise Unreadable(f"the tag '{tag}' does not give a JSON value", mark)


def _scalar(event: yaml.ScalarEvent, mark: Mark) -> Scalar:
    value = str(event.value)
    tag = event.tag
    if tag is None or tag == "!":
        if not event.implicit[0]:
            return value
        tag = _implicit_tag(value)
        if tag is None:
            return value
        kind = tag.removeprefix(_PREFIX)
        if kind in {"int", "float"} and len(value) > _LONGEST_NUMBER:
            raise Unreadable("a number is too long; quote it to make it a text", mark)
    else:
        kind = tag.removeprefix(_PREFIX)
        if kind == "str":
            return value
    return _construct(kind, value, tag, mark)


def _implicit_tag(value: str) -> str | None:
    """The tag of a plain scalar by YAML 1.1, None for a text."""
    for tag, pattern in _RESOLVERS.get(value[:1], ()):
        if pattern.match(value):
            return tag
    return None


def _construct(kind: str, value: str, tag: str, mark: Mark) -> Scalar:
    constructor = SafeConstructor()
    node = yaml.ScalarNode(tag, value)
    try:
        match kind:
            case "null":
                return None
            case "bool":
                return bool(constructor.construct_yaml_bool(node))
            case "int":
                return int(constructor.construct_yaml_int(node))
            case "float":
                return float(constructor.construct_yaml_float(node))
            case "timestamp":
                return _iso_text(value, constructor, node)
            case "merge":
                return MERGE
            case "value":
                return value
            case _:
                raise Unreadable(f"the tag '{tag}' does not give a JSON value", mark)
    except (ValueError, KeyError, IndexError, OverflowError, yaml.YAMLError):
        raise Unreadable(f"'{value[:50]}' is no {kind}", mark) from None


def _iso_text(value: str, constructor: SafeConstructor, node: yaml.ScalarNode) -> str:
    try:
        found: dt.date = constructor.construct_yaml_timestamp(node)
    except (ValueError, OverflowError):
        return value
    return found.isoformat()
