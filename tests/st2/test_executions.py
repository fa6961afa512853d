"""Executions by `st2`: run, list, get, tail, pause, resume, cancel, re-run."""

import pytest

from tests.st2.site import Site, dumped, objects_in, shown_in

CHAIN = """\
version: 1.0
input: [said]
tasks:
  one:
    action: core.local cmd="./act one"
    next: [{when: <% succeeded() %>, do: two}]
  two:
    action: core.local cmd="./act two"
    next: [{when: <% succeeded() %>, do: three}]
  three:
    action: core.local cmd="./act three"
output: [{said: <% ctx(said) %>}, {deep: {in: <% ctx(said) %>}}]
"""
PARENT = """\
version: 1.0
tasks:
  first:
    action: PACK.middle
    next: [{when: <% succeeded() %>, do: second}]
  second:
    action: core.noop
"""
MIDDLE = """\
version: 1.0
tasks:
  inner:
    action: PACK.leaf
"""
LEAF = """\
version: 1.0
tasks:
  work:
    action: core.local cmd="./act work"
"""
TALKING = """\
version: 1.0
tasks:
  talk:
    action: core.local cmd="until test -e FOLDER/enough; do echo still here; sleep 0.1; done"
    next: [{do: last}]
  last:
    action: core.local cmd="./act last"
"""
INPUT = "parameters: {said: {type: string, default: nothing}}\n"


def chain(site: Site) -> str:
    return site.add("chain", CHAIN, INPUT)


def nested(site: Site) -> str:
    for name, text in (("leaf", LEAF), ("middle", MIDDLE), ("parent", PARENT)):
        action = site.add(name, text.replace("PACK", site.pack.name))
    return action


def tasks_of(site: Site, number: str, *words: str) -> list[str]:
    _, tasks = site.objects("execution", "get", number, "--show-tasks", *words)
    return [f"{one['task'].strip()} {one['status'].split()[0]}" for one in tasks]


@pytest.mark.parametrize(
    "words, code, status, stdout",
    [
        (["core.local", "cmd=echo 5"], 0, "succeeded", 5),
        (["core.local", "echo a  'b'"], 0, "succeeded", "a b"),
        (["core.local", "echo '{\"a\": 1}'"], 0, "succeeded", {"a": 1}),
        (["core.echo", "message=a $((1 + 1))"], 0, "succeeded", "a 2"),
        (["core.local", "cmd=exit 3"], 1, "failed", ""),
        (["core.local", "cmd=echo no; sleep 30", "timeout=1"], 0, "timeout", "no"),
        (["core.local", "cmd=echo $X", "env=X=y"], 0, "succeeded", "y"),
    ],
)
def test_run_follows(site: Site, words: list[str], code: int, status: str, stdout: object) -> None:
    shown = site.run(*words, code=code)
    assert (shown["status"], shown["result"]["stdout"]) == (status, stdout)


def test_run_waits(site: Site) -> None:
    shown = objects_in(site.plain("run", "core.local", "cmd=echo 5", "-j").out)[0]
    assert (shown["status"], shown["result"]["stdout"]) == ("succeeded", 5)


def test_run_of_a_workflow_that_fails(site: Site) -> None:
    site.shell.fail("two")
    done = site.st2("run", chain(site), code=1)
    assert "Execution failed. See result for details." in done.out
    assert "two was told to fail" in done.out
    assert "| two  | core.local |" in done.out


@pytest.mark.parametrize(
    "words, text",
    [
        (["core.nothing"], "core.nothing\" doesn't exist."),
        (["core.local"], "'cmd' is a required property"),
        (["core.echo", "message=x", "cmd=ls"], "Override of immutable parameter(s) ['cmd'] is unsupported."),
        (["core.local", "cmd=x", "timeout=soon"], "invalid literal for int()"),
        (["core.local", "cmd=x", "zz=1"], "Additional properties are not allowed ('zz' was unexpected)"),
    ],
)
def test_run_refused(site: Site, words: list[str], text: str) -> None:
    done = site.st2("run", *words, code=1)
    assert text in done.out + done.err


def test_help_of_an_action(site: Site) -> None:
    assert "message" in site.st2("run", "core.echo", "-h").out
    assert "said" in site.st2("run", chain(site), "-h").out


@pytest.mark.parametrize("text", ["a" * 100_000, "大" * 30_000, "漢字 かな 한글 🙂 é"])
def test_long_and_wide_parameters(site: Site, text: str) -> None:
    number = site.begin("run", "core.echo", f"message={text}")
    (shown,) = site.wait(number)
    assert shown["parameters"] == {"message": text}
    assert shown["result"]["stdout"] == text
    file = site.shell.write("text", text)
    number = site.begin("run", chain(site), f"@said={file}")
    (shown,) = site.wait(number)
    assert shown["result"]["output"]["said"] == text
    assert site.st2("execution", "get", number, "--raw", "-k", "output.deep.in").out.strip() == text


def test_get_in_every_form(site: Site) -> None:
    number = site.begin("run", chain(site), "said=x")
    (shown,) = site.wait(number)
    assert shown["result"] == {"output": {"said": "x", "deep": {"in": "x"}}}
    assert [one["status"] for one in shown["log"]] == ["requested", "scheduled", "running", "succeeded"]
    assert shown["context"]["user"] == "stanley"
    assert len(shown["children"]) == 3
    assert tasks_of(site, number) == ["one succeeded", "two succeeded", "three succeeded"]
    done = site.st2("execution", "get", number)
    assert "status: succeeded" in done.out
    assert "said: x" in done.out
    assert f"| {number}" in site.st2("execution", "get", number, "-d").out
    assert site.st2("execution", "get", number, "--raw", "-k", "output.said").out == "x\n"
    assert "status: succeeded" in site.st2("execution", "get", number, "-y").out
    assert set(site.json("execution", "get", number, "--raw", "--attr", "id", "status")) == {"id", "status"}
    assert "result" not in site.json("execution", "get", number, "-x")
    assert site.json("execution", "get", "last", "--raw")["id"] == number
    child = shown["children"][0]
    assert "can only be used with workflow" in site.st2("execution", "get", child, "--show-tasks", code=1).out
    assert "is not found" in site.st2("execution", "get", "0" * 24, code=1).out
    assert len(site.get(number, child)) == 2


def test_list(site: Site) -> None:
    action = chain(site)
    numbers = [site.begin("run", action, f"said={said}") for said in "abc"]
    for number in numbers:
        site.wait(number)

    def listed(*words: str) -> list[str]:
        return [one["id"] for one in site.json("execution", "list", "--action", action, *words)]

    assert listed() == numbers
    assert listed("-n", "2") == numbers[1:]
    assert listed("-s", "asc") == numbers[::-1]
    assert listed("--status", "succeeded") == numbers
    assert listed("--status", "failed", "--user", "stanley") == []
    first = site.get(numbers[0])[0]["start_timestamp"]
    assert listed("-tg", first) == numbers[1:]
    assert listed("-tl", first) == []
    (shown,) = site.json("execution", "list", "--action", action, "-n", "1", "-a", "all")
    assert shown["result"]["output"]["said"] == "c"
    newest = site.json("execution", "list", "-n", "1", "-l")[0]
    assert newest["action"]["ref"] == "core.local"
    note = "Note: Only first 2 action executions are displayed."
    assert note in site.st2("execution", "list", "--action", action, "-n", "2").err


def test_nested_workflows(site: Site) -> None:
    gate = site.shell.gate("work")
    number = site.begin("run", nested(site))
    gate.arrived()
    everything = ["first running", "inner running", "work running"]
    assert tasks_of(site, number) == everything
    assert tasks_of(site, number, "--depth", "1") == everything[:1]
    tail = site.start("execution", "tail", number)
    gate.open()
    done = tail.end()
    assert done.code == 0
    assert f"Execution {number} has completed (status=succeeded)." in done.out
    assert tasks_of(site, number) == [f"{name} succeeded" for name in ("first", "inner", "work", "second")]
    children = site.get(number)[0]["children"]
    assert len(children) == 2
    assert [one["parent"] for one in site.get(*children)] == [number, number]


def test_tail_follows(site: Site) -> None:
    """That it follows shows when it repeats what an action goes on saying."""
    number = site.begin("run", site.add("talking", TALKING.replace("FOLDER", str(site.shell.folder))))
    tail = site.start("execution", "tail", number)
    tail.wait_for("still here")
    site.shell.write("enough", "")
    done = tail.end()
    assert done.code == 0, done
    (child, last) = site.get(number)[0]["children"]
    lines = [line for line in done.out.splitlines() if line and line != "still here"]
    assert lines == [
        f"Child execution (task=talk) {child} has finished (status=succeeded).",
        f"Child execution (task=last) {last} has started.",
        "last run 1",
        f"Child execution (task=last) {last} has finished (status=succeeded).",
        f"Execution {number} has completed (status=succeeded).",
    ]
    assert "last run 1" in site.st2("execution", "tail", number).out


def test_pause_and_resume(site: Site) -> None:
    gate = site.shell.gate("two")
    number = site.begin("run", chain(site))
    gate.arrived()
    assert "status: pausing" in site.st2("execution", "pause", number).out
    assert "status: pausing" in site.st2("execution", "pause", number).out
    gate.open()
    child = site.get(number)[0]["children"][1]
    site.st2("execution", "tail", child)
    (shown,) = site.get(number)
    assert shown["status"] == "paused"
    assert shown["context"]["paused_by"] == "stanley"
    assert site.shell.ended == ["one", "two"]
    site.st2("execution", "resume", number)
    (shown,) = site.wait(number)
    assert (shown["status"], shown["context"]["resumed_by"]) == ("succeeded", "stanley")
    assert site.shell.ended == ["one", "two", "three"]
    refusals = {
        ("pause", number): "Execution is already in completed state.",
        ("resume", number): "Execution is already in completed state.",
        ("pause", "0" * 24): "404 Client Error",
    }
    for words, text in refusals.items():
        assert text in site.st2("execution", *words, code=1).out


def test_a_plain_action_cannot_be_paused(site: Site) -> None:
    gate = site.shell.gate("plain")
    number = site.begin("run", "core.local", f"cmd={site.shell.folder}/act plain")
    gate.arrived()
    done = site.st2("execution", "pause", number, code=1)
    assert 'because it is not supported by the "local-shell-cmd" runner.' in done.out
    assert "canceled" in site.st2("execution", "cancel", number).out
    (shown,) = site.wait(number)
    assert (shown["status"], shown["context"]["cancelled_by"]) == ("canceled", "stanley")
    assert "canceled" in site.st2("execution", "cancel", number).out


def test_cancel(site: Site) -> None:
    gate = site.shell.gate("two")
    number = site.begin("run", chain(site))
    gate.arrived()
    assert "canceled" in site.st2("execution", "cancel", number).out
    assert site.get(number)[0]["status"] == "canceling"
    gate.open()
    (shown,) = site.wait(number)
    assert shown["status"] == "canceled"
    assert "errors" not in shown["result"]
    assert site.shell.ended == ["one", "two"]


def test_cancel_of_what_has_ended(site: Site) -> None:
    """Trap 6."""
    shown = site.run("core.noop")
    done = site.st2("execution", "cancel", shown["id"])
    assert "Action cannot be canceled. State = succeeded." in done.out


def test_delayed(site: Site) -> None:
    number = site.begin("run", "core.noop", "--delay", "600000")
    assert site.get(number)[0]["status"] == "delayed"
    site.st2("execution", "cancel", number)
    assert site.get(number)[0]["status"] == "canceled"


def test_rerun_with_parameters(site: Site) -> None:
    first = site.run(chain(site), "said=a")
    again = shown_in(site.st2("execution", "re-run", first["id"], "said=b", "--tail", "-j"))
    assert again["result"]["output"]["said"] == "b"
    refused = site.st2("execution", "re-run", first["id"], "said=b", "--tasks", "two", code=1)
    assert "Parameters override is not supported when re-running task(s)" in refused.out
    outside = site.st2("execution", "re-run", first["id"], "--tasks", "one", "--no-reset", "two", code=1)
    assert "List of tasks to reset does not match the tasks to rerun." in outside.out


def test_rerun_of_what_has_no_tasks(site: Site) -> None:
    first = site.run("core.noop")
    refused = site.st2("execution", "re-run", first["id"], "--tasks", "x", code=1)
    assert "Task option is only supported for Orquesta workflows." in refused.out


def test_many_parameters(site: Site) -> None:
    """Trap 10: every parameter has a type."""
    schema = {
        "t": {"type": "string"},
        "i": {"type": "integer"},
        "n": {"type": "number"},
        "b": {"type": "boolean"},
        "a": {"type": "array"},
        "o": {"type": "object"},
    }
    inputs = ", ".join(schema)
    output = ", ".join(f"{name}: <% ctx({name}) %>" for name in schema)
    tasks = "tasks:\n  t: {action: core.noop}\n"
    text = f"version: 1.0\ninput: [{inputs}]\n{tasks}output: [{{all: {{{output}}}}}]\n"
    action = site.add("typed", text, f"parameters: {dumped(schema)}\n")
    shown = site.run(action, "t=5", "i=6", "n=1.5", "b=false", "a=1,b", 'o={"k": [1, null]}')
    expected = {"t": "5", "i": 6, "n": 1.5, "b": False, "a": ["1", "b"], "o": {"k": [1, None]}}
    assert shown["result"]["output"]["all"] == expected
