"""The workflows that are measured, as definitions of any size."""

from collections.abc import Iterable

from orchestrion.core.language import Definition
from orchestrion.core.language.definition import Assignment, Items, Task, Transition


def chain(length: int, publish: str = "<% ctx().count + 1 %>") -> Definition:
    """Tasks one after another; each reads a variable and publishes it anew."""
    tasks = (
        Task(
            _name(i),
            action="core.noop",
            input={"count": "<% ctx().count %>"},
            next=(_step(i, length, (Assignment("count", publish),)),),
        )
        for i in range(length)
    )
    return Definition(vars=(Assignment("count", 0),), tasks=_by_name(tasks), output=_count())


def names(length: int) -> Definition:
    """A chain in which every task publishes a variable of its own, and reads the one before."""
    tasks = (
        Task(
            _name(i),
            action="core.noop",
            input={"previous": f"<% ctx().v{i} %>"},
            next=(_step(i, length, (Assignment(f"v{i + 1}", "<% result() %>"),)),),
        )
        for i in range(length)
    )
    return Definition(
        vars=(Assignment("v0", 0),),
        tasks=_by_name(tasks),
        output=(Assignment("last", f"<% ctx().v{length} %>"),),
    )


def carried(length: int) -> Definition:
    """A chain that carries an input which no task touches."""
    plain = chain(length)
    return Definition(
        inputs=(Assignment("payload", None),), vars=plain.vars, tasks=plain.tasks, output=plain.output
    )


def items(concurrency: int) -> Definition:
    """One task with as many items as the input `list` has."""
    task = Task(
        "all",
        action="core.noop",
        input={"value": "<% item() %>"},
        items=Items("<% ctx().list %>", "<% ctx().list %>", concurrency=concurrency),
    )
    return Definition(inputs=(Assignment("list", None),), tasks={"all": task})


def fanout(width: int) -> Definition:
    """A fork to many tasks, each of which publishes a variable, and a join of all."""
    branches = tuple(_name(i) for i in range(width))
    fork = Task("fork", action="core.noop", next=(Transition(do=branches),))
    tasks = [
        Task(
            branch,
            action="core.noop",
            input={"count": "<% ctx().count %>"},
            next=(Transition(when="<% succeeded() %>", publish=(Assignment("last", branch),), do=("join",)),),
        )
        for branch in branches
    ]
    join = Task("join", action="core.noop", join="all")
    return Definition(vars=(Assignment("count", 0),), tasks=_by_name([fork, *tasks, join]))


def loop(passes: int) -> Definition:
    """A task that leads to itself until it has run so often."""
    publish = (Assignment("count", "<% ctx().count + 1 %>"),)
    body = Task(
        "body",
        action="core.noop",
        input={"count": "<% ctx().count %>"},
        next=(
            Transition(when=f"<% ctx().count < {passes - 1} %>", publish=publish, do=("body",)),
            Transition(when=f"<% ctx().count >= {passes - 1} %>", publish=publish),
        ),
    )
    enter = Task("enter", action="core.noop", next=(Transition(do=("body",)),))
    return Definition(vars=(Assignment("count", 0),), tasks={"enter": enter, "body": body}, output=_count())


def _name(number: int) -> str:
    return f"task_{number:06}"


def _step(number: int, length: int, publish: tuple[Assignment, ...]) -> Transition:
    do = _name(number + 1) if number + 1 < length else "noop"
    return Transition(when="<% succeeded() %>", publish=publish, do=(do,))


def _by_name(tasks: Iterable[Task]) -> dict[str, Task]:
    return {task.name: task for task in tasks}


def _count() -> tuple[Assignment, ...]:
    return (Assignment("count", "<% ctx().count %>"),)
