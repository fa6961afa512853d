"""What `run` is asked to run: all that is wrong with the words is told at once."""

from pathlib import Path

import pytest

from orchestrion.actions.catalog import Catalog
from orchestrion.client.packs import catalog_of
from orchestrion.client.targets import Target, chosen_items, target_of
from orchestrion.errors import UsageError

FLOW = """\
name: flow
runner_type: orquesta
entry_point: flow.wf
parameters:
  count: {type: integer}
  level: {type: string, enum: [low, high]}
  site: {type: string, required: true}
  names: {type: array}
"""
TEXT = """\
input: [count, level, site, names]
tasks:
  one:
    action: own.later
"""


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    actions = tmp_path / "own" / "actions"
    actions.mkdir(parents=True)
    (actions.parent / "pack.yaml").write_text("name: own\n")
    (actions / "flow.yaml").write_text(FLOW)
    (actions / "flow.wf").write_text(TEXT)
    (actions / "later.yaml").write_text("name: later\nrunner_type: action-chain\n")
    (tmp_path / "bare.yaml").write_text(TEXT)
    return Catalog((tmp_path,))


def problems(word: str, words: list[str], catalog: Catalog) -> tuple[str, ...]:
    with pytest.raises(UsageError) as caught:
        target_of(word, words, catalog)
    return caught.value.problems


def test_all_problems_of_the_parameters_of_an_action_at_once(catalog: Catalog) -> None:
    words = ["count=many", "level=middle", "sit=x", "names=a", "names=b", "word"]
    assert problems("own.flow", words, catalog) == (
        '"word" is not a parameter: write NAME=VALUE.',
        'The workflow has no input "sit". Did you mean "site"? Inputs: count, level, names, notify, site.',
        'Parameter "count" must be a whole number, found "many".',
        "Parameter \"level\": 'middle' is not one of ['low', 'high', None]",
        "'site' is a required property",
    )


def test_all_problems_of_the_inputs_of_a_file_at_once(catalog: Catalog, tmp_path: Path) -> None:
    words = ["count=1", "count=2", "sit=x", 'names=[{"a": 1, "a": 2}]', "level=1e400", "word"]
    assert problems(str(tmp_path / "bare.yaml"), words, catalog) == (
        '"word" is not a parameter: write NAME=VALUE.',
        'The workflow has no input "sit". Did you mean "site"? Inputs: count, level, names, site.',
        'Parameter "count" is given more than once: a list is written as JSON.',
        'Parameter "names" has the key "a" more than once.',
        'Parameter "level" cannot be kept as it is: inf is not a JSON number.',
    )


@pytest.mark.parametrize("brackets", [100_000, 3_000])
def test_what_is_too_deep_to_be_read_is_refused(catalog: Catalog, tmp_path: Path, brackets: int) -> None:
    (problem,) = problems(str(tmp_path / "bare.yaml"), [f"names={'[' * brackets}{']' * brackets}"], catalog)
    assert problem.startswith('Parameter "names" cannot be kept as it is: A value is nested too deeply')


def test_an_action_that_cannot_run_here_is_told_before_it_fails(catalog: Catalog, tmp_path: Path) -> None:
    def told(target: Target) -> list[str]:
        return [warning for warning in target.warnings if "action-chain" in warning]

    (one,) = told(target_of("own.flow", ["site=x"], catalog))
    (two,) = told(target_of(str(tmp_path / "bare.yaml"), [], catalog))
    assert ":4:13: " in one
    assert ":4:13: " in two


def test_folders_whose_names_are_no_text(catalog: Catalog, tmp_path: Path) -> None:
    folder = tmp_path / "bad\udcff"
    folder.mkdir()
    (folder / "w.yaml").write_text("tasks: {one: {action: core.noop}}")
    target = target_of(str(folder / "w.yaml"), [], catalog)
    assert target.source == f"{tmp_path}/bad\\xff/w.yaml"
    with pytest.raises(UsageError, match="must be UTF-8"):
        catalog_of([folder])


def test_chosen_items() -> None:
    assert chosen_items(["a=0,3-5", "a=4-6", "b/c=7"]) == {"a": (0, 3, 4, 5, 6), "b/c": (7,)}


def test_all_problems_of_chosen_items_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        chosen_items(["a=2-1", "a=0-99999999999", "a=0-1000000", "a=99999999999", "a=1-", "=1", "a=0"])
    assert caught.value.exit_code == 2
    assert caught.value.problems == (
        '"a=2-1": 2-1 is empty: the smaller number comes first, 1-2.',
        '"a=0-99999999999": the range 0-99999999999 is too large. At most 1,000,000 items are chosen.',
        '"a=0-1000000": the range 0-1000000 is too large. At most 1,000,000 items are chosen.',
        '"a=99999999999": the number 99999999999 is too large. At most 1,000,000 items are chosen.',
        '"a=1-" does not choose items: write TASK=0,3-5.',
        '"=1" does not choose items: write TASK=0,3-5.',
    )
