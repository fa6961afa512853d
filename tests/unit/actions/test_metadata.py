from pathlib import Path

import pytest

from orchestrion.actions.catalog import Catalog
from orchestrion.actions.metadata import TYPES, parameters_of
from orchestrion.errors import UsageError
from tests.unit.actions.packs import action, write_pack

HEAD = "name: a\nrunner_type: local-shell-cmd\n"


def problems_of(folder: Path, text: str) -> tuple[str, ...]:
    """Give the problems of a metadata file, without the name of the file."""
    pack = write_pack(folder / "p", {"pack.yaml": "name: p", "actions/a.yaml": text})
    with pytest.raises(UsageError) as caught:
        Catalog([pack]).find("p.a")
    assert caught.value.message.startswith(f"{pack}/actions/a.yaml is not valid action metadata")
    return tuple(problem.removeprefix(f"{pack}/actions/a.yaml:") for problem in caught.value.problems)


@pytest.mark.parametrize(
    "text,problem",
    [
        ("name: a\n", "1: runner_type is missing. Add a line `runner_type: …`."),
        ("name: off\nrunner_type: noop\n", "1: name must be a text, found False. Put it in quotes."),
        (HEAD + "enabled: maybe\n", "3: enabled must be true or false, found 'maybe'."),
        (
            HEAD + "pack: other\n",
            "3: pack is 'other', but the file is in pack 'p'. Remove the line or move the file.",
        ),
        (HEAD + "parameters: [a]\n", "3: parameters must be a mapping, found ['a']."),
        (
            HEAD + "parameters:\n  a-b: {}\n",
            "4: Parameter name 'a-b' may hold letters, digits and underscores only.",
        ),
        (
            HEAD + "parameters:\n  x: string\n",
            "4: Parameter x must be a mapping such as `{type: string}`, found 'string'.",
        ),
        (
            HEAD + "parameters:\n  x:\n    type: [string, integer]\n",
            f"5: type of parameter x must be one of {', '.join(TYPES)}, found ['string', 'integer'].",
        ),
        (
            HEAD + "parameters:\n  x:\n    typo: string\n",
            "5: Unknown key 'typo' of parameter x. Remove it or correct its name.",
        ),
        (
            HEAD + "parameters:\n  x: {required: 1}\n",
            "4: required of parameter x must be true or false, found 1.",
        ),
        (HEAD + "parameters:\n  x: {enum: a}\n", "4: enum of parameter x must be a list, found 'a'."),
        (
            HEAD + "parameters:\n  x: {position: -1}\n",
            "4: position of parameter x must be 0, 1, 2, …, found -1.",
        ),
        (HEAD + "parameters:\n  x: {immutable: true}\n", "4: Immutable param x requires a default value."),
        (
            HEAD + "parameters:\n  cwd:\n    type: array\n",
            '5: The attribute "type" for the runner parameter "cwd" in action "p.a" cannot be overridden.',
        ),
        (
            HEAD + "parameters:\n  x: {position: 0}\n  y: {position: 0}\n",
            "5: Parameters x and y have same position 0. Position values have to be unique.",
        ),
        (
            HEAD + "parameters:\n  x: {position: 0}\n  y: {position: 2}\n",
            "3: Positions supplied [0, 2] for parameters are not contiguous.",
        ),
    ],
)
def test_a_problem_names_its_line_and_the_remedy(tmp_path: Path, text: str, problem: str) -> None:
    assert problems_of(tmp_path, text) == (problem,)


def test_an_unknown_key_is_told_with_the_known_ones(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, HEAD + "entrypoint: x\n")
    assert problem.startswith(
        "3: Unknown key 'entrypoint'. Remove it or correct its name; known keys: description,"
    )


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    text = HEAD + "enabled: 1\nparameters:\n  x: {immutable: 1}\n  y: {typ: string}\n"
    assert len(problems_of(tmp_path, text)) == 3


def test_json_metadata_names_its_line_too(tmp_path: Path) -> None:
    pack = write_pack(tmp_path / "p", {"pack.yaml": "name: p", "actions/a.json": '{"name": "a",\n "x" 1}'})
    with pytest.raises(UsageError, match=r"a\.json:2: This is not valid JSON"):
        Catalog([pack]).find("p.a")


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    pack = write_pack(tmp_path / "p", {"pack.yaml": "name: p", "actions/a.yaml": ""})
    (pack / "actions/a.yaml").write_bytes(b"name: \xff")
    with pytest.raises(UsageError, match=r"a\.yaml: The file is not UTF-8 text \(byte 6\)"):
        Catalog([pack]).find("p.a")


def test_parameters_can_be_made_from_json() -> None:
    made = parameters_of({"x": {"type": "integer", "default": 3}, "y": {}})
    assert made["x"].default == 3
    assert made["x"].has_default
    assert made["y"].type is None


@pytest.mark.parametrize(
    "name,accepts_null",
    [("a_string", True), ("choice", False), ("level", False), ("untyped", True)],
)
def test_null_is_accepted_where_nothing_else_is_the_default(name: str, accepts_null: object) -> None:
    assert action("demo.typed").all_parameters[name].accepts_null is accepts_null
