"""The plan of a re-run as an operator reads it at night."""

import io

import pytest

from orchestrion.cli.render.documents import plan_document
from orchestrion.cli.render.output import Output
from orchestrion.cli.render.plans import show_plan
from orchestrion.core.events import CancelRequested, RerunRequested, Started, TaskRequest
from orchestrion.core.language import load_definition
from orchestrion.core.preview import Plan, preview
from orchestrion.operations import RerunPlan
from tests.model.world import World

JOIN = """
  a: {action: a.b, next: [{when: <% succeeded() %>, do: q}]}
  b: {action: a.b, next: [{when: <% succeeded() %>, do: q}]}
  c: {action: a.b, next: [{when: <% succeeded() %>, do: q}]}
  q: {join: 2, action: a.b}
"""
ALL = JOIN.replace("join: 2", "join: all")
LOOP = """
  fork: {action: a.b, next: [{do: 'a, b'}]}
  first: {action: a.b, next: [{do: fork}]}
  a: {action: a.b, next: [{do: meet}]}
  b: {action: a.b, next: [{do: meet}]}
  meet: {join: all, action: a.b, next: [{when: <% succeeded() %>, do: fork}]}
"""
CLEANUP = """
  work: {action: a.b, next: [{when: <% failed() %>, do: [tidy, fail]}, {when: <% succeeded() %>, do: met}]}
  other: {action: a.b, next: [{do: met}]}
  tidy: {action: a.b}
  met: {join: all, action: a.b}
"""
MIXED = """
  a: {action: a.b}
  each: {action: a.b, with: {items: i in <% ctx(xs) %>, concurrency: 2}}
  tried: {action: a.b, retry: {count: 1}}
  runs: {action: a.b}
"""
ITEMS = "  a: {action: a.b, with: <% ctx(xs) %>, next: [{do: b}]}\n  b: {action: a.b}\n"
RETRIED = "  a: {action: a.b, with: <% ctx(xs) %>, retry: {count: 1, when: <% ctx(xs).len() = 0 %>}}\n"
ONE_BY_ONE = "  a: {action: a.b, with: {items: <% ctx(xs) %>, concurrency: 1}}\n"
SPLIT = """
  s: {action: a.b, next: [{do: u}, {do: u}]}
  u: {action: a.b, next: [{do: 'v, w'}]}
  v: {action: a.b, next: [{do: m}]}
  w: {action: a.b, next: [{when: <% succeeded() %>, do: m}]}
  m: {join: all, action: a.b}
"""
BROKEN = "  a: {action: a.b}\n  b: {action: a.b, input: {x: <% ctx(nowhere) %>}}\n"
LAP = "fork=succeeded a=succeeded b=succeeded meet=succeeded"


def ran(tasks: str, reports: str) -> World:
    """A workflow in which attempts have reported in this order; `cancel` is a request."""
    world = World(load_definition(f"version: 1.0\nvars: [{{xs: [1, 2, 3, 4]}}]\ntasks:\n{tasks}"))
    world.tell(Started({}, {}))
    for report in reports.split():
        world.begin_all()
        if report == "cancel":
            world.tell(CancelRequested())
            continue
        name, _, status = report.partition("=")
        task, _, item = name.partition(":")
        wanted = (task, int(item) if item else None)
        entries = world.state.entries
        key = next(key for key in world.running if (entries[key[0]].task, key[1]) == wanted)
        world.report(key, status, {})  # type: ignore[arg-type]  # a word of the table below
    return world


def plan_of(world: World, tasks: str) -> Plan:
    """The plan of a re-run of these tasks; `!`: without reset; `:0,2`: these items."""
    wanted: list[TaskRequest] = []
    for word in tasks.split():
        name, _, items = word.rstrip("!").partition(":")
        chosen = tuple(map(int, items.split(","))) if items else None
        wanted.append(TaskRequest(name, 0, reset=not word.endswith("!"), items=chosen))
    plan = preview(world.state, tuple(wanted))
    assert isinstance(plan, Plan), plan
    return plan


@pytest.mark.parametrize(
    "tasks, reports, again, lines",
    [
        (
            JOIN,
            "a=succeeded b=failed c=failed",
            "b c",
            ["joins q needs 2 of 3; has a (kept); waits for 1 of b or c"],
        ),
        (ALL, "a=succeeded b=failed c=failed", "b c", ["joins q has a (kept); waits for b and c"]),
        (
            ALL,
            "a=succeeded b=failed c=failed",
            "b",
            [
                "joins q cannot run: needs 3 of 3; has a (kept); only b can still come",
                "ends failed at the best: c (failed) is kept",
            ],
        ),
        (
            JOIN,
            "a=succeeded b=succeeded c=succeeded q=failed",
            "a",
            ["follows q was failed; starts at once", "joins q has b and c (kept); runs at once"],
        ),
        (JOIN, "a=succeeded b=succeeded c=failed q=succeeded", "c", ["is kept a succeeded", "q succeeded"]),
        (
            LOOP,
            f"first=succeeded {LAP} {LAP} fork=succeeded a=succeeded b=succeeded meet=failed",
            "a",
            [
                "runs again a its latest pass: was succeeded",
                "joins meet has b (kept); waits for a",
                "fork succeeded (3 passes)",
            ],
        ),
        (
            LOOP,
            f"first=succeeded {LAP} fork=failed a=succeeded b=succeeded meet=failed",
            "first",
            ["meet was failed"],
        ),
        (
            CLEANUP,
            "work=failed other=succeeded tidy=failed",
            "tidy",
            [
                "joins met cannot run: needs 2 of 2; has other (kept); nothing else can come",
                "ends failed at the best: work (failed) is kept",
            ],
        ),
        (
            MIXED,
            "each:0=succeeded tried=failed a=failed each:1=failed",
            "a",
            [
                "continues each item 3 never began; the others count",
                "is kept runs still running: is let be, and counts",
            ],
        ),
        (
            MIXED,
            "a=failed each:0=succeeded each:1=succeeded tried=succeeded runs=succeeded",
            "a",
            ["continues each items 2-3 never began; keeps items 0-1"],
        ),
        (
            ITEMS,
            "a:0=succeeded a:1=failed a:2=succeeded a:3=failed b=succeeded",
            "a!",
            ["runs again a items 1, 3 of 4; keeps items 0, 2"],
        ),
        (
            ITEMS,
            "a:0=failed a:1=failed a:2=failed a:3=failed b=succeeded",
            "a!",
            ["runs again a all 4 items, as they were rendered"],
        ),
        (
            ITEMS,
            "a:0=succeeded a:1=failed a:2=succeeded a:3=failed b=succeeded",
            "a:0,1",
            ["runs again a items 0-1 of 4; keeps items 2-3 (item 3 failed: the task will fail again)"],
        ),
        (
            ITEMS,
            "a:0=succeeded a:1=succeeded a:2=succeeded a:3=canceled",
            "a:0",
            [
                (
                    "runs again a item 0 of 4; keeps items 1-3 (item 3 failed or canceled: "
                    "the task will be canceled again)"
                )
            ],
        ),
        (
            MIXED,
            "a=failed each:0=succeeded each:1=failed tried=succeeded runs=succeeded",
            "a",
            [
                (
                    "continues each items 2-3 never began; keeps items 0-1 "
                    "(item 1 failed: the task will fail again)"
                )
            ],
        ),
        (
            ONE_BY_ONE,
            "a:0=succeeded a:1=failed",
            "a:3",
            [
                (
                    "runs again a item 3 of 4; keeps items 0-1 (item 1 failed: the task will fail again); "
                    "leaves out item 2"
                )
            ],
        ),
        (
            RETRIED,
            "a:0=succeeded a:1=failed a:2=succeeded a:3=failed",
            "a:3",
            [
                (
                    "runs again a item 3 of 4; keeps items 0-2 (item 1 failed: the task will fail again); "
                    "where its retry applies, all 4 items run again"
                )
            ],
        ),
        (
            ITEMS,
            "a:0=succeeded a:1=failed a:2=succeeded a:3=failed b=succeeded",
            "a",
            ["runs again a was failed; all items, rendered anew (there were 4)"],
        ),
        (
            ITEMS,
            "a:0=succeeded a:1=succeeded a:2=succeeded a:3=paused cancel a:3=succeeded",
            "a!",
            [
                "runs again a was canceled; no item is left to run: the kept results go on",
                "follows b starts at once",
            ],
        ),
        (
            ITEMS,
            "a:0=succeeded a:1=succeeded a:2=succeeded a:3=succeeded b=failed",
            "a!",
            ["follows b was failed; starts at once"],
        ),
        (
            SPLIT,
            "s=succeeded u=succeeded u=succeeded v=succeeded v=succeeded w=succeeded w=failed m=failed",
            "s",
            ["joins m (after u) waits for v and w"],
        ),
        (BROKEN, "", "b", ["continues a was ready and never began"]),
    ],
)
def test_it_says_what_happens(tasks: str, reports: str, again: str, lines: list[str]) -> None:
    stream = io.StringIO()
    show_plan(Output(stream), RerunPlan("ID", "", plan_of(ran(tasks, reports), again)))
    shown = [" ".join(line.split()) for line in stream.getvalue().splitlines()]
    assert [line for line in lines if line not in shown] == [], "\n".join(shown)


def test_what_cannot_be_rendered_ends_it_at_once() -> None:
    plan = plan_of(ran(BROKEN, ""), "b")
    assert plan.ends_at_once == "failed"
    assert '"nowhere"' in plan.problems[0]
    assert plan.joins == plan.starts == ()


def test_a_document_tells_how_many_sources_a_join_needs_and_has() -> None:
    world = ran(JOIN, "a=succeeded b=failed c=failed")
    document = plan_document(RerunPlan("ID", "", plan_of(world, "b c")))
    assert document["joins"] == [
        {
            "task": "q",
            "route": 0,
            "split": None,
            "needed": 2,
            "sources": ["a", "b", "c"],
            "have_come": ["a"],
            "may_come": ["b", "c"],
            "can_fire": True,
        }
    ]
    world.tell(RerunRequested((TaskRequest("b", 0), TaskRequest("c", 0))))
    world.begin_all()
    assert sorted(run.task for run in world.started[-2:]) == ["b", "c"]
