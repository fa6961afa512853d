"""Commands of `st2` and flags of theirs that no other test uses."""

from tests.e2e.test_users import PASSWORD, with_input
from tests.st2.site import Site, dumped, objects_in, shown_in

WORKFLOW = """\
version: 1.0
input: [said]
tasks:
  t: {action: core.echo message=<% ctx(said) %>}
output: [{said: <% ctx(said) %>}]
"""
INPUT = "parameters: {said: {type: string, default: nothing}, fixed: {default: 1, immutable: true}}\n"
BOTH = "cmd=echo out; echo err >&2"


def test_an_action_is_cloned(site: Site) -> None:
    source = site.add("flow", WORKFLOW, INPUT)
    assert site.ref("twin") in site.st2("action", "clone", source, site.pack.name, "twin").out
    assert site.run(site.ref("twin"), "said=x")["result"] == {"output": {"said": "x"}}
    assert site.json("action", "get", site.ref("twin"))["name"] == "twin"
    forced = site.st2("action", "clone", "core.noop", site.pack.name, "twin", "--force")
    assert site.ref("twin") in forced.out
    assert site.run(site.ref("twin"))["action"]["ref"] == site.ref("twin")
    assert site.json("action", "get", site.ref("twin"))["runner_type"] == "noop"


def test_the_environment_is_inherited(site: Site) -> None:
    words = ("core.local", "cmd=echo $GREETING", "-e")
    assert site.run(*words, GREETING="hello")["result"]["stdout"] == "hello"
    first = site.run("core.local", "cmd=echo $GREETING", "env=GREETING=first")
    again = site.st2("execution", "re-run", first["id"], "--inherit-env", "--tail", "-j", GREETING="second")
    assert shown_in(again)["result"]["stdout"] == "second"


def test_a_rerun_with_parameters_keeps_the_others(site: Site) -> None:
    first = site.run(site.add("flow", WORKFLOW, INPUT), "said=a")
    same = shown_in(site.st2("execution", "re-run", first["id"], "--tail", "-j"))
    assert same["result"] == {"output": {"said": "a"}}
    other = shown_in(site.st2("execution", "re-run", first["id"], "said=b", "--tail", "-j"))
    assert other["result"] == {"output": {"said": "b"}}
    local = site.run("core.local", "cmd=echo $A", "env=A=1", "timeout=9")
    again = shown_in(site.st2("execution", "re-run", local["id"], "timeout=8", "--tail", "-j"))
    assert (again["result"]["stdout"], again["parameters"]["timeout"]) == (1, 8)


def test_run_with_tail_shows_what_is_written(site: Site) -> None:
    done = site.st2("run", site.add("flow", WORKFLOW, INPUT), "said=hello", "--tail")
    assert "has completed (status=succeeded)." in done.out
    assert "said: hello" in done.out
    failed = site.st2("run", "core.local", "cmd=echo before; exit 1", "--tail", code=1)
    assert "before" in failed.out
    assert "(status=failed)" in failed.out


def test_tail_of_one_kind_of_output(site: Site) -> None:
    number = site.run("core.local", BOTH)["id"]
    for kind, text in (("stdout", "out\n"), ("stderr", "err\n")):
        done = site.st2("execution", "tail", number, "--type", kind)
        assert done.out == f"{text}\nExecution {number} has completed (status=succeeded).\n"
    enough = site.shell.folder / "enough"
    repeating = f"cmd=until test -e {enough}; do echo still >&2; sleep 0.1; done; {BOTH.removeprefix('cmd=')}"
    number = site.begin("run", "core.local", repeating)
    tail = site.start("execution", "tail", number, "--type", "stderr", "--include-metadata")
    tail.wait_for("][stderr] still\n")
    enough.touch()
    done = tail.end()
    assert "][stderr] err\n" in done.out
    assert "out\n" not in done.out


def test_list_with_every_flag(site: Site) -> None:
    action = site.add("flow", WORKFLOW, INPUT)
    first, second = site.run(action)["id"], site.run(action)["id"]
    middle = site.get(second)[0]["start_timestamp"]

    def listed(*words: str) -> list[str]:
        done = site.st2("execution", "list", "--action", action, *words, "-j")
        return [one["id"] for one in (objects_in(done.out) or [[]])[0]]

    assert listed("--last", "1") == [second]
    assert listed("--sort", "ascending") == [second, first]
    assert listed("--sort", "descending", "-n", "-1") == [first, second]
    assert listed("--status", "succeeded", "--user", "stanley") == [first, second]
    assert listed("--user", "nobody") == []
    assert listed("--trigger_instance", "x") == []
    assert listed("--timestamp-lt", middle) == [first]
    assert listed("--timestamp-gt", middle) == []
    assert listed("--showall") == [first, second]
    assert "core.echo" in site.st2("execution", "list", "-l", "-n", "5").out
    assert "core.echo" not in site.st2("execution", "list", "-n", "5").out
    wide = site.st2("execution", "list", "--action", action, "-a", "id", "status", "-w", "30").out
    assert first in wide


def test_packs_and_runners(site: Site) -> None:
    site.add("flow", WORKFLOW, INPUT)
    assert site.pack.name in site.st2("pack", "list").out
    assert site.pack.name in site.st2("pack", "get", site.pack.name).out
    assert site.json("pack", "register", site.pack.name, "--types", "action") == {"actions": 1}
    missing = site.st2("pack", "show", site.pack.name, code=2)
    assert "put the pack into a folder of packs" in missing.out
    assert "Runs an Orquesta workflow." in site.st2("runner", "list").out


def test_an_action_s_workflow_is_looked_for_on_this_machine(site: Site) -> None:
    """As the client does: in StackStorm's own folder, which is not there."""
    action = site.add("flow", WORKFLOW, INPUT)
    done = site.st2("workflow", "inspect", "--action", action, code=1)
    assert f"/opt/stackstorm/packs/{site.pack.name}/actions/flow.wf" in done.out


def test_api_keys_from_a_file(guarded: Site) -> None:
    shell = guarded.server.shell
    assert with_input(shell, f"{PASSWORD}\n", "user", "add", "ada", "--role", "admin").returncode == 0
    token = guarded.st2("auth", "ada", "-p", PASSWORD, "-t").out.strip()
    made = guarded.json("apikey", "create", ST2_AUTH_TOKEN=token)
    known = {"user": "ada", "key_hash": "x", "metadata": {"for": "tests"}, "enabled": True, "id": made["id"]}
    file = guarded.shell.write("keys.json", dumped([known]))
    guarded.st2("apikey", "load", file, ST2_AUTH_TOKEN=token)
    (listed,) = guarded.json("apikey", "list", ST2_AUTH_TOKEN=token)
    assert (listed["user"], listed["metadata"]) == ("ada", {"for": "tests"})
    other = guarded.shell.write("others.json", dumped([{**known, "id": "0" * 24}]))
    refused = guarded.st2("apikey", "load", other, code=1, ST2_AUTH_TOKEN=token)
    assert "cannot be loaded by its hash" in refused.out
    shown = guarded.st2("whoami", ST2_AUTH_TOKEN=token).out
    assert 'Currently logged in as "ada"' in shown
    assert "Authentication method: authentication token" in shown
    assert "admin" in shown


def test_what_is_run_for_another_user(site: Site) -> None:
    shown = site.run("core.noop", "-u", "bob")
    assert shown["context"]["user"] == "bob"
