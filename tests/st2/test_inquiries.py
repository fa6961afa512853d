"""Inquiries by `st2`."""

from tests.st2.site import Site

ASKING = """\
version: 1.0
vars: [{said: null}]
tasks:
  ask:
    action: core.ask
    input:
      route: ops
      ttl: 60
      schema: {type: object, properties: {why: {type: string, required: true}}}
    next: [{when: <% succeeded() %>, publish: [{said: <% result().response.why %>}], do: after}]
  after:
    action: core.local cmd="./act after"
output: [{said: <% ctx(said) %>}]
"""
PARALLEL = """\
version: 1.0
tasks:
  left: {action: core.ask, next: [{when: <% succeeded() %>, do: end}]}
  right: {action: core.ask, next: [{when: <% succeeded() %>, do: end}]}
  end: {join: all, action: core.local cmd="./act end"}
"""
NESTED = """\
version: 1.0
tasks:
  below: {action: PACK.asking, next: [{publish: [{said: <% result().output.said %>}]}]}
output: [{said: <% ctx(said) %>}]
"""


def test_an_inquiry_is_answered(site: Site) -> None:
    shown = site.library.start(site.add("asking", ASKING))
    site.library.wait(shown, "paused")
    (child,) = site.get(shown["id"])[0]["children"]
    (asked,) = site.get(child)
    assert asked["status"] == "pending"
    assert child in [one["id"] for one in site.json("inquiry", "list")]
    inquiry = site.json("inquiry", "get", child)
    assert (inquiry["route"], inquiry["ttl"], inquiry["users"], inquiry["roles"]) == ("ops", 60, [], [])
    refused = site.st2("inquiry", "respond", "-r", '{"why": 5}', child, code=1)
    assert f'"{child}"' in refused.out
    assert "5 is not of type 'string'" in refused.out
    assert f"accepted for inquiry {child}" in site.st2("inquiry", "respond", "-r", '{"why": "大"}', child).out
    (ended,) = site.wait(shown["id"])
    assert (ended["status"], ended["result"]) == ("succeeded", {"output": {"said": "大"}})
    again = site.st2("inquiry", "respond", "-r", '{"why": "x"}', child, code=1)
    assert "doesn't exist" in again.out  # what the client makes of a 400
    for other in (child, shown["id"], "0" * 24):
        assert "is not found" in site.st2("inquiry", "get", other, code=1).out


def test_an_inquiry_is_cancelled_with_its_workflow(site: Site) -> None:
    shown = site.library.start(site.add("asking", ASKING))
    site.library.wait(shown, "paused")
    site.st2("execution", "cancel", shown["id"])
    (ended,) = site.wait(shown["id"])
    assert ended["status"] == "canceled"
    (child,) = site.get(*ended["children"])
    assert child["status"] == "canceled"


def test_run_ends_with_what_is_paused(site: Site) -> None:
    """Trap 11."""
    assert site.json("run", site.add("asking", ASKING))["status"] == "paused"


def test_parallel_inquiries(site: Site) -> None:
    """The answer to one lets the workflow go on, and it is paused again."""
    st2 = site.library
    top = st2.start(site.add("parallel", PARALLEL))
    left, right = st2.wait_task(top, "left", "pending"), st2.wait_task(top, "right", "pending")
    st2.wait(top, "paused")
    st2.respond(left, {"continue": True})
    st2.wait(left, "succeeded")
    st2.wait(top, "paused")
    assert (st2.get(right)["status"], site.shell.begun) == ("pending", [])
    st2.respond(right, {"continue": True})
    assert st2.wait(top)["status"] == "succeeded"
    assert site.shell.begun == ["end"]


def test_nested_inquiries(site: Site) -> None:
    st2 = site.library
    site.add("asking", ASKING)
    top = st2.start(site.add("nested", NESTED.replace("PACK", site.pack.name)))
    st2.wait(top, "paused")
    below = st2.wait_task(top, "below", "paused")
    asked = st2.wait_task(below, "ask", "pending")
    assert asked["result"] == {
        "schema": {"type": "object", "properties": {"why": {"type": "string", "required": True}}},
        "roles": [],
        "users": [],
        "route": "ops",
        "ttl": 60,
    }
    st2.respond(asked, {"why": "so"})
    ended = st2.wait(top)
    assert (ended["status"], ended["result"]) == ("succeeded", {"output": {"said": "so"}})
    assert st2.get(asked)["result"]["response"] == {"why": "so"}
