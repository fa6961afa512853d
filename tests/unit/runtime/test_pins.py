"""An execution is pinned to revisions of packs: when, for how long, and what happens if one is missing."""

import fcntl
import shutil
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from orchestrion.actions.catalog import Catalog
from orchestrion.actions.revisions import Revisions
from orchestrion.client.following import Interruption
from orchestrion.client.local import LocalClient
from orchestrion.client.packs import PackFolders
from orchestrion.client.session import Session
from orchestrion.client.targets import target_of
from orchestrion.client.upkeep import backup
from orchestrion.client.views import Asking, ExecutionView, RerunRequest
from orchestrion.core.values import Json
from orchestrion.errors import Refused, StoreBusy, StoreError, UsageError
from orchestrion.operations import StartRequest
from orchestrion.operations.health import examine
from orchestrion.runtime.retention import Keeper, Retention
from orchestrion.store.sqlite import Store

LATER = 2**60
BARE = """
version: 1.0
tasks:
  one: {action: mine.say, next: [{do: two}]}
  two: {action: "<% 'examples.missing' %>"}
"""
PAUSED = """
version: 1.0
tasks:
  asks: {action: core.ask, next: [{do: says}]}
  says: {action: mine.say, next: [{publish: [{said: <% result().stdout %>}]}]}
output: [{said: <% ctx().get(said) %>}]
"""
FLOW = "version: 1.0\ntasks:\n  one: {action: mine.say}\n"


class World:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write("pack.yaml", "name: mine\nversion: 1.0.0\n")
        self.write("actions/flow.yaml", "name: flow\nrunner_type: orquesta\nentry_point: flow.wf\n")
        self.write("actions/flow.wf", FLOW)
        self.write("actions/paused.yaml", "name: paused\nrunner_type: orquesta\nentry_point: paused.wf\n")
        self.write("actions/paused.wf", PAUSED)
        self.say("first")
        self.client = LocalClient(folder / "s.db", PackFolders((folder / "packs",)), "tester")
        self.store = Store(folder / "s.db")

    def write(self, name: str, text: str) -> None:
        path = self.folder / "packs/mine" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def say(self, word: str) -> None:
        """What the action says from now on."""
        self.write(
            "actions/say.yaml",
            "name: say\nrunner_type: local-shell-cmd\nparameters:\n"
            f"  cmd: {{default: echo {word}, immutable: true}}\n",
        )

    def start(self, word: str, asking: Asking | None = None) -> str:
        target = target_of(word, [], self.client.catalog, self.client.surroundings_of)
        return self.client.start(target, asking or Asking())

    def follow(self, number: str) -> ExecutionView:
        return self.client.follow(number, None, Interruption())

    def answer(self, number: str) -> Json:
        """Answer what an execution asks, and give what is said then."""
        (inquiry,) = self.client.inquiries(9)
        self.client.respond(inquiry.id, {"continue": True})
        result: Any = self.follow(number).result
        return result["output"]["said"]

    def pins(self, number: str) -> list[str]:
        return [one.pack for one in self.client.execution(number).revisions]

    def said(self, number: str) -> list[Json]:
        """What the actions of an execution gave."""
        results: list[Any] = [
            attempt.result
            for task in self.client.execution(number, attempts=True).tasks
            for attempt in task.attempts
        ]
        return [result.get("stdout") or result for result in results]

    @property
    def session(self) -> Session:
        """What the client works with: the moments between its steps are reached by that alone."""
        return self.client._session  # pyright: ignore[reportPrivateUsage]

    @property
    def kept(self) -> set[str]:
        return {one.name for one in (self.folder / "s.db.packs/mine").iterdir() if one.name[0] != "."}

    def close(self) -> None:
        self.client.__exit__(None, None, None)
        self.store.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


def test_the_pack_of_a_workflow_is_pinned_by_its_start(world: World) -> None:
    number = world.start("mine.flow")
    assert world.pins(number) == ["mine"]
    world.say("second")
    world.follow(number)
    assert world.said(number) == ["first"]
    world.follow(again := world.start("mine.flow"))
    assert world.said(again) == ["second"]


def test_other_packs_are_pinned_when_they_are_used_first_and_those_of_orchestrion_never(
    world: World,
) -> None:
    (world.folder / "bare.yaml").write_text(BARE)
    number = world.start(str(world.folder / "bare.yaml"))
    assert world.pins(number) == []
    world.say("second")
    world.follow(number)
    assert world.pins(number) == ["mine"]
    said, missing = world.said(number)
    assert said == "second"
    assert 'Action "examples.missing" cannot be found.' in str(missing)


def test_a_whole_tree_uses_the_pins_of_its_top(world: World) -> None:
    (world.folder / "bare.yaml").write_text("version: 1.0\ntasks:\n  child: {action: mine.flow}\n")
    number = world.start(str(world.folder / "bare.yaml"))
    view = world.follow(number)
    child = world.client.execution(view.id).tasks[0].workflows[0].id
    assert world.client.execution(child).revisions == world.client.execution(number).revisions != ()


def test_a_re_run_from_tasks_has_pins_of_its_own_from_the_moment_on(world: World) -> None:
    world.follow(number := world.start("mine.paused"))
    assert world.answer(number) == "first"
    world.say("second")
    again = world.client.rerun(RerunRequest(number, ("asks",))).execution
    world.follow(again)
    world.say("third")
    assert world.answer(again) == "second"
    (before,), (after,) = (world.client.execution(one).revisions for one in (number, again))
    assert before.name != after.name


def test_what_is_paused_keeps_its_pins(world: World) -> None:
    world.follow(number := world.start("mine.paused"))
    world.say("second")
    assert world.answer(number) == "first"


def test_an_action_of_a_pinned_pack_is_told_as_it_was(world: World) -> None:
    world.write("actions/flow.wf", FLOW.replace("mine.say", "mine.<% 'later' %>").replace("one:", "late:"))
    number = world.start("mine.flow")
    world.say("x")
    world.write("actions/later.yaml", "name: later\nrunner_type: noop\n")
    world.follow(number)
    ((told,),) = (world.said(number),)
    assert 'Action "mine.later" cannot be found.' in str(told)
    assert "This execution uses the pack mine as it was when it first did (revision" in str(told)


def test_messages_name_the_files_that_people_have(world: World) -> None:
    world.write("actions/say.yaml", "name: say\nrunner_type: local-shell-script\nentry_point: gone.sh\n")
    world.follow(number := world.start("mine.flow"))
    (told,) = world.said(number)
    home = world.folder / "packs/mine/actions"
    assert f"The script {home / 'gone.sh'} of action mine.say does not exist in its pack as" in str(told)
    assert f"Correct entry_point in {home / 'say.yaml'}." in str(told)
    assert ".packs" not in str(told)


# --- the engine


class DoubtfulStore(Store):
    """A store of which one commit may raise although it has happened."""

    is_doubtful = False

    @contextmanager
    def _writing(self) -> Generator[None]:
        with super()._writing():
            yield
        if self.is_doubtful:
            self.is_doubtful = False
            raise StoreError("Nobody knows.")


def test_what_a_doubtful_commit_has_claimed_and_pinned_runs_once(world: World) -> None:
    session = Session(world.folder / "other.db", "tester", open_store=DoubtfulStore)
    engine = session.engine(lambda _: Catalog([world.folder / "packs"]))
    session.operations.start(
        StartRequest("bare", BARE.replace("one:", "zero: {action: core.noop}\n  one:"), {}), engine
    )
    assert isinstance(session.store, DoubtfulStore)
    session.store.is_doubtful = True
    with pytest.raises(StoreError):
        engine.run_once()
    while not engine.leave_if_over():
        engine.run_once()
        engine.wait()
    (number,) = [one.id for one in session.queries.executions(9)]
    tasks = session.queries.execution(number, attempts=True).tasks
    ends = {task.task: [attempt.status for attempt in task.attempts] for task in tasks}
    assert ends == {"zero": ["succeeded"], "one": ["succeeded"], "two": ["failed"]}
    engine.worker.close()
    session.close()


def test_an_engine_that_copies_says_that_it_lives(world: World) -> None:
    seconds = count(step=6_000_000)
    session = Session(world.folder / "other.db", "tester", monotonic=lambda: next(seconds))
    engine = session.engine(lambda _: Catalog([world.folder / "packs"]))
    session.operations.start(StartRequest("bare", BARE, {}), engine)
    with session.store.reading() as transaction:
        (before,) = transaction.all("engines")
    engine._pins.prepare()  # pyright: ignore[reportPrivateUsage]  # before the next round
    with session.store.reading() as transaction:
        (after,) = transaction.all("engines")
    assert after["alive_until"] > before["alive_until"]
    engine.worker.close()
    session.close()


# --- what is missing


def test_without_its_revision_a_task_fails_and_says_what_to_do(world: World) -> None:
    world.follow(number := world.start("mine.paused"))
    world.say("second")
    shutil.rmtree(world.folder / "s.db.packs")
    (finding,) = [one for one in examine(world.session.dispatcher) if one.kind == "pack"]
    assert finding.subject == number
    world.answer(number)
    told = str(world.said(number)[-1])
    assert "of the pack mine, which this execution uses, is not there. Put it back" in told
    assert "a re-run takes the pack as it is then" in told
    world.follow(again := world.client.rerun(RerunRequest(number, ("says",))).execution)
    assert world.said(again)[-1] == "second"


def test_a_revision_that_is_missing_comes_back_if_the_pack_has_not_changed(world: World) -> None:
    world.follow(number := world.start("mine.paused"))
    shutil.rmtree(world.folder / "s.db.packs")
    assert world.answer(number) == "first"


# --- the backup


def test_a_backup_whose_packs_cannot_be_copied_is_none(world: World) -> None:
    world.start("mine.flow")
    target = world.folder / "copy.db"
    target.with_name("copy.db.packs").write_text("in the way")
    with pytest.raises(
        UsageError, match=r"copy\.db\.packs: the packs .* cannot be copied there, so there is no"
    ):
        backup(world.store.path, target)
    assert not target.exists()


def test_a_backup_tells_which_revisions_are_missing(world: World) -> None:
    world.start("mine.flow")
    (name,) = world.kept
    shutil.rmtree(world.folder / "s.db.packs/mine")
    made = backup(world.store.path, world.folder / "copy.db")
    assert made.missing == (f"mine@{name}",)
    assert made.path.is_file()


# --- the purge


def test_a_purge_deletes_the_revisions_that_no_execution_uses(world: World) -> None:
    world.follow(world.start("mine.flow"))
    old = world.kept
    world.say("second")
    world.follow(number := world.start("mine.paused"))
    (new,) = world.kept - old
    assert Retention(world.store).purge(LATER) == 1
    assert world.kept == {new}
    assert world.answer(number) == "second"


def test_a_command_leaves_no_revision_that_nothing_uses(world: World) -> None:
    number = world.start("mine.flow", Asking(request_id="r"))
    used = world.kept
    world.say("second")
    with LocalClient(world.store.path, PackFolders((world.folder / "packs",)), "tester") as client:
        target = target_of("mine.paused", [], client.catalog, client.surroundings_of)
        with pytest.raises(Refused):
            client.start(target, Asking(request_id="r"))
        assert len(world.kept) == 2
    assert world.kept == used
    assert world.follow(number).status == "succeeded"


def test_a_service_deletes_the_revisions_that_nothing_uses_and_keeps_all_else(world: World) -> None:
    world.follow(world.start("mine.flow"))
    used = world.kept
    world.say("second")
    Revisions(world.store.path).take(world.client.catalog.find("mine.flow").pack)
    keeper = Keeper(Retention(world.store), lambda: LATER, lambda: 0, None)
    assert keeper.perform() == 0
    assert not keeper.is_busy
    assert world.kept == used
    assert len(world.client.executions(9)) == 1


def test_a_start_whose_revision_was_purged_meanwhile_records_nothing(world: World) -> None:
    taken = Revisions(world.store.path).take(world.client.catalog.find("mine.flow").pack)
    Retention(world.store).purge(LATER)
    with pytest.raises(StoreBusy):
        world.session.operations.start(StartRequest("mine.flow", FLOW, {}, revision=taken), None)
    assert world.client.executions(9) == []


def test_a_purge_amid_a_start_makes_it_take_its_revision_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = fcntl.flock

    def purge_first(descriptor: int, operation: int) -> None:
        """When the start asks for the lock of the store, its revision is there and not used yet."""
        if world.kept:
            monkeypatch.undo()
            Retention(world.store).purge(LATER)
            assert world.kept == set()
        real(descriptor, operation)

    (world.folder / "s.db.packs/mine").mkdir(parents=True)
    monkeypatch.setattr(fcntl, "flock", purge_first)
    number = world.start("mine.flow")
    assert fcntl.flock is real
    world.follow(number)
    assert world.said(number) == ["first"]
