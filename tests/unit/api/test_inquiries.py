"""Inquiries over HTTP (stackstorm-api 2.5)."""

import json
from typing import Any

import httpx

from orchestrion.operations import StartRequest
from tests.unit.api.served import Server

ASK = """\
version: 1.0
tasks:
  ask:
    action: core.ask
    input: %s
"""
PIN = {"type": "string", "secret": True, "required": True}


def ask(server: Server, **inputs: Any) -> str:
    """The id of an inquiry that waits."""
    definition = ASK % json.dumps({"ttl": 60, **inputs})
    served = server.served
    served.commands("olga").operations.start(StartRequest("t", definition, {}), served.engine)
    while True:
        waiting = served.queries.inquiries(1)
        if waiting:
            return waiting[0].id


def respond(client: httpx.Client, number: str, response: object) -> httpx.Response:
    return client.put(f"/v1/inquiries/{number}", json={"id": number, "response": response})


def test_an_inquiry_is_listed_shown_and_answered_once(server: Server) -> None:
    client = server.client("olga")
    number = ask(server, route="developers", ttl=60)
    asked = {
        "id": number,
        "route": "developers",
        "ttl": 60,
        "users": [],
        "roles": [],
        "schema": server.served.queries.inquiry(number).result["schema"],
    }
    listed = client.get("/v1/inquiries/?limit=50")
    assert (listed.json(), listed.headers["x-total-count"]) == ([asked], "1")
    assert client.get(f"/v1/inquiries/{number}").json() == asked
    answer = respond(client, number, {"continue": True})
    assert (answer.status_code, answer.json()) == (200, {"id": number, "response": {"continue": True}})
    text = f'Inquiry "{number}" has already been responded to.'
    for late in (client.get(f"/v1/inquiries/{number}"), respond(client, number, {"continue": True})):
        assert (late.status_code, late.json()["faultstring"]) == (400, text)
    assert client.get("/v1/inquiries").json() == []


def test_an_answer_must_fit(server: Server) -> None:
    client = server.client("olga")
    number = ask(server)
    for response, text in (({}, "'continue' is a required property"), ({"continue": "x"}, "'boolean'")):
        answer = respond(client, number, response)
        assert answer.status_code == 400
        assert number in answer.json()["faultstring"]
        assert text in answer.json()["faultstring"]
    for wrong in ([1], None, "x"):
        assert respond(client, number, wrong).status_code == 400
    assert respond(client, number, {"continue": False}).status_code == 200


def test_only_those_who_are_asked_may_answer(server: Server) -> None:
    number = ask(server, users=["ada"])
    answer = respond(server.client("olga"), number, {"continue": True})
    assert answer.status_code == 403
    assert answer.json()["faultstring"] == (
        f'User "olga" does not have permission to respond to inquiry "{number}".'
    )
    assert respond(server.client("ada"), number, {"continue": True}).status_code == 200


def test_a_secret_answer_is_not_repeated(server: Server) -> None:
    client = server.client("olga")
    number = ask(server, schema={"type": "object", "properties": {"pin": PIN}})
    answer = respond(client, number, {"pin": 1234567})
    assert answer.status_code == 400
    assert "1234567" not in answer.text
    answer = respond(client, number, {"pin": "hush hush"})
    assert (answer.status_code, answer.json()["response"]) == (200, {"pin": "********"})


def test_what_is_no_inquiry_is_told_so(server: Server) -> None:
    client = server.client("olga")
    for answer in (client.get("/v1/inquiries/nothing"), respond(client, "nothing", {})):
        assert (answer.status_code, answer.json()["faultstring"]) == (404, 'Inquiry "nothing" is not found.')
    served = server.served
    text = "version: 1.0\ntasks:\n  a: {action: core.noop}\n"
    number = served.commands("olga").operations.start(StartRequest("t", text, {}), served.engine)
    answer = client.get(f"/v1/inquiries/{number}")
    assert (answer.status_code, answer.json()["faultstring"]) == (
        400,
        f'Action execution "{number}" is not an inquiry.',
    )


def test_a_canceled_inquiry_takes_no_answer(server: Server) -> None:
    client = server.client("olga")
    number = ask(server)
    view = server.served.queries.inquiry(number)
    assert view.parent is not None
    server.served.commands("olga").cancel(view.parent)
    answer = respond(client, number, {"continue": True})
    assert answer.status_code == 400
    assert answer.json()["faultstring"].endswith("takes no answer any more: it is canceled.")
