"""A stateful machine on the real engine: whatever happens, in whatever order, what must hold holds.

Every rule takes plain numbers, which choose among what there is; so a failure is a short program of calls
that anybody can repeat (`test_machine.py` keeps those that ever failed). A rule that finds nothing to choose
from is no step.
"""

from collections import Counter
from pathlib import Path
from typing import Any, ClassVar, Final, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from orchestrion.actions.revisions import Revision
from orchestrion.actions.runners.base import OutcomeStatus
from orchestrion.core.status import COMPLETED
from orchestrion.operations import Accepted, Asking, StartRequest
from orchestrion.operations.health import mend
from orchestrion.runtime.peers import Kind
from orchestrion.runtime.recovery import sweep
from orchestrion.runtime.worker import BEGIN_WITHIN
from tests.faults.machine_audit import Audit
from tests.faults.machine_ending import go_on, pass_time, unfinished, work
from tests.faults.machine_requests import ended_executions, perform, rerun_request, whole_executions
from tests.faults.machine_shown import check_what_is_shown
from tests.faults.machine_texts import workflow_text
from tests.faults.machine_world import DOOMS, Doom, Life, World

ANY: Final = st.integers(0, 23)  # what there is, is fewer
SEEDS: Final = st.integers(0, 5_000)
STATUSES: Final[tuple[OutcomeStatus, ...]] = ("succeeded", "succeeded", "failed", "timeout", "abandoned")

_HOUR: Final = 3_600_000_000
_LIVES: Final = 3
_KINDS: Final[tuple[tuple[Kind, ...], ...]] = (
    ("command", "command"),
    ("serve", "command"),
    ("serve", "serve"),
)
_TREES: Final = 4
_ROUNDS: Final = 200
T = TypeVar("T")


class Machine(RuleBasedStateMachine):
    """Processes, operators and actions on one store."""

    steps: ClassVar[Counter[str]] = Counter()

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.world: Final = World(folder)
        self.audit: Final = Audit(self.world)
        self.asked = 0
        self.repeatable: Final[list[tuple[str, tuple[Any, ...], int]]] = []

    # --- choosing

    def _step(self, name: str) -> None:
        type(self).steps[name] += 1

    def _life(self, which: int) -> Life:
        """A process that is awake; a new one if there is none."""
        awake = self.world.awake
        return awake[which % len(awake)] if awake else self.world.be_born("serve" if which % 2 else "command")

    def _of(self, found: list[T], which: int) -> T | None:
        return found[which % len(found)] if found else None

    def _rows(self, text: str, *parameters: Any) -> list[dict[str, Any]]:
        return self.audit.read(text, *parameters)

    def _target(self, which: int) -> str | None:
        """An execution of a workflow of any level, mostly one that has not ended."""
        found = self._rows("SELECT id, status FROM execution WHERE workflow IS NOT NULL ORDER BY id")
        unfinished = [row for row in found if row["status"] not in COMPLETED]
        row = self._of(unfinished if unfinished and which % 4 else found, which // 4)
        return None if row is None else row["id"]

    # --- asking

    def _ask(self, life: Life, kind: str, *details: Any, number: int | None = None) -> Accepted | None:
        """Ask something under a name of its own, or once more under the name that it had."""
        self._step(kind if number is None else "asked again")
        if number is None:
            self.asked += 1
            number = self.asked
            self.repeatable.append((kind, details, number))
        before, accepted = self._rows("SELECT count(*) FROM operation"), None
        with self.world.acting(life):
            accepted = perform(life, kind, details[0], Asking(request_id=str(number)))
        now = self._rows("SELECT count(*) FROM operation")
        assert now == before or not self.world.was_refused, "what was refused is recorded"
        return accepted

    # --- rules: what operators do

    @initialize(seed=SEEDS, kinds=st.sampled_from(_KINDS))
    def begin(self, seed: int, kinds: tuple[Kind, ...]) -> None:
        for kind in kinds:
            self.world.be_born(kind)
        self._start(self.world.lives[0], seed)

    def _start(self, life: Life, seed: int, revision: Revision | None = None) -> None:
        self.start_text(life, workflow_text(seed), f"own.w{seed}", revision)

    def start_text(
        self, life: Life, text: str, name: str = "own.w", revision: Revision | None = None
    ) -> None:
        """Start a workflow; with the revision of its pack given, its actions are claimed at once."""
        self._ask(life, "start", StartRequest(name, text, {}, revision=revision))

    @rule(which=ANY, seed=SEEDS)
    def start(self, which: int, seed: int) -> None:
        if len({row["root"] for row in self.audit.seen.workflows.values()}) < _TREES:
            self._start(self._life(which), seed)
            self._goes_on(which)

    @rule(which=ANY, what=ANY)
    def pause(self, which: int, what: int) -> None:
        number = self._target(what)
        if number is not None:
            self._ask(self._life(which), "pause", number)
            self._goes_on(which)

    @rule(which=ANY, what=ANY)
    def resume(self, which: int, what: int) -> None:
        number = self._target(what)
        if number is not None:
            self._ask(self._life(which), "resume", number)
            self._goes_on(which)

    @rule(which=ANY, what=ANY, rarely=st.integers(0, 2))
    def cancel(self, which: int, what: int, rarely: int) -> None:
        number = self._target(what)
        if number is not None and rarely == 0:
            self._ask(self._life(which), "cancel", number)
            self._goes_on(which)

    @rule(which=ANY, what=ANY)
    def cancel_an_action(self, which: int, what: int) -> None:
        row = self._of(self._rows("SELECT execution FROM attempt ORDER BY execution"), what)
        if row is not None:
            self._ask(self._life(which), "cancel", row["execution"])

    @rule(which=ANY, what=ANY)
    def respond(self, which: int, what: int) -> None:
        inquiries = self._rows("SELECT execution FROM attempt WHERE engine = 'inquiry' ORDER BY execution")
        row = self._of(inquiries, what)
        if row is not None:
            self._ask(self._life(which), "respond", row["execution"])

    @rule(which=ANY, what=ANY)
    def rerun_whole(self, which: int, what: int) -> None:
        roots = whole_executions(self._rows)
        row = self._of(roots, what)
        if row is not None and len(roots) < _TREES:
            request = StartRequest(row["action"], row["text"], {}, rerun_of=row["execution"])
            self._ask(self._life(which), "start", request)
            self._goes_on(which)

    @rule(which=ANY, what=ANY, tasks=st.lists(ANY, min_size=1, max_size=2), how=st.integers(0, 4))
    def rerun(self, which: int, what: int, tasks: list[int], how: int) -> None:
        row = self._of(ended_executions(self._rows), what)
        if row is None:
            return
        request = rerun_request(self._rows, row["id"], row["workflow"], tasks, how)
        life, commits = self._life(which), self.world.commits
        with self.world.acting(life):
            life.operations.plan(request)
        if life.kind == "command":  # the round of a service that shows it commits other things
            assert self.world.commits == commits, "a plan was committed"
        if life.is_alive:  # that round may have been its last
            self._ask(life, "re-run", request)
            self._goes_on(which)

    @rule(which=ANY, what=ANY)
    def ask_again(self, which: int, what: int) -> None:
        """The same request comes again, as after a crash of who asked: the first answer, and no change."""
        known = self._of(self.repeatable, what)
        if known is None:
            return
        kind, details, number = known
        done = self._rows("SELECT 1 FROM operation WHERE request_id = ?", str(number))
        before, life = self.audit.seen, self._life(which)
        self._ask(life, kind, *details, number=number)
        if done and life.kind == "command":  # a service goes on with other things in the same round
            assert self.audit.seen == before, "a request that came again has changed something"

    @rule(which=ANY, what=ANY)
    def take_over(self, which: int, what: int) -> None:
        number, life = self._target(what), self._life(which)
        if number is not None and life.own_engine is not None:
            with self.world.acting(life):
                life.operations.take_over(number, life.engine)
            self._step("take over")

    @rule(which=ANY, rarely=st.integers(0, 7))
    def doctor_mends(self, which: int, rarely: int) -> None:
        life = self._life(which)
        if rarely:
            return
        with self.world.acting(life):
            mend(life.dispatcher)
        self._step("mend")

    # --- rules: what processes do, and what befalls them

    def _goes_on(self, which: int) -> None:
        """What may follow at once: without it most programs would be requests, and few results."""
        match which // 6:
            case 0:
                pass
            case 1:
                self.round(which)
            case 2:
                self.end(which, which % 5, which % 10)
                self.round(which)
            case _:
                self.all_goes_well(which, which % 10, 1)

    @rule(which=ANY)
    def round(self, which: int) -> None:
        life = self._life(which)
        with self.world.acting(life):
            life.round()
        self._step("round")

    @rule(which=ANY)
    def rest(self, which: int) -> None:
        """A process works until nothing moves, and leaves what is over."""
        life = self._life(which)
        with self.world.acting(life):
            work(life)
            if life.kind == "command":
                life.engine.leave_if_over()
        self._step("rest")

    @rule(kind=st.sampled_from(("command", "serve")))
    def be_born(self, kind: Kind) -> None:
        if len(self.world.lives) < _LIVES:
            self.world.be_born(kind)
            self._step("birth")

    @rule(which=ANY, at=st.integers(1, 3), doom=st.sampled_from(DOOMS))
    def doom(self, which: int, at: int, doom: Doom) -> None:
        """A process will die, or its disk fail, at one of its next commits."""
        life = self._of(self.world.lives, which)
        if life is not None:
            life.store.doom = (at, doom)
            self._step(doom)

    @rule(slow=st.booleans())
    def commits_are_slow(self, *, slow: bool) -> None:
        self.world.be_slow(slow=slow)

    @rule(which=ANY, rarely=st.integers(0, 1))
    def kill(self, which: int, rarely: int) -> None:
        life = self._of(self.world.lives, which)
        if life is not None and rarely == 0:
            self.world.bury(life)
            self._step("kill")

    @rule()
    def stand_still(self) -> None:
        """The machine does nothing for a moment: what was claimed and has not begun yet is late."""
        self.world.time += BEGIN_WITHIN + 1
        self.audit.stand_still()
        self._step("standstill")

    @rule(which=ANY, seed=SEEDS, kind=st.sampled_from(("pause", "cancel", None)))
    def be_late(self, which: int, seed: int, kind: str | None) -> None:
        """What a start has claimed has not begun when something is asked, and the machine stands still."""
        if len({row["root"] for row in self.audit.seen.workflows.values()}) < _TREES:
            self._start(self._life(which), seed, self.world.revision())
            newest = self._rows("SELECT max(id) AS id FROM execution WHERE workflow IS NOT NULL")[0]["id"]
            if kind is not None and newest is not None:
                self._ask(self._life(which + 1), kind, newest)
            self.stand_still()
            self.round(which)

    @rule(which=ANY)
    def hang(self, which: int) -> None:
        """A process hangs: its lease is lost, and others may give up what it does."""
        awake = self.world.awake
        if len(awake) > 1:
            self.world.hang(awake[which % len(awake)])
            self._step("hang")

    @rule(which=ANY)
    def wake(self, which: int) -> None:
        life = self._of([life for life in self.world.lives if life.hangs], which)
        if life is not None:
            life.hangs = False
            self._step("wake")

    @rule(which=ANY, value=st.integers(0, 9), first=st.booleans(), how=st.integers(0, 4))
    def lose_the_lease(self, which: int, value: int, *, first: bool, how: int) -> None:
        """A process hangs, another one takes up what it did; its actions end, and it wakes: too late.

        Perhaps it wakes before the other one has started again what may start again.
        """
        awake = self.world.awake
        if len(awake) < 2:
            return
        life = awake[which % len(awake)]
        self.hang(which)
        other = self._life(which // 2)
        with self.world.acting(other):
            sweep(other.dispatcher)
        if first:
            self.rest(which // 2)
        for start in [one for one in self.world.running() if one.life is life]:
            self._step("late end" if start.over else "end")
            self.world.finish(start, STATUSES[how], value)
        life.hangs = False
        self._step("wake")
        if life.is_alive:
            with self.world.acting(life):
                life.round()

    # --- rules: what actions do, and the time

    @rule(which=ANY, how=st.integers(0, 4), value=st.integers(0, 9))
    def end(self, which: int, how: int, value: int) -> None:
        """An action ends; perhaps its attempt was given up long ago."""
        start = self._of(self.world.running(), which)
        if start is not None:
            self._step("late end" if start.over else "end")
            self.world.finish(start, STATUSES[how], value)

    @rule(value=st.integers(0, 9))
    def all_end(self, value: int) -> None:
        for start in self.world.running():
            self.world.finish(start, "succeeded", value)
            self._step("late end" if start.over else "end")

    @rule(which=ANY, how=st.integers(0, 4))
    def end_again(self, which: int, how: int) -> None:
        """The end of an action is reported once more."""
        start = self._of(self.world.reported(), which)
        if start is not None:
            self.world.repeat(start, STATUSES[how])
            self._step("duplicate")

    @rule(which=ANY, value=st.integers(0, 9), laps=st.integers(1, 4))
    def all_goes_well(self, which: int, value: int, laps: int) -> None:
        """Actions end, and a process goes on, for a while."""
        for _ in range(laps):
            self.rest(which)
            self.all_end(value)
        self.round(which)

    @rule()
    def time_passes(self) -> None:
        """Until the next timer is due: a delay, a wait for a retry, the time to live of an inquiry."""
        if pass_time(self.world, self.audit.seen):
            self._step("timer")

    @rule(forward=st.booleans(), rarely=st.integers(0, 2))
    def clock_jumps(self, *, forward: bool, rarely: int) -> None:
        """Somebody sets the date; the monotonic clock does not care."""
        if rarely == 0:
            self.world.date += _HOUR if forward else -_HOUR
            self._step("clock jump")

    # --- what must hold

    @invariant()
    def every_commit_was_sound(self) -> None:
        problems = self.audit.problems
        assert not problems, "\n".join(problems)

    @invariant()
    def what_is_shown_agrees(self) -> None:
        if self.world.awake:
            check_what_is_shown(self.world, self.world.awake[0], self.audit.seen)

    # --- the end

    def teardown(self) -> None:
        try:
            self.every_commit_was_sound()
            self._come_to_an_end()
        finally:
            self.audit.close()
            self.world.close()

    def _come_to_an_end(self) -> None:
        """Whatever has happened: with an engine, answers and resumes everything ends."""
        for life in [*self.world.lives]:
            self.world.bury(life)
        life = self.world.be_born("serve")
        for _ in range(_ROUNDS):
            work(life)
            self.every_commit_was_sound()
            self.what_is_shown_agrees()
            if not unfinished(self.audit.seen) or not go_on(self.world, self.audit, life):
                break
        assert not unfinished(self.audit.seen), "this does not end"
