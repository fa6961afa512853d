"""The configuration of a pack: its file, over the defaults of its schema (spec 6.3).

The file is CONFIGS/PACK.yaml, where CONFIGS is the folder `configs` beside the folder of packs, as in
StackStorm, or the one that the setting `configs` names. It is no part of the pack: what is in it counts at
once. The schema is `config.schema.yaml` in the pack. A text of the file that holds Jinja refers to the key
store; where the schema says `secret`, it is decrypted.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from orchestrion.actions.filters import metadata_functions
from orchestrion.actions.key_lookups import KeyLookups, KeyReader
from orchestrion.actions.metadata import Pack
from orchestrion.actions.metadata_file import line_of, read_mapping
from orchestrion.actions.parameters import MASK
from orchestrion.actions.rendering import RenderingError, render
from orchestrion.core.values import Json
from orchestrion.errors import UsageError
from orchestrion.settings import current


def config_file(pack: Pack) -> Path:
    """Where the configuration of a pack is, if it has one."""
    folder = current().path("configs") or pack.home.absolute().parents[1] / "configs"
    return folder / f"{pack.ref}.yaml"


def schema_of(pack: Pack) -> dict[str, Json]:
    """What a pack says of its configuration; empty when it says nothing. Raises UsageError."""
    file = pack.folder / "config.schema.yaml"
    return read_mapping(file) if file.is_file() else {}


def stored_config(pack: Pack) -> dict[str, Json]:
    """The configuration as it stands in its file: no defaults, nothing rendered. Raises UsageError."""
    file = config_file(pack)
    return read_mapping(file) if file.is_file() else {}


def masked_config(given: Mapping[str, Json], schema: Mapping[str, Json]) -> dict[str, Json]:
    """A configuration with all that its schema declares secret masked."""
    return {name: _masked(value, _mapping(schema.get(name))) for name, value in given.items()}


def _masked(value: Json, declared: Mapping[str, Json]) -> Json:
    if declared.get("secret") is True:
        return MASK if value is not None else None
    if isinstance(value, dict):
        return masked_config(value, _mapping(declared.get("properties")))
    if isinstance(value, list):
        return [_masked(item, _mapping(declared.get("items"))) for item in value]
    return value


def pack_config(pack: Pack, keys: KeyReader, note_secret: Callable[[Json], None]) -> dict[str, Json]:
    """The configuration of a pack. `note_secret` is told each value that the schema declares secret.

    Raises UsageError, SealError.
    """
    reading = _Reading(pack, config_file(pack), keys, note_secret)
    return reading.values(stored_config(pack), schema_of(pack), ())


class _Reading:
    """The values of one file."""

    def __init__(self, pack: Pack, file: Path, keys: KeyReader, note_secret: Callable[[Json], None]) -> None:
        self._pack = pack
        self._file = file
        self._keys = keys
        self._note_secret = note_secret
        self._variables = {"st2kv": KeyLookups(keys)}

    def values(
        self, given: Mapping[str, Json], schema: Mapping[str, Json], path: tuple[str, ...]
    ) -> dict[str, Json]:
        """What is given, with the defaults of what is not."""
        found: dict[str, Json] = {}
        for name in {**schema, **given}:
            declared = _mapping(schema.get(name))
            if name in given:
                value = self._value(given[name], declared, (*path, name))
            elif "default" in declared:
                value = declared["default"]
            elif _mapping(declared.get("properties")):
                value = self.values({}, _mapping(declared.get("properties")), (*path, name))
                if not value:
                    continue
            else:
                continue
            if declared.get("secret") is True:
                self._note_secret(value)
            found[name] = value
        return found

    def _value(self, given: Json, declared: Mapping[str, Json], path: tuple[str, ...]) -> Json:
        if isinstance(given, dict):
            return self.values(given, _mapping(declared.get("properties")), path)
        if isinstance(given, list):
            of_items = _mapping(declared.get("items"))
            return [self._value(item, of_items, path) for item in given]
        if not isinstance(given, str) or "{{" not in given:
            return given
        try:
            text = render(given, self._variables, metadata_functions(), keep_type=False)
            assert isinstance(text, str)
            secret = declared.get("secret") is True
            return self._keys.opened(text) if secret and self._keys.is_encrypted(text) else text
        except (RenderingError, UsageError) as error:
            raise UsageError(
                f"{self._file}:{line_of(self._file, path)}: Failed to render dynamic configuration value for "
                f'key "{".".join(path)}" with value "{given}" for pack "{self._pack.ref}" config: {error}'
            ) from error


def _mapping(value: Json) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
