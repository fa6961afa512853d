"""What a request to re-run from tasks means: names become tasks on routes, and every problem is told at once.

A name may lead into a sub-workflow. Then its task is re-run in the parent, and what is re-run in the
sub-workflow is a *level* of its own below it, with a plan of its own.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from orchestrion.core.conductor import Refused as CoreRefused
from orchestrion.core.events import TaskRequest
from orchestrion.core.language import ENGINE_COMMANDS
from orchestrion.core.preview import Plan, preview
from orchestrion.core.records import Entry
from orchestrion.core.status import COMPLETED
from orchestrion.errors import Refused
from orchestrion.operations.children import children_of
from orchestrion.operations.leftovers import still_inside
from orchestrion.operations.names import nothing_inside, unknown_names
from orchestrion.operations.paths import Path, joined, path_of
from orchestrion.operations.requests import RerunPlan, RerunRequest
from orchestrion.operations.tree import attach, is_attended, refused
from orchestrion.runtime.revivals import Place, forget_revivals, plan_revival, waiting_places
from orchestrion.runtime.secrets import Mask
from orchestrion.runtime.unit import Unit
from orchestrion.runtime.workflow import Workflow

Routes = Mapping[str, Mapping[int, Entry]]
"""The tasks that have run, and on each of their routes the entry that counts last."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of one workflow execution, by the names of its tasks, or by paths."""

    tasks: tuple[str, ...]
    no_reset: tuple[str, ...]
    items: Mapping[str, tuple[int, ...]]

    @property
    def names(self) -> tuple[str, ...]:
        """Every name once."""
        return tuple(dict.fromkeys((*self.tasks, *self.no_reset, *self.items)))


@dataclass(frozen=True, slots=True)
class Level:
    """One workflow execution to re-run: the tasks on their routes, the plan, remarks.

    `below` are the sub-workflows in which more is re-run, by the places that they are: task, route and item.
    `waiting` are the places of those that go on inside, as an earlier re-run has asked, and have had no slot.
    """

    subject: Workflow
    tasks: tuple[TaskRequest, ...]
    plan: Plan
    notes: tuple[str, ...]
    below: Mapping[Place, "Level"]
    waiting: Collection[Place]


def level_of(unit: Unit, subject: Workflow, request: RerunRequest) -> Level:
    """What a request to re-run from tasks means. Raises Refused with every problem."""
    if subject.head.status not in COMPLETED:
        raise _still_going(unit, subject, request.execution)
    problems: list[str] = []
    wanted = Wanted(request.tasks, request.no_reset, request.items)
    level = _Reader(unit, problems).level(subject, wanted, "")
    if level is None or problems:
        raise refused(request.execution, problems)
    return level


def plan_of(level: Level, execution: str, mask: Mask) -> RerunPlan:
    """The plan of a level and of all below it, without what is secret in the tree."""
    below = {
        joined(task, item, "")[:-1]: plan_of(one, one.subject.row["execution"], mask)
        for (task, _, item), one in level.below.items()
    }
    plan = level.plan._replace(problems=tuple(map(mask.text, level.plan.problems)))
    return RerunPlan(execution, level.subject.id, plan, level.notes, below)


def notes_of(level: Level) -> Iterator[str]:
    """The remarks about a level and all below it."""
    yield from level.notes
    for below in level.below.values():
        yield from notes_of(below)


def plan_revivals(unit: Unit, level: Level, actor: str) -> None:
    """Have the sub-workflows below a level go on, once the tasks that they are run again.

    What earlier re-runs have left in any of the workflow executions is forgotten, unless it goes on.
    """
    forget_revivals(unit, level.subject, level.waiting)
    for place, below in level.below.items():
        if below.subject.row["parent"] is None:
            attach(unit, below.subject, level.subject)
        plan_revival(unit, level.subject, place, below.subject, below.tasks, actor)
        plan_revivals(unit, below, actor)


class _Reader:
    """Reads what is asked, level by level, and collects what is wrong."""

    def __init__(self, unit: Unit, problems: list[str]) -> None:
        self._unit: Final = unit
        self._problems: Final = problems

    def level(self, subject: Workflow, wanted: Wanted, prefix: str) -> Level | None:
        """What is asked of a workflow execution; None when something is wrong. `prefix` is the path to it."""
        routes = routes_that_ran(subject)
        paths = {name: path_of(name, routes) for name in wanted.names}
        here = [name for name in wanted.names if paths[name].rest is None]
        before = len(self._problems)
        self._problems.extend(unknown_names(here, routes, prefix))
        below, notes = self._below(subject, wanted, paths, routes, prefix)
        tasks = [*_tasks_here(wanted, paths, routes), *_tasks_of(below)]
        if not tasks and len(self._problems) > before:
            return None
        plan = preview(subject.state, tuple(tasks))
        ignored: set[str] = set()
        if isinstance(plan, CoreRefused):
            where = f"In {prefix[:-1]}: " if prefix else ""
            self._problems.extend(f"{where}{problem}" for problem in plan.problems)
        else:
            ignored.update(one.task for one in plan.ignored)
        below = {place: one for place, one in below.items() if place[0] not in ignored}
        self._problems.extend(still_inside(self._unit, subject, tuple(tasks), below, prefix))
        if isinstance(plan, CoreRefused):
            return None
        self._problems.extend(_not_concerned(wanted, paths, plan, prefix))
        waiting = _still_waiting(waiting_places(self._unit, subject), tasks, plan, below)
        notes = [*_remarks(wanted, paths, plan, prefix), *notes, *_of_waiting(waiting, prefix)]
        return Level(subject, tuple(tasks), plan, tuple(notes), below, waiting)

    def _below(
        self,
        subject: Workflow,
        wanted: Wanted,
        paths: Mapping[str, Path],
        routes: Routes,
        prefix: str,
    ) -> tuple[dict[Place, Level], list[str]]:
        """The levels inside of sub-workflows, and remarks."""
        found: dict[Place, Level] = {}
        notes: list[str] = []
        whole = {name for name in wanted.tasks if paths[name].rest is None}
        groups: dict[tuple[str, int | None], list[str]] = {}
        for name, path in paths.items():
            if path.rest is None:
                continue
            if path.task in whole:
                notes.append(
                    f"{prefix}{name} lies inside of {path.task}, which runs again from its beginning."
                )
            else:
                groups.setdefault((path.task, path.item), []).append(name)
        for (task, item), names in groups.items():
            inside = _inside(wanted, paths, names)
            children = [one for one in self._children(subject, task, routes) if item in (None, one[0][2])]
            within = joined(f"{prefix}{task}", item, "")
            if children:
                found |= self._levels(children, inside, within, found)
            else:
                self._problems.append(nothing_inside(routes[task].values(), item, within[:-1]))
        return found, notes

    def _levels(
        self,
        children: list[tuple[Place, Workflow]],
        inside: Wanted,
        prefix: str,
        known: Collection[Place],
    ) -> dict[Place, Level]:
        """The levels of the sub-workflows of a task in which what is asked has run."""
        found: dict[Place, Level] = {}
        fitting = [(place, child) for place, child in children if _has_any(child, inside.names)]
        for place, child in fitting or children[:1]:
            if child.head.status not in COMPLETED:
                problem = (
                    f"{prefix[:-1]} is {child.head.status} in {child.row['execution']}: wait for its end."
                )
                self._problems.append(problem)
            elif place in known:
                self._problems.append(f"{prefix[:-1]} is named both with and without its item: name one.")
            else:
                level = self.level(child, _restricted(inside, child, fitting), prefix)
                if level is not None:
                    found[place] = level
        return found

    def _children(self, subject: Workflow, task: str, routes: Routes) -> Iterator[tuple[Place, Workflow]]:
        """The sub-workflows that a task is now, one a route or item."""
        route_of = {entry.id: route for route, entry in routes[task].items()}
        found: dict[Place, str] = {}
        for child in children_of(self._unit, subject):
            if child.entry in route_of:
                found.setdefault((task, route_of[child.entry], child.item), child.workflow)
        for place in sorted(found, key=lambda one: (one[1], -1 if one[2] is None else one[2])):
            yield place, self._unit.workflow(found[place])


def routes_that_ran(subject: Workflow) -> Routes:
    """The tasks that have run, or could not be prepared, with the routes on which they did."""
    routes: dict[str, dict[int, Entry]] = {}
    for entry in subject.state.entries:
        if entry.counts and entry.task not in ENGINE_COMMANDS and _has_run(entry):
            routes.setdefault(entry.task, {})[entry.route] = entry
    return routes


def _has_run(entry: Entry) -> bool:
    return entry.begun or not entry.prepared or entry.status in COMPLETED


def _has_any(child: Workflow, names: Iterable[str]) -> bool:
    """Whether any of the names leads to a task that has run in a sub-workflow."""
    routes = routes_that_ran(child)
    return any(path_of(name, routes).task in routes for name in names)


def _restricted(inside: Wanted, child: Workflow, fitting: Collection[tuple[object, Workflow]]) -> Wanted:
    """Of several sub-workflows each is asked only for what has run in it."""
    if len(fitting) < 2:  # noqa: PLR2004  # a single one is told what never ran in it
        return inside
    routes = routes_that_ran(child)
    ran = {name for name in inside.names if path_of(name, routes).task in routes}
    return Wanted(
        tuple(name for name in inside.tasks if name in ran),
        tuple(name for name in inside.no_reset if name in ran),
        {name: items for name, items in inside.items.items() if name in ran},
    )


def _inside(wanted: Wanted, paths: Mapping[str, Path], names: Iterable[str]) -> Wanted:
    """What is asked of a sub-workflow: the rest of the paths that lead into it."""
    rests = {name: rest for name in names if (rest := paths[name].rest) is not None}
    return Wanted(
        tuple(rests[name] for name in wanted.tasks if name in rests),
        tuple(rests[name] for name in wanted.no_reset if name in rests),
        {rests[name]: items for name, items in wanted.items.items() if name in rests},
    )


def _tasks_here(wanted: Wanted, paths: Mapping[str, Path], routes: Routes) -> Iterator[TaskRequest]:
    for name in dict.fromkeys((*wanted.tasks, *wanted.items)):
        if paths[name].rest is None:
            for route in sorted(routes.get(name, ())):
                yield TaskRequest(name, route, name not in wanted.no_reset, wanted.items.get(name))


def _tasks_of(below: Iterable[Place]) -> Iterator[TaskRequest]:
    """The tasks that the sub-workflows below are: of one with items, only the items concerned."""
    items: dict[tuple[str, int], list[int]] = {}
    for task, route, item in below:
        items.setdefault((task, route), []).extend([] if item is None else [item])
    for (task, route), chosen in items.items():
        yield TaskRequest(task, route, items=tuple(sorted(chosen)) or None)


def _still_waiting(
    waiting: Iterable[Place], tasks: Iterable[TaskRequest], plan: Plan, below: Collection[Place]
) -> tuple[Place, ...]:
    """The places where sub-workflows have waited to go on of which nothing else is asked now."""
    going_on = {(one.task, one.route) for one in (*plan.continues, *plan.kept)}
    chosen = {(one.task, one.route): one.items for one in tasks if one.items is not None}
    return tuple(
        (task, route, item)
        for task, route, item in waiting
        if (task, route, item) not in below
        and ((task, route) in going_on or item not in chosen.get((task, route), (item,)))
    )


def _of_waiting(waiting: Iterable[Place], prefix: str) -> Iterator[str]:
    for task, _, item in sorted(waiting, key=lambda place: (place[1], place[2] or 0)):
        where = joined(f"{prefix}{task}", item, "")[:-1]
        yield f"{where} has waited to go on inside since an earlier re-run, and does so."


def _still_going(unit: Unit, subject: Workflow, execution: str) -> Refused:
    holder, status = subject.row["execution"], subject.head.status
    problem = f"Unable to re-run {execution}: its workflow execution is {status} in {holder}"
    if is_attended(unit, unit.workflow(subject.row["root"])):
        hint = f"Cancel it with: orchestrion execution cancel {holder}"
        return Refused(f"{problem}. Wait for its end, or cancel it.", hint=hint)
    hint = f"Resume it with: orchestrion execution resume {holder}"
    return Refused(f"{problem}, and has no engine. Resume it first.", hint=hint)


def _not_concerned(wanted: Wanted, paths: Mapping[str, Path], plan: Plan, prefix: str) -> Iterator[str]:
    """Names given to keep items of, although the re-run does not run them (product, `--no-reset`)."""
    concerned = {
        one.task for part in (plan.restarts, plan.passes, plan.ignored, plan.repeats) for one in part
    }
    kept = {one.task for part in (plan.kept, plan.continues) for one in part}
    for name in dict.fromkeys(wanted.no_reset):
        if paths[name].rest is None and name not in concerned and name in kept:
            yield (
                f'The task "{prefix}{name}" is not re-run: it is neither among the requested tasks nor '
                "downstream of one. Add it to --tasks, or leave it out of --no-reset."
            )


def _remarks(wanted: Wanted, paths: Mapping[str, Path], plan: Plan, prefix: str) -> Iterator[str]:
    ignored = dict.fromkeys(one.task for one in plan.ignored)
    for task in ignored:
        yield f"{prefix}{task} lies downstream of another requested task, and runs when that leads to it."
    repeats = {one.task for one in plan.repeats} | set(ignored)
    plain = {one.task for one in plan.restarts if one.items is None}
    for name in dict.fromkeys(wanted.no_reset):
        if paths[name].rest is not None:
            continue
        if name in repeats:
            yield f"{prefix}{name} lies downstream of a requested task: --no-reset keeps nothing of it."
        elif name in plain:
            yield f"{prefix}{name} has no items: --no-reset has no effect on it."
