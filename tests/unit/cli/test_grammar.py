"""The grammar: quick to build, every command has somebody who performs it and an example in its help."""

import argparse
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from inspect import getclosurevars
from typing import cast

import pytest

from orchestrion.cli.grammar.parser import build_parser


def _commands(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    for action in parser._actions:
        choices: object = action.choices
        if isinstance(choices, dict):
            groups = cast("dict[str, argparse.ArgumentParser]", choices)
            for one in groups.values():
                yield from _commands(one)
    if parser.get_default("command"):
        yield parser


COMMANDS = {one.prog: one for one in _commands(build_parser())}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_performed_by_somebody(name: str) -> None:
    place = getclosurevars(COMMANDS[name].get_default("command")).nonlocals

    assert callable(getattr(import_module(f"orchestrion.cli.{place['module']}"), place["name"]))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_an_example_of_itself_in_its_help(name: str) -> None:
    assert name in (COMMANDS[name].epilog or "")


def test_the_help_loads_neither_the_core_nor_the_store() -> None:
    script = (
        "import sys\n"
        "from orchestrion.cli.main import main\n"
        "main(['execution', '--help'])\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = done.stderr.split()

    assert "orchestrion.cli.grammar.parser" in loaded
    assert [
        name for name in loaded if name.startswith(("orchestrion.core", "orchestrion.store", "orjson"))
    ] == []


def test_a_store_without_a_name_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        build_parser().parse_args(["execution", "list", "--db", ""])
    assert caught.value.code == 2
    assert "argument --db: the name of a file is missing" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words, one, other",
    [
        ("list -j -y", "-y/--yaml", "-j/--json"),
        ("get 1 --yaml --json", "-j/--json", "-y/--yaml"),
        ("history 1 -y -j", "-j/--json", "-y/--yaml"),
        ("explain 1 -y -j", "-j/--json", "-y/--yaml"),
        ("get 1 -k output -a status", "-a/--attr", "-k/--key"),
    ],
)
def test_options_of_which_one_would_be_ignored_are_wrong_usage(
    capsys: pytest.CaptureFixture[str], words: str, one: str, other: str
) -> None:
    with pytest.raises(SystemExit) as caught:
        build_parser().parse_args(["execution", *words.split()])
    assert caught.value.code == 2
    assert f"argument {one}: not allowed with argument {other}" in capsys.readouterr().err
