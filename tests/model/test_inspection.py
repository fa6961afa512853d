"""Inspection and runs agree (invariant 38): what inspection finds sound never meets an undefined name."""

import json
from typing import Any

from hypothesis import given, settings

from orchestrion.core.language import Assignment, Definition, Task, inspect
from tests.model.strategies import Luck, Shape, dice, workflows
from tests.model.world import Habits, play, start

SOUND = Shape(error=0.0)


def as_text(definition: Definition) -> str:
    """A definition as its author would have written it, in JSON."""
    written: dict[str, Any] = {
        "version": "1.0",
        "vars": _assignments(definition.vars),
        **({} if definition.timeout is None else {"timeout": definition.timeout}),
        "tasks": {name: _task(task) for name, task in definition.tasks.items()},
        "output": _assignments(definition.output),
    }
    return json.dumps(written)


def _assignments(assignments: tuple[Assignment, ...]) -> list[dict[str, Any]]:
    return [{one.name: one.value} for one in assignments]


def _task(task: Task) -> dict[str, Any]:
    written: dict[str, Any] = {
        "action": task.action,
        "input": task.input,
        "delay": task.delay,
        "timeout": task.timeout,
        "join": task.join,
    }
    if task.items is not None:
        written["with"] = _without_blanks({"items": task.items.source, "concurrency": task.items.concurrency})
    if task.retry is not None:
        retry = task.retry
        written["retry"] = _without_blanks({"when": retry.when, "count": retry.count, "delay": retry.delay})
    written["next"] = [
        _without_blanks({"when": one.when, "publish": _assignments(one.publish), "do": list(one.do)})
        for one in task.next
    ]
    return _without_blanks(written)


def _without_blanks(written: dict[str, Any]) -> dict[str, Any]:
    return {key: one for key, one in written.items() if one not in (None, [])}


@given(workflows(SOUND), dice())
@settings(max_examples=60)
def test_what_inspection_finds_sound_meets_no_undefined_name(definition: Definition, chance: Any) -> None:
    problems = [one for one in inspect(as_text(definition)).problems if one.category != "semantics"]
    assert not problems, (
        problems
    )  # a join that cannot be reached is a semantic problem, and not of interest here
    world = start(definition)
    play(world, chance, Habits(Luck(0.1, 0.0, 0.0, 0.0)))
    assert not [error for error in world.state.errors() if "VariableUndefinedError" in str(error["message"])]
