"""What is hostile harms itself only: the workflows beside it go on as if it were not there."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrion.actions.runners.processes import start_mark
from orchestrion.operations import StartRequest
from tests.faults.machine_world import World
from tests.faults.test_recovery import World as RealWorld
from tests.faults.test_recovery import ended

HEALTHY = "version: 1.0\ntasks:\n  a: {action: own.none, next: [{do: b}]}\n  b: {action: own.none}\n"
REFUSED = (
    "<% range(0, 1000000000).len() %>",
    "<% let(x => 'aaaaaaaaaa') -> range(0, 1000000).select($x * 1000000) %>",
    "{{ 'a' * 1000000000 }}",
    "{{ range(1000000000) | list | length }}",
    "{% for i in range(100000) %}{% for j in range(100000) %}x{% endfor %}{% endfor %}",
    f"<% {'(' * 5_000}1{')' * 5_000} %>",
)
HOSTILE = (*REFUSED, f"<% regex('(a+)+$').matches('{'a' * 40}!') %>")
"""The last one is answered, and goes round for ever."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with contextlib.closing(World(tmp_path)) as world:
        yield world


def hostile(expression: str) -> str:
    """It evaluates the expression again and again, as far as it gets."""
    return (
        "version: 1.0\ntasks:\n  s: {action: own.none, next: [{do: a}]}\n"
        "  a:\n    action: own.none\n    next:\n"
        f"      - publish: [{{x: {expression!r}}}]\n        do: a\n"
    )


def rounds(world: World, texts: list[str]) -> tuple[int, list[str]]:
    """In how many rounds all of some workflows end, and how, in the order in which they were started."""
    life = world.be_born("serve")
    numbers = [life.operations.start(StartRequest("own.w", text, {}), None) for text in texts]
    healthy = [number for number, text in zip(numbers, texts, strict=True) if text == HEALTHY]
    count = 0
    while any(life.queries.brief(number).status != "succeeded" for number in healthy):
        life.engine.run_once()
        count += 1
        assert count < 1_000
    statuses = [life.queries.brief(number).status for number in numbers]
    world.bury(life)
    return count, statuses


def test_a_hundred_healthy_workflows_are_not_held_up_by_hostile_expressions(world: World) -> None:
    alone, _ = rounds(world, [HEALTHY] * 100)
    texts = [HEALTHY] * 100
    for at, expression in enumerate(HOSTILE):
        texts.insert(at * 10, hostile(expression))
    count, statuses = rounds(world, texts)
    assert count <= alone + len(HOSTILE)
    ends = [status for status, text in zip(statuses, texts, strict=True) if text != HEALTHY]
    assert ends == ["failed"] * len(REFUSED) + ["running"]


def test_the_children_that_an_action_has_forked_end_with_it(tmp_path: Path) -> None:
    """The group is ended: also what the action has left behind in it, and what does not listen to SIGTERM."""
    child = tmp_path / "child"
    command = f"(trap '' TERM; echo $BASHPID > {child}; while :; do sleep 600; done) & sleep 600"
    text = f'version: 1.0\ntasks:\n  a: {{action: core.local, input: {{cmd: "{command}"}}}}\n'
    with contextlib.closing(RealWorld(tmp_path)) as world:
        session, engine = world.engine()
        number = session.operations.start(StartRequest("test.wf", text, {}), engine)
        while not (child.exists() and child.read_text().strip()):
            engine.run_once()
            engine.wait(0.01)
        forked = int(child.read_text())
        assert start_mark(forked) is not None
        action = session.queries.execution(number, attempts=True).tasks[0].attempts[0].id
        session.operations.cancel(action, engine)
        world.work(engine)
        assert session.queries.execution(number).status == "canceled"
        assert ended(forked)
