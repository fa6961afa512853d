from pathlib import Path

import pytest

from orchestrion.errors import UsageError
from orchestrion.settings import FILE_NAME, SETTINGS, Settings


def settings(folder: Path, text: str | None = None, **environment: str) -> Settings:
    if text is not None:
        (folder / FILE_NAME).write_text(text)
    return Settings({"XDG_CONFIG_HOME": str(folder / "config"), **environment}, folder)


def test_what_nobody_sets_has_its_default(tmp_path: Path) -> None:
    found = settings(tmp_path, XDG_DATA_HOME="/data")
    assert {one.source for one in found.all()} == {"default"}
    assert found.count("slots") == 20
    assert found.path("key_file") is None
    assert found.database == Path("/data/orchestrion/orchestrion.db")


def test_the_environment_comes_before_the_file_and_the_file_before_the_default(tmp_path: Path) -> None:
    found = settings(tmp_path, "slots = 5\n\ngrace = 7", ORCHESTRION_SLOTS="9", ORCHESTRION_LOG_LEVEL="")
    assert found.given("slots")[1:] == (9, "environment ORCHESTRION_SLOTS")
    assert found.given("grace")[1:] == (7, f"file {tmp_path / FILE_NAME}:3")
    assert found.given("log_level")[1:] == ("info", "default")


def test_paths_of_a_file_are_relative_to_it_those_of_the_environment_to_the_current_folder(
    tmp_path: Path,
) -> None:
    found = settings(
        tmp_path, "db = 'a/s.db'\npacks = ['p', '/q']\nconfigs = '~/c'", ORCHESTRION_KEY_FILE="k"
    )
    assert found.database == tmp_path / "a" / "s.db"
    assert found.paths("packs") == (tmp_path / "p", Path("/q"))
    assert found.path("configs") == Path.home() / "c"
    assert found.path("key_file") == Path("k")
    assert settings(tmp_path, ORCHESTRION_PACKS="a:b").paths("packs") == (Path("a"), Path("b"))


def test_the_first_file_that_there_is_counts(tmp_path: Path) -> None:
    (tmp_path / "named.toml").write_text("slots = 1")
    of_user = tmp_path / "config" / "orchestrion" / FILE_NAME
    of_user.parent.mkdir(parents=True)
    of_user.write_text("slots = 3")
    assert settings(tmp_path).count("slots") == 3
    assert settings(tmp_path, "grace = 2").count("slots") == 20
    assert settings(tmp_path, ORCHESTRION_CONFIG="named.toml").count("slots") == 1
    with pytest.raises(UsageError, match=r"other\.toml: there is no such settings file"):
        settings(tmp_path, ORCHESTRION_CONFIG="other.toml").check()


@pytest.mark.parametrize(
    "text, line, sentence",
    [
        ("\nslot = 3", 2, 'there is no setting "slot": did you mean "slots"?'),
        ("[server]\nx = 1", 1, 'there is no setting "server": there are db, api_url, '),
        ("db = 's.db'\nslots = 0", 2, "slots must be a number greater than 0, not 0."),
        ("slots = true", 1, "slots must be a number greater than 0, not True."),
        ("packs = 'p'", 1, 'packs must be a list of paths, not "p".'),
        ("db = 1", 1, "db must be a path in quotes, not 1."),
        ("log_format = 'xml'", 1, 'log_format must be one of text, json, not "xml".'),
        ("db = 's.db'\nslots =\n", 2, "this is not valid TOML: Invalid value."),
    ],
)
def test_what_is_wrong_with_a_file_is_told_with_its_line(
    tmp_path: Path, text: str, line: int, sentence: str
) -> None:
    with pytest.raises(UsageError) as raised:
        settings(tmp_path, text, ORCHESTRION_SLOTS="1").check()
    assert str(raised.value).startswith(f"{tmp_path / FILE_NAME}:{line}: {sentence}")


def test_all_problems_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as raised:
        settings(tmp_path, "a = 1\nslots = ''").check()
    assert [problem.split(": ")[0] for problem in raised.value.problems] == [
        f"{tmp_path / FILE_NAME}:{line}" for line in (1, 2)
    ]


@pytest.mark.parametrize("name, value", [("slots", "0"), ("slots", "many"), ("log_level", "loud")])
def test_what_is_wrong_with_a_variable_is_told_by_its_name(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(UsageError, match=rf'^{SETTINGS[name].variable}: {name} must be .*, not "{value}"\.'):
        settings(tmp_path, **{SETTINGS[name].variable: value}).check()
