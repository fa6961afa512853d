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
from orchestrion.actions.rendering import RenderingError, render
from orchestrion.core.values import Json
from orchestrion.errors import UsageError
from orchestrion.settings import current


def config_file(pack: Pack) -> Path:
    """Where the configuration of a pack is, if it has one."""
    folder = current().path("configs") or pack.home.absolute().parents[1] / "configs"
    return folder / f"{pack.ref}.yaml"


def pack_config(pack: Pack, keys: KeyReader, note_secret: Callable[[Json], None]) -> dict[str, Json]:
    """The configuration of a pack. `note_secret` is told each value that the schema declares secret.

    Raises UsageError, SealError.
    """
    schema_file, file = pack.folder / "config.schema.yaml", config_file(pack)
    schema = read_mapping(schema_file) if schema_file.is_file() else {}
    given = read_mapping(file) if file.is_file() else {}
    return _Reading(pack, file, keys, note_secret).values(given, schema, ())


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
