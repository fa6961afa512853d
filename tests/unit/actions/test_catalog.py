from pathlib import Path

import pytest

from orchestrion.actions.catalog import Catalog
from orchestrion.actions.metadata import workflow_path
from orchestrion.errors import NotFound, UsageError
from tests.unit.actions.packs import PACKS, action, write_pack

CORE = tuple(
    f"core.{name}"
    for name in (
        "ask",
        "echo",
        "error",
        "http",
        "local",
        "local_sudo",
        "noop",
        "pause",
        "remote",
        "remote_sudo",
        "uuid",
    )
)


def test_the_core_pack_is_built_in() -> None:
    assert Catalog().refs() == CORE
    assert Catalog().problems() == ()


def test_a_folder_of_packs_is_read_whole() -> None:
    assert [ref for ref in Catalog([PACKS]).refs() if not ref.startswith("core.")] == [
        "demo.deploy",
        "demo.disabled",
        "demo.future",
        "demo.other",
        "demo.rendered",
        "demo.script",
        "demo.typed",
        "renamed.hello",
    ]
    assert Catalog([PACKS]).problems() == ()
    assert [pack.ref for pack in Catalog([PACKS]).packs()] == ["core", "demo", "renamed"]


def test_a_folder_may_be_a_pack_itself() -> None:
    catalog = Catalog([PACKS / "demo"])
    assert catalog.find("demo.typed").name == "typed"
    assert {pack.ref for pack in catalog.packs()} == {"core", "demo"}


def test_a_pack_is_known_by_its_reference_not_by_its_folder() -> None:
    found = action("renamed.hello")
    assert found.pack.name == "Shown Name"
    with pytest.raises(NotFound):
        action("renamed_folder.hello")


def test_what_the_metadata_says_is_kept() -> None:
    other = action("demo.other")
    assert (other.ref, other.name, other.pack.ref, other.runner_type) == (
        "demo.other",
        "other",
        "demo",
        "noop",
    )
    assert other.description == "2020-01-01"  # a text, though YAML has dates
    assert other.idempotent
    assert other.enabled
    assert other.output_schema == {"type": "object"}
    assert other.tags == ({"name": "kind", "value": "test"},)
    assert other.metadata_file.name == "oddly-named-file.yaml"
    assert not action("demo.disabled").enabled
    assert not action("demo.deploy").idempotent


def test_an_override_is_merged_with_the_runners_parameter() -> None:
    echo = action("core.echo")
    assert echo.runner_parameters["cmd"].immutable
    assert echo.runner_parameters["cmd"].type == "string"
    assert echo.runner_parameters["timeout"].default == 60
    assert set(echo.all_parameters) - set(echo.runner_parameters) == {"message"}
    # For the inspection of workflows the action's own declaration counts as it stands.
    assert action("demo.deploy").inputs()["notify"].type is None
    assert action("demo.deploy").all_parameters["notify"].type == "array"


def test_an_unknown_runner_type_is_catalogued() -> None:
    future = action("demo.future")
    assert future.runner is None
    assert set(future.all_parameters) == {"qubits"}


@pytest.mark.parametrize(
    "ref,message",
    [
        ("core.ecoh", 'Action "core.ecoh" cannot be found. Did you mean "core.echo"?'),
        ("demo.zzz", 'Action "demo.zzz" cannot be found.'),
        ("echo", 'Action "echo" cannot be found. An action is named PACK.NAME, for example core.local.'),
        ("../core.echo", 'Action "../core.echo" cannot be found.'),
        ("demo.../../demo/actions/typed", 'Action "demo.../../demo/actions/typed" cannot be found.'),
    ],
)
def test_what_is_not_there_is_told_with_what_is(ref: str, message: str) -> None:
    with pytest.raises(NotFound) as caught:
        action(ref)
    assert caught.value.message.startswith(message)
    assert caught.value.problems


def test_an_unknown_pack_that_is_spelled_like_a_known_one_is_told_with_that() -> None:
    with pytest.raises(NotFound, match=r'There is no pack "dmo" in .*\. Did you mean the pack "demo"\?'):
        action("dmo.nothing_like_it")


def test_an_unknown_pack_is_named_with_the_known_ones() -> None:
    with pytest.raises(NotFound) as caught:
        action("dmo.typed")
    assert f'There is no pack "dmo" in {PACKS}.' in caught.value.message
    assert 'Did you mean "demo.typed"?' in caught.value.message
    assert caught.value.problems == ("There are the packs core, demo, renamed.",)


def test_a_missing_folder_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere: There is no such folder"):
        Catalog([tmp_path / "nowhere"])


def test_only_what_is_needed_is_read(tmp_path: Path) -> None:
    write_pack(
        tmp_path / "good", {"pack.yaml": "name: good", "actions/a.yaml": "name: a\nrunner_type: noop\n"}
    )
    write_pack(tmp_path / "good", {"actions/b.yaml": "name: [\n"})
    write_pack(tmp_path / "bad", {"pack.yaml": "name: [\n"})
    catalog = Catalog([tmp_path])
    assert catalog.find("good.a").ref == "good.a"
    assert catalog.refs() == (*CORE, "good.a")
    problems = catalog.problems()
    assert len(problems) == 2
    assert problems[0].startswith(f"{tmp_path}/bad/pack.yaml:2: This is not valid YAML: ")
    assert problems[1].startswith(f"{tmp_path}/good/actions/b.yaml:2: This is not valid YAML: ")
    with pytest.raises(UsageError, match=r"b\.yaml:2: This is not valid YAML"):
        catalog.find("good.b")


def test_a_number_that_is_too_long_is_a_problem_of_its_file_alone(tmp_path: Path) -> None:
    long = "9" * 5_000
    files = {
        "actions/a.yaml": "name: a\nrunner_type: noop\n",
        "actions/b.yaml": f"name: b\nentry_point: {long}\n",
    }
    write_pack(tmp_path / "good", {"pack.yaml": "name: good\n", **files})
    write_pack(tmp_path / "good", {"actions/c.json": f'{{"name": "c", "tags": [{long}]}}'})
    catalog = Catalog([tmp_path])
    assert catalog.refs() == (*CORE, "good.a")
    reason = "This cannot be read: a number in it is too long; quote it to make it a text."
    assert catalog.problems() == tuple(
        f"{tmp_path}/good/actions/{name}: {reason}" for name in ("b.yaml", "c.json")
    )


def test_a_corrected_file_counts_at_once(tmp_path: Path) -> None:
    pack = write_pack(
        tmp_path / "p", {"pack.yaml": "name: p", "actions/a.yaml": "name: a\nrunner_typ: noop\n"}
    )
    catalog = Catalog([pack])
    with pytest.raises(UsageError):
        catalog.find("p.a")
    write_pack(pack, {"actions/a.yaml": "name: a\nrunner_type: noop\ndescription: one\n"})
    assert catalog.find("p.a").description == "one"
    assert catalog.find("p.a") is catalog.find("p.a")
    write_pack(pack, {"actions/a.yaml": "name: renamed\nrunner_type: noop\n"})
    with pytest.raises(NotFound):
        catalog.find("p.a")
    assert catalog.find("p.renamed").ref == "p.renamed"
    (pack / "actions/a.yaml").unlink()
    with pytest.raises(NotFound, match=r'Action "p\.renamed" cannot be found\.'):
        catalog.find("p.renamed")


def test_two_files_with_one_name_are_told(tmp_path: Path) -> None:
    text = "runner_type: noop\nname: same\n"
    pack = write_pack(
        tmp_path / "p", {"pack.yaml": "name: p", "actions/a.yaml": text, "actions/b.yaml": text}
    )
    (problem,) = Catalog([pack]).problems()
    assert problem.startswith(f"{pack}/actions/b.yaml:2: a.yaml has the name 'same' too and counts.")


def test_a_built_in_pack_cannot_be_replaced(tmp_path: Path) -> None:
    write_pack(
        tmp_path / "core", {"pack.yaml": "name: core", "actions/mine.yaml": "name: mine\nrunner_type: noop\n"}
    )
    assert Catalog([tmp_path]).refs() == CORE


@pytest.mark.parametrize(
    "text,problem",
    [
        ("ref: Not-Valid\nname: x", "pack.yaml:1: ref may hold lower case letters"),
        ("description: x", "pack.yaml:1: name is missing"),
        ("- a", "pack.yaml:1: A mapping (lines `name: value`) is expected here, found a list."),
        ("", "pack.yaml:1: A mapping (lines `name: value`) is expected here, found nothing."),
    ],
)
def test_a_bad_pack_file_is_told(tmp_path: Path, text: str, problem: str) -> None:
    pack = write_pack(tmp_path / "p", {"pack.yaml": text})
    (found,) = Catalog([pack]).problems()
    assert problem in found


def test_a_pack_named_by_its_folder_alone(tmp_path: Path) -> None:
    pack = write_pack(tmp_path / "by_folder", {"pack.yaml": "name: Nice Name"})
    assert [found.ref for found in Catalog([pack]).packs()] == ["by_folder", "core"]
    pack = write_pack(tmp_path / "By Folder", {"pack.yaml": "name: Nice Name"})
    assert "Neither the name 'Nice Name' nor the folder 'By Folder'" in Catalog([pack]).problems()[0]


def test_the_workflow_of_an_action() -> None:
    assert workflow_path(action("demo.deploy")) == PACKS / "demo/actions/workflows/deploy.yaml"
    with pytest.raises(UsageError, match=r"names no workflow\. Write entry_point: workflows/typed\.yaml\."):
        workflow_path(action("demo.typed"))


def test_a_workflow_outside_its_pack_is_refused(tmp_path: Path) -> None:
    metadata = "name: a\nrunner_type: orquesta\nentry_point: ../../other/x.yaml\n"
    pack = write_pack(tmp_path / "p", {"pack.yaml": "name: p", "actions/a.yaml": metadata})
    with pytest.raises(
        UsageError, match=r"a\.yaml:3: The entry_point \.\./\.\./other/x\.yaml of action p\.a leaves"
    ):
        workflow_path(Catalog([pack]).find("p.a"))
