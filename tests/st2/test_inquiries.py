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


def test_an_inquiry_is_answered(site: Site) -> None:
    shown = site.json("run", site.add("asking", ASKING))
    assert shown["status"] == "paused"
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
    shown = site.json("run", site.add("asking", ASKING))
    site.st2("execution", "cancel", shown["id"])
    (ended,) = site.wait(shown["id"])
    assert ended["status"] == "canceled"
    (child,) = site.get(*ended["children"])
    assert child["status"] == "canceled"
