"""Who watches a store is told every status of every execution, in order, and all that is written."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrion.actions.catalog import Catalog
from orchestrion.client.session import Session
from orchestrion.operations import Operations, RerunRequest, StartRequest
from orchestrion.operations.wrapping import inputs_of, wrapped
from orchestrion.queries.changes import Change, Changes, StatusChange, Written
from orchestrion.runtime.engine import Engine
from orchestrion.runtime.retention import Retention
from tests.unit.actions.packs import add_workflow

TWO = """
version: 1.0
tasks:
  a:
    action: core.noop
    next: [{do: b}]
  b: {action: core.noop}
"""
NESTED = """
version: 1.0
tasks:
  one: {action: own.two}
  two: {action: own.two}
  three: {action: own.two}
"""
FAILS = """
version: 1.0
input: [list]
tasks:
  all:
    with: {items: <% ctx().list %>}
    action: core.local cmd="echo <% item() %> && false"
"""
ASKS = "version: 1.0\ntasks:\n  a: {action: core.ask}\n  b: {action: core.noop, delay: 1000}\n"
SAYS = """
version: 1.0
input: [password]
tasks:
  a: {action: core.local, input: {cmd: echo <% ctx().password %>}}
"""
RETRIES = """
version: 1.0
tasks:
  a:
    action: core.local cmd="false"
    retry: {count: 1, delay: 0}
"""
WHOLE = ["+requested", "scheduled", "running", "succeeded"]


class World:
    """A store, an engine in this thread, and somebody who watches."""

    def __init__(self, folder: Path) -> None:
        self.session = Session(folder / "s.db", "tester")
        add_workflow(folder / "packs" / "own", "two", TWO)
        catalog = Catalog([folder / "packs"])
        self.engine: Engine = self.session.engine(lambda _: catalog, "serve")
        self.operations: Operations = self.session.operations
        with self.session.dispatcher.unit(self.engine) as unit:
            self.engine.beat(unit)
        self.changes = Changes(self.session.store)
        self.changes.begin()

    def start(self, text: str, **inputs: object) -> str:
        return self.operations.start(StartRequest("t.yaml", text, inputs), self.engine)  # pyright: ignore[reportArgumentType]

    def run(self) -> None:
        """Go on until nothing moves."""
        while self.engine.run_once() or self.engine.worker.busy:
            if self.engine.worker.busy and not self.engine.worker.is_pending:
                self.engine.wait()

    def read(self) -> list[Change]:
        found: list[Change] = []
        while True:
            page = self.changes.read()
            found += page.changes
            if not page.more:
                return found

    def statuses(self) -> dict[str, list[str]]:
        """What was told, by the tasks; of whole workflows by their ids."""
        return statuses_in(self.read())

    def close(self) -> None:
        self.engine.worker.kill()
        self.engine.worker.close()
        self.session.close()


def statuses_in(changes: list[Change]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in changes:
        if isinstance(one, StatusChange):
            name = one.execution["task"] or one.execution["id"]
            found.setdefault(name, []).append(f"+{one.status}" if one.is_new else one.status)
    return found


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


def test_what_ends_in_one_commit_is_told_in_the_order_in_which_it_has_ended(world: World) -> None:
    number = world.start(NESTED)
    world.run()
    ends = [
        one.execution["task"] or one.execution["id"]
        for one in world.read()
        if isinstance(one, StatusChange) and one.status == "succeeded"
    ]
    assert sorted(ends) == sorted([*"aaabbb", "one", "two", "three", number])
    assert ends[-1] == number


def test_no_status_is_left_out_however_late_it_is_read(world: World) -> None:
    number = world.start(TWO)
    world.run()
    assert world.statuses() == {
        number: WHOLE,
        "a": ["+requested", "running", "succeeded"],
        "b": ["+requested", "running", "succeeded"],
    }
    assert world.read() == []


def test_each_is_told_as_it_comes(world: World) -> None:
    number = world.start(ASKS)
    world.run()
    assert world.statuses() == {
        number: ["+requested", "scheduled", "running", "paused"],
        "a": ["+requested", "running", "pending"],
        "b": ["+delayed"],
    }
    world.operations.cancel(number, world.engine)
    world.run()
    assert world.statuses() == {number: ["canceled"], "a": ["canceled"], "b": ["canceled"]}


def test_what_is_open_when_somebody_begins_to_watch_is_not_new(world: World) -> None:
    number = world.start(ASKS)
    world.run()
    world.changes.begin()
    assert world.read() == []
    world.operations.cancel(number, world.engine)
    assert world.statuses() == {number: ["canceled"], "a": ["canceled"], "b": ["canceled"]}


def test_a_task_ends_before_its_workflow(world: World) -> None:
    number = world.start("version: 1.0\ntasks:\n  a: {action: core.ask}\n")
    world.run()
    world.read()
    ask = world.session.queries.inquiries(1)[0].id
    world.operations.respond(ask, {"continue": True}, world.engine)
    told = [(one.execution["id"], one.status) for one in world.read() if isinstance(one, StatusChange)]
    assert told.index((ask, "succeeded")) < told.index((number, "succeeded"))


def test_what_never_begins_because_its_workflow_has_failed_is_told(world: World) -> None:
    text = (
        "version: 1.0\ntasks:\n  a: {action: core.local cmd=false}\n  b: {action: core.noop, delay: 1000}\n"
    )
    number = world.start(text)
    world.read()
    world.run()
    found = world.statuses()
    assert found["b"] == ["canceled"]
    assert found[number][-1] == "failed"


def test_a_task_ends_before_the_next_one_begins(world: World) -> None:
    world.start(TWO)
    world.run()
    told = [
        f"{one.execution['task']} {one.status}"
        for one in world.read()
        if isinstance(one, StatusChange) and one.execution["task"] and not one.is_new
    ]
    assert told == ["a running", "a succeeded", "b running", "b succeeded"]


def test_every_attempt_is_an_execution_of_its_own(world: World) -> None:
    world.start(RETRIES)
    world.run()
    ends: dict[str, list[str]] = {}
    for one in world.read():
        if isinstance(one, StatusChange) and one.execution["task"] == "a":
            ends.setdefault(one.execution["id"], []).append(one.status)
    assert [*ends.values()] == [["requested", "running", "failed"], ["requested", "running", "failed"]]


def test_a_rerun_is_told_of_its_own_execution(world: World) -> None:
    first = world.start(TWO)
    world.run()
    second = world.operations.rerun(RerunRequest(first, ("b",)), world.engine).execution
    world.run()
    found = world.statuses()
    assert found[first] == WHOLE
    assert found[second] == ["+requested", "resuming", "running", "succeeded"]


def test_of_an_action_that_runs_by_itself_only_its_own_execution_is_told(world: World) -> None:
    request = StartRequest("core.noop", wrapped("core.noop"), inputs_of({}), wraps=True)
    number = world.operations.start(request, world.engine)
    world.run()
    told = [one for one in world.read() if isinstance(one, StatusChange)]
    assert [(one.execution["id"], one.status) for one in told] == [
        (number, "requested"),
        (number, "running"),
        (number, "succeeded"),
    ]
    assert told[0].execution["user"] == "tester"


def test_what_was_written_is_told_before_its_writer_ends(world: World) -> None:
    world.start(FAILS, list=["one", "two"])
    world.run()
    told = [
        one.text if isinstance(one, Written) else one.status
        for one in world.read()
        if isinstance(one, Written) or (one.execution["task"] and one.execution["item"] == 1)
    ]
    assert told.index("two\n") < told.index("failed")
    assert "one\n" in told


def test_output_that_nobody_wants_is_not_told_later_either(world: World) -> None:
    world.start(FAILS, list=["one"])
    world.run()
    assert not [one for one in world.changes.read(with_output=False).changes if isinstance(one, Written)]
    world.start(FAILS, list=["two"])
    world.run()
    assert [one.text for one in world.read() if isinstance(one, Written)] == ["two\n"]


def test_many_items_are_told_in_pages(world: World) -> None:
    items = "version: 1.0\ninput: [n]\ntasks:\n  all: {with: <% range(ctx().n) %>, action: core.noop}\n"
    number = world.start(items, n=700)
    world.run()
    found = world.statuses()
    assert found["all"].count("+requested") == found["all"].count("running") == 700
    assert found["all"].count("succeeded") == 700
    assert found[number][-1] == "succeeded"


def test_rows_that_come_after_a_purge_have_been_told_by_nobody(world: World) -> None:
    world.start(TWO)
    world.run()
    assert len(world.read()) == 10
    retention = Retention(world.session.store)
    retention.purge(2**62)
    number = world.start(TWO)
    world.run()
    assert world.statuses()[number] == WHOLE


def test_what_has_ended_already_is_told_to_who_asks(world: World) -> None:
    ended, open_one = world.start(TWO), world.start(ASKS)
    world.run()
    world.read()
    page = world.changes.read(watched=[ended, open_one, "f" * 24])
    assert [row["id"] for row in page.ended] == [ended]


def test_secrets_are_masked_also_where_they_come_in_pieces(world: World) -> None:
    request = StartRequest("p.asks", ASKS, {}, secret={"password": "correct-horse"})
    number = world.operations.start(request, world.engine)
    world.run()
    ask = world.session.queries.inquiries(1)[0].id
    world.read()
    for text in ("it is correct-", "horse, or corr"):
        with world.session.store.transaction() as transaction:
            content = transaction.seal(text)
            transaction.run(
                "add_output", execution=ask, engine="inquiry", stream="stdout", at=1, content=content
            )
        told = [one.text for one in world.read() if isinstance(one, Written)]
        assert told == (["it is "] if text.startswith("it") else ["********, or "])
    world.operations.cancel(number, world.engine)
    told = [one.text if isinstance(one, Written) else one.status for one in world.read()]
    assert told[told.index("corr") + 1] == "canceled", "what was held back comes before the end"


def test_the_result_of_an_action_that_wrote_a_secret_is_masked(world: World) -> None:
    secret = {"password": "correct-horse"}
    world.operations.start(StartRequest("p.says", SAYS, secret, secret=secret), world.engine)
    world.run()
    assert [one.text for one in world.read() if isinstance(one, Written)] == ["********\n"]
