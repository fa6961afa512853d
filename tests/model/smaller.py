"""Make a failing workflow smaller: for tests that draw thousands of seeded runs by themselves."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from orchestrion.core.language import Definition, Task


def shrink(definition: Definition, fails: Callable[[Definition], bool], attempts: int = 400) -> Definition:
    """The smallest variant found that still fails."""
    found = True
    while found:
        found = False
        for variant in variants(definition):
            if attempts <= 0:
                return definition
            attempts -= 1
            if fails(variant):
                definition, found = variant, True
                break
    return definition


def variants(definition: Definition) -> Iterator[Definition]:
    """The definition with one thing less."""
    tasks = dict(definition.tasks)
    for name in tasks:
        yield replace(definition, tasks={n: _without_target(t, name) for n, t in tasks.items() if n != name})
    for name, task in tasks.items():
        for smaller in _smaller_tasks(task):
            yield replace(definition, tasks={**tasks, name: smaller})
    if definition.timeout is not None:
        yield replace(definition, timeout=None)
    for one in definition.output:
        yield replace(definition, output=tuple(other for other in definition.output if other is not one))


def _without_target(task: Task, name: str) -> Task:
    left = ((one, tuple(target for target in one.do if target != name)) for one in task.next)
    return replace(task, next=tuple(replace(one, do=do) for one, do in left if do))


def _smaller_tasks(task: Task) -> Iterator[Task]:
    for attribute in ("items", "retry", "delay", "timeout", "join"):
        if getattr(task, attribute) is not None:
            yield replace(task, **{attribute: None})
    if task.items is not None and task.items.concurrency is not None:
        yield replace(task, items=replace(task.items, concurrency=None))
    if task.input:
        yield replace(task, input={})
    for index, one in enumerate(task.next):
        others = (task.next[:index], task.next[index + 1 :])
        yield replace(task, next=(*others[0], *others[1]))
        for target in one.do if len(one.do) > 1 else ():
            fewer = replace(one, do=tuple(other for other in one.do if other != target))
            yield replace(task, next=(*others[0], fewer, *others[1]))
        for publish in one.publish:
            fewer = replace(one, publish=tuple(other for other in one.publish if other is not publish))
            yield replace(task, next=(*others[0], fewer, *others[1]))
        if one.when is not None:
            yield replace(task, next=(*others[0], replace(one, when=None), *others[1]))


def described(definition: Definition) -> str:
    """The tasks of a definition, a line each."""
    lines: list[str] = []
    for task in definition.tasks.values():
        extras = {
            name: getattr(task, name)
            for name in ("join", "delay", "timeout", "retry", "input")
            if getattr(task, name) not in (None, {})
        }
        if task.items is not None:
            extras["items"] = (task.items.expression, task.items.concurrency)
        ways = [(t.when, {p.name: p.value for p in t.publish}, list(t.do)) for t in task.next]
        lines.append(f"{task.name}: {extras} {ways}")
    variables = {one.name: one.value for one in definition.vars}
    return "\n".join([f"vars {variables}", *lines, f"output {[one.name for one in definition.output]}"])
