"""Commands that are told can be given as they are: they name the store and the packs of this one."""

import shlex
from pathlib import Path

import pytest

from orchestrion.cli.grammar.parser import build_parser
from orchestrion.cli.hints import Again
from orchestrion.cli.main import main

AGAIN = Again(("my packs",), "a store.db", "http://h:1")


@pytest.mark.parametrize(
    "command",
    [
        "orchestrion run examples.hello name=you",
        "orchestrion execution list",
        "orchestrion execution get ID",
        "orchestrion execution resume ID",
        "orchestrion execution re-run ID --tasks a b",
        "orchestrion execution export ID",
        "orchestrion inquiry list",
        "orchestrion inquiry respond ID NAME=VALUE",
        "orchestrion key set NAME VALUE",
        "orchestrion doctor --mend",
        "orchestrion purge --older-than 30d",
        "orchestrion serve",
        "orchestrion pack setup mine",
        "orchestrion action list",
        "orchestrion workflow inspect w.yaml",
    ],
)
def test_a_command_takes_what_it_is_told_with(command: str) -> None:
    parser = build_parser()
    alone = parser.parse_args(shlex.split(command)[1:])
    for told in (AGAIN.command(command), AGAIN.sentence(f"Give: {command}").removeprefix("Give: ")):
        options = parser.parse_args(shlex.split(told)[1:])
        takes_packs, takes_store = hasattr(alone, "packs"), hasattr(alone, "db")
        assert getattr(options, "packs", None) == (["my packs"] if takes_packs else None)
        assert getattr(options, "db", None) == ("a store.db" if takes_store else None)
        assert getattr(options, "api_url", None) == (None if alone.is_local else "http://h:1")
        rest = vars(options).keys() - {"packs", "db", "api_url"}
        assert {name: getattr(options, name) for name in rest} == {
            name: getattr(alone, name) for name in rest
        }
    assert Again().command(command) == Again().sentence(command) == command


def test_a_sentence_that_names_no_command_stays_as_it_is() -> None:
    text = "This is a bug of Orchestrion; an orchestrion plays by itself."
    assert AGAIN.sentence(text) == text


def test_an_error_tells_the_store_that_was_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = str(tmp_path / "s.db")
    assert main(["key", "set", "a", "b", "--db", store]) == 0
    for number in (["x"], ["x", "y"]):
        assert main(["execution", "get", *number, "--db", store]) == 4
        assert f"List them with: orchestrion execution list --db {store}" in capsys.readouterr().err
