"""Keys, inspection of workflows, and what StackStorm has beyond us, by `st2`."""

import pytest

from tests.st2.site import Site

BROKEN = """\
version: 1.0
tasks:
  one:
    action: core.echoz
    next: [{when: <% succeeded( %>, do: two}]
"""


def test_keys_of_the_system(site: Site) -> None:
    name = site.ref("host")
    assert f"| name             | {name}" in site.st2("key", "set", name, "10.0.0.1").out
    shown = site.json("key", "get", name)
    assert (shown["name"], shown["value"], shown["scope"]) == (name, "10.0.0.1", "st2kv.system")
    assert (shown["secret"], shown["encrypted"]) == (False, False)
    site.st2("key", "set", name, "大 x", "--ttl", "3600")
    assert site.json("key", "get", name)["value"] == "大 x"
    listed = site.json("key", "list", "--prefix", f"{site.pack.name}.")
    assert [(one["name"], one["value"]) for one in listed] == [(name, "大 x")]
    site.st2("key", "delete", name)
    assert "is not found" in site.st2("key", "get", name, code=1).out


def test_secret_keys(site: Site) -> None:
    name = site.ref("password")
    assert "s3cret" not in site.st2("key", "set", name, "s3cret", "-e").out
    assert "s3cret" not in site.st2("key", "get", name, "-j").out
    assert "s3cret" not in site.st2("key", "list", "-j").out
    shown = site.json("key", "get", name, "-d")
    assert (shown["value"], shown["secret"], shown["encrypted"]) == ("s3cret", True, False)
    assert "s3cret" in site.st2("key", "list", "-d", "-j").out


def test_keys_of_a_user(site: Site) -> None:
    name = site.ref("mine")
    site.st2("key", "set", name, "of the system")
    site.st2("key", "set", name, "of stanley", "-s", "user")
    assert site.json("key", "get", name)["value"] == "of the system"
    assert site.json("key", "get", name, "-s", "user")["value"] == "of stanley"
    assert site.json("key", "list", "-s", "user", "--prefix", name)[0]["user"] == "stanley"
    for scope, count in (("system", 1), ("user", 1), ("all", 2)):
        assert len(site.json("key", "list", "-s", scope, "--prefix", name)) == count
    site.st2("key", "delete", name, "-s", "user")
    assert [one["scope"] for one in site.json("key", "list", "--prefix", name)] == ["st2kv.system"]
    assert "is not in allowed scopes" in site.st2("key", "set", name, "x", "-s", "galaxy", code=1).out


def test_keys_from_a_file_and_by_prefix(site: Site) -> None:
    first, second = site.ref("a"), site.ref("b")
    keys = f'[{{"name": "{first}", "value": "1"}}, {{"name": "{second}", "value": "2", "secret": true}}]'
    site.st2("key", "load", site.shell.write("keys.json", keys))
    listed = site.json("key", "list", "--prefix", f"{site.pack.name}.")
    assert {one["name"]: one["secret"] for one in listed} == {first: False, second: True}
    site.st2("key", "delete_by_prefix", "-p", f"{site.pack.name}.")
    assert not site.st2("key", "list", "--prefix", f"{site.pack.name}.", "-j").out.strip("[]\n")


def test_inspect(site: Site) -> None:
    """Trap 9: the text comes as it is."""
    good = site.shell.write("good.yaml", "version: 1.0\ntasks:\n  one:\n    action: core.noop\n")
    assert "No errors found" in site.st2("workflow", "inspect", "--file", good).out
    bad = site.shell.write("bad.yaml", BROKEN)
    done = site.st2("workflow", "inspect", "--file", bad)
    assert 'The action "core.echoz" is not registered in the database.' in done.out
    assert "tasks.one.next[0].when" in done.out


@pytest.mark.parametrize(
    "words",
    [
        ["rule", "list"],
        ["trigger", "list"],
        ["trace", "list"],
        ["sensor", "list"],
        ["policy", "list"],
        ["action-alias", "list"],
        ["webhook", "list"],
        ["timer", "list"],
        ["trigger-instance", "list"],
        ["rule-enforcement", "list"],
        ["service-registry", "group", "list"],
    ],
)
def test_what_is_not_there_is_an_empty_list(site: Site, words: list[str]) -> None:
    done = site.st2(*words)
    assert "ERROR" not in done.out
