"""A re-run beside the fresh run that it must equal: the same new results to both, every difference found."""

import json
import re
from collections import Counter
from random import Random
from typing import Any, Final

from orchestrion.core.conductor import Refused
from orchestrion.core.events import CancelRequested, RerunRequested, TaskRequest
from orchestrion.core.status import COMPLETED, Status
from orchestrion.core.values import Json
from tests.model.keeping import Kept, keep
from tests.model.replay_model import FreshRun, Incomparable
from tests.model.strategies import Luck, outcome
from tests.model.world import AttemptKey, Name, World

_PLACE: Final = re.compile(r'"(\w+)\|(\d+)"')


class Mismatch(AssertionError):  # noqa: N818
    """The re-run and the fresh run differ."""


def compare_rerun(world: World, requests: tuple[TaskRequest, ...], chance: Random, luck: Luck) -> Kept | None:
    """Re-run `requests` in `world`, to its end, beside the model. None where both say that it is refused."""
    kept = keep(world.state, requests)
    refused = kept.busy or kept.missing or world.status not in COMPLETED
    fresh = None if refused else FreshRun(world, kept)
    begun, first = len(world.started), len(world.state.entries)
    answer = world.tell(RerunRequested(requests))
    if isinstance(answer, Refused) != refused:
        raise Mismatch(f"refused: model {refused}, core {answer}")
    if fresh is None:
        return None
    fresh.release()
    _go_on(world, fresh, first, chance, luck)
    _expect("started", _started(fresh, fresh.begun_before), _started(world, begun))
    if kept.end is None:
        for what in ("status", "output", "errors"):
            _expect(what, _end(fresh)[what], _end(world)[what])
    elif fresh.status in ("failed", "canceled", "canceling"):
        _expect("status", fresh.status.replace("canceling", "canceled"), world.status)
    else:
        _expect("status", kept.end, world.status)
    return kept


def _go_on(world: World, fresh: FreshRun, first: int, chance: Random, luck: Luck) -> None:
    """Let both do what is new, in step; the re-run's entries are those from `first` on."""
    plans: dict[Name, list[tuple[Status, Json]]] = {}
    for step in range(300):
        for each in (world, fresh):
            each.begin_all()
        if any(entry.task in fresh.unprepared for entry in world.state.entries[first:]):
            raise Incomparable("a task that could not be rendered runs too")
        ours, theirs = (
            {name: key for name, key in _at_work(each).items() if name[0] not in fresh.withheld}
            for each in (world, fresh)
        )
        _expect(f"at work (step {step})", sorted(theirs, key=str), sorted(ours, key=str))
        if not ours:
            return
        if step == 100:
            world.tell(CancelRequested())
            fresh.tell(CancelRequested())
        name = chance.choice(sorted(ours, key=str))
        if name not in plans:
            drawn = outcome(chance, luck, 1000 + step)
            plans[name] = [*((status, None) for status in drawn.holds), (drawn.status, drawn.result)]
        status, result = plans[name].pop(0)
        if name[1] is not None and status not in ("succeeded", "running") and world.state.head.pending:
            raise Incomparable("an item failed during a pause")
        world.report(ours[name], status, result)
        fresh.report(theirs[name], status, result)
    raise Mismatch("it does not end")


def _at_work(world: World) -> dict[Name, AttemptKey]:
    entries = world.state.entries
    wanted = (key for key in world.running if entries[key[0]].counts and entries[key[0]].attempt == key[2])
    return {world.name(key): key for key in wanted}


def _started(world: World, first: int) -> list[str]:
    """What was begun, by names, with action and input as rendered."""
    begun: Counter[str] = Counter()
    for command in world.started[first:]:
        name = world.name((command.entry, command.item, command.attempt))
        begun[json.dumps([name, command.action, command.input, command.delay], sort_keys=True)] += 1
    return sorted(begun.elements())


def _end(world: World) -> dict[str, Any]:
    head = world.state.head
    errors = [_without_numbers(world, content) for content in world.state.errors()]
    return {"status": head.status, "output": head.output, "errors": errors}


def _without_numbers(world: World, content: dict[str, Json]) -> dict[str, Any]:
    """An errors entry with paths in place of route numbers."""
    named: dict[str, Any] = dict(content)
    if "route" in named:
        named["route"] = world.path(named["route"])
    named["message"] = _PLACE.sub(lambda found: f"{found[1]}|{world.path(int(found[2]))}", named["message"])
    return named


def _expect(what: str, model: Any, core: Any) -> None:
    if model != core:
        raise Mismatch(f"{what}:\n  model {model}\n  core  {core}")
