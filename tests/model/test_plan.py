"""A plan is what then happens: random runs, a plan, the re-run, and what came of it."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from random import Random

from orchestrion.core.commands import RunAction
from orchestrion.core.conductor import Decision, Refused, conduct
from orchestrion.core.events import Occasion, RerunRequested, TaskRequest
from orchestrion.core.graph import build_graph, join_needed
from orchestrion.core.language import Definition
from orchestrion.core.preview import Plan, preview
from orchestrion.core.prospects import Place, PlannedJoin
from orchestrion.core.records import Entry
from orchestrion.core.state import Key, State
from orchestrion.core.status import COMPLETED
from tests.model.plain import snapshot
from tests.model.seeded import each_seed
from tests.model.strategies import Luck, Shape, requests
from tests.model.world import Habits, World, habits, play, start

Count = Callable[[int, int], int]
CALM = Luck(failed=0.0, canceled=0.0, odd=0.0, held=0.0)
SHAPES = (Shape(), Shape(items=0.6), Shape(partial_join=0.8), Shape(loop=1.0), Shape(tasks=(5, 9)))
ACYCLIC = tuple(shape._replace(loop=0.0, command=0.0, error=0.0) for shape in SHAPES)


def asked(chance: Random, state: State) -> tuple[TaskRequest, ...]:
    """A random request; sometimes an empty one, or one that names what never ran."""
    found = requests(chance, state)[: chance.choice((0, 1, 2, 9, 9))]
    return (*found, TaskRequest("nowhere", 0)) if chance.random() < 0.1 else found


def test_a_plan_and_the_re_run_share_every_check(count: Count) -> None:
    """The same problems in the same order, in any status; else what the plan says starts is what starts."""
    seen: Counter[str] = Counter()

    def run(chance: Random, definition: Definition) -> None:
        world = start(definition)
        play(world, chance, habits(chance)._replace(stop_running=0.5))
        if chance.random() < 0.1:
            world = start(definition)
        tasks = asked(chance, world.state)
        before = snapshot(world.state)
        plan = preview(world.state, tasks)
        assert snapshot(world.state) == before
        application = world.state.initial.application
        answer = conduct(world.state, RerunRequested(tasks, application), Occasion(7, 7))
        if isinstance(plan, Refused) or isinstance(answer, Refused):
            assert plan == answer
            seen["refused"] += 1
            return
        assert isinstance(answer, Decision)
        runs = [command for command in answer.commands if isinstance(command, RunAction)]
        starts = Counter((run.task, run.route, run.item) for run in runs)
        planned: Counter[tuple[str, int, int | None]] = Counter()
        for one in plan.starts:
            planned.update((one.task, one.route, item) for item in one.items or (None,))
        assert starts == planned
        world.state.apply(answer.changes)
        status = world.state.head.status
        assert plan.ends_at_once == (status if status in COMPLETED else None)
        seen["accepted"] += 1

    each_seed(range(count(600, 20_000)), run, SHAPES)
    assert min(seen["refused"], seen["accepted"]) >= count(60, 2_000)


def test_joins_fire_as_the_plan_says(count: Count) -> None:
    """One that cannot fire does not; every one that fires is in the plan, with the sources that come.

    Outside loops it fires exactly if as many sources come as it lacks.
    """
    seen: Counter[bool] = Counter()

    def run(chance: Random, definition: Definition) -> None:
        world = start(definition)
        ways = habits(chance)
        play(world, chance, ways)
        tasks = requests(chance, world.state)
        plan = preview(world.state, tasks)
        if isinstance(plan, Plan):
            before = world.state.copy()
            world.tell(RerunRequested(tasks))
            play(world, chance, Habits(ways.luck))
            _check_joins(plan, before, world.state)
            seen.update(join.can_fire for join in plan.joins)

    each_seed(range(count(800, 40_000)), run, SHAPES)
    assert min(seen[True], seen[False]) >= count(15, 1_000)


def _check_joins(plan: Plan, before: State, after: State) -> None:
    planned = _Planned(plan, before, after)
    by_themselves = {(one.task, one.route) for one in (*plan.restarts, *plan.continues)}
    fired: set[Key] = set()
    for entry in after.entries[len(before.entries) :]:
        key = (entry.task, entry.route)
        if join_needed(after.graph, entry.task) is not None and key not in by_themselves | fired:
            fired.add(key)
            join = planned.at(key)
            assert join is not None, f"{key} fired and is not in the plan"
            assert join.can_fire, f"{key} fired: {join}"
    fired |= set(after.ready)
    come: dict[Key, set[str]] = {}
    for arrival in after.arrivals[len(before.arrivals) :]:
        come.setdefault((arrival.target, arrival.route), set()).add(after.entries[arrival.source].task)
    for key, sources in come.items():
        join = planned.at(key)
        if join is not None and key[0] not in after.graph.loop_joins:
            surplus = len(join.come) >= join.needed
            assert surplus or sources <= {*join.come, *join.coming}, f"{sources} came: {join}"
            assert (key in fired) == (len(sources | {*join.come}) >= join.needed), f"{sources} came: {join}"


class _Planned:
    """The joins of a plan, to be found by the routes that then came."""

    def __init__(self, plan: Plan, before: State, after: State) -> None:
        self._joins = {place_of(join): join for join in plan.joins}
        self._known = len(before.routes)
        self._splits = {arrival.route: arrival.target for arrival in reversed(after.arrivals)}

    def at(self, key: Key) -> PlannedJoin | None:
        return self._joins.get(self.place(key))

    def place(self, key: Key) -> Place:
        """The task and its route, or the split that has made the route since."""
        task, route = key
        return (task, self._splits[route] if route >= self._known else route)


def place_of(join: PlannedJoin) -> Place:
    """Where a planned join stands."""
    return (join.task, join.split or join.route or 0)


def test_joins_that_can_fire_do_when_all_succeeds_and_takes_every_transition(count: Count) -> None:
    fired = 0

    def run(chance: Random, definition: Definition) -> None:
        nonlocal fired
        world = start(definition)
        play(world, chance, habits(chance)._replace(luck=chance.choice((Luck(), Luck(canceled=0.0)))))
        tasks = requests(chance, world.state)
        world.state.graph = build_graph(_unconditional(definition))
        plan = preview(world.state, tasks)
        held = any(entry.items.canceled for entry in _open(world) if entry.items is not None)
        if not isinstance(plan, Plan) or plan.ends_at_once or held:
            return
        if any(one.status == "canceled" for one in plan.fails_by):
            return  # an item that is kept so cancels its task, and nothing follows from that
        before = world.state.copy()
        world.tell(RerunRequested(tasks))
        play(world, chance, Habits(CALM))
        planned = _Planned(plan, before, world.state)
        places = {planned.place((entry.task, entry.route)) for entry in world.state.entries if entry.counts}
        for join in plan.joins:
            ran = place_of(join) in places
            assert ran == join.can_fire, f"{join}, {world.status}"
            fired += ran

    each_seed(range(count(400, 20_000)), run, ACYCLIC)
    assert fired >= count(100, 5_000)


def _unconditional(definition: Definition) -> Definition:
    tasks = {
        name: replace(task, next=tuple(replace(one, when=None) for one in task.next), retry=None)
        for name, task in definition.tasks.items()
    }
    return replace(definition, tasks=tasks)


def _open(world: World) -> list[Entry]:
    return [world.state.entries[number] for number in world.state.open]
