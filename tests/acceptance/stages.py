"""Where the seed's examples are played: on the core alone, and with the command line in real processes.

A workflow's tasks do `./act NAME`; what an action says is `NAME run N`, N counting how often it has begun.
"""

from collections import Counter, deque
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from orchestrion.core.conductor import Decision, Refused
from orchestrion.core.events import AttemptReported, CancelRequested, RerunRequested, Started, TaskRequest
from orchestrion.core.language import load_definition
from orchestrion.core.status import Status
from tests.conformance.player import Listing, Player
from tests.e2e.commands import Shell


class Ended(NamedTuple):
    """How a run or a re-run has ended: status, output, and the actions that have begun in it, sorted."""

    status: str
    output: Any
    begun: list[str]


class Stage(Protocol):
    """Plays one workflow and its re-runs, one after the other."""

    def run(self, text: str, failing: Collection[str] = (), cancel_in: Sequence[str] = ()) -> Ended:
        """Run a workflow. It is canceled when all actions of `cancel_in` are at work, before they end."""
        ...

    def rerun(self, tasks: Sequence[str], no_reset: Collection[str] = ()) -> Ended:
        """Re-run from tasks; no action fails any more."""
        ...

    def refused(self, tasks: Sequence[str]) -> str:
        """Request a re-run that must be refused and change nothing; why it is."""
        ...

    def whole_rerun(self) -> Ended:
        """Re-run the whole; no action fails any more."""
        ...


class Begun(NamedTuple):
    """An action at work in the core's stage."""

    name: str
    run: int
    entry: int
    item: int | None
    attempt: int


class CoreStage:
    """The core, with a runtime of a few lines; sub-workflows are not played here."""

    def __init__(self, folder: Path) -> None:
        del folder
        self._counts: Counter[str] = Counter()
        self._begun: list[str] = []
        self._queue: deque[Begun] = deque()
        self._text = ""

    def run(self, text: str, failing: Collection[str] = (), cancel_in: Sequence[str] = ()) -> Ended:
        self._text = text
        self._player = Player(load_definition(text))
        self._take(self._player.tell(Started({}, {})))
        return self._play(failing, cancel_in)

    def rerun(self, tasks: Sequence[str], no_reset: Collection[str] = ()) -> Ended:
        self._take(self._player.tell(self._request(tasks, no_reset)))
        return self._play((), ())

    def refused(self, tasks: Sequence[str]) -> str:
        state = self._player.state
        before = (state.head, [*state.entries], dict(state.staged), state.errors())
        answer, _ = self._player.tell(self._request(tasks, ()))
        assert isinstance(answer, Refused)
        assert (state.head, state.entries, dict(state.staged), state.errors()) == before
        return " ".join(answer.problems)

    def whole_rerun(self) -> Ended:
        return self.run(self._text)

    def _request(self, tasks: Sequence[str], no_reset: Collection[str]) -> RerunRequested:
        return RerunRequested(tuple(TaskRequest(name, 0, reset=name not in no_reset) for name in tasks))

    def _take(self, told: tuple[Any, list[Listing]]) -> None:
        answer, listings = told
        assert isinstance(answer, Decision), answer
        for listing in listings:
            for action in listing.actions:
                assert isinstance(action.input, dict)
                name = str(action.input["cmd"]).removeprefix("./act ")
                self._counts[name] += 1
                self._begun.append(name)
                self._queue.append(Begun(name, self._counts[name], action.entry, action.item, action.attempt))

    def _play(self, failing: Collection[str], cancel_in: Sequence[str]) -> Ended:
        gated: set[str] = set(cancel_in)
        while self._queue:
            one = self._queue.popleft()
            if one.name in gated:
                self._queue.append(one)
                if gated == {waiting.name for waiting in self._queue}:
                    self._take(self._player.tell(CancelRequested()))
                    gated = set()
                continue
            status: Status = "failed" if one.name in failing else "succeeded"
            result = {"stdout": f"{one.name} run {one.run}"}
            self._take(
                self._player.tell(AttemptReported(one.entry, one.item, one.attempt, status, {**result}))
            )
        head = self._player.state.head
        begun, self._begun = sorted(self._begun), []
        return Ended(head.status, head.output, begun)


class CommandStage:
    """The command line, in real processes."""

    def __init__(self, folder: Path) -> None:
        self.shell = Shell(folder)
        self._seen = 0
        self._view: dict[str, Any] = {}

    def run(self, text: str, failing: Collection[str] = (), cancel_in: Sequence[str] = ()) -> Ended:
        self.shell.fail(*failing)
        gates = [self.shell.gate(name) for name in cancel_in]
        running = self.shell.start("run", self.shell.write("workflow.yaml", text), "-j")
        for gate in gates:
            gate.arrived()
        if gates:
            assert self.shell.run("execution", "cancel", self.shell.newest()).code == 0
        for gate in gates:
            gate.open()
        done = running.end()
        self.shell.mend()
        return self._ended(done.json, done.code)

    def rerun(self, tasks: Sequence[str], no_reset: Collection[str] = ()) -> Ended:
        before = self._view
        words = ["--tasks", *tasks, *(["--no-reset", *no_reset] if no_reset else [])]
        done = self.shell.run("execution", "re-run", before["id"], *words, "-j")
        ended = self._ended(done.json, done.code)
        assert self._view["id"] != before["id"]
        assert self._view["workflow_execution"] == before["workflow_execution"]
        assert self._view["re_run_of"] == before["id"]
        original = self.shell.get(before["id"])
        assert original["continued_by"] == self._view["id"]
        assert all(original[key] == before[key] for key in ("status", "result", "ended_at", "tasks"))
        return ended

    def refused(self, tasks: Sequence[str]) -> str:
        number = self._view["id"]
        before = self.shell.get(number)
        done = self.shell.run("execution", "re-run", number, "--tasks", *tasks)
        assert done.code == 3
        assert self.shell.get(number) == before
        assert self.shell.newest() == number
        return done.err

    def whole_rerun(self) -> Ended:
        before = self._view
        done = self.shell.run("execution", "re-run", before["id"], "-j")
        ended = self._ended(done.json, done.code)
        assert self._view["id"] != before["id"]
        assert self._view["workflow_execution"] != before["workflow_execution"]
        assert self._view["re_run_of"] == before["id"]
        assert self.shell.get(before["id"]) == before
        return ended

    def _ended(self, view: dict[str, Any], code: int) -> Ended:
        self._view = view
        assert code == (0 if view["status"] == "succeeded" else 1)
        begun = self.shell.begun[self._seen :]
        self._seen += len(begun)
        return Ended(view["status"], view["result"]["output"], sorted(begun))
