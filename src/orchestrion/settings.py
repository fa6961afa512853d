"""The settings: one table of what can be set, and where the value of each comes from.

A flag of the command comes first (the command line sees to that), then the environment, where the setting
`log_level` is `ORCHESTRION_LOG_LEVEL`, then the settings file, then the default. The settings file is the one
that ORCHESTRION_CONFIG names, else `orchestrion.toml` in the current folder, else in the user's folder of
configurations. Only the first of them that there is counts, and paths in it are relative to its folder.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeAlias, cast

from orchestrion.errors import UsageError

FILE_NAME: Final = "orchestrion.toml"
FILE_VARIABLE: Final = "ORCHESTRION_CONFIG"
TOKEN_VARIABLE: Final = "ORCHESTRION_TOKEN"  # noqa: S105  # the name of one
"""It is no setting: settings are shown."""

LOG_LEVELS: Final = ("debug", "info", "warning", "error")
LOG_FORMATS: Final = ("text", "json")

Value: TypeAlias = int | str | Path | tuple[Path, ...]
Kind: TypeAlias = Literal["path", "paths", "count", "word", "url"]


_URL: Final = re.compile(r"https?://[^\s/?#@]+(/[^\s?#@]*)?")


class Setting(NamedTuple):
    """One thing that can be set. `words` are those that a setting of the kind `word` may have.

    A setting without a default is not set unless somebody sets it; `otherwise` says what holds then.
    """

    name: str
    kind: Kind
    text: str
    default: Value | None = None
    otherwise: str = ""
    flag: str | None = None
    words: tuple[str, ...] = ()

    @property
    def variable(self) -> str:
        """The variable of the environment that sets it."""
        return f"ORCHESTRION_{self.name.upper()}"


SETTINGS: Final[Mapping[str, Setting]] = {
    one.name: one
    for one in (
        Setting(
            "db",
            "path",
            "the file that holds all executions",
            otherwise="orchestrion/orchestrion.db in the user's data folder",
            flag="--db",
        ),
        Setting(
            "api_url",
            "url",
            "the server whose executions, packs and keys commands are about",
            otherwise="none: they are about the file",
            flag="--api-url",
        ),
        Setting(
            "public_url",
            "url",
            "where actions and workflows are told that the API is",
            "http://127.0.0.1:9101",
        ),
        Setting(
            "packs",
            "paths",
            "folders of packs; in the environment separated as in PATH",
            otherwise="./packs, if there is one",
            flag="--packs",
        ),
        Setting(
            "configs",
            "path",
            "the folder of the packs' configurations",
            otherwise="configs, beside the folder of packs",
        ),
        Setting(
            "virtualenvs",
            "path",
            "the folder of the packs' Python environments",
            otherwise="virtualenvs, in the user's data folder",
        ),
        Setting("key_file", "path", "the key that seals secrets", otherwise="the store's name with .key"),
        Setting("slots", "count", "how many actions serve and worker run at a time", 20, flag="--slots"),
        Setting("grace", "count", "seconds in which what runs may end when they stop", 60, flag="--grace"),
        Setting(
            "keep",
            "count",
            "days after which serve and worker purge what has ended",
            otherwise="for ever",
            flag="--keep",
        ),
        Setting(
            "log_level",
            "word",
            "from which level on serve and worker log",
            "info",
            flag="--log-level",
            words=LOG_LEVELS,
        ),
        Setting("log_format", "word", "how they write it", "text", flag="--log-format", words=LOG_FORMATS),
        Setting("color", "word", "colour and progress in place", "auto", words=("auto", "never")),
    )
}
"""Every setting by its name."""


class Given(NamedTuple):
    """The value of a setting (None: it is not set), and who gives it, in words."""

    setting: Setting
    value: Value | None
    source: str


class Settings:
    """The settings of one process, from its environment and the settings file."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self._environment: Final = environment
        self._folder: Final = folder

    def check(self) -> None:
        """Raise UsageError when the settings file or a variable holds no setting, or no value of one."""
        for name in SETTINGS:
            self.given(name)

    def given(self, name: str) -> Given:
        """The value of a setting, and where it comes from. Raises UsageError."""
        setting = SETTINGS[name]
        text = self._environment.get(setting.variable)
        of_file = self._of_file  # before the environment's, so that a bad file is told in any case
        if text:
            source = f"environment {setting.variable}"
            return Given(setting, _from_text(setting, text), source)
        return of_file.get(name) or Given(setting, setting.default, "default")

    def all(self) -> Iterator[Given]:
        """Every setting in the order of the table. Raises UsageError."""
        return map(self.given, SETTINGS)

    def path(self, name: str) -> Path | None:
        """The value of a setting that is a path."""
        return cast("Path | None", self.given(name).value)

    def paths(self, name: str) -> tuple[Path, ...] | None:
        """The value of a setting that is several paths."""
        return cast("tuple[Path, ...] | None", self.given(name).value)

    def url(self, name: str) -> str | None:
        """The value of a setting that is a URL."""
        return cast("str | None", self.given(name).value)

    def count(self, name: str) -> int:
        """The value of a setting that is a number."""
        return cast("int", self.given(name).value)

    def word(self, name: str) -> str:
        """The value of a setting that is a word."""
        return cast("str", self.given(name).value)

    @property
    def database(self) -> Path:
        """The file of the store. Raises UsageError where there is no home folder to keep it in."""
        return self.path("db") or self._home_folder("XDG_DATA_HOME", ".local/share") / "orchestrion.db"

    @property
    def virtualenvs(self) -> Path:
        """The folder of the packs' environments. Raises UsageError where there is no home folder for it."""
        return self.path("virtualenvs") or self._home_folder("XDG_DATA_HOME", ".local/share") / "virtualenvs"

    @cached_property
    def advertised_url(self) -> str:
        """Where the API is, as actions and workflows are told. Raises UsageError."""
        return f"{cast('str', self.url('public_url')).rstrip('/')}/v1"

    @property
    def token(self) -> str | None:
        """What shows a server who asks, where the environment has it."""
        return self._environment.get(TOKEN_VARIABLE) or None

    @property
    def credentials(self) -> Path:
        """The file of what log-ins have brought. Raises UsageError where there is no home folder for it."""
        return self._home_folder("XDG_CONFIG_HOME", ".config") / "credentials.json"

    @property
    def file(self) -> Path | None:
        """The settings file, if there is one. Raises UsageError when one is named that is not there."""
        named = self._environment.get(FILE_VARIABLE)
        if named:
            path = self._folder / named
            if not path.is_file():
                raise UsageError(f"{path}: there is no such settings file, and {FILE_VARIABLE} names it.")
            return path
        try:
            places = (self._folder, self._home_folder("XDG_CONFIG_HOME", ".config"))
        except UsageError:  # without a home folder there is no file in it
            places = (self._folder,)
        return next((path for folder in places if (path := folder / FILE_NAME).is_file()), None)

    @property
    def _of_file(self) -> Mapping[str, Given]:
        file = self.file
        return {} if file is None else _read(file)

    def _home_folder(self, variable: str, otherwise: str) -> Path:
        base = self._environment.get(variable)
        try:
            return (Path(base) if base else Path.home() / otherwise) / "orchestrion"
        except RuntimeError as error:
            raise UsageError(
                "There is no home folder to keep executions in: name a file with --db."
            ) from error


@lru_cache(maxsize=1)
def current() -> Settings:
    """The settings of this process."""
    return Settings(os.environ, Path())


@lru_cache(maxsize=8)
def _read(file: Path) -> Mapping[str, Given]:
    """What a settings file sets. Raises UsageError with every problem and its line."""
    import tomllib

    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: the settings file cannot be read: {error}.") from error
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\(at line (\d+), column \d+\)", str(error))
        line = found[1] if found else text.count("\n") + 1
        what = re.sub(r" \(at .*\)$", "", str(error))
        raise UsageError(f"{file}:{line}: this is not valid TOML: {what}.") from error
    values: dict[str, Given] = {}
    problems: list[str] = []
    for name, value in document.items():
        place = f"{file}:{_line_of(name, text)}"
        setting = SETTINGS.get(name)
        if setting is None:
            problems.append(f"{place}: {_unknown(name)}")
            continue
        try:
            values[name] = Given(setting, _from_toml(setting, value, file.parent), f"file {place}")
        except ValueError as error:
            problems.append(f"{place}: {name} must be {_WANTED[setting.kind](setting)}, not {error}.")
    if len(problems) > 1:
        raise UsageError(f"{file}: the settings cannot be used.", problems=problems)
    if problems:
        raise UsageError(problems[0])
    return values


def _unknown(name: str) -> str:
    from orchestrion.core.spelling import nearest

    near = nearest(name.replace("-", "_"), SETTINGS)
    hint = f"there are {', '.join(SETTINGS)}." if near is None else f'did you mean "{near}"?'
    return f'there is no setting "{name}": {hint}'


def _line_of(name: str, text: str) -> int:
    """The line on which a name is given; TOML's reader does not tell."""
    start = re.compile(rf"""\s*\[*\s*["']?{re.escape(name)}["']?\s*[=.\]]""")
    return next((number for number, line in enumerate(text.splitlines(), 1) if start.match(line)), 1)


_WANTED: Final[Mapping[Kind, Callable[[Setting], str]]] = {
    "path": lambda _: "a path in quotes",
    "paths": lambda _: "a list of paths",
    "count": lambda _: "a number greater than 0",
    "word": lambda setting: f"one of {', '.join(setting.words)}",
    "url": lambda _: "a URL such as http://127.0.0.1:9101",
}


def is_url(text: str) -> bool:
    """Whether a text is the URL of a server, without a name or a password in it."""
    return _URL.fullmatch(text) is not None


def _from_toml(setting: Setting, value: object, folder: Path) -> Value:
    """A value of the settings file. Raises ValueError that says what was found."""
    match setting.kind, value:
        case "path", str() if value:
            return folder / Path(value).expanduser()
        case "paths", list():
            texts = cast("list[object]", value)
            if all(isinstance(one, str) and one for one in texts):
                return tuple(folder / Path(str(one)).expanduser() for one in texts)
        case "count", int() if not isinstance(value, bool) and value > 0:
            return value
        case "word", str() if value in setting.words:
            return value
        case "url", str() if is_url(value):
            return value
        case _:
            pass
    raise ValueError(f'"{value}"' if isinstance(value, str) else str(cast("object", value)))


def _from_text(setting: Setting, text: str) -> Value:
    """A value of the environment. Raises UsageError."""
    match setting.kind:
        case "path":
            return Path(text)
        case "paths":
            return tuple(Path(one) for one in text.split(os.pathsep) if one)
        case "count":
            if text.isdecimal() and int(text) > 0:
                return int(text)
        case "word":
            if text in setting.words:
                return text
        case "url":
            if is_url(text):
                return text
    wanted = _WANTED[setting.kind](setting)
    raise UsageError(f'{setting.variable}: {setting.name} must be {wanted}, not "{text}".')
