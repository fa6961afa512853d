"""Where chosen items are the same as a re-run without reset: random runs, all their with-items tasks."""

from collections import Counter
from collections.abc import Callable, Iterator
from random import Random

from orchestrion.core.conductor import Answer, Decision, conduct
from orchestrion.core.events import RerunRequested, TaskRequest
from orchestrion.core.language import Definition
from orchestrion.core.records import Entry
from orchestrion.core.state import State
from orchestrion.core.status import COMPLETED
from tests.model.plain import plains
from tests.model.seeded import each_seed
from tests.model.strategies import Luck, Shape
from tests.model.world import habits, play, start

Count = Callable[[int, int], int]
SHAPES = (Shape(tasks=(2, 4), items=1.0), Shape(items=0.8, loop=1.0))


def ended(state: State) -> Iterator[tuple[Entry, dict[int, str]]]:
    """The latest with-items entries that have ended, and how their items did."""
    latest = {(entry.task, entry.route): entry for entry in state.entries if entry.counts}
    for entry in latest.values():
        if entry.items is not None and entry.items.total and entry.status in COMPLETED:
            items = state.items.get(entry.id, {}).values()
            now = (item for item in items if item.attempt == entry.attempt)
            yield entry, {item.index: item.status for item in now if item.status in COMPLETED}


def same(state: State, entry: Entry, items: tuple[int, ...]) -> bool:
    """Assert that a re-run of these items is the one without reset; whether it was accepted."""
    requests = (
        TaskRequest(entry.task, entry.route, items=items),
        TaskRequest(entry.task, entry.route, reset=False),
    )
    chosen, kept = (conduct(state, RerunRequested((request,))) for request in requests)
    assert _plain(chosen) == _plain(kept), f"{entry.task}, items {items}"
    return isinstance(chosen, Decision)


def _plain(answer: Answer) -> object:
    return (plains(answer.changes), answer.commands) if isinstance(answer, Decision) else answer


def test_all_items_are_a_re_run_without_reset_of_which_nothing_succeeded(count: Count) -> None:
    seen: Counter[bool] = Counter()

    def run(chance: Random, definition: Definition) -> None:
        world = start(definition)
        play(world, chance, habits(chance)._replace(luck=Luck(failed=0.9, canceled=0.05)))
        for entry, statuses in ended(world.state):
            assert entry.items is not None
            if "succeeded" not in statuses.values():
                seen[same(world.state, entry, tuple(range(entry.items.total)))] += 1

    each_seed(range(count(300, 10_000)), run, SHAPES)
    assert seen[True] >= count(100, 3_000)


def test_exactly_the_items_that_did_not_succeed_are_a_re_run_without_reset(count: Count) -> None:
    seen: Counter[bool] = Counter()

    def run(chance: Random, definition: Definition) -> None:
        world = start(definition)
        play(world, chance, habits(chance))
        for entry, statuses in ended(world.state):
            bad = tuple(index for index, status in statuses.items() if status != "succeeded")
            if bad:
                seen[same(world.state, entry, bad)] += 1

    each_seed(range(count(400, 15_000)), run, SHAPES)
    assert seen[True] >= count(100, 3_000)
