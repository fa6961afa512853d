"""Every command that works on a file and on a server says the same in both ways, ids and times apart.

One store, one real server: here the command opens the file of the store, there it asks the server.
"""

import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any

import pytest

from orchestrion.cli.locations import user_name
from orchestrion.cli.main import main
from orchestrion.settings import current
from tests.e2e.commands import Done, Running, Shell
from tests.servers.ssh_server import free_port
from tests.unit.actions.packs import add_workflow, write_pack

PASSWORD = "correct horse"
FLOW = """\
version: 1.0
input: [{name: x}, count: 3]
tasks:
  one:
    action: core.local cmd="echo out"
    next: [{when: <% succeeded() %>, publish: [{said: <% result().stdout %>}], do: many}]
  many:
    with: <% range(ctx(count)) %>
    action: core.echo message="<% item() %> <% ctx(name) %>"
    next: [{when: <% succeeded() %>, do: [child]}]
  child:
    action: own.leaf
output: [{said: <% ctx(said) %>}]
"""
LEAF = 'version: 1.0\ntasks:\n  last: {action: core.local cmd="./act last"}\n'
FAILS = """\
version: 1.0
tasks:
  first: {action: core.noop, next: [{do: bad}]}
  bad: {action: core.local cmd="./act bad"}
"""
ASKS = "version: 1.0\ntasks:\n  q: {action: own.ask}\n"
HELD = """\
version: 1.0
tasks:
  one: {action: core.local cmd="./act held", next: [{do: two}]}
  two: {action: core.noop}
"""
ASK = """\
name: ask
runner_type: inquirer
parameters:
  schema: {default: {type: object, properties: {word: {type: string, required: true}}}}
"""
WRONG = "version: 1.0\ntasks:\n  a: {action: own.nothing, next: [{do: nowhere}]}\n"
FLOW_META = "parameters: {name: {type: string, required: true}, count: {type: integer, default: 3}}\n"

_ID = re.compile(r"\b[0-9a-f]{24}\b")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?|\b\d\d:\d\d:\d\d\b")
_UNDERWAY = re.compile(
    r"^\d\d:\d\d:\d\d  [^ \n]+: (?:requested|scheduled|running|resuming)(?: .*)?\n", re.MULTILINE
)
_SPAN = re.compile(r"\b\d+(?:\.\d+)? (?:ms|s)\b|0\.\d+ s")


def plain(text: str) -> str:
    """A text in which ids are numbered as they come, and times are left out.

    So are lines of progress on what had not ended: which of these are seen is a matter of time, too.
    """
    known: dict[str, str] = {}
    text = _ID.sub(lambda found: known.setdefault(found.group(), f"ID{len(known)}"), text)
    return _SPAN.sub("SPAN", _TIME.sub("TIME", _UNDERWAY.sub("", text)))


@dataclass
class World:
    """A store, and the server that works for it."""

    shell: Shell
    server: Running
    url: str

    def here(self, *words: str) -> Done:
        return self.within(*words)

    def there(self, *words: str) -> Done:
        return self.within(*words, ORCHESTRION_API_URL=self.url)

    def same(self, *words: str) -> Done:
        """What a command that changes nothing says both ways, which is exactly the same."""
        here, there = self.here(*words), self.there(*words)
        assert there == here
        return here

    def within(self, *words: str, **environment: str) -> Done:
        """A command that is performed in this process, which is quicker."""
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.chdir(self.shell.folder)
            for name, value in {**self.shell.environment, **environment}.items():
                patch.setenv(name, value)
            current.cache_clear()
            code = main(words)
        current.cache_clear()
        return Done(code, out.getvalue(), err.getvalue())

    def alike(self, *words: str) -> Done:
        """What a command that is performed twice says both ways, ids and times apart; the second of them."""
        here, there = self.here(*words), self.there(*words)
        assert [plain(there.out), plain(there.err), there.code] == [
            plain(here.out),
            plain(here.err),
            here.code,
        ]
        return there

    def each(self, numbers: tuple[str, str], *words: str) -> Done:
        """The same of a command that is given one execution here and another one, that is like it, there."""
        here = self.here(*(word.replace("ID", numbers[0]) for word in words))
        there = self.there(*(word.replace("ID", numbers[1]) for word in words))
        assert [plain(there.out), plain(there.err), there.code] == [
            plain(here.out),
            plain(here.err),
            here.code,
        ]
        return there

    def two(self, *words: str) -> tuple[str, str]:
        """The ids of two executions, one started here, one there."""
        return self.here(*words, "-j").json["id"], self.there(*words, "-j").json["id"]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("both")
    shell = Shell(folder)
    own = folder / "packs" / "own"
    write_pack(own, {"actions/ask.yaml": ASK})
    for name, text, more in (
        ("flow", FLOW, FLOW_META),
        ("leaf", LEAF, ""),
        ("asks", ASKS, ""),
        ("held", HELD, ""),
    ):
        add_workflow(own, name, text, more)
    add_workflow(own, "fails", FAILS)
    shell.fail("bad")
    assert with_input(shell, f"{PASSWORD}\n", "user", "add", user_name(), "--role", "admin").returncode == 0
    server = shell.start("serve", "--port", "0")
    url = server.wait_for_error("The api is at").split()[-1]
    server.wait_for_error("Working for")
    done = with_input(shell, f"{PASSWORD}\n", "login", "--api-url", url)
    assert (done.returncode, done.stdout) == (0, f"logged in at {url}: {user_name()}, admin\n"), done
    yield World(shell, server, url)
    shell.close()


def with_input(shell: Shell, text: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "orchestrion", *words],
        input=text,
        capture_output=True,
        text=True,
        cwd=shell.folder,
        env=dict(shell.environment),
        check=False,
    )


# --- what changes nothing: exactly the same


@pytest.fixture(scope="module")
def seen(world: World) -> dict[str, str]:
    """Executions to look at, by their names."""
    found = {name: world.here("run", f"own.{name}", "-j").json["id"] for name in ("fails", "leaf", "asks")}
    found["flow"] = world.here("run", "own.flow", "name=ü", "-j").json["id"]
    for words in (("a.b", "1"), ("a.secret", "s3cret", "--encrypt"), ("a.mine", "2", "--scope", "user")):
        assert world.here("key", "set", *words).code == 0
    (inquiry,) = world.shell.json("inquiry", "list")
    return {**found, "inquiry": inquiry["id"]}


LOOKS = [
    "execution list",
    "execution list -j -n 2",
    "execution list -y --status failed --since 1d",
    "execution list --action own.f* -a id status",
    "execution list --action nobody.*",
    "execution list --since 2999-01-01",
    "execution get flow",
    "execution get flow fails -j --attempts",
    "execution get flow -k output.said",
    "execution get flow -k nothing.such",
    "execution get flow missing",
    "execution get missing",
    "execution get ../..",
    "execution history flow",
    "execution history flow fails -j",
    "execution explain asks",
    "execution explain asks flow -y",
    "execution explain missing",
    "execution tail flow",
    "execution tail fails --no-follow",
    "execution tail missing",
    "execution re-run fails --tasks bad --plan",
    "execution re-run fails --tasks bad --plan -j",
    "execution re-run flow --tasks child/last many --no-reset many --plan -j",
    "execution re-run flow --items many=0,2 --plan",
    "execution re-run flow --tasks nope other --plan",
    "execution re-run flow count=5 --plan",
    "execution re-run flow count=5 --plan -j",
    "execution re-run flow count=x nope=1 --plan",
    "execution pause flow",
    "execution cancel flow",
    "execution resume flow missing",
    "run own.flow",
    "run own.flow name=a nope=1 count=x",
    "run own.nothing",
    "run nothing",
    "run nothing.yaml",
    "run wrong.yaml",
    "run bare.yaml nope=1 plain",
    "inquiry list",
    "inquiry list -j",
    "inquiry get inquiry",
    "inquiry get inquiry -j",
    "inquiry get flow",
    "inquiry respond inquiry word=1",
    "inquiry respond flow word=a",
    "action list",
    "action list --pack own -j",
    "action list --pack owm",
    "action get own.flow",
    "action get own.flow -j",
    "action get core.http",
    "action get own.flo",
    "pack list",
    "pack list -j",
    "key list",
    "key list -j --decrypt",
    "key list --scope user --prefix a.",
    "key list --prefix none",
    "key get a.b",
    "key get a.secret",
    "key get a.secret --decrypt -j",
    "key get a.mine --scope user",
    "key get none",
    "key delete a.b none",
    "key load keys.yaml",
    "workflow inspect own.flow",
    "workflow inspect wrong.yaml",
    "workflow inspect wrong.yaml -j",
    "workflow inspect own.ask",
    "workflow inspect nothing.yaml",
    "workflow graph own.flow",
    "workflow graph own.flow --format mermaid",
    "workflow graph bare.yaml --format dot",
    "workflow graph wrong.yaml",
    "workflow graph own.nothing",
]


@pytest.fixture(scope="module")
def files(world: World) -> None:
    world.shell.write("bare.yaml", "version: 1.0\ninput: [a, {b: 2}]\ntasks: {t: {action: core.noop}}\n")
    world.shell.write("wrong.yaml", WRONG)
    world.shell.write("keys.yaml", "[{name: 'a b', value: '1'}, {name: c, value: x, ttl: -1}]\n")


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("words", LOOKS)
def test_what_changes_nothing_says_exactly_the_same(world: World, seen: dict[str, str], words: str) -> None:
    done = world.same(*(seen.get(word, word) for word in words.split()))
    assert done.out or done.err
    assert "bug" not in done.err


def test_an_export_is_the_same_but_for_its_time(world: World, seen: dict[str, str]) -> None:
    exports: list[dict[str, Any]] = []
    for name, url in (("here.json", ""), ("there.json", world.url)):
        done = world.within("execution", "export", seen["flow"], "-o", name, ORCHESTRION_API_URL=url)
        assert (done.code, done.err) == (0, ""), done
        exports.append(json.loads((world.shell.folder / name).read_text()))
    for one in exports:
        assert one.pop("exported_at")
    assert exports[0] == exports[1]
    world.same("execution", "export", "missing")


# --- what starts and changes: alike, ids and times apart


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    "words",
    [
        "run own.flow name=a count=2 --reason why",
        "run own.flow name=a -j",
        "run own.fails",
        "run bare.yaml a=[1]",
        "run bare.yaml -j",
        "run core.echo message=hi -j",
        "key set a.new 1 --ttl 60 -j",
    ],
)
def test_what_is_performed_twice_says_the_same(world: World, words: str) -> None:
    done = world.alike(*words.split())
    assert done.out


def test_a_request_that_has_a_name_gets_one_answer_both_ways(world: World) -> None:
    words = ("run", "own.leaf", "--request-id", "night 7", "-j")
    assert world.here(*words).json["id"] == world.there(*words).json["id"]


def test_runs_again_are_alike(world: World) -> None:
    numbers = world.two("run", "own.flow", "name=a")
    assert "succeeded" in world.each(numbers, "execution", "re-run", "ID", "count=1").out
    assert world.each(numbers, "execution", "re-run", "ID", "--tasks", "many", "--no-reset", "many").code == 0
    world.each(numbers, "execution", "re-run", "ID", "--items", "many=1", "-j")
    failed = world.two("run", "own.fails")
    assert world.each(failed, "execution", "re-run", "ID", "--tasks", "bad").code == 1
    assert world.each(failed, "execution", "re-run", "ID", "--tasks", "nope").code == 3
    world.each(failed, "execution", "history", "ID")


def test_what_controls_executions_is_alike(world: World) -> None:
    gate = world.shell.gate("held")
    numbers = world.two("run", "own.held", "--async")
    gate.arrived()
    assert "pausing" in world.each(numbers, "execution", "pause", "ID", "--reason", "wait").out
    gate.open()
    resumed = world.each(numbers, "execution", "resume", "ID")
    assert (resumed.code, "succeeded" in resumed.out) == (0, True), resumed
    assert world.each(numbers, "execution", "resume", "ID").code == 3
    waiting = world.two("run", "own.asks", "--async")
    assert world.each(waiting, "execution", "cancel", "ID", "-j").code == 0
    world.each(waiting, "execution", "history", "ID", "-j")


def test_answers_are_alike(world: World) -> None:
    before = {one["id"] for one in world.shell.json("inquiry", "list")}
    world.two("run", "own.asks")
    two = [one["id"] for one in world.shell.json("inquiry", "list") if one["id"] not in before]
    numbers = (two[1], two[0])
    assert world.each(numbers, "inquiry", "respond", "ID", "nothing=1").code == 2
    assert world.each(numbers, "inquiry", "respond", "ID", "word=yes", "-j").code == 0
    assert world.each(numbers, "inquiry", "get", "ID").code == 0


def test_keys_are_set_loaded_and_deleted_alike(world: World) -> None:
    world.shell.write(
        "good.yaml", "[{name: l.a, value: '1', secret: true}, {name: l.b, value: x, scope: user}]\n"
    )
    assert world.alike("key", "load", "good.yaml").out == "loaded: 2 keys\n"
    world.same("key", "list", "--prefix", "l.", "--decrypt")
    for perform in (world.here, world.there):
        assert world.here("key", "set", "l.c", "1").code == 0
        assert perform("key", "delete", "l.c", "l.a").out == "deleted: l.c, l.a\n"
        world.here("key", "load", "good.yaml")
    assert (
        with_input(world.shell, "of stdin\n", "--api-url", world.url, "key", "set", "l.d", "-").returncode
        == 0
    )
    assert "of stdin" in world.here("key", "get", "l.d").out


def test_packs_are_registered_alike(world: World) -> None:
    for name in ("first", "second"):
        write_pack(
            world.shell.folder / "src" / name,
            {"pack.yaml": f"name: {name}\n", "actions/a.yaml": "name: a\nrunner_type: noop\n"},
        )
    source = world.shell.folder / "src"
    here = world.here("pack", "register", str(source / "first"))
    there = world.there("pack", "register", str(source / "second"))
    told = [re.sub(r"revision \w+", "", one.out.replace("second", "first")) for one in (here, there)]
    assert (there.code, told[1]) == (0, told[0])
    world.same("pack", "register", str(source / "second"), "-j")
    world.same("pack", "register", str(source))


# --- the server


def test_an_interrupted_command_pauses_what_the_server_runs(world: World) -> None:
    gate = world.shell.gate("held")
    running = world.shell.start("run", "own.held", "--api-url", world.url)
    gate.arrived()
    running.wait_for("one: running")
    running.interrupt()
    running.wait_for("own.held: pausing")
    gate.open()
    done = running.end()
    number = world.shell.newest()
    assert done.code == 5
    assert f"orchestrion execution resume {number} --api-url {world.url}" in done.out
    assert world.there("execution", "resume", number).code == 0


def test_who_leaves_at_once_loses_nothing(world: World) -> None:
    gate = world.shell.gate("held")
    running = world.shell.start("run", "own.held", "--api-url", world.url)
    gate.arrived()
    running.wait_for("one: running")
    running.interrupt()
    running.wait_for("own.held: pausing")
    running.interrupt()
    done = running.end()
    assert (done.code, "goes on. Look with:" in done.err) == (130, True), done
    gate.open()
    number = world.shell.newest()
    assert world.there("execution", "resume", number).code == 0


@pytest.mark.parametrize(
    "words",
    [
        "serve --port 0",
        "purge --older-than 1d",
        "doctor",
        "db check",
        "user list",
        "config",
        "pack setup own",
        "workflow test x.yaml",
    ],
)
def test_what_is_about_this_machine_alone_says_so(world: World, words: str) -> None:
    done = world.within("--api-url", world.url, *words.split())
    assert done.code == 2
    assert "works on this machine alone, not on the server" in done.err


def test_a_file_and_a_server_are_not_both_meant(world: World) -> None:
    flags = ("--api-url", world.url)
    assert "leave out one of them" in world.within("execution", "list", "--db", "x.db", *flags).err
    assert "leave out --packs" in world.within("action", "list", "--packs", "p", *flags).err
    setting = {"ORCHESTRION_API_URL": world.url}
    assert "no such store" in world.within("execution", "list", "--db", "x.db", **setting).err, (
        "a flag comes first"
    )
    assert "works on this machine alone" in world.within("purge", "--older-than", "1d", **setting).err
    assert world.within("limits", **setting).code == 0
    no_url = world.within("config", ORCHESTRION_API_URL="nowhere")
    assert (no_url.code, "api_url must be a URL such as" in no_url.err) == (2, True), no_url


def test_what_a_server_refuses_is_told(world: World) -> None:
    wrong = {"ORCHESTRION_API_URL": world.url, "ORCHESTRION_TOKEN": "wrong"}
    done = world.within("execution", "list", **wrong)
    assert (
        done.code,
        "Unauthorized - API key is not found. Log in with `orchestrion login`" in done.err,
    ) == (2, True), done
    login = with_input(world.shell, "wrong password\n", "login", "--api-url", world.url)
    assert (login.returncode, "do not fit together" in login.stderr) == (3, True), login
    assert with_input(world.shell, "", "user", "add", "eve", "--no-password").returncode == 0
    token = world.here("user", "token", "eve").out.strip()
    eve = {"ORCHESTRION_API_URL": world.url, "ORCHESTRION_TOKEN": token}
    refused = world.within("run", "own.leaf", **eve)
    assert (refused.code, 'User "eve" is viewer' in refused.err) == (3, True), refused
    assert world.within("execution", "list", **eve).code == 0


def test_where_no_server_is_that_is_told_with_its_url(world: World) -> None:
    gone = f"http://127.0.0.1:{free_port()}"
    done = world.within("execution", "list", "--api-url", gone)
    assert (done.code, done.err.startswith(f"orchestrion: {gone}: no server can be reached there")) == (
        1,
        True,
    )
    for service in ("auth", "stream"):
        wrong = f"{world.url.removesuffix('/api')}/{service}"
        other = world.within("execution", "list", "--api-url", wrong)
        assert (other.code, f"{wrong}: this is not the API" in other.err) == (2, True), other
        assert f"Give --api-url {world.url}, or" in other.err


def test_what_can_be_no_token_is_told(world: World) -> None:
    odd = world.within("execution", "list", ORCHESTRION_API_URL=world.url, ORCHESTRION_TOKEN="tökén")
    assert (odd.code, "can be none: a token is of ASCII" in odd.err) == (2, True), odd
    for given in ("ü\n", "a b\n", "\n"):
        taken = with_input(world.shell, given, "login", "--api-url", world.url, "--token", "-")
        assert (taken.returncode, "can be none: a token is of ASCII" in taken.stderr) == (2, True), taken


def test_tokens_are_kept_for_their_owner_alone(world: World) -> None:
    file = world.shell.folder / ".config" / "orchestrion" / "credentials.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [*json.loads(file.read_text())] == [world.url]
    file.chmod(0o644)
    done = world.there("execution", "list")
    assert (done.code, "others may read this file of tokens" in done.err) == (2, True), done
    file.chmod(0o600)
    token = world.here("user", "token", user_name()).out.strip()
    taken = with_input(world.shell, f"{token}\n", "login", "--api-url", world.url, "--token", "-")
    assert taken.returncode == 0
    assert token in file.read_text()
