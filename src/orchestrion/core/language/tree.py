"""Builds the JSON value of a document and remembers where each part of it stands in the text.

Both notations, YAML and JSON, feed the same builder one node at a time; nothing here knows their grammar.
The builder is the one place for what holds in both: duplicate keys, keys that are not strings, aliases,
merge keys and the limits that keep a small text from becoming a huge value (an alias of an alias of an
alias ...).

Values that aliases repeat are shared, not copied; `weight` counts them each time they appear.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from orchestrion.core.values import LARGEST_INTEGER, SMALLEST_INTEGER, Json, is_unicode

MAX_CHARACTERS: Final = 16 * 1024 * 1024
"""The longest text that is read at all."""
MAX_DEPTH: Final = 100
"""The deepest nesting of mappings and lists."""
MAX_NODES: Final = 2_000_000
"""The most nodes, where an alias counts as all that it stands for."""
MAX_WEIGHT: Final = 2 * MAX_CHARACTERS
"""The most characters of all scalars and keys, counted the same way."""

Path: TypeAlias = tuple[str | int, ...]
"""The way to a part of a document: keys and list indexes."""


Mark: TypeAlias = tuple[int, int]
"""Line and column, counted from 1; a plain tuple, because there is one for each scalar."""


@dataclass(slots=True)
class Branch:
    """Where a mapping or a list stands in the text, and where its keys and parts stand."""

    mark: Mark
    keys: dict[str, Mark]
    members: "dict[str, Place]"
    elements: "list[Place]"


Place: TypeAlias = Mark | Branch
"""Where a value stands: of a scalar only the mark."""


def mark_of(place: Place) -> Mark:
    """Where a value begins."""
    return place.mark if isinstance(place, Branch) else place


class Finding(NamedTuple):
    """A problem, or a warning, that was met while the document was read."""

    message: str
    path: Path
    mark: Mark


class Unreadable(Exception):  # noqa: N818  # it becomes a problem and never reaches a caller
    """The text cannot be read beyond this point."""

    def __init__(self, message: str, mark: Mark) -> None:
        super().__init__(message)
        self.message = message
        self.mark = mark


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
    """A mapping or a list that is being read; `mapping` or `elements` is the value, the other is None."""

    place: Branch
    anchor: str | None
    mapping: dict[str, Json] | None
    elements: list[Json] | None
    key: str | Merge | None = None
    key_mark: Mark = (1, 1)
    copies: dict[str, int] | None = None
    merges: list[Anchored] | None = None
    nodes: int = 1
    weight: int = 0
    height: int = 1

    @property
    def wants_key(self) -> bool:
        return self.mapping is not None and self.key is None

    @property
    def next_part(self) -> str | int:
        """The key or index of the part that is read now."""
        if self.elements is not None:
            return len(self.elements)
        return "<<" if isinstance(self.key, Merge) else str(self.key)


class TreeBuilder:
    """Receives the nodes of a document in their order and holds the finished value.

    Of a key that a mapping has several times, the last value counts; with `copy`, the one of that number,
    where there are so many. `copies` is how often a key occurs at the most, `repeated` the paths of such
    keys.
    """

    def __init__(self, copy: int | None = None) -> None:
        self.copies = 1
        self.repeated: set[Path] = set()
        self._copy = copy
        self.value: Json = None
        self.place: Place = (1, 1)
        self.findings: list[Finding] = []
        self.notes: list[Finding] = []
        self.nodes = 0
        self._frames: list[_Frame] = []
        self._anchors: dict[str, Anchored] = {}

    def open_mapping(self, mark: Mark, anchor: str | None = None) -> None:
        """A mapping begins."""
        self._open(_Frame(Branch(mark, {}, {}, _NO_PLACES), anchor, {}, None))

    def open_list(self, mark: Mark, anchor: str | None = None) -> None:
        """A list begins."""
        self._open(_Frame(Branch(mark, _NO_KEYS, _NO_MEMBERS, []), anchor, None, []))

    def close(self) -> None:
        """The innermost mapping or list ends."""
        frame = self._frames.pop()
        value: Json = frame.elements if frame.mapping is None else frame.mapping
        place = frame.place
        if frame.merges:
            value, place = _merged(frame)
        if frame.anchor is not None:
            self._anchors[frame.anchor] = Anchored(value, place, frame.nodes, frame.weight, frame.height)
        self._attach(value, place, frame.nodes, frame.weight, frame.height)

    def scalar(self, value: Scalar, mark: Mark, anchor: str | None = None) -> None:
        """A scalar, as a value or as a key."""
        self.nodes += 1
        weight = len(value) if isinstance(value, str) else _WEIGHT_OF_OTHERS
        if self._frames and self._frames[-1].wants_key:
            if anchor is not None and not isinstance(value, Merge):
                self._anchors[anchor] = Anchored(value, mark, 1, weight)
            self._take_key(self._frames[-1], value, mark)
            return
        if isinstance(value, Merge):
            value = "<<"
        problem = problem_of_scalar(value)
        if problem is not None:
            self.findings.append(Finding(problem, self._path_of_next(), mark))
            value = None
        if anchor is not None:
            self._anchors[anchor] = Anchored(value, mark, 1, weight)
        self._attach(value, mark, 1, weight, 0)

    def alias(self, name: str, mark: Mark) -> None:
        """An alias repeats what was anchored before."""
        self.nodes += 1
        node = self._anchors.get(name)
        if node is None:
            if any(frame.anchor == name for frame in self._frames):
                raise Unreadable(f'the alias "{name}" stands inside the value that it repeats', mark)
            raise Unreadable(f'found undefined alias "{name}"', mark)
        if self._frames and self._frames[-1].wants_key:
            if isinstance(node.value, dict | list):
                raise Unreadable(_NO_KEY, mark)
            self._take_key(self._frames[-1], node.value, mark)
        elif len(self._frames) + node.height > MAX_DEPTH:
            raise Unreadable(_TOO_DEEP, mark)
        else:
            place = node.place
            if isinstance(place, Branch):
                place = Branch(mark, place.keys, place.members, place.elements)
            self._attach(node.value, place, node.nodes, node.weight, node.height)

    def _open(self, frame: _Frame) -> None:
        self.nodes += 1
        if len(self._frames) >= MAX_DEPTH:
            raise Unreadable(_TOO_DEEP, frame.place.mark)
        if self._frames and self._frames[-1].wants_key:
            raise Unreadable(_NO_KEY, frame.place.mark)
        if frame.anchor is not None:
            self._anchors.pop(frame.anchor, None)
        self._frames.append(frame)

    def _take_key(self, frame: _Frame, key: Scalar, mark: Mark) -> None:
        frame.key_mark = mark
        if isinstance(key, Merge):
            frame.key = key
            if frame.merges is not None:
                self._duplicate("<<", mark)
            else:
                frame.merges = []
            return
        text = key if isinstance(key, str) else key_text(key)
        problem = problem_of_scalar(key)
        if problem is not None:
            self.findings.append(Finding(problem, self.path(), mark))
            text = ""
        elif not isinstance(key, str):
            message = f"The key is the {_kind(key)} {text}, not a string; it becomes the text '{text}'."
            self.notes.append(Finding(message, (*self.path(), text), mark))
        frame.key = text
        if frame.mapping is not None and text in frame.mapping:
            self._duplicate(text, mark)
            frame.copies = frame.copies or {}
            frame.copies[text] = frame.copies.get(text, 0) + 1
            self.copies = max(self.copies, frame.copies[text] + 1)
            self.repeated.add((*self.path(), text))

    def _duplicate(self, key: str, mark: Mark) -> None:
        message = load_failure(f'found duplicate key "{key}"')
        self.findings.append(Finding(message, (*self.path(), key), mark))

    def _attach(self, value: Json, place: Place, nodes: int, weight: int, height: int) -> None:
        """Put a finished node where it belongs."""
        if not self._frames:
            self.value, self.place = value, place
            return
        frame = self._frames[-1]
        frame.nodes += nodes
        frame.weight += weight
        if height >= frame.height:
            frame.height = height + 1
        if frame.nodes > MAX_NODES or frame.weight > MAX_WEIGHT:
            raise Unreadable("it is too large once its aliases are expanded", mark_of(place))
        if frame.elements is not None:
            frame.elements.append(value)
            frame.place.elements.append(place)
            return
        key, frame.key = frame.key, None
        if isinstance(key, Merge):
            if frame.merges is not None:
                frame.merges.extend(_merge_sources(value, place))
        elif key is not None and frame.mapping is not None:
            frame.weight += len(key)
            if self._copy is not None and frame.copies and frame.copies.get(key, 0) > self._copy:
                return
            frame.mapping[key] = value
            frame.place.keys[key] = frame.key_mark
            frame.place.members[key] = place

    def path(self) -> Path:
        """The path of the innermost mapping or list."""
        return tuple(frame.next_part for frame in self._frames[:-1])

    def _path_of_next(self) -> Path:
        return tuple(frame.next_part for frame in self._frames)


_NO_KEYS: Final[dict[str, Mark]] = {}
_NO_MEMBERS: Final[dict[str, Place]] = {}
_NO_PLACES: Final[list[Place]] = []
_WEIGHT_OF_OTHERS: Final = 8
_NO_KEY: Final = "found unhashable key"
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
    if value is None or value is True or value is False:
        return None
    if isinstance(value, str):
        if not is_unicode(value):
            return load_failure("a text holds half of a surrogate pair, which is no character")
    elif isinstance(value, float):
        if value - value != 0.0:
            return load_failure(f"{value} is not a JSON value")
    elif not SMALLEST_INTEGER <= value <= LARGEST_INTEGER:
        return load_failure("an integer does not fit into 64 bits; quote it to make it a text")
    return None


def _kind(key: PlainScalar, /) -> str:
    if key is None:
        return "null value"
    return "boolean" if isinstance(key, bool) else "number"


def _merge_sources(value: Json, place: Place) -> list[Anchored]:
    if isinstance(value, dict):
        return [Anchored(value, place, 0, 0)]
    if isinstance(value, list) and isinstance(place, Branch):
        parts = zip(value, place.elements, strict=True)
        sources = [Anchored(each, where, 0, 0) for each, where in parts if isinstance(each, dict)]
        if len(sources) == len(value):
            return sources
    raise Unreadable("expected a mapping or list of mappings for merging", mark_of(place))


def _merged(frame: _Frame) -> tuple[dict[str, Json], Branch]:
    """What is merged in comes first in order and last in precedence; the first of several wins."""
    value: dict[str, Json] = {}
    place = Branch(frame.place.mark, {}, {}, _NO_PLACES)
    for source in frame.merges or ():
        if isinstance(source.value, dict) and isinstance(source.place, Branch):
            for key, entry in source.value.items():
                if key not in value:
                    value[key] = entry
                    place.keys[key] = source.place.keys[key]
                    place.members[key] = source.place.members[key]
    value.update(frame.mapping or {})
    place.keys.update(frame.place.keys)
    place.members.update(frame.place.members)
    return value, place
