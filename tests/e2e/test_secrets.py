"""Secrets in real processes: whatever is done with them, no file holds them, and no view shows them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrion.cli.main import main
from tests.e2e.commands import Shell
from tests.unit.actions.packs import write_pack

GIVEN = 'swordfish "quoted" \\ßcret'
IN_KEY = "opened-sesame-4711"
IN_CONFIG = "configured-hush-0815"
IN_DEFAULT = "defaulted-mum-1337"
SECRETS = (GIVEN, IN_KEY, IN_CONFIG, IN_DEFAULT)
MASK = "********"

FLOW = """\
version: 1.0
input: [password, note]
tasks:
  plain:
    action: core.noop
    next: [{do: [use, nested]}]
  use:
    with: <% ['a', 'b'] %>
    action: closed.call token=<% ctx(password) %> word=<% item() %>
    next:
      - publish: [{said: <% result().stdout %>}]
        do: end
  nested:
    action: closed.nested password=<% ctx(password) %>
    next: [{do: end}]
  end:
    join: all
    action: core.local
    input:
      cmd: |
        printf '%s|' '<% to_json_string(ctx(password)) %>'
        test ! -e fail || { echo "it was <% st2kv('system.pw', decrypt => true) %>" >&2; exit 1; }
output:
  - all: ["<% ctx(password) %>", "<% ctx(said) %>", "<% st2kv('system.pw', decrypt => true) %>"]
"""
PACK = {
    "pack.yaml": "{name: closed, version: 1.0.0}\n",
    "config.schema.yaml": "region: {type: string, default: north}\napi_key: {type: string, secret: true}\n",
    "actions/call.yaml": """\
name: call
runner_type: local-shell-cmd
parameters:
  token: {type: string, secret: true, required: true}
  word: {type: string}
  spare: {type: string, secret: true, default: "{{ st2kv.system.spare | decrypt_kv }}"}
  cmd:
    immutable: true
    default: >-
      printf '%s ' '{{ token }}' '{{ word }}' {{ config_context.region }} {{ config_context.api_key }}
      {{ spare }}
""",
    "actions/flow.yaml": """\
name: flow
runner_type: orquesta
entry_point: workflows/flow.yaml
parameters:
  password: {type: string, secret: true, required: true}
  note: {type: string, default: "{{ config_context.region }} of {{ action_context.user }}"}
""",
    "actions/nested.yaml": """\
name: nested
runner_type: orquesta
entry_point: workflows/nested.yaml
parameters:
  password: {type: string, secret: true}
""",
    "actions/workflows/flow.yaml": FLOW,
    "actions/workflows/nested.yaml": """\
version: 1.0
input: [password]
tasks:
  one:
    action: core.local
    input: {cmd: "echo in {{ ctx('password') | length }}"}
output: [{got: <% ctx(password) %>}]
""",
    "actions/ask.yaml": "name: ask\nrunner_type: inquirer\n",
    "actions/made.yaml": """\
name: made
runner_type: orquesta
entry_point: workflows/made.yaml
output_schema:
  type: object
  properties: {made: {type: object, properties: {pin: {type: string, secret: true}}}}
""",
    "actions/workflows/made.yaml": """\
version: 1.0
tasks:
  one:
    action: core.local
    input: {cmd: "echo made-up; echo -4242"}
    next: [{publish: [{pin: <% result().stdout.split('\n').join('') %>}]}]
output: [{made: {pin: <% ctx(pin) %>}}, {again: "it is <% ctx(pin) %>"}]
""",
}
OPENING = """\
version: 1.0
tasks:
  one:
    action: core.noop
    next:
      - publish: [{pw: "<% st2kv('system.pw', decrypt => true) %>"}]
output: [{n: <% ctx(pw).len() %>}]
"""


@pytest.fixture
def closed(shell: Shell) -> Shell:
    """A shell with keys, a pack with a config, and nothing that fails."""
    write_pack(shell.folder / "packs" / "closed", PACK)
    (shell.folder / "configs").mkdir()
    (shell.folder / "configs" / "closed.yaml").write_text('api_key: "{{ st2kv.system.api }}"\n')
    keys = {"pw": IN_KEY, "api": IN_CONFIG, "spare": IN_DEFAULT}
    document = [{"name": name, "value": value, "secret": True} for name, value in keys.items()]
    (shell.folder / "keys.json").write_text(json.dumps(document))
    assert shell.run("key", "load", "keys.json").out == "loaded: 3 keys\n"
    (shell.folder / "keys.json").unlink()
    return shell


def stored(folder: Path) -> bytes:
    """All bytes of the store's files, log and all."""
    files = [file for file in folder.glob("store.db*") if file.is_file() and file.suffix != ".key"]
    return b"".join(file.read_bytes() for file in files)


def forms(secret: str) -> list[str]:
    return [secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]]


def assert_hidden(text: str) -> None:
    assert not [secret for secret in SECRETS for form in forms(secret) if form in text], text


class Viewer:
    """Shows an execution as every command does, in this process: there are many."""

    def __init__(self, shell: Shell, output: pytest.CaptureFixture[str]) -> None:
        self._shell = shell
        self._output = output

    def assert_all_hidden(self, number: str) -> None:
        """Nothing that is shown of an execution, and of all below it, holds a secret."""
        for words in self._commands(number):
            for form in ([], ["-j"]):
                self._shown(*words, *form)
        attempts = json.loads(self._shown("execution", "get", number, "--attempts", "-j"))
        ids = [attempt["id"] for task in attempts["tasks"] for attempt in task["attempts"]]
        assert ids
        for one in ids:
            self._shown("execution", "get", one, "-j")

    def _commands(self, number: str) -> Iterator[list[str]]:
        yield from (["key", "list"], ["key", "get", "pw"], ["execution", "list"])
        yield from (["execution", "get", number], ["execution", "get", number, "--attempts"])
        yield from (["execution", "history", number], ["execution", "explain", number])
        yield from (
            ["execution", "re-run", number, "--plan"],
            ["execution", "re-run", number, "--tasks", "one" if number in self.nested else "end", "--plan"],
        )

    nested: tuple[str, ...] = ()

    def _shown(self, *words: str) -> str:
        assert main([*words, "--db", str(self._shell.folder / "store.db")]) == 0, words
        text = self._output.readouterr()
        assert_hidden(text.out + text.err)
        return text.out


def test_secrets_are_neither_stored_nor_shown_and_yet_work(
    closed: Shell, capsys: pytest.CaptureFixture[str]
) -> None:
    viewer = Viewer(closed, capsys)
    (closed.folder / "fail").touch()
    failed = closed.run("run", "closed.flow", f"password={GIVEN}")
    assert failed.code == 1
    assert_hidden(failed.out + failed.err)
    assert MASK in failed.out
    first = closed.newest()
    viewer.assert_all_hidden(first)
    (closed.folder / "fail").unlink()

    why = ("--reason", f"{IN_KEY} and {GIVEN} do")
    rerun = closed.run("execution", "re-run", first, "--tasks", "end", *why, "-j")
    assert rerun.code == 0, rerun
    assert_hidden(rerun.out + rerun.err)
    said = f"{MASK} a north {MASK} {MASK} "
    assert rerun.json["result"]["output"]["all"] == [MASK, [said, said.replace(" a ", " b ")], MASK]
    parameters = rerun.json["parameters"]
    assert (parameters["password"], parameters["note"].split(" of ")[0]) == (MASK, "north")

    whole = closed.run("execution", "re-run", first, "-j")
    assert whole.code == 0, whole
    nested = next(task for task in whole.json["tasks"] if task["task"] == "nested")
    assert nested["workflows"][0]["result"] == {"output": {"got": MASK}}
    viewer.nested = (nested["workflows"][0]["id"],)
    for number in (rerun.json["id"], whole.json["id"], *viewer.nested):
        viewer.assert_all_hidden(number)

    history = closed.json("execution", "history", rerun.json["id"])["history"]
    assert f"{MASK} and {MASK} do" in [one.get("reason") for one in history]

    everything = stored(closed.folder)
    assert b"execution_by_parent" in everything
    assert not [secret for secret in SECRETS for form in forms(secret) if form.encode() in everything]


def test_the_name_of_a_request_hides_what_it_repeats(closed: Shell) -> None:
    closed.run("run", "closed.flow", f"password={GIVEN}", "--request-id", f"with {GIVEN}")
    (first, *_) = closed.json("execution", "history", closed.newest())["history"]
    assert (first["kind"], first["request_id"]) == ("start", f"with {MASK}")


def test_a_store_without_its_key_says_so_in_one_sentence(closed: Shell) -> None:
    assert closed.run("run", "closed.flow", f"password={GIVEN}").code == 0
    number = closed.newest()
    key = closed.folder / "store.db.key"
    right = key.read_bytes()
    commands = [
        ["execution", "get", number],
        ["execution", "re-run", number],
        ["key", "get", "pw", "-d"],
        ["serve", "--port", "0"],
    ]
    key.unlink()
    (listed,) = closed.json("execution", "list")  # what needs no key is still to be seen
    assert (listed["id"], listed["status"]) == (number, "succeeded")
    assert listed["parameters"] == listed["result"] == MASK
    for words in commands:
        done = closed.run(*words)
        assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
        assert "the key file is not there" in done.err
    assert not key.exists()
    key.write_bytes(right[:5] + (b"A" if right[5:6] != b"A" else b"B") + right[6:])
    key.chmod(0o600)
    for words in commands:
        done = closed.run(*words)
        assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
        assert "this key does not open" in done.err
    key.write_bytes(right)
    assert closed.run("execution", "get", number).code == 0


def test_a_task_that_cannot_open_a_key_fails_and_can_run_again(closed: Shell) -> None:
    closed.write("w.yaml", OPENING)
    (closed.folder / "store.db.key").rename(closed.folder / "away")
    failed = closed.run("run", "w.yaml")
    assert failed.code == 1
    assert "the key file is not there" in failed.out
    (closed.folder / "away").rename(closed.folder / "store.db.key")
    done = closed.run("execution", "re-run", closed.newest(), "--tasks", "one", "-j")
    assert (done.code, done.json["result"]) == (0, {"output": {"n": len(IN_KEY)}})


ASKS = """\
version: 1.0
tasks:
  ask:
    action: closed.ask
    input:
      schema: {type: object, properties: {pin: {type: string, secret: true, required: true}}}
    next: [{publish: [{pin: <% result().response.pin %>}], do: use}]
  use: {action: core.local cmd="echo <% ctx(pin) %> >&2; exit 1"}
"""


def test_what_an_output_or_an_answer_gives_is_secret_where_its_schema_says_so(closed: Shell) -> None:
    made = closed.run("run", "closed.made", "-j")
    assert made.json["result"] == {"output": {"made": {"pin": MASK}, "again": f"it is {MASK}"}}
    closed.write("w.yaml", ASKS)
    assert closed.run("run", "w.yaml").code == 5
    (inquiry,) = closed.json("inquiry", "list")
    answered = closed.run("inquiry", "respond", inquiry["id"], "-r", f'{{"pin": "{IN_KEY}"}}')
    assert answered.code == 1, answered
    shown = closed.run("execution", "get", closed.newest(), "--attempts").out + answered.out
    assert MASK in shown
    assert_hidden(shown)
    everything = stored(closed.folder)
    assert b"made-up-4242" not in everything
    assert IN_KEY.encode() not in everything


OPENER = """\
from st2common.runners.base_action import Action


class Opener(Action):
    def run(self):
        opened = self.action_service.get_value("pw", local=False, decrypt=True)
        self.action_service.set_value("made", "made-in-the-action", encrypt=True)
        print(opened, "made-in-the-action", flush=True)
        return {"opened": opened}
"""


def test_what_a_python_action_opens_or_encrypts_is_a_secret_of_its_execution(closed: Shell) -> None:
    actions = closed.folder / "packs" / "closed" / "actions"
    (actions / "opener.py").write_text(OPENER)
    (actions / "opener.yaml").write_text("name: opener\nrunner_type: python-script\nentry_point: opener.py\n")
    closed.write("w.yaml", "version: 1.0\ntasks:\n  one:\n    action: closed.opener\n")
    assert closed.run("run", "w.yaml").code == 0
    number = closed.newest()
    for words in (["get", number, "--attempts"], ["export", number], ["tail", number]):
        shown = closed.run("execution", *words)
        assert (shown.code, MASK in shown.out) == (0, True)
        assert IN_KEY not in shown.out
        assert "made-in-the-action" not in shown.out
    everything = stored(closed.folder)
    assert IN_KEY.encode() not in everything
    assert b"made-in-the-action" not in everything


def test_what_is_wrong_with_a_secret_is_told_without_it(closed: Shell) -> None:
    actions = closed.folder / "packs" / "closed" / "actions"
    (actions / "typed.yaml").write_text(
        "name: typed\nrunner_type: orquesta\nentry_point: typed.wf\nparameters:\n"
        "  n: {type: integer, secret: true}\n"
        "  l: {type: array, secret: true, items: {type: integer}}\n"
    )
    (actions / "typed.wf").write_text("version: 1.0\ninput: [n, l]\ntasks: {t: {action: core.noop}}\n")
    for word in ("n=no-number-but-secret", 'l=["no-number-but-secret"]'):
        done = closed.run("run", "closed.typed", word)
        assert done.code == 2
        assert "no-number-but-secret" not in done.err


def test_the_first_secret_of_an_execution_is_not_stored_before_it_is_known(closed: Shell) -> None:
    """The attempt waits for the copy of its pack, and so is written before anybody has read its metadata."""
    actions = closed.folder / "packs" / "closed" / "actions"
    (actions / "late.yaml").write_text(
        "name: late\nrunner_type: local-shell-cmd\nparameters:\n"
        "  password: {type: string, secret: true}\n  cmd: {default: 'true', immutable: true}\n"
    )
    closed.write(
        "w.yaml",
        "version: 1.0\ntasks:\n  one:\n    action: closed.late\n"
        "    input: {password: \"<% 'known-' + 'too-late' %>\"}\n",
    )
    assert closed.run("run", "w.yaml").code == 0
    assert b"known-too-late" not in stored(closed.folder)
