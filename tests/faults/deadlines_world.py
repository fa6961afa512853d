"""A store and its processes, for tests of timeouts: the clock is the test's."""

from pathlib import Path

from orchestrion.actions.catalog import Catalog
from orchestrion.actions.runners.processes import start_mark
from orchestrion.client.session import Session
from orchestrion.core.invariants import check
from orchestrion.operations import StartRequest
from orchestrion.operations.health import examine
from orchestrion.queries.executions import ExecutionView, TaskView
from orchestrion.runtime.engine import Engine
from orchestrion.runtime.peers import Kind

SECOND = 1_000_000
ENDED = {"error": "Ended, because the time of its workflow execution was over."}
SLEEPS = 'core.local cmd="echo $$ > PID; exec sleep 600"'
INQUIRIES = {"ask": 1, "patient": 0}
"""Their times to live in minutes; 0: for ever."""
CHILDREN = {
    "sleeper": f"version: 1.0\ntasks:\n  s: {{action: {SLEEPS}}}\noutput: [{{x: 1}}]\n",
    "above": "version: 1.0\ntasks:\n  c: {action: own.sleeper}\n",
    "asking": "version: 1.0\ntasks:\n  q: {action: own.patient}\n",
    "brief": f"version: 1.0\ntimeout: 5\ntasks:\n  s: {{action: {SLEEPS}}}\n",
}


class World:
    """A store, and one process after the other that works on it."""

    def __init__(self, folder: Path, kind: Kind = "command") -> None:
        self.folder = folder
        self.date = 1_800_000_000 * SECOND
        self._kind: Kind = kind
        actions = folder / "packs" / "own" / "actions"
        actions.mkdir(parents=True)
        (actions.parent / "pack.yaml").write_text("name: own\n")
        for name, ttl in INQUIRIES.items():
            parameters = f"{{schema: {{default: {{}}}}, ttl: {{default: {ttl}}}}}"
            (actions / f"{name}.yaml").write_text(
                f"name: {name}\nrunner_type: inquirer\nparameters: {parameters}\n"
            )
        for name, text in CHILDREN.items():
            (actions / f"{name}.yaml").write_text(
                f"name: {name}\nrunner_type: orquesta\nentry_point: {name}.wf\n"
            )
            (actions / f"{name}.wf").write_text(text.replace("PID", str(self.pid_file)))
        self.be_born()

    @property
    def pid_file(self) -> Path:
        return self.folder / "pid"

    def be_born(self) -> None:
        self.session = Session(
            self.folder / "s.db", "tester", clock=lambda: self.date, monotonic=lambda: self.date
        )
        self.engine: Engine = self.session.engine(lambda _: Catalog([self.folder / "packs"]), self._kind)

    def die(self) -> None:
        """The process is gone: of what it ran the processes stay."""
        self.session.close()

    def close(self) -> None:
        self.engine.worker.kill()
        self.engine.worker.close()
        self.session.close()

    def start(self, text: str) -> str:
        """Start a workflow, and do all that is to be done now."""
        request = StartRequest("t.wf", f"version: 1.0\n{text.replace('PID', str(self.pid_file))}", {})
        engine = self.engine if self._kind == "command" else None
        number = self.session.operations.start(request, engine)
        if engine is not None:
            self.session.operations.take_over(number, engine)
        self.work()
        return number

    def work(self) -> None:
        while self.engine.run_once() or self.engine.worker.is_pending:
            pass

    def wait_for_process(self) -> tuple[int, str]:
        """The process that an action has started, once it says so."""
        while not (self.pid_file.exists() and self.pid_file.read_text().strip()):
            self.engine.wait(0.01)
            self.work()
        pid = int(self.pid_file.read_text())
        mark = start_mark(pid)
        assert mark is not None
        return pid, mark

    def wait_for_end_of(self, process: tuple[int, str]) -> None:
        """Work until a process has ended, and its end was heard of."""
        while start_mark(process[0]) == process[1] or self.engine.worker.busy:
            self.engine.wait(0.01)
            self.work()

    def after(self, seconds: float) -> None:
        """The time passes, and the engine works."""
        self.date += round(seconds * SECOND)
        self.work()

    def view(self, number: str) -> ExecutionView:
        return self.session.queries.execution(number, attempts=True)

    def task(self, number: str, name: str = "a") -> TaskView:
        return next(task for task in self.view(number).tasks if task.task == name)

    def check(self) -> None:
        """Nothing contradicts itself in the store, and nothing is left over but word of who has died."""
        found = examine(self.session.dispatcher)
        assert [one for one in found if not one.note and one.kind != "process"] == []
        with self.session.dispatcher.rehearsal() as unit:
            for row in unit.transaction.all("workflows_at_work", after="", count=100):
                assert check(unit.workflow(row["id"]).state) == []
