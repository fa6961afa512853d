"""The process dies before or after its k-th commit, for every k; another one brings the work to its end."""

import contextlib
from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrion.actions.catalog import Catalog
from orchestrion.client.session import Session
from orchestrion.core.status import COMPLETED
from orchestrion.operations import RerunRequest, StartRequest
from orchestrion.runtime.engine import Engine
from orchestrion.store.sqlite import Store

PACKS = Path(__file__).parents[1] / "fixtures" / "packs"

WORKFLOWS = {
    "chain": """
version: 1.0
tasks:
  t1: {action: core.local cmd="echo t1 >> LOG", next: [{when: <% succeeded() %>, do: t2}]}
  t2: {action: core.local cmd="echo t2 >> LOG", next: [{do: t3}]}
  t3: {action: core.noop}
""",
    "items and a join": """
version: 1.0
tasks:
  a: {action: core.local cmd="echo a >> LOG", next: [{do: j}]}
  b:
    with: {items: "x in <% list(1, 2, 3) %>", concurrency: 2}
    action: core.local cmd="echo b<% item(x) %> >> LOG"
    next: [{do: j}]
  j: {join: all, action: core.noop}
""",
    "retry and remediation": """
version: 1.0
tasks:
  r:
    action: core.local cmd="echo r >> LOG; false"
    retry: {count: 2, delay: 0}
    next: [{when: <% failed() %>, do: c}]
  c: {action: core.local cmd="echo c >> LOG"}
""",
    "empty items and commands": """
version: 1.0
tasks:
  e:
    with: x in <% list() %>
    action: core.noop
    next: [{do: [n, noop]}]
  n:
    next: [{publish: [{v: 1}]}]
output: [{v: <% ctx().get(v) %>}]
""",
}


class Crash(BaseException):
    """The process dies here."""


@dataclass
class Bomb:
    """Goes off at the `at`-th commit from now: before it, or after it."""

    at: int
    after: bool
    commits: int = 0


class MortalStore(Store):
    """A store whose process may die at a commit."""

    bomb: Bomb | None = None

    @contextlib.contextmanager
    def _writing(self) -> Generator[None]:
        bomb = self.bomb
        with super()._writing():
            yield
            if bomb is not None:
                bomb.commits += 1
                if bomb.commits == bomb.at and not bomb.after:
                    raise Crash
        if bomb is not None and bomb.commits == bomb.at and bomb.after:
            raise Crash


class Life:
    """One process on a store: born, perhaps killed, always buried."""

    def __init__(self, folder: Path, bomb: Bomb | None = None) -> None:
        self.session = Session(folder / "s.db", "tester", open_store=MortalStore)
        self.engine: Engine = self.session.engine(lambda _: Catalog([PACKS]))
        assert isinstance(self.session.store, MortalStore)
        self.session.store.bomb = bomb

    def work(self) -> None:
        """Do all that there is to do."""
        while True:
            self.engine.run_once()
            if self.engine.leave_if_over():
                return
            self.engine.wait()

    def die(self) -> None:
        """What the kernel does when a process is killed: its locks and sockets are gone."""
        self.engine.worker.kill()
        self.engine.worker.close()
        self.session.close()


def started_in(log: Path) -> Counter[str]:
    return Counter(log.read_text().split()) if log.exists() else Counter()


def run_with(folder: Path, text: str, bomb: Bomb | None) -> tuple[str, object, Counter[str], bool]:
    """Run a workflow, and take it over if the process dies: how it ended, what ran, whether it died."""
    folder.mkdir()
    log = folder / "log"
    text = text.replace("LOG", str(log))
    life = Life(folder, bomb)
    died = False
    try:
        number = life.session.operations.start(StartRequest("test.wf", text, {}), life.engine)
        life.work()
    except Crash:
        died = True
        life.die()
        life = Life(folder)
        known = life.session.queries.executions(10)
        if not known:  # it died before anything was acknowledged
            life.die()
            return "never", None, started_in(log), died
        number = known[0].id
        if known[0].status not in COMPLETED:
            life.session.operations.resume(number, life.engine)
            life.work()
    view = life.session.queries.execution(number)
    assert life.session.queries.executions(10)[0].status == view.status
    with life.session.store.reading() as transaction:
        assert transaction.all("attempts_of_workflow", workflow=view.workflow) == []
    life.die()
    return view.status, view.result, started_in(log), died


@pytest.mark.parametrize("name", WORKFLOWS)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_process_that_dies_at_any_commit_leaves_an_execution_that_another_one_ends(
    name: str, *, after: bool, tmp_path: Path
) -> None:
    expected, result, ran, _ = run_with(tmp_path / "undisturbed", WORKFLOWS[name], None)
    at = 0
    while True:
        at += 1
        status, got, started, died = run_with(tmp_path / f"{at}", WORKFLOWS[name], Bomb(at, after))
        if not died:
            assert at > 2
            return
        assert status in ("never", *COMPLETED), (at, status)
        assert started <= ran, (at, started, "an action was started twice")
        if status == expected:
            assert got == result or status == "failed"


def test_a_re_run_whose_process_dies_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    text = (
        "version: 1.0\ntasks:\n"
        f'  a: {{action: core.local cmd="test -e {flag}", next: [{{when: <% succeeded() %>, do: b}}]}}\n'
        "  b: {action: core.noop}\n"
    )
    for at in range(1, 8):
        for after in (False, True):
            folder = tmp_path / f"{at}{after}"
            folder.mkdir()
            flag.unlink(missing_ok=True)
            life = Life(folder)
            first = life.session.operations.start(StartRequest("test.wf", text, {}), life.engine)
            life.work()
            flag.touch()
            assert isinstance(life.session.store, MortalStore)
            life.session.store.bomb = Bomb(at, after)
            with contextlib.suppress(Crash):
                life.session.operations.rerun(RerunRequest(first, ("a",)), life.engine)
                life.work()
            life.die()
            life = Life(folder)
            views = {view.id: view for view in life.session.queries.executions(10)}
            assert views[first].status == "failed"
            second = views[first].continued_by
            assert (second is None) == (len(views) == 1)
            if second is not None and views[second].status not in COMPLETED:
                life.session.operations.resume(second, life.engine)
                life.work()
            if second is not None:
                view = life.session.queries.execution(second)
                assert view.status in COMPLETED
                assert view.rerun_of == first
                assert view.workflow == views[first].workflow
            life.die()
