"""The one source of random workflows, outcomes and operations.

Everything draws from a `random.Random`. `workflows()` and `dice()` hand it to Hypothesis, which then shrinks
what fails; tests that need thousands of runs seed it themselves and shrink with `smaller.py`. The expressions
are of the forms that take the fast path, so that a run costs what the conductor costs.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Final, NamedTuple

from hypothesis import strategies as st

from orchestrion.core.events import TaskRequest
from orchestrion.core.language import ENGINE_COMMANDS, Assignment, Definition, Items, Retry, Task, Transition
from orchestrion.core.state import State
from orchestrion.core.status import Status
from orchestrion.core.values import Json


class Shape(NamedTuple):
    """How likely what is; probabilities for each task unless the comment says otherwise."""

    tasks: tuple[int, int] = (2, 6)
    root: float = 0.15
    sources: tuple[int, ...] = (1, 1, 2, 2, 3)
    join: float = 0.7
    """Of the tasks with several sources; the others split."""
    partial_join: float = 0.3
    """Of the joins: a number of sources, not all."""
    loop: float = 0.25
    """Of the workflows."""
    items: float = 0.25
    retry: float = 0.15
    delay: float = 0.08
    timeout: float = 0.15
    """Of the tasks, and of the workflows."""
    command: float = 0.15
    parallel: float = 0.08
    error: float = 0.01
    """Of the expressions: one that cannot be evaluated."""
    disjoint: bool = False
    """Each task publishes names of its own only, and conditions look at the task alone."""


_PLAIN_CONDITIONS: Final = (
    *("<% succeeded() %>",) * 9,
    *(None,) * 3,
    *("<% completed() %>",) * 2,
    *("<% failed() %>",) * 3,
    "<% result().v > 4 %>",
    "<% result().v <= 4 %>",
)
_ITEMS_CONDITIONS: Final = tuple(
    condition for condition in _PLAIN_CONDITIONS if condition is None or "v" not in condition
)
_RETRIES: Final = (None, None, "<% failed() %>", "<% result().v > 6 %>", "<% succeeded() %>")
_BROKEN: Final = "<% ctx(nowhere) %>"


def definition(dice: Random, shape: Shape = Shape()) -> Definition:  # noqa: B008  # immutable
    """A random workflow: mostly an acyclic graph, sometimes with a loop; valid, and not always sensible."""
    names = [f"t{number}" for number in range(dice.randint(*shape.tasks))]
    dice.shuffle(names)
    joins: dict[str, Any] = {}
    targets: dict[str, list[str]] = {name: [] for name in names}
    for index, name in enumerate(names[1:], start=1):
        if dice.random() < shape.root:
            continue
        sources = dice.sample(names[max(0, index - 3) : index], min(dice.choice(shape.sources), index, 3))
        for source in sources:
            targets[source].append(name)
        if len(sources) > 1 and (dice.random() < shape.join or shape.disjoint):
            partial = dice.random() < shape.partial_join
            joins[name] = dice.randint(1, len(sources)) if partial else "all"
    back = _back_edge(dice, names, targets, shape)
    if back is not None and joins.get(back[1]) == "all":
        joins[back[1]] = dice.randint(1, 2)
    tasks = {
        name: _task(
            dice, shape, name, targets[name], joins.get(name), back[1] if back and back[0] == name else None
        )
        for name in dice.sample(names, len(names))
    }
    variables: dict[str, Json] = {
        "x": 0,
        "n": 0,
        "m": {},
        "xs": [],
        "ys": list(range(1, dice.randint(1, 4) + 1)),
    }
    outputs = ("x", "m", "n")
    if shape.disjoint:
        variables.update({f"p_{name}": 0 for name in names})
        outputs = tuple(f"p_{name}" for name in names)
    output = [Assignment(name, f"<% ctx({name}) %>") for name in outputs]
    if dice.random() < shape.error * 4:
        output.append(Assignment("bad", _BROKEN))
    return Definition(
        vars=tuple(Assignment(name, value) for name, value in variables.items()),
        timeout=dice.randint(1, 20) if dice.random() < shape.timeout else None,
        tasks=tasks,
        output=tuple(output),
    )


def _back_edge(
    dice: Random, names: list[str], targets: Mapping[str, list[str]], shape: Shape
) -> tuple[str, str] | None:
    """Two tasks that a loop leads from and back to; what it leads back to has another way in."""
    if dice.random() >= shape.loop:
        return None
    entered = {name for each in targets.values() for name in each}
    ways = [
        (source, target)
        for index, target in enumerate(names)
        if target in entered
        for source in names[index : index + 3]
    ]
    return dice.choice(ways) if ways else None


def _task(dice: Random, shape: Shape, name: str, targets: list[str], join: Any, back: str | None) -> Task:
    items = None
    if dice.random() < shape.items:
        expression = "<% ctx(xs) %>" if dice.random() < 0.12 else "<% ctx(ys) %>"
        items = Items(expression, expression, (), dice.choice((None, None, 1, 2, 2, 3)))
    retry = None
    if dice.random() < shape.retry:
        when = dice.choice(_RETRIES[:3] if items is not None else _RETRIES)
        retry = Retry(dice.choice((1, 1, 2)), dice.choice((None, 3)), when)
    inputs: dict[str, Json] = {}
    if not shape.disjoint:
        inputs.update({name: f"<% ctx({name}) %>" for name in ("x", "n", "m")})
    if items is not None:
        inputs["i"] = "<% item() %>"
    if dice.random() < shape.error:
        inputs["bad"] = _BROKEN
    return Task(
        name,
        f"demo.{name}",
        inputs,
        delay=dice.choice((1, 5)) if dice.random() < shape.delay else None,
        timeout=dice.choice((1, 5, "<% ctx(n) + 1 %>")) if dice.random() < shape.timeout else None,
        join=join,
        items=items,
        retry=retry,
        next=tuple(_transitions(dice, shape, name, targets, back, with_items=items is not None)),
    )


def _transitions(
    dice: Random, shape: Shape, name: str, targets: list[str], back: str | None, *, with_items: bool
) -> list[Transition]:
    """Every target in one transition at least, some in two; engine commands beside them or alone."""
    waiting = list(targets)
    if targets and dice.random() < shape.parallel and not shape.disjoint:
        waiting.append(dice.choice(targets))
    dice.shuffle(waiting)
    transitions: list[Transition] = []
    while waiting:
        group = tuple(dict.fromkeys(waiting[: dice.choice((1, 1, 2))]))
        del waiting[: len(group)]
        transitions.append(_transition(dice, shape, name, group, with_items=with_items))
    if dice.random() < shape.command:
        command = dice.choice(("noop", "noop", "continue", "fail", "fail", "retry"))
        if command == "retry":
            transitions.append(Transition("<% failed() %>", (), ("retry",)))
        elif transitions and dice.random() < 0.5:
            last = transitions.pop()
            transitions.append(Transition(last.when, last.publish, (*last.do, command)))
        else:
            transitions.append(_transition(dice, shape, name, (command,), with_items=with_items))
    elif dice.random() < 0.3:
        transitions.append(_transition(dice, shape, name, ("continue",), with_items=with_items))
    if back is not None:
        again = Transition("<% ctx(n) < 2 %>", (Assignment("n", "<% ctx(n) + 1 %>"),), (back,))
        transitions.insert(dice.randint(0, len(transitions)), again)
    return transitions


def _transition(
    dice: Random, shape: Shape, name: str, do: tuple[str, ...], *, with_items: bool
) -> Transition:
    conditions = _ITEMS_CONDITIONS if with_items else _PLAIN_CONDITIONS
    when = "<% ctx(x) > 4 %>" if dice.random() < 0.05 and not shape.disjoint else dice.choice(conditions)
    if shape.disjoint:
        when = dice.choice((None, "<% succeeded() %>", "<% completed() %>"))
    if dice.random() < shape.error:
        when = "<% ctx(nowhere) > 1 %>"
    return Transition(when, tuple(_publishes(dice, shape, name, with_items=with_items)), do)


def _publishes(dice: Random, shape: Shape, name: str, *, with_items: bool) -> list[Assignment]:
    if shape.disjoint:
        return [Assignment(f"p_{name}", "<% result() %>")]
    own: Json = "<% result() %>"
    choices: list[Assignment] = [
        Assignment("x", dice.randint(0, 9) if with_items else "<% result().v %>"),
        Assignment("m", {name: own}),
        Assignment("m", {"last": name, "deep": {name: dice.randint(0, 9)}}),
        Assignment("n", "<% ctx(n) + 1 %>"),
        Assignment(f"p_{name}", own),
    ]
    if dice.random() < shape.error:
        choices.append(Assignment("x", _BROKEN))
    return dice.sample(choices, dice.choice((0, 1, 1, 2)))


class Outcome(NamedTuple):
    """What an attempt reports: perhaps that it is held, in the end a status and a result."""

    holds: tuple[Status, ...]
    status: Status
    result: Json


class Luck(NamedTuple):
    """How likely which outcome is."""

    failed: float = 0.2
    canceled: float = 0.02
    odd: float = 0.03
    """Timed out, or abandoned."""
    held: float = 0.03
    """An inquiry, or a sub-workflow that is paused meanwhile."""


def outcome(dice: Random, luck: Luck, number: int) -> Outcome:
    """A random outcome; `number` makes its result unlike any other."""
    result: Json = {"v": dice.randint(0, 9), "no": number}
    draw = dice.random()
    status: Status = "succeeded"
    if draw < luck.failed:
        status = "failed"
    elif draw < luck.failed + luck.canceled:
        status = "canceled"
    elif draw < luck.failed + luck.canceled + luck.odd:
        status, result = dice.choice((("timeout", result), ("abandoned", None)))
    holds: tuple[Status, ...] = ()
    if dice.random() < luck.held:
        holds = dice.choice((("pending",), ("paused", "running")))
    return Outcome(holds, status, result)


def requests(
    dice: Random, state: State, *, several: float = 0.4, keep: float = 0.4, choose: float = 0.4
) -> tuple[TaskRequest, ...]:
    """A random request for a re-run: names that ran, each on all its routes or on one; items of some."""
    ran: dict[str, list[int]] = {}
    entries: Counter[str] = Counter()
    for entry in state.entries:
        if entry.counts and entry.task not in ENGINE_COMMANDS:
            entries[entry.task] += 1
            routes = ran.setdefault(entry.task, [])
            if entry.route not in routes:
                routes.append(entry.route)
    if not ran:
        return ()
    names = dice.sample(sorted(ran), min(len(ran), dice.choice((2, 2, 3)) if dice.random() < several else 1))
    often = [name for name in sorted(ran) if entries[name] > 1 and name not in names]
    if often and dice.random() < 0.6:
        names[0] = dice.choice(often)
    wanted: list[TaskRequest] = []
    for name in names:
        reset = dice.random() >= keep
        routes = ran[name] if dice.random() < 0.8 else [dice.choice(ran[name])]
        wanted += [_chosen(dice, state, TaskRequest(name, route, reset), choose) for route in routes]
    return tuple(wanted)


def _chosen(dice: Random, state: State, request: TaskRequest, choose: float) -> TaskRequest:
    """The request, or one that chooses some of the items."""
    ran = (entry for entry in reversed(state.entries) if entry.counts)
    entry = next(entry for entry in ran if (entry.task, entry.route) == request[:2])
    if entry.items is None or not entry.items.total or dice.random() >= choose:
        return request
    number = dice.randint(1, entry.items.total)
    return request._replace(reset=True, items=tuple(dice.sample(range(entry.items.total), number)))


def dice() -> st.SearchStrategy[Random]:
    """A source of chance that Hypothesis shrinks."""
    return st.randoms(use_true_random=False)


def workflows(shape: Shape = Shape()) -> st.SearchStrategy[Definition]:  # noqa: B008  # immutable
    """Random definitions."""
    draw: Callable[[Random], Definition] = lambda chance: definition(chance, shape)  # noqa: E731
    return dice().map(draw)
