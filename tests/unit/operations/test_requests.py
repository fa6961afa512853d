"""Requests: under one name the same one is answered, and no other; what was asked is logged."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from orchestrion.client.following import Interruption
from orchestrion.client.local import LocalClient
from orchestrion.client.packs import PackFolders
from orchestrion.client.targets import target_of
from orchestrion.client.views import Asking, RerunRequest
from orchestrion.errors import Refused
from tests.unit.actions.packs import add_workflow

FLOW = """
version: 1.0
input: [name, password]
tasks:
  many:
    with: <% [1, 2] %>
    action: core.noop
  asks: {action: core.ask, input: {schema: {answer: {type: string, secret: true}}}}
"""
PARAMETERS = "parameters:\n  name: {type: string}\n  password: {type: string, secret: true}\n"
NAMED = Asking(request_id="r")


class World:
    def __init__(self, folder: Path) -> None:
        self.file = folder / "s.db"
        add_workflow(folder / "packs/own", "flow", FLOW, PARAMETERS)
        self.client = LocalClient(self.file, PackFolders((folder / "packs",)), "ann")

    def start(self, *words: str, asking: Asking = NAMED) -> str:
        target = target_of("own.flow", words, self.client.catalog, self.client.surroundings_of)
        return self.client.start(target, asking)

    def again(self, number: str, *words: str) -> str:
        return self.client.start_again(number, self.client.whole_rerun(number, words), NAMED)

    def until_it_asks(self, *words: str) -> tuple[str, str]:
        """The execution and the inquiry of a workflow that waits for its answer."""
        number = self.start(*words, asking=Asking())
        self.client.follow(number, None, Interruption())
        (inquiry,) = self.client.inquiries(9)
        return number, inquiry.id

    def requests(self) -> list[str]:
        """What the file itself holds of the requests."""
        with closing(sqlite3.connect(self.file)) as connection:
            return [row[0] for row in connection.execute("SELECT request FROM operation ORDER BY id")]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    with world.client:
        yield world


def test_a_start_with_other_parameters_is_another_request(world: World) -> None:
    first = world.start("name=a", "password=swordfish")
    assert world.start("name=a", "password=swordfish", asking=Asking("why not", "r")) == first
    for words in (("name=b", "password=swordfish"), ("name=a", "password=marlin"), ("name=a",), ()):
        with pytest.raises(Refused, match="used for another request"):
            world.start(*words)


def test_a_whole_rerun_with_other_parameters_or_of_another_execution_is_another_request(
    world: World,
) -> None:
    first, other = world.start(asking=Asking()), world.start(asking=Asking())
    again = world.again(first, "name=a")
    assert world.again(first, "name=a") == again
    for number, words in ((first, ()), (first, ("name=b",)), (other, ("name=a",))):
        with pytest.raises(Refused, match="used for another request"):
            world.again(number, *words)


def test_another_answer_is_another_request(world: World) -> None:
    number, inquiry = world.until_it_asks()
    accepted = world.client.respond(inquiry, {"answer": "swordfish"}, NAMED)
    assert accepted.execution == number
    assert world.client.respond(inquiry, {"answer": "swordfish"}, NAMED) == accepted
    with pytest.raises(Refused, match="used for another request"):
        world.client.respond(inquiry, {"answer": "marlin"}, NAMED)


def test_a_rerun_from_other_tasks_is_another_request(world: World) -> None:
    number, inquiry = world.until_it_asks()
    world.client.respond(inquiry, {"answer": "swordfish"})
    world.client.follow(number, None, Interruption())
    first = world.client.rerun(RerunRequest(number, ("many",)), NAMED)
    assert world.client.rerun(RerunRequest(number, ("many",)), NAMED) == first
    for request in (
        RerunRequest(number, ("asks",)),
        RerunRequest(number, ("many",), no_reset=("many",)),
        RerunRequest(number, (), items={"many": (1,)}),
    ):
        with pytest.raises(Refused, match="used for another request"):
            world.client.rerun(request, NAMED)


def test_names_of_tasks_that_are_not_there_are_told_with_what_was_meant(world: World) -> None:
    number, inquiry = world.until_it_asks()
    world.client.respond(inquiry, {"answer": "swordfish"})
    world.client.follow(number, None, Interruption())
    with pytest.raises(Refused) as caught:
        world.client.rerun(RerunRequest(number, ("Many", "many,asks")))
    assert caught.value.problems == (
        'The task "Many" never ran. Did you mean "many"? Tasks that ran: asks, many.',
        (
            'The task "many,asks" never ran. Between names there is a blank, no comma. '
            "Tasks that ran: asks, many."
        ),
    )


def test_what_was_given_is_kept_as_a_digest_which_is_sealed_where_it_is_of_secrets(world: World) -> None:
    world.start("name=someone")
    world.start("password=swordfish", asking=Asking(request_id="s"))
    plain, sealed = world.requests()
    assert '"given"' in plain
    assert "someone" not in plain
    assert sealed.startswith("enc:")


def test_accepted_and_refused_operations_are_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    number = world.start("password=swordfish", asking=Asking("it is swordfish"))
    with caplog.at_level(logging.INFO, "orchestrion"):
        world.client.cancel(number, Asking("no swordfish"))
        world.client.follow(number, None, Interruption())
        with pytest.raises(Refused):
            world.client.resume(number)
    told = [
        (record.levelname, record.getMessage(), getattr(record, "execution", None))
        for record in caplog.records
        if "asked by" in record.getMessage()
    ]
    assert told[0] == ("INFO", "cancel was accepted, asked by ann, because: no ********", number)
    level, refusal, execution = told[1]
    assert (level, execution) == ("INFO", number)
    assert refusal.startswith("resume was refused, asked by ann: ")
    assert "canceled" in refusal
