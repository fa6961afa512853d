"""Builds the JSON value of a document and remembers where each part of it stands in the text.

Both notations, YAML and JSON, feed the same builder one node at a time; nothing here knows their grammar.
The builder is the one place for what holds in both: duplicate keys, keys that are not strings, aliases,
merge keys and the limits that keep a small text from becoming a huge value (an alias of an alias of an
alias ...).

Values that aliases repeat are shared, not copied; `weight` counts them each time they appear.
"""

from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from orchestrion.core.values import Json

MAX_CHARACTERS: Final = 16 * 1024 * 1024
"""The longest text that is read at all."""
MAX_DEPTH: Final = 100
"""The deepest nesting of mappings and lists."""
MAX_NODES: Final = 2_000_000
"""The most nodes, where an alias counts as all that it stands for."""
MAX_WEIGHT: Final = 2 * MAX_CHARACTERS
"""The most characters of all scalars and keys, counted the same way."""

_LARGEST_INTEGER: Final = 2**64
_SMALLEST_INTEGER: Final = -(2**63)

Path: TypeAlias = tuple[str | int, ...]
"""The way to a part of a document: keys and list indexes."""


class Place(NamedTuple):
    """Where a value stands in the text, and where its parts stand. Lines and columns count from 1."""

    line: int
    column: int
    members: "dict[str, Member] | None" = None
    elements: "list[Place] | None" = None


class Member(NamedTuple):
    """Where the key and the value of one entry of a mapping stand."""

    line: int
    column: int
    value: Place


class Finding(NamedTuple):
    """A problem, or a warning, that was met while the document was read."""

    message: str
    path: Path
    line: int
    column: int


class Unreadable(Exception):  # noqa: N818  # ends the reading of a text; becomes a problem, never reaches a caller
    """The text cannot be read beyond this point."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


class Merge:
    """The YAML merge key `<<` where a key is expected."""


MERGE: Final = Merge()

PlainScalar: TypeAlias = bool | int | float | str | None
Scalar: TypeAlias = PlainScalar | Merge


class Anchored(NamedTuple):
    """A finished node that aliases may repeat."""

    value: Json
    place: Place
    nodes: int
    weight: int
    height: int = 0


@dataclass(slots=True)
class _Frame:
    """A mapping or a list that is being read."""

    line: int
    column: int
    anchor: str | None
    mapping: dict[str, Json] | None = None
    members: dict[str, Member] = field(default_factory=dict[str, Member])
    elements: list[Json] = field(default_factory=list[Json])
    places: list[Place] = field(default_factory=list[Place])
    merges: list[Anchored] = field(default_factory=list[Anchored])
    key: str | Merge | None = None
    key_line: int = 1
    key_column: int = 1
    merged: bool = False
    nodes: int = 1
    weight: int = 0
    height: int = 1


class TreeBuilder:
    """Receives the nodes of a document in their order and holds the finished value."""

    def __init__(self) -> None:
        self.value: Json = None
        self.place: Place = Place(1, 1)
        self.findings: list[Finding] = []
        self.notes: list[Finding] = []
        self.nodes = 0
        self._frames: list[_Frame] = []
        self._anchors: dict[str, Anchored] = {}

    def open_mapping(self, line: int, column: int, anchor: str | None = None) -> None:
        """A mapping begins."""
        self._open(_Frame(line, column, anchor, mapping={}))

    def open_list(self, line: int, column: int, anchor: str | None = None) -> None:
        """A list begins."""
        self._open(_Frame(line, column, anchor))

    def close(self) -> None:
        """The innermost mapping or list ends."""
        frame = self._frames.pop()
        if frame.mapping is None:
            value: Json = frame.elements
            place = Place(frame.line, frame.column, elements=frame.places)
        else:
            value = frame.mapping
            place = Place(frame.line, frame.column, members=frame.members)
            if frame.merges:
                value, place = _merged(frame)
        self._add(Anchored(value, place, frame.nodes, frame.weight, frame.height), frame.anchor)

    def scalar(self, value: Scalar, line: int, column: int, anchor: str | None = None) -> None:
        """A scalar, as a value or as a key."""
        self.nodes += 1
        frame = self._frames[-1] if self._frames else None
        if frame is not None and frame.mapping is not None and frame.key is None:
            if anchor is not None and not isinstance(value, Merge):
                self._anchors[anchor] = Anchored(value, Place(line, column), 1, _weight_of(value))
            self._take_key(frame, value, line, column)
            return
        if isinstance(value, Merge):
            value = "<<"
        problem = None if isinstance(value, str) and value.isascii() else problem_of_scalar(value)
        if problem is not None:
            self.findings.append(Finding(problem, self._path_of_next(), line, column))
            value = None
        self._add(Anchored(value, Place(line, column), 1, _weight_of(value)), anchor)

    def alias(self, name: str, line: int, column: int) -> None:
        """An alias repeats what was anchored before."""
        anchored = self._anchors.get(name)
        if anchored is None:
            if any(frame.anchor == name for frame in self._frames):
                raise Unreadable(f'the alias "{name}" stands inside the value that it repeats', line, column)
            raise Unreadable(f'found undefined alias "{name}"', line, column)
        frame = self._frames[-1] if self._frames else None
        if frame is not None and frame.mapping is not None and frame.key is None:
            if isinstance(anchored.value, dict | list):
                raise Unreadable("found unhashable key", line, column)
            self._take_key(frame, anchored.value, line, column)
        elif len(self._frames) + anchored.height > MAX_DEPTH:
            raise Unreadable(_TOO_DEEP, line, column)
        else:
            self._add(anchored._replace(place=anchored.place._replace(line=line, column=column)), None)

    def _open(self, frame: _Frame) -> None:
        self.nodes += 1
        if len(self._frames) >= MAX_DEPTH:
            raise Unreadable(_TOO_DEEP, frame.line, frame.column)
        above = self._frames[-1] if self._frames else None
        if above is not None and above.mapping is not None and above.key is None:
            raise Unreadable("found unhashable key", frame.line, frame.column)
        if frame.anchor is not None:
            self._anchors.pop(frame.anchor, None)
        self._frames.append(frame)

    def _take_key(self, frame: _Frame, key: Scalar, line: int, column: int) -> None:
        frame.key_line, frame.key_column = line, column
        if isinstance(key, Merge):
            frame.key = key
            if frame.merged:
                self._duplicate("<<", line, column)
            frame.merged = True
            return
        text = key if isinstance(key, str) else key_text(key)
        problem = problem_of_scalar(key)
        if problem is not None:
            self.findings.append(Finding(problem, self._path(), line, column))
            text = ""
        elif not isinstance(key, str):
            message = (
                f"The key is read as the {_kind(key)} {text}, not as a string; it becomes the text '{text}'."
            )
            self.notes.append(Finding(message, (*self._path(), text), line, column))
        frame.key = text
        if frame.mapping is not None and text in frame.mapping:
            self._duplicate(text, line, column)

    def _duplicate(self, key: str, line: int, column: int) -> None:
        self.findings.append(
            Finding(_FAILED.format(f'found duplicate key "{key}"'), (*self._path(), key), line, column)
        )

    def _add(self, node: Anchored, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = node
        if not self._frames:
            self.value, self.place = node.value, node.place
            return
        frame = self._frames[-1]
        frame.nodes += node.nodes
        frame.weight += node.weight
        frame.height = max(frame.height, node.height + 1)
        if frame.nodes > MAX_NODES or frame.weight > MAX_WEIGHT:
            raise Unreadable(
                "it is too large once its aliases are expanded", node.place.line, node.place.column
            )
        if frame.mapping is None:
            frame.elements.append(node.value)
            frame.places.append(node.place)
            return
        key, frame.key = frame.key, None
        if isinstance(key, Merge):
            frame.merges.extend(_merge_sources(node))
        elif key is not None:
            frame.weight += len(key)
            frame.mapping[key] = node.value
            frame.members[key] = Member(frame.key_line, frame.key_column, node.place)

    def _path(self) -> Path:
        """The path of the innermost mapping or list."""
        parts: list[str | int] = []
        for frame in self._frames[:-1]:
            if frame.mapping is None:
                parts.append(len(frame.elements))
            else:
                parts.append("<<" if isinstance(frame.key, Merge) else str(frame.key))
        return tuple(parts)

    def _path_of_next(self) -> Path:
        if not self._frames:
            return ()
        frame = self._frames[-1]
        last = len(frame.elements) if frame.mapping is None else str(frame.key)
        return (*self._path(), last)


_TOO_DEEP: Final = f"it is nested more than {MAX_DEPTH} levels deep"
_FAILED: Final = "Failed to load workflow definition because {}."


def load_failure(reason: str) -> str:
    """The message of a text that cannot be read, as StackStorm words it (spec 1.1)."""
    return _FAILED.format(reason)


def key_text(key: PlainScalar, /) -> str:
    """The text of a key that is no string, as JSON would write it (spec 2.5)."""
    if key is None:
        return "null"
    if isinstance(key, bool):
        return "true" if key else "false"
    return repr(key)


def problem_of_scalar(value: PlainScalar, /) -> str | None:
    """Say why a scalar is no JSON value that can be stored; None when it is one."""
    if isinstance(value, str):
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            return load_failure("a text holds half of a surrogate pair, which is no character")
    elif isinstance(value, float):
        if value - value != 0.0:
            return load_failure(f"{value} is not a JSON value")
    elif isinstance(value, int) and not _SMALLEST_INTEGER <= value < _LARGEST_INTEGER:
        return load_failure("an integer does not fit into 64 bits; quote it to make it a text")
    return None


def _kind(key: PlainScalar, /) -> str:
    if key is None:
        return "null value"
    return "boolean" if isinstance(key, bool) else "number"


def _weight_of(value: Scalar) -> int:
    return len(value) if isinstance(value, str) else 8


def _merge_sources(node: Anchored) -> list[Anchored]:
    if isinstance(node.value, dict):
        return [node]
    if isinstance(node.value, list) and node.place.elements is not None:
        sources = [
            Anchored(value, place, 0, 0)
            for value, place in zip(node.value, node.place.elements, strict=True)
            if isinstance(value, dict)
        ]
        if len(sources) == len(node.value):
            return sources
    raise Unreadable("expected a mapping or list of mappings for merging", node.place.line, node.place.column)


def _merged(frame: _Frame) -> tuple[dict[str, Json], Place]:
    """What is merged in comes first in order and last in precedence; the first of several wins."""
    value: dict[str, Json] = {}
    members: dict[str, Member] = {}
    for source in frame.merges:
        if isinstance(source.value, dict) and source.place.members is not None:
            for key, entry in source.value.items():
                if key not in value:
                    value[key] = entry
                    members[key] = source.place.members[key]
    value.update(frame.mapping or {})
    members.update(frame.members)
    return value, Place(frame.line, frame.column, members=members)
