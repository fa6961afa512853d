"""Pause, resume and cancel of nested workflows and of items, by StackStorm's Python client (spec 4.3)."""

import pytest

from tests.st2.library import ClientError, Found, Library
from tests.st2.site import Site

OUTER = """\
version: 1.0
tasks:
  below: {action: PACK.inner, next: [{when: <% succeeded() %>, do: after}]}
  after: {action: core.local cmd="./act after"}
"""
INNER = """\
version: 1.0
tasks:
  work: {action: core.local cmd="./act work", next: [{when: <% succeeded() %>, do: more}]}
  more: {action: core.local cmd="./act more"}
"""
TWINS = """\
version: 1.0
tasks:
  left: {action: PACK.left, next: [{when: <% succeeded() %>, do: both}]}
  right: {action: PACK.right, next: [{when: <% succeeded() %>, do: both}]}
  both: {join: all, action: core.local cmd="./act both"}
"""
ONE_SIDE = """\
version: 1.0
tasks:
  work: {action: core.local cmd="./act SIDE", next: [{when: <% succeeded() %>, do: more}]}
  more: {action: core.local cmd="./act SIDE-more"}
"""
ITEMS = """\
version: 1.0
tasks:
  items:
    with: {items: "<% list(0, 1, 2, 3) %>", concurrency: 2}
    action: core.local cmd="./act item<% item() %>"
    next: [{when: <% succeeded() %>, do: after}]
  after: {action: core.local cmd="./act after"}
"""
SUBWORKFLOW_ITEMS = """\
version: 1.0
tasks:
  items:
    with: {items: "<% list(0, 1) %>"}
    action: PACK.inner
"""
DELAYED = """\
version: 1.0
tasks:
  late: {delay: 100000, action: core.noop}
"""


def nested(site: Site) -> str:
    site.add("inner", INNER)
    return site.add("outer", OUTER.replace("PACK", site.pack.name))


def twins(site: Site) -> str:
    for side in ("left", "right"):
        site.add(side, ONE_SIDE.replace("SIDE", side))
    return site.add("twins", TWINS.replace("PACK", site.pack.name))


def statuses(found: list[Found]) -> list[str]:
    return [one["status"] for one in found]


def logged(execution: Found) -> list[str]:
    return [one["status"] for one in execution["log"]]


def test_pause_and_resume_of_a_parent(site: Site) -> None:
    st2, gate = site.library, site.shell.gate("work")
    top = st2.start(nested(site))
    gate.arrived()
    below = st2.wait_task(top, "below", "running")
    assert st2.pause(top)["status"] == "pausing"
    assert st2.wait(below, "pausing", "paused")["status"] == "pausing"
    gate.open()
    paused = st2.wait(top, "paused")
    assert st2.get(below)["status"] == "paused"
    assert statuses(st2.tasks(below, "work")) == ["succeeded"]
    assert site.shell.begun == ["work"]
    assert "end_timestamp" not in {name for name, value in paused.items() if value is not None}
    assert st2.resume(top)["status"] in ("resuming", "running")
    ended = st2.wait(top)
    assert (ended["status"], ended["result"]) == ("succeeded", {"output": None})
    assert st2.get(below)["status"] == "succeeded"
    assert site.shell.ended == ["work", "more", "after"]
    assert logged(ended) == [
        *("requested", "scheduled", "running", "pausing", "paused", "resuming", "running", "succeeded")
    ]
    assert ended["context"] | {"paused_by": "stanley", "resumed_by": "stanley"} == ended["context"]


def test_pause_of_a_child_leaves_its_parent_running_until_nothing_else_is_at_work(site: Site) -> None:
    st2, left, right = site.library, site.shell.gate("left"), site.shell.gate("right")
    top = st2.start(twins(site))
    left.arrived()
    right.arrived()
    one, other = st2.wait_task(top, "left", "running"), st2.wait_task(top, "right", "running")
    st2.pause(one)
    left.open()
    st2.wait(one, "paused")
    assert st2.get(top)["status"] == "running"
    right.open()
    st2.wait(other, "succeeded")
    st2.wait(top, "paused")
    assert site.shell.begun.count("left-more") == 0
    st2.resume(one)
    st2.wait(one, "succeeded")
    assert st2.wait(top)["status"] == "succeeded"
    assert site.shell.ended[-1] == "both"


def test_resume_of_one_of_two_paused_children(site: Site) -> None:
    """The other one stays paused, and the parent is paused once nothing else is at work."""
    st2, left, right = site.library, site.shell.gate("left"), site.shell.gate("right")
    top = st2.start(twins(site))
    left.arrived()
    right.arrived()
    one, other = st2.wait_task(top, "left", "running"), st2.wait_task(top, "right", "running")
    for side in (one, other):
        st2.pause(side)
    left.open()
    right.open()
    st2.wait(top, "paused")
    st2.resume(one)
    st2.wait(one, "succeeded")
    st2.wait(top, "paused")
    assert st2.get(other)["status"] == "paused"
    st2.resume(other)
    assert st2.wait(top)["status"] == "succeeded"


def test_resume_of_a_child_while_its_parent_runs(site: Site) -> None:
    st2, left, right = site.library, site.shell.gate("left"), site.shell.gate("right")
    top = st2.start(twins(site))
    left.arrived()
    right.arrived()
    one = st2.wait_task(top, "left", "running")
    st2.pause(one)
    left.open()
    st2.wait(one, "paused")
    st2.resume(one)
    st2.wait(one, "succeeded")
    assert st2.get(top)["status"] == "running"
    right.open()
    assert st2.wait(top)["status"] == "succeeded"


@pytest.mark.parametrize("cancelled", ["top", "below"])
def test_cancel_of_nested_workflows(site: Site, cancelled: str) -> None:
    """Whichever is canceled, all of them are, once the action that runs has ended by itself."""
    st2, gate = site.library, site.shell.gate("work")
    top = st2.start(nested(site))
    gate.arrived()
    below = st2.wait_task(top, "below", "running")
    work = st2.wait_task(below, "work", "running")
    st2.cancel(top if cancelled == "top" else below)
    assert st2.wait(below, "canceling")["status"] == "canceling"
    assert st2.wait(top, "canceling")["status"] == "canceling"
    assert st2.get(work)["status"] == "running"
    gate.open()
    ended = st2.wait(top)
    assert ended["status"] == "canceled"
    assert "errors" not in ended["result"]
    assert st2.get(below)["status"] == "canceled"
    assert st2.get(work)["status"] == "succeeded"
    assert site.shell.ended == ["work"]
    assert (ended if cancelled == "top" else st2.get(below))["context"]["cancelled_by"] == "stanley"


def test_cancel_of_a_child_cancels_its_siblings(site: Site) -> None:
    st2, left, right = site.library, site.shell.gate("left"), site.shell.gate("right")
    top = st2.start(twins(site))
    left.arrived()
    right.arrived()
    one, other = st2.wait_task(top, "left", "running"), st2.wait_task(top, "right", "running")
    st2.cancel(one)
    left.open()
    right.open()
    assert [st2.wait(each)["status"] for each in (one, other, top)] == ["canceled"] * 3


def test_cancel_of_an_action_cancels_its_workflow(site: Site) -> None:
    """The action shows it at once, and what its process still does changes nothing."""
    st2, gate = site.library, site.shell.gate("work")
    top = st2.start(nested(site))
    gate.arrived()
    below = st2.wait_task(top, "below", "running")
    work = st2.wait_task(below, "work", "running")
    st2.cancel(work)
    assert st2.get(work)["status"] in ("canceling", "canceled")
    assert [st2.wait(each)["status"] for each in (work, below, top)] == ["canceled"] * 3
    assert site.shell.ended == []


def test_cancel_of_what_is_paused_delayed_or_pending(site: Site) -> None:
    st2, gate = site.library, site.shell.gate("work")
    top = st2.start(nested(site))
    gate.arrived()
    st2.pause(top)
    gate.open()
    st2.wait(top, "paused")
    st2.cancel(top)
    assert st2.wait(top)["status"] == "canceled"
    assert st2.tasks(top)[0]["status"] == "canceled"
    late = st2.start(site.add("late", DELAYED))
    child = st2.wait_task(late, "late", "delayed")
    st2.cancel(late)
    assert [st2.wait(each)["status"] for each in (late, child)] == ["canceled"] * 2


def test_pause_of_items(site: Site) -> None:
    """What runs ends, and no other item begins before the resume."""
    st2 = site.library
    gates = [site.shell.gate(f"item{number}") for number in range(2)]
    top = st2.start(site.add("items", ITEMS))
    for gate in gates:
        gate.arrived()
    st2.wait_tasks(top, "items", "running", 2)
    assert st2.pause(top)["status"] == "pausing"
    gates[0].open()
    st2.wait_tasks(top, "items", "succeeded", 1)
    assert st2.get(top)["status"] == "pausing"
    gates[1].open()
    st2.wait(top, "paused")
    assert len(st2.tasks(top)) == 2
    st2.resume(top)
    assert st2.wait(top)["status"] == "succeeded"
    assert [one["context"]["orquesta"]["item_id"] for one in st2.tasks(top, "items")] == [0, 1, 2, 3]


def test_pause_while_the_last_items_run(site: Site) -> None:
    st2 = site.library
    gates = [site.shell.gate(f"item{number}") for number in (2, 3)]
    top = st2.start(site.add("items", ITEMS))
    for gate in gates:
        gate.arrived()
    st2.pause(top)
    for gate in gates:
        gate.open()
    st2.wait(top, "paused")
    assert statuses(st2.tasks(top, "items")) == ["succeeded"] * 4
    assert st2.tasks(top, "after") == []
    st2.resume(top)
    assert st2.wait(top)["status"] == "succeeded"
    assert len(st2.tasks(top, "after")) == 1


def test_cancel_of_items(site: Site) -> None:
    st2 = site.library
    gates = [site.shell.gate(f"item{number}") for number in range(2)]
    top = st2.start(site.add("items", ITEMS))
    for gate in gates:
        gate.arrived()
    st2.cancel(top)
    assert st2.get(top)["status"] == "canceling"
    for gate in gates:
        gate.open()
    assert st2.wait(top)["status"] == "canceled"
    assert statuses(st2.tasks(top)) == ["succeeded"] * 2


def test_pause_and_resume_of_items_that_are_workflows(site: Site) -> None:
    st2, gate = site.library, site.shell.gate("work")
    nested(site)
    top = st2.start(site.add("many", SUBWORKFLOW_ITEMS.replace("PACK", site.pack.name)))
    gate.arrived()
    st2.wait_tasks(top, "items", "running", 2)
    st2.pause(top)
    gate.open()
    st2.wait_tasks(top, "items", "paused", 2)
    st2.wait(top, "paused")
    st2.resume(top)
    assert st2.wait(top)["status"] == "succeeded"
    assert statuses(st2.tasks(top)) == ["succeeded"] * 2


def refusal(st2: Library, call: str, execution: Found) -> str:
    with pytest.raises(ClientError) as caught:
        st2.call(f"executions.{call}", execution["id"])
    return str(caught.value)


def test_what_is_refused_and_what_changes_nothing(site: Site) -> None:
    st2, gate = site.library, site.shell.gate("work")
    top = st2.start(nested(site))
    gate.arrived()
    number = top["id"]
    assert st2.resume(top)["status"] == "running"
    st2.pause(top)
    assert st2.pause(top)["status"] == "pausing"
    gate.open()
    st2.wait(top, "paused")
    assert st2.pause(top)["status"] == "paused"
    st2.resume(top)
    st2.wait(top)
    for call in ("pause", "resume"):
        assert "400 Client Error" in refusal(st2, call, top)
        assert "Execution is already in completed state." in refusal(st2, call, top)
    late = st2.start(site.add("late", DELAYED))
    st2.wait_task(late, "late", "delayed")
    action = st2.tasks(late)[0]
    reason = f'Unable to pause liveaction "{action["id"]}" because it is not supported by the "noop" runner.'
    assert reason in refusal(st2, "pause", action)
    st2.cancel(late)
    answer = site.http.delete(f"/executions/{number}")
    assert answer.status_code == 200
    assert answer.json()["faultstring"] == "Action cannot be canceled. State = succeeded."
    st2.wait(late)
    again = site.http.delete(f"/executions/{late['id']}")
    assert (again.status_code, again.json()["status"]) == (200, "canceled")
