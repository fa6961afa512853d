"""Re-runs from tasks by StackStorm's Python client: items, sub-workflows, again and again (2.4, 4.3)."""

from tests.st2.library import Found, Library
from tests.st2.site import Site

ITEMS = """\
version: 1.0
tasks:
  items:
    with: "<% list(0, 1, 2) %>"
    action: core.local cmd="./act item<% item() %>"
    next: [{when: <% succeeded() %>, do: after}]
  after: {action: core.local cmd="./act after"}
"""
OUTER = """\
version: 1.0
tasks:
  below: {action: PACK.inner, next: [{when: <% succeeded() %>, do: after}]}
  after: {action: core.local cmd="./act after"}
"""
INNER = """\
version: 1.0
tasks:
  work: {action: core.local cmd="./act work"}
output: [{done: true}]
"""
CAUGHT = """\
version: 1.0
tasks:
  one:
    action: core.local cmd="./act one"
    next: [{when: <% succeeded() %>, do: two}, {when: <% failed() %>, do: caught}]
  two: {action: core.local cmd="./act two"}
  caught: {action: core.local cmd="./act caught"}
"""


def names(st2: Library, execution: Found) -> list[str]:
    return [one["context"]["orquesta"]["task_name"] for one in st2.tasks(execution)]


def items(st2: Library, execution: Found) -> list[int]:
    return sorted(one["context"]["orquesta"]["item_id"] for one in st2.tasks(execution, "items"))


def test_items_with_and_without_reset(site: Site) -> None:
    st2, shell = site.library, site.shell
    action = site.add("items", ITEMS)
    for no_reset, expected in (([], [0, 1, 2]), (["items"], [1])):
        shell.fail("item1")
        first = st2.run(action)
        assert first["status"] == "failed"
        for child in st2.tasks(first):
            st2.wait(child)
        shell.mend()
        again = st2.wait(st2.rerun(first, ["items"], no_reset))
        assert (again["status"], again["result"]) == ("succeeded", {"output": None})
        assert items(st2, again) == expected
        assert names(st2, again)[-1] == "after"
        assert again["context"]["re-run"] == {
            "ref": first["id"],
            "tasks": ["items"],
            "reset": [] if no_reset else ["items"],
        }


def test_a_task_that_is_a_workflow(site: Site) -> None:
    st2, shell = site.library, site.shell
    site.add("inner", INNER)
    shell.fail("work")
    first = st2.run(site.add("outer", OUTER.replace("PACK", site.pack.name)))
    assert first["status"] == "failed"
    shell.mend()
    again = st2.wait(st2.rerun(first, ["below"]))
    assert again["status"] == "succeeded"
    assert names(st2, again) == ["below", "after"]
    assert st2.tasks(again, "below")[0]["result"] == {"output": {"done": True}}
    assert shell.begun == ["work", "work", "after"]


def test_what_had_been_caught_is_not_done_again(site: Site) -> None:
    st2, shell = site.library, site.shell
    shell.fail("one")
    first = st2.run(site.add("caught", CAUGHT))
    assert (first["status"], names(st2, first)) == ("succeeded", ["one", "caught"])
    shell.mend()
    again = st2.wait(st2.rerun(first, ["one"]))
    assert (again["status"], names(st2, again)) == ("succeeded", ["one", "two"])


def test_again_from_the_re_run(site: Site) -> None:
    st2, shell = site.library, site.shell
    shell.fail("two")
    first = st2.run(site.add("caught", CAUGHT))
    second = st2.wait(st2.rerun(first, ["two"]))
    assert (first["status"], second["status"]) == ("failed", "failed")
    shell.mend()
    third = st2.wait(st2.rerun(second, ["two"]))
    assert third["status"] == "succeeded"
    assert third["context"]["re-run"]["ref"] == second["id"]
    assert len({one["context"]["workflow_execution"] for one in (first, second, third)}) == 1
    whole = st2.wait(st2.rerun(third))
    assert whole["context"]["workflow_execution"] != third["context"]["workflow_execution"]
    assert names(st2, whole) == ["one", "two"]
    assert shell.begun.count("one") == 2


def test_a_workflow_that_runs_is_not_run_again(site: Site) -> None:
    st2, gate = site.library, site.shell.gate("one")
    first = st2.start(site.add("caught", CAUGHT))
    gate.arrived()
    again = st2.wait(st2.rerun(first, ["one"]))
    assert (again["status"], again["result"]["output"]) == ("failed", None)
    (error,) = again["result"]["errors"]
    assert error["message"].startswith("Unable to rerun workflow execution")
    assert error["message"].endswith("because it is not in a completed state.")
    gate.open()
    assert st2.wait(first)["status"] == "succeeded"
