import re
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest

from orchestrion.actions.catalog import Catalog
from orchestrion.actions.content import inspect_content
from orchestrion.client.rehearsal.verdict import rehearse
from orchestrion.core.events import RerunRequested, TaskRequest
from orchestrion.core.language import inspect
from tests.docs.examples import DOCS, Example, examples, play, proceed
from tests.docs.generated import PARTS, names_in, renewed

ROOT: Final = DOCS.parent
PAGES: Final = (*sorted(DOCS.glob("*.md")), ROOT / "README.md")
EXAMPLES: Final = tuple(examples())

_LINK: Final = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_CODE: Final = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
_HEADING: Final = re.compile(r"^#+ (.+)$", re.MULTILINE)
_FILE: Final = re.compile(r"`((?:[\w.-]+/)*[\w.-]+\.(?:py|sql|toml|md)|(?:[\w.-]+/)+)`")


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.name)
def test_the_generated_parts_are_what_the_code_gives(page: Path) -> None:
    text = page.read_text()
    assert renewed(text) == text, "write them anew: python -m tests.docs.generate"


def test_every_generated_part_stands_in_a_document() -> None:
    found = [name for page in DOCS.glob("*.md") for name in names_in(page.read_text())]
    assert sorted(found) == sorted(PARTS)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 15


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.where)
def test_an_example_is_a_valid_workflow_with_actions_that_exist(example: Example) -> None:
    inspection = inspect(example.text)
    assert inspection.problems == ()
    assert [one.message for one in inspection.warnings] == example.notes.get("warnings", [])
    assert inspect_content(example.text, Catalog()) == ((), ())


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.where)
def test_an_example_runs_as_the_document_says(example: Example) -> None:
    played = play(example)
    assert played.status == example.notes.get("ends", "succeeded")
    if "output" in example.notes:
        assert played.output == example.notes["output"]
    if "runs" in example.notes:
        assert played.runs == example.notes["runs"]


@pytest.mark.parametrize(
    "also, ends", [((), "failed"), ((TaskRequest("notify", 0),), "succeeded")], ids=["alone", "with notify"]
)
def test_the_worked_re_run_ends_as_the_document_says(also: tuple[TaskRequest, ...], ends: str) -> None:
    worked = next(example for example in EXAMPLES if example.notes.get("name") == "worked")
    played = play(worked)
    played.runs.clear()
    well = Example(worked.where, worked.text, {})
    proceed(played, well, RerunRequested((TaskRequest("servers", 0, reset=False), *also)))
    assert sorted(played.runs) == sorted(["servers[1]", "install", *(one.task for one in also)])
    assert played.status == ends


def test_the_tests_of_a_workflow_pass(tmp_path: Path) -> None:
    text = (DOCS / "language.md").read_text()
    worked = next(example for example in EXAMPLES if example.notes.get("name") == "tested")
    (script,) = re.findall(r"^```yaml\n(workflow: .*?)^```", text, re.DOTALL | re.MULTILINE)
    (tmp_path / "ping.yaml").write_text(worked.text)
    (tmp_path / "tests.yaml").write_text(script)
    outcomes = rehearse(tmp_path / "tests.yaml", ()).outcomes
    assert [one.differences for one in outcomes] == [(), ()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    text = _CODE.sub("", page.read_text())
    for link in _LINK.findall(text):
        if "://" in link or link.startswith("mailto:"):
            continue
        target, _, anchor = link.partition("#")
        path = (page.parent / target).resolve() if target else page
        assert path.exists(), link
        if anchor:
            assert anchor in _anchors(path), link


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as the usual renderers make them."""
    headings = _HEADING.findall(_CODE.sub("", page.read_text()))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_file_that_the_architecture_names_exists() -> None:
    text = _CODE.sub("", (DOCS / "architecture.md").read_text())
    named = {name for name in _FILE.findall(text) if not name.startswith((".", "orchestrion.db"))}
    folders = (ROOT, ROOT / "src" / "orchestrion", DOCS)
    missing = [name for name in sorted(named) if not any((folder / name).exists() for folder in folders)]
    assert missing == []
    assert len(named) >= 20


def test_every_module_that_a_document_names_exists() -> None:
    for page in PAGES:
        for name in re.findall(r"`(orchestrion(?:\.\w+)+)`", page.read_text()):
            assert name.endswith(".toml") or find_spec(name) is not None, name
