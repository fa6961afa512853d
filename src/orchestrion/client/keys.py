"""The client's way to the key store, and to files of keys."""

from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, cast

from orchestrion.actions.metadata_file import read_document
from orchestrion.core.values import Json
from orchestrion.errors import UsageError
from orchestrion.keys import Keys, KeyView, NewKey
from orchestrion.runtime.clock import system_clock
from orchestrion.store.rows import to_json
from orchestrion.store.sqlite import Store

__all__ = ["KeyView", "Keys", "NewKey", "open_keys", "read_keys"]


@contextmanager
def open_keys(database: Path, actor: str) -> Generator[Keys]:
    """The keys of a store, which is made if it is not there."""
    store = Store(database)
    try:
        yield Keys(store, system_clock, actor)
    finally:
        store.close()


_MEMBERS: Final = frozenset(
    ("name", "value", "scope", "secret", "ttl", "user", "encrypted", "expire_timestamp", "id", "uid")
)


def read_keys(file: Path, *, convert: bool = False) -> list[NewKey]:
    """The keys of a JSON or YAML file: a list of mappings, or one mapping, with `name` and `value`.

    `convert`: a value that is no text is taken as its JSON text. Raises UsageError with every problem.
    """
    document = read_document(file)
    found: list[NewKey] = []
    problems: list[str] = []
    for number, item in enumerate(document if isinstance(document, list) else [document], start=1):
        if not isinstance(item, dict):
            problems.append(f"Entry {number} is no mapping with name and value.")
            continue
        name = item.get("name")
        texts = [*_problems_of_item(item, convert=convert)]
        problems += [f"Entry {number} ({name}): {text}" for text in texts]
        if not texts:
            found.append(_new_key(item))
    if problems:
        raise UsageError(f"{file}: the keys cannot be loaded.", problems=problems)
    return found


def _problems_of_item(item: Mapping[str, Json], *, convert: bool) -> Iterable[str]:
    for member in item.keys() - _MEMBERS:
        yield f"{member} is unknown; known are {', '.join(sorted(_MEMBERS))}."
    if not isinstance(item.get("name"), str) or not item["name"]:
        yield "name must be a text."
    value = item.get("value")
    if value is None or not (convert or isinstance(value, str)):
        yield "value must be a text. Put it in quotes, or give --convert, which takes it as JSON."
    if item.get("encrypted") is True:
        yield "the value is encrypted or masked. Give the value itself, and secret: true."
    for member, kind in (("scope", str), ("user", str), ("secret", bool), ("ttl", int)):
        given = item.get(member)
        if given is not None and (not isinstance(given, kind) or (kind is int and isinstance(given, bool))):
            yield f"{member} must be a {'number of seconds' if kind is int else kind.__name__}."


def _new_key(item: Mapping[str, Any]) -> NewKey:
    value = item["value"]
    return NewKey(
        name=item["name"],
        value=value if isinstance(value, str) else to_json(value),
        scope=cast("str", item.get("scope") or "system"),
        secret=item.get("secret") is True,
        ttl=item.get("ttl"),
        user=item.get("user"),
    )
