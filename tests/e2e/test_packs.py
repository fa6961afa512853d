"""An execution finds its actions again, from whichever folder its operator gives the command."""

import pytest

from tests.e2e.commands import Shell

FILES = {
    "pack.yaml": "name: mine\ndescription: mine\nversion: 1.0.0\nauthor: me\nemail: me@example.com\n",
    "actions/outer.yaml": "name: outer\nrunner_type: orquesta\nentry_point: workflows/outer.yaml\n",
    "actions/inner.yaml": "name: inner\nrunner_type: orquesta\nentry_point: workflows/inner.yaml\n",
    "actions/workflows/outer.yaml": (
        "version: 1.0\ntasks:\n"
        "  check:\n    action: core.local cmd='test -e \"$HOME/mended\"'\n"
        "    next: [{when: <% succeeded() %>, do: deep}]\n"
        "  deep: {action: mine.inner}\n"
    ),
    "actions/workflows/inner.yaml": "version: 1.0\ntasks:\n  t: {action: core.noop}\n",
}


@pytest.mark.parametrize("options", [(), ("--packs", "packs")], ids=["default", "named"])
def test_a_re_run_from_another_folder_finds_the_packs_of_the_first_run(
    shell: Shell, options: tuple[str, ...]
) -> None:
    for name, text in FILES.items():
        path = shell.folder / "packs" / "mine" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert shell.run("run", "mine.outer", *options).code == 1
    number = shell.newest()
    (shell.folder / "mended").touch()
    elsewhere = shell.folder / "elsewhere"
    elsewhere.mkdir()
    home = shell.folder
    shell.folder = elsewhere
    place = {"HOME": str(home), "ORCHESTRION_DB": str(home / "store.db")}
    assert shell.run("execution", "re-run", number, "--tasks", "check", **place).code == 0
    assert shell.run("execution", "re-run", number, **place).code == 0
