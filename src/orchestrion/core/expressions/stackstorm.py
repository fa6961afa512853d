"""The functions that StackStorm adds to the language (stackstorm-api 3.2; semantics 2.2)."""

import json
import posixpath
from collections.abc import Callable, Mapping
from typing import Any, cast

from orchestrion.core.expressions.evaluation import current
from orchestrion.core.expressions.views import thaw
from orchestrion.core.yaml_text import check_yaml_depth

PARSED_PER_STEP = 64
"""Characters of JSON that are read for one step."""
WRITTEN_PER_STEP = 16
"""The size of what is written as JSON for one step."""
YAML_READ_PER_STEP = 1
YAML_WRITTEN_PER_STEP = 3
"""The same for YAML."""
_STEPS_PER_VERSION = 5
_STEPS_PER_YAML = 50
NONE_MAGIC_VALUE = "%*****__%NONE%__*****%"
"""What stands for null in a text parameter (stackstorm-api 6.3)."""

_ESCAPES = str.maketrans(
    {"\\": "\\\\", '"': '\\"', "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
)
_SECONDS = frozenset((int, float))
_UNITS = (("y", 31_536_000), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


def plain(value: object) -> object:
    """A value without views and tuples, for libraries that know only the built-in containers."""
    value = thaw(value)
    if isinstance(value, Mapping):
        return {key: plain(part) for key, part in cast("Mapping[object, object]", value).items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in cast("list[object]", value)]
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected string or bytes-like object, got '{type(value).__name__}'")
    return value


def basename(path: str) -> str:
    """The last part of a path."""
    return posixpath.basename(path)


def dirname(path: str) -> str:
    """A path without its last part."""
    return posixpath.dirname(path)


def from_json_string(value: str) -> object:
    """Parse a JSON text."""
    budget = current().budget
    budget.step(len(value) // PARSED_PER_STEP)
    return budget.built(json.loads(value))


def from_yaml_string(value: str) -> object:
    """Parse a YAML text."""
    import yaml

    budget = current().budget
    budget.step(_STEPS_PER_YAML + len(value) // YAML_READ_PER_STEP)
    check_yaml_depth(value)
    if "&" in value and "*" in value:
        budget.about_to_build(_expanded_size(yaml.compose(value, Loader=yaml.CSafeLoader), {}))
    return budget.built(yaml.load(value, Loader=yaml.CSafeLoader))


def _expanded_size(node: Any, sizes: dict[int, int]) -> int:
    """The size of a YAML text as if every alias were written out; one inside its own anchor is refused."""
    if id(node) in sizes:
        size = sizes[id(node)]
        if size < 0:
            raise ValueError("a YAML alias refers to what it stands in")
        return size
    sizes[id(node)] = -1
    content: Any = node.value if node is not None else ()
    if isinstance(content, str):
        size = 8 + len(content)
    else:
        parts: list[Any] = []
        for child in content:
            parts += cast("tuple[Any, ...]", child) if isinstance(child, tuple) else (child,)
        size = 8 + sum(_expanded_size(part, sizes) for part in parts)
    sizes[id(node)] = size
    return size


def to_json_string(
    value: object,
    indent: int | None = None,
    sort_keys: bool = False,  # noqa: FBT001, FBT002
    separators: Any = (",", ": "),
) -> str:
    """A value as JSON text."""
    budget = current().budget
    budget.width(indent)
    size = budget.look_at(value)
    budget.about_to_build(size * (2 + (indent or 0)))
    budget.step(size // WRITTEN_PER_STEP)
    return json.dumps(plain(value), indent=indent, sort_keys=sort_keys, separators=tuple(separators))


def to_yaml_string(value: object, indent: int | None = None, allow_unicode: bool = True) -> str:  # noqa: FBT001, FBT002
    """A value as YAML text in block style."""
    import yaml

    budget = current().budget
    budget.width(indent)
    size = budget.look_at(value)
    budget.about_to_build(size * 2)
    budget.step(_STEPS_PER_YAML + size // YAML_WRITTEN_PER_STEP)
    return yaml.dump(
        plain(value),
        Dumper=yaml.CSafeDumper,
        indent=indent,
        allow_unicode=allow_unicode,
        default_flow_style=False,
    )


def json_escape(value: str) -> str:
    """A text with the escapes of a JSON string."""
    current().budget.about_to_build(2 * len(value))
    return value.translate(_ESCAPES)


def jsonpath_query(value: object, query: str) -> list[object] | None:
    """All that a JSONPath finds, or null."""
    from orchestrion.core.expressions import paths

    return paths.find(plain(value), query)


def _pattern(pattern: str, *, ignorecase: bool) -> Any:
    from orchestrion.core.expressions import regexes

    return regexes.compile_pattern(pattern, regexes.IGNORECASE if ignorecase else 0)


def regex_match(value: str, pattern: str, ignorecase: bool = False) -> bool:  # noqa: FBT001, FBT002
    """Whether the pattern matches at the start."""
    from orchestrion.core.expressions import regexes

    return regexes.match_start(_pattern(pattern, ignorecase=ignorecase), _text(value)) is not None


def regex_search(value: str, pattern: str, ignorecase: bool = False) -> bool:  # noqa: FBT001, FBT002
    """Whether the pattern matches anywhere."""
    from orchestrion.core.expressions import regexes

    return regexes.search(_pattern(pattern, ignorecase=ignorecase), _text(value)) is not None


def regex_replace(value: str, pattern: str, replacement: str, ignorecase: bool = False) -> str:  # noqa: FBT001, FBT002
    """`value` with all matches replaced."""
    from orchestrion.core.expressions import regexes

    return regexes.replace(_pattern(pattern, ignorecase=ignorecase), _text(value), replacement)


def regex_substring(value: str, pattern: str, result_index: int = 0, ignorecase: bool = False) -> object:  # noqa: FBT001, FBT002
    """The match with that index, as `re.findall` gives it."""
    from orchestrion.core.expressions import regexes

    compiled = _pattern(pattern, ignorecase=ignorecase)
    found = regexes.find_all(compiled, _text(value))[result_index]
    if compiled.groups == 0:
        return found.group()
    groups = found.groups("")
    return groups[0] if compiled.groups == 1 else groups


def to_human_time_from_seconds(seconds: float) -> str:
    """`3h25m45s`: leading units that are zero are dropped."""
    if type(seconds) not in _SECONDS:
        raise TypeError("seconds must be a number")
    rest, parts = round(seconds), list[str]()
    for unit, length in _UNITS:
        count, rest = divmod(rest, length)
        if count or parts:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def use_none(value: object) -> object:
    """Null as the text that stands for it."""
    return NONE_MAGIC_VALUE if value is None else value


def _version(value: str) -> Any:
    import semver

    current().budget.step(_STEPS_PER_VERSION)
    return semver.Version.parse(value)


def version_compare(value: str, pattern: str) -> int:
    """-1, 0 or 1."""
    return _version(value).compare(pattern)


def version_more_than(value: str, pattern: str) -> bool:
    """Whether a version is greater."""
    return version_compare(value, pattern) == 1


def version_less_than(value: str, pattern: str) -> bool:
    """Whether a version is less."""
    return version_compare(value, pattern) == -1


def version_equal(value: str, pattern: str) -> bool:
    """Whether two versions have the same precedence."""
    return version_compare(value, pattern) == 0


def version_match(value: str, pattern: str) -> bool:
    """Whether a version satisfies an expression as `>=1.2.0`."""
    return _version(value).match(pattern)


def version_bump_major(value: str) -> str:
    """The next major version."""
    return str(_version(value).bump_major())


def version_bump_minor(value: str) -> str:
    """The next minor version."""
    return str(_version(value).bump_minor())


def version_bump_patch(value: str) -> str:
    """The next patch version."""
    return str(_version(value).bump_patch())


def version_strip_patch(value: str) -> str:
    """Major and minor alone."""
    version = _version(value)
    return f"{version.major}.{version.minor}"


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "basename": basename,
    "dirname": dirname,
    "from_json_string": from_json_string,
    "from_yaml_string": from_yaml_string,
    "json_dump": to_json_string,
    "json_escape": json_escape,
    "json_parse": from_json_string,
    "jsonpath_query": jsonpath_query,
    "regex_match": regex_match,
    "regex_replace": regex_replace,
    "regex_search": regex_search,
    "regex_substring": regex_substring,
    "to_human_time_from_seconds": to_human_time_from_seconds,
    "to_json_string": to_json_string,
    "to_yaml_string": to_yaml_string,
    "use_none": use_none,
    "version_bump_major": version_bump_major,
    "version_bump_minor": version_bump_minor,
    "version_bump_patch": version_bump_patch,
    "version_compare": version_compare,
    "version_equal": version_equal,
    "version_less_than": version_less_than,
    "version_match": version_match,
    "version_more_than": version_more_than,
    "version_strip_patch": version_strip_patch,
    "yaml_dump": to_yaml_string,
    "yaml_parse": from_yaml_string,
}
"""StackStorm's names and what they mean."""
