"""Actions, runner types and packs by `st2`: they are files of packs."""

from tests.st2.site import Site, dumped


def metadata(site: Site, name: str, **more: object) -> str:
    """A file of metadata; its name."""
    described = {
        "name": name,
        "pack": site.pack.name,
        "runner_type": "local-shell-cmd",
        "description": "first",
        "parameters": {"cmd": {"default": "echo made", "immutable": True}},
        **more,
    }
    return site.shell.write(f"{name}.json", dumped(described))


def test_create_update_and_delete(site: Site) -> None:
    """Trap 5: what deletes has a body that it does not call JSON."""
    ref = site.ref("made")
    assert ref in site.st2("action", "create", metadata(site, "made")).out
    assert "first" in site.st2("action", "get", ref).out
    assert site.run(ref)["result"]["stdout"] == "made"
    assert "already exists" in site.st2("action", "create", metadata(site, "made"), code=2).out
    site.st2("action", "update", ref, metadata(site, "made", description="second"))
    assert site.json("action", "get", ref)["description"] == "second"
    assert (site.pack / "actions" / "made.yaml").is_file()
    listed = site.json("action", "list", "-p", site.pack.name)
    assert [(one["ref"], one["description"]) for one in listed] == [(ref, "second")]
    site.st2("action", "delete", ref)
    assert "is not found" in site.st2("action", "get", ref, code=1).out
    assert not (site.pack / "actions" / "made.yaml").exists()


def test_disabled_and_enabled(site: Site) -> None:
    """Trap 5: all that there is of the action comes back."""
    ref = site.ref("made")
    site.st2("action", "create", metadata(site, "made", tags=[{"name": "a", "value": "b"}]))
    site.st2("action", "disable", ref)
    refused = site.st2("run", ref, code=1)
    assert f'Unable to execute. Action "{ref}" is disabled.' in refused.out
    site.st2("action", "enable", ref)
    assert site.run(ref)["status"] == "succeeded"
    assert site.json("action", "get", ref, "--attr", "all")["tags"] == [{"name": "a", "value": "b"}]


def test_what_is_wrong_with_metadata(site: Site) -> None:
    wrong = {
        "RunnerType nothing is not found.": {"runner_type": "nothing"},
        "Immutable param x requires a default value.": {"parameters": {"x": {"immutable": True}}},
        "have same position 0": {"parameters": {"x": {"position": 0}, "y": {"position": 0}}},
        'Content pack "nowhere" is not found': {"pack": "nowhere"},
    }
    for text, more in wrong.items():
        assert text in site.st2("action", "create", metadata(site, "wrong", **more), code=2).out
    assert "ERROR: 400" in site.st2("action", "delete", "core.echo", code=1).out


def test_runner_types(site: Site) -> None:
    names = {one["name"] for one in site.json("runner", "list")}
    assert {"orquesta", "local-shell-cmd", "python-script", "inquirer", "noop"} <= names
    assert site.json("runner", "get", "orquesta")["name"] == "orquesta"
    assert "orquesta" in site.st2("runner", "enable", "orquesta").out
    refused = site.st2("runner", "disable", "orquesta", code=1)
    assert "Disable actions instead." in refused.out


def test_packs(site: Site) -> None:
    site.st2("action", "create", metadata(site, "made"))
    assert {"core", site.pack.name} <= {one["ref"] for one in site.json("pack", "list")}
    assert site.json("pack", "get", site.pack.name)["version"] == "1.2.3"
    assert site.json("pack", "register", site.pack.name)["actions"] == 1
    refused = site.st2("pack", "register", "nowhere", code=2)
    assert 'Pack "nowhere" not found on disk' in refused.out
