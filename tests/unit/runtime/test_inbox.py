"""What other threads ask of an engine is committed with its own work, and each is answered for itself."""

import contextlib
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from orchestrion.actions.catalog import Catalog
from orchestrion.client.session import Session
from orchestrion.errors import NotFound, Refused, StoreError, Unavailable
from orchestrion.operations import Operations, RerunRequest, StartRequest
from orchestrion.runtime import engine as engine_module
from orchestrion.runtime.engine import Engine
from orchestrion.runtime.inbox import Request
from orchestrion.runtime.unit import Unit
from orchestrion.store.sqlite import Store, Transaction

NOOP = "version: 1.0\ntasks:\n  a: {action: core.noop}\n"
HELD = "version: 1.0\ntasks:\n  a: {action: core.ask}\n"


class CountingStore(Store):
    """A store that counts its commits, and fails at one of them if it is told to."""

    commits = 0
    fails = False

    @contextlib.contextmanager
    def transaction(self) -> Generator[Transaction]:
        with super().transaction() as transaction:
            yield transaction
            if self.fails:
                raise StoreError("the disk failed")
        self.commits += 1


@dataclass
class Served:
    """An engine in this thread, and a pool of threads that ask."""

    session: Session
    engine: Engine
    store: CountingStore
    pool: ThreadPoolExecutor
    operations: Operations = field(init=False)

    def __post_init__(self) -> None:
        self.operations = Operations(self.engine.inbox, "tester")

    def start(self, text: str) -> str:
        """Start a workflow without the inbox, and let it go as far as it can."""
        number = self.session.operations.start(StartRequest("t", text, {}), self.engine)
        while self.engine.run_once():
            pass
        return number

    def status(self, number: str) -> str:
        return self.session.queries.execution(number).status

    def request(self, work: Callable[[Unit], object]) -> Request:
        """Leave a request in the inbox."""
        request = Request(work)
        self.engine.inbox.submit(request)
        return request

    def commits_of_a_round(self) -> int:
        before = self.store.commits
        self.engine.run_once()
        return self.store.commits - before


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setattr(engine_module, "GROUP_SECONDS", 1e6)  # never cut short by chance
    session = Session(tmp_path / "s.db", "tester", CountingStore)
    engine = session.engine(lambda _: Catalog([]), "serve")
    with session.dispatcher.unit(engine) as unit:
        engine.beat(unit)
    store = session.store
    assert isinstance(store, CountingStore)
    with ThreadPoolExecutor(8) as pool:
        yield Served(session, engine, store, pool)
        engine.inbox.close()
    engine.worker.close()
    session.close()


def test_what_several_threads_ask_is_one_commit(served: Served) -> None:
    started = [
        served.pool.submit(served.operations.start, StartRequest("t", NOOP, {}), served.engine)
        for _ in range(5)
    ]
    while len(served.engine.inbox) < len(started):
        served.engine.worker.wait(10)
    assert served.commits_of_a_round() == 1
    numbers = {one.result(10) for one in started}
    assert len(numbers) == len(started)
    while served.engine.run_once():
        pass
    assert {served.status(number) for number in numbers} == {"succeeded"}


def test_who_asks_wakes_the_engine(served: Served) -> None:
    asked = served.pool.submit(served.operations.start, StartRequest("t", NOOP, {}), served.engine)
    served.engine.wait(60)
    assert len(served.engine.inbox) == 1
    served.engine.wait(60)  # does not sleep while something is in it
    served.engine.run_once()
    assert asked.result(10)


def test_what_is_refused_holds_up_only_itself(served: Served) -> None:
    held, ended = served.start(HELD), served.start(NOOP)
    number = served.session.operations.start(StartRequest("t", NOOP, {}), served.engine)
    served.engine.worker.start_all()
    assert served.engine.worker.reports, "something is reported beside it"
    asked = {
        "fine": served.pool.submit(served.operations.cancel, held, served.engine),
        "refused": served.pool.submit(served.operations.pause, ended, served.engine),
        "unknown": served.pool.submit(served.operations.pause, "f" * 24, served.engine),
    }
    while len(served.engine.inbox) < len(asked):
        served.engine.worker.wait(10)
    served.engine.run_once()
    assert asked["fine"].result(10).status == "canceled"
    with pytest.raises(Refused, match="is succeeded"):
        asked["refused"].result(10)
    with pytest.raises(NotFound):
        asked["unknown"].result(10)
    assert (served.status(held), served.status(number)) == ("canceled", "succeeded")


def test_each_request_finds_what_the_one_before_has_written(served: Served) -> None:
    held = served.start(HELD)
    asked = served.pool.submit(served.operations.cancel, held, served.engine)
    while not served.engine.inbox:
        served.engine.worker.wait(10)
    seen = served.request(lambda unit: unit.transaction.one("execution", id=held))
    assert served.commits_of_a_round() == 1
    row = seen.answer.result(0)
    assert (asked.result(10).status, row["status"]) == ("canceled", "canceled")


def test_a_failing_store_is_told_to_who_asked_and_the_engine_goes_on(served: Served) -> None:
    held = served.start(HELD)
    asked = served.pool.submit(served.operations.cancel, held, served.engine)
    while not served.engine.inbox:
        served.engine.worker.wait(10)
    served.store.fails = True
    with pytest.raises(StoreError):
        served.engine.run_once()
    with pytest.raises(StoreError, match="the disk failed"):
        asked.result(10)
    served.store.fails = False
    served.engine.run_once()
    assert served.status(held) == "paused", "nothing was changed"


def test_a_plan_is_worked_out_by_the_engine_and_never_committed(served: Served) -> None:
    ended = served.start(NOOP)
    plan = served.pool.submit(served.operations.plan, RerunRequest(ended, ("a",)))
    unknown = served.pool.submit(served.operations.plan, RerunRequest(ended, ("b",)))
    while len(served.engine.inbox) < 2:
        served.engine.worker.wait(10)
    assert served.commits_of_a_round() == 1, "the round itself"
    assert plan.result(10).execution == ended
    with pytest.raises(Refused):
        unknown.result(10)
    assert served.status(ended) == "succeeded"


def test_what_there_is_no_time_for_waits_for_the_next_commit(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "GROUP_SECONDS", -1.0)
    requests = [served.request(lambda _: None) for _ in range(3)]
    for done in range(1, 4):
        assert served.commits_of_a_round() == 1
        assert [request.answer.done() for request in requests] == [at < done for at in range(3)]


def test_a_bug_in_a_request_is_told_to_who_asked_alone(served: Served) -> None:
    def fail(_: Unit) -> None:
        raise ZeroDivisionError

    fine, broken = served.request(lambda _: 1), served.request(fail)
    served.engine.run_once()
    assert fine.answer.result(0) == 1
    with pytest.raises(ZeroDivisionError):
        broken.answer.result(0)


def test_who_asks_an_engine_that_has_left_is_told_so(served: Served) -> None:
    waiting = served.request(lambda _: None)
    served.engine.inbox.close()
    with pytest.raises(Unavailable, match="Nothing was changed"):
        waiting.answer.result(0)
    with pytest.raises(Unavailable, match="about to stop"):
        served.operations.cancel("f" * 24, served.engine)
