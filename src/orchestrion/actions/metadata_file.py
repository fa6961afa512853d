"""Read one YAML or JSON metadata file, and say in which line something stands.

The values are plain JSON values (`orchestrion.core.values`): a YAML date stays the text that was written, and
keys are texts. Lines are looked up only when a message needs one, so that reading stays cheap.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from orchestrion.core.values import Json
from orchestrion.core.yaml_text import check_yaml_depth
from orchestrion.errors import UsageError

if TYPE_CHECKING:
    import yaml

MAX_FILE_BYTES: Final = 64 * 1024 * 1024
"""A larger file is refused: it may be one that has no end."""

_LONG_NUMBER: Final = "a number in it is too long; quote it to make it a text."


def read_mapping(file: Path) -> dict[str, Json]:
    """Read a file that holds one mapping.

    Raises `UsageError`, naming file and line, when it cannot be read, is not YAML (JSON), or holds something
    else.
    """
    value = read_document(file)
    if not isinstance(value, dict):
        message = f"{file}:1: A mapping (lines `name: value`) is expected here, found {_kind(value)}."
        raise UsageError(message)
    return value


def read_document(file: Path) -> Json:
    """Read a YAML (or, by its suffix, JSON) file that may hold anything. Raises `UsageError` likewise."""
    text = read_text(file)
    return _from_json(file, text) if file.suffix == ".json" else _from_yaml(file, text)


def read_text(file: Path) -> str:
    """Read a UTF-8 text file, or whatever else has text to read, such as a pipe.

    Raises `UsageError`, naming the file, when that is not possible.
    """
    try:
        with file.open("rb") as opened:
            content = opened.read(MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            raise UsageError(
                f"{file}: The file is larger than {MAX_FILE_BYTES // 2**20} MiB. Make it smaller."
            )
        return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except OSError as error:
        raise UsageError(f"{file}: The file cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{file}: The file is not UTF-8 text (byte {error.start}). Save it as UTF-8."
        ) from error


def line_of(file: Path, path: Sequence[str]) -> int:
    """Give the line (from 1) of the deepest part of `path` that the file has; 1 when it cannot be told.

    A part is a key, or the index of a list as text.
    """
    import yaml

    line = 1
    try:
        node = yaml.compose(file.read_text(encoding="utf-8-sig"), Loader=yaml.SafeLoader)
    except (yaml.YAMLError, OSError, UnicodeDecodeError):
        return line
    for key in path:
        if isinstance(node, yaml.SequenceNode):
            elements = cast("list[yaml.Node]", node.value)
            if not key.isdecimal() or int(key) >= len(elements):
                break
            node = elements[int(key)]
            line = node.start_mark.line + 1
            continue
        if not isinstance(node, yaml.MappingNode):
            break
        pairs = cast("list[tuple[yaml.Node, yaml.Node]]", node.value)
        for key_node, value_node in pairs:
            if isinstance(key_node, yaml.ScalarNode) and key_node.value == key:
                line, node = key_node.start_mark.line + 1, value_node
                break
        else:
            break
    return line


def _from_json(file: Path, text: str) -> Json:
    import json

    def refuse(constant: str) -> Json:
        message = f"{file}: {constant} is not JSON. Use a number or a text."
        raise UsageError(message)

    try:
        return json.loads(text, parse_constant=refuse)
    except json.JSONDecodeError as error:
        raise UsageError(f"{file}:{error.lineno}: This is not valid JSON: {error.msg}.") from error
    except ValueError as error:
        raise UsageError(f"{file}: This cannot be read: {_LONG_NUMBER}") from error
    except RecursionError as error:
        raise UsageError(f"{file}: This cannot be read: it is nested too deeply.") from error


def _from_yaml(file: Path, text: str) -> Json:
    import yaml

    try:
        check_yaml_depth(text)
    except ValueError as error:
        raise UsageError(f"{file}: This cannot be read: {error}.") from error
    try:
        return _plain(yaml.load(text, Loader=_loader()))  # noqa: S506  # a subclass of the safe loader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise UsageError(
            f"{file}:{line}: This is not valid YAML: {error.problem or error.context}."
        ) from error
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise UsageError(f"{file}: This is not valid YAML: {reason}.") from error
    except ValueError as error:
        raise UsageError(f"{file}: This cannot be read: {_LONG_NUMBER}") from error


@lru_cache(maxsize=1)
def _loader() -> "type[yaml.SafeLoader]":
    import yaml

    fast = cast("type[yaml.SafeLoader]", getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    # Without the resolver for dates: JSON has none, and `version: 2020-01-01` means what is written.
    resolvers = cast("dict[str, list[tuple[str, object]]]", fast.yaml_implicit_resolvers)
    kept = {
        first: [(tag, expression) for tag, expression in rules if not tag.endswith(":timestamp")]
        for first, rules in resolvers.items()
    }
    return cast("type[yaml.SafeLoader]", type("_Loader", (fast,), {"yaml_implicit_resolvers": kept}))


def _plain(value: Any) -> Json:
    """Make what YAML gives beyond JSON (other keys, sets, bytes) plain."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, dict):
        return {_key(key): _plain(item) for key, item in cast("dict[object, object]", value).items()}
    if isinstance(value, (list, tuple, set)):
        return [_plain(item) for item in cast("list[object]", value)]
    return str(value)


def _key(key: object) -> str:
    if isinstance(key, bool):
        return "true" if key else "false"
    return "null" if key is None else str(key)


def _kind(value: Json) -> str:
    names: dict[type, str] = {type(None): "nothing", list: "a list", str: "a text", bool: "a boolean"}
    return names.get(type(value), "a number")
