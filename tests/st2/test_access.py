"""`st2` where the server asks everybody who they are."""

from tests.e2e.test_users import PASSWORD, with_input
from tests.st2.site import Site

WHO = """\
version: 1.0
tasks:
  one:
    action: core.noop
    next: [{publish: [{user: [<% ctx().st2.user %>, <% ctx().parent.user %>, <% st2kv(mine) %>]}]}]
output: [{user: <% ctx(user) %>}]
"""


def test_who_is_unknown_may_nothing(guarded: Site) -> None:
    assert "One of Token or API key required." in guarded.st2("run", "core.noop", code=1).out
    assert "Unable to retrieve currently logged-in user" in guarded.st2("whoami").out
    assert "401 Client Error" in guarded.st2("execution", "list", code=1, ST2_AUTH_TOKEN="forged").out
    assert "401 Client Error" in guarded.st2("auth", "ada", "-p", "wrong", code=1).out


def test_tokens_keys_and_roles(guarded: Site) -> None:
    shell = guarded.server.shell
    for name, role in (("ada", "admin"), ("vic", "viewer")):
        assert with_input(shell, f"{PASSWORD}\n", "user", "add", name, "--role", role).returncode == 0

    token = guarded.st2("auth", "vic", "-p", PASSWORD, "-t").out.strip()
    assert guarded.json("execution", "list", ST2_AUTH_TOKEN=token) == []
    refused = guarded.st2("run", "core.noop", code=1, ST2_AUTH_TOKEN=token)
    assert "403 Client Error" in refused.out

    guarded.st2("login", "ada", "-p", PASSWORD)  # from now on its token is used, from the private home
    assert (guarded.shell.folder / ".st2" / "token-ada").is_file()
    login = guarded.shell.folder / ".st2" / "config"
    words = ("--config-file", str(login))
    assert 'logged in as "ada"' in guarded.st2(*words, "whoami", ST2_CLI_SKIP_CONFIG="0").out
    started = guarded.st2(*words, "run", "core.noop", "-j", ST2_CLI_SKIP_CONFIG="0").json
    assert started["context"]["user"] == "ada"

    ada = guarded.st2("auth", "ada", "-p", PASSWORD, "-t", "-l", "60").out.strip()
    key = guarded.st2("apikey", "create", "-k", ST2_AUTH_TOKEN=ada).out.strip()
    number = guarded.run("core.echo", "message=hi", ST2_API_KEY=key)["id"]
    assert "hi" in guarded.st2("execution", "tail", number, ST2_API_KEY=key).out
    (listed,) = guarded.json("apikey", "list", ST2_API_KEY=key)
    assert (listed["user"], key in str(listed)) == ("ada", False)
    guarded.st2("apikey", "disable", listed["id"], ST2_AUTH_TOKEN=ada)
    assert "401 Client Error" in guarded.st2("execution", "list", code=1, ST2_API_KEY=key).out
    guarded.st2("apikey", "enable", listed["id"], ST2_AUTH_TOKEN=ada)
    assert guarded.json("apikey", "get", listed["id"], ST2_API_KEY=key)["user"] == "ada"
    guarded.st2("apikey", "delete", listed["id"], ST2_AUTH_TOKEN=ada)
    assert "401 Client Error" in guarded.st2("execution", "list", code=1, ST2_API_KEY=key).out


def test_a_token_of_another_server_is_ignored_where_nobody_is_asked(site: Site) -> None:
    """Trap 31."""
    assert site.run("core.noop", ST2_AUTH_TOKEN="stale")["context"]["user"] == "stanley"


def test_sub_workflows_run_for_who_has_started_the_whole(guarded: Site) -> None:
    shell = guarded.server.shell
    assert with_input(shell, f"{PASSWORD}\n", "user", "add", "olga", "--role", "operator").returncode == 0
    tasks = "  below: {action: PACK.below, next: [{publish: [{user: <% result().output.user %>}]}]}\n"
    output = "output: [{user: <% ctx(user) %>}]\n"
    guarded.add("below", WHO)
    middle = guarded.add(
        "middle", f"version: 1.0\ntasks:\n{tasks}{output}".replace("PACK", guarded.pack.name)
    )
    token = guarded.st2("auth", "olga", "-p", PASSWORD, "-t").out.strip()
    guarded.st2("key", "set", "mine", "olga's own", "-s", "user", ST2_AUTH_TOKEN=token)
    shown = guarded.run(middle, ST2_AUTH_TOKEN=token)
    assert shown["result"]["output"] == {"user": ["olga", "olga", "olga's own"]}
