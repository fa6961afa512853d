"""The smallest example of each bug that the random runs have found."""

from orchestrion.core.conductor import Decision, Ignored
from orchestrion.core.events import AttemptBegan, CancelRequested, PauseRequested, RerunRequested, TaskRequest
from orchestrion.core.language import Assignment, Definition, Items, Retry, Task, Transition
from tests.model.world import World, start


def workflow(*tasks: Task, items: int = 2) -> Definition:
    numbers: list[int] = list(range(items))
    return Definition(
        vars=(Assignment("xs", [*numbers]), Assignment("x", 0)), tasks={task.name: task for task in tasks}
    )


def task(
    name: str, *next_: Transition, items: bool = False, concurrency: int | None = None, **more: object
) -> Task:
    over = Items("<% ctx(xs) %>", "<% ctx(xs) %>", (), concurrency) if items else None
    return Task(name, "demo.act", {}, items=over, next=next_, **more)  # type: ignore[arg-type]


def to(*targets: str, **published: object) -> Transition:
    values = tuple(Assignment(name, value) for name, value in published.items())  # type: ignore[arg-type]
    return Transition(None, values, targets)


def entry_of(world: World, name: str) -> int:
    return world.state.latest[name][0][-1]


def report(world: World, name: str, status: str, item: int | None = None, attempt: int = 1) -> object:
    key = (entry_of(world, name), item, attempt)
    if key in world.issued:
        world.begin(key)
    return world.report(key, status, {"of": name, "item": item})  # type: ignore[arg-type]


def test_a_cut_off_task_that_goes_on_keeps_the_errors_of_its_failed_items() -> None:
    world = start(workflow(task("a"), task("b", items=True)))
    world.begin((1, 0, 1))
    report(world, "a", "failed")
    report(world, "b", "failed", 0)
    assert [error["task_id"] for error in world.state.errors()] == ["a", "b"]
    world.tell(RerunRequested((TaskRequest("a", 0),)))
    assert [error["task_id"] for error in world.state.errors()] == ["b"]


def test_a_failed_item_that_ran_alone_ends_its_task_although_the_workflow_has_failed() -> None:
    world = start(workflow(task("a"), task("b", to("noop"), items=True, concurrency=1)))
    world.begin_all()
    report(world, "a", "failed")
    report(world, "b", "failed", 0)
    assert world.state.entries[1].edges == (("noop__t0", True),)
    world.tell(RerunRequested((TaskRequest("a", 0),)))
    assert [run.task for run in world.issued.values()] == ["a"]


def test_an_answered_inquiry_that_is_tried_again_lets_the_workflow_go_on() -> None:
    world = start(workflow(task("a", retry=Retry(1))))
    report(world, "a", "pending")
    assert world.status == "paused"
    report(world, "a", "failed")
    assert world.status == "running"


def test_a_join_after_a_loop_waits_for_each_of_its_sources() -> None:
    again = Transition("<% ctx(x) < 1 %>", (Assignment("x", "<% ctx(x) + 1 %>"),), ("loop",))
    loop = task("loop", again, to("after"), join=1)
    world = start(
        workflow(
            task("first", to("loop")), loop, task("after", to("met")), task("other"), task("met", join="all")
        )
    )
    assert world.state.graph.sources["met"] == ("after",)
    both = task("other", Transition("<% failed() %>", (), ("met",)))
    world = start(
        workflow(task("first", to("loop")), loop, task("after", to("met")), both, task("met", join="all"))
    )
    report(world, "first", "succeeded")
    report(world, "loop", "succeeded")
    report(world, "after", "succeeded")
    report(world, "loop", "succeeded")
    report(world, "after", "succeeded")
    assert "met" not in world.state.latest


def test_both_transitions_of_one_completion_count_at_a_join_that_keeps_items() -> None:
    first = task("a", to("met", x=1), to("met", x=2))
    world = start(workflow(first, task("met", items=True, join=1)))
    report(world, "a", "succeeded")
    report(world, "met", "succeeded", 0)
    report(world, "met", "failed", 1)
    before = world.state.entries[entry_of(world, "met")]
    world.tell(RerunRequested((TaskRequest("met", 0, reset=False),)))
    assert world.state.entries[entry_of(world, "met")].arrivals == before.arrivals == (0, 1)


def test_items_that_all_succeeded_after_a_cancellation_go_on_when_they_are_kept() -> None:
    world = start(workflow(task("a", to("b"), items=True), task("b")))
    world.begin_all()
    report(world, "a", "succeeded", 0)
    report(world, "a", "pending", 1)
    world.tell(CancelRequested())
    report(world, "a", "succeeded", 1)
    assert world.status == "canceled"
    world.tell(RerunRequested((TaskRequest("a", 0, reset=False),)))
    assert [run.task for run in world.issued.values()] == ["b"]


def test_a_canceled_item_outweighs_a_failed_one_where_the_others_never_begin() -> None:
    world = start(workflow(task("a", items=True), items=3))
    report(world, "a", "failed", 0)
    report(world, "a", "canceled", 1)
    assert (world.state.entries[0].status, world.status) == ("canceled", "canceled")


def test_an_item_that_is_canceled_in_a_pause_is_heard_although_another_has_not_begun() -> None:
    world = start(workflow(task("a", items=True)))
    world.begin((0, 0, 1))
    world.tell(PauseRequested())
    report(world, "a", "canceled", 0)
    assert world.status == "canceled"


def test_what_was_held_when_its_workflow_was_canceled_can_only_end() -> None:
    world = start(workflow(task("a")))
    report(world, "a", "paused")
    world.tell(CancelRequested())
    assert isinstance(report(world, "a", "running"), Ignored)
    assert isinstance(report(world, "a", "canceled"), Decision)


def test_a_task_with_items_does_not_hear_reports_without_one() -> None:
    world = start(workflow(task("a", items=True)))
    assert isinstance(world.tell(AttemptBegan(0, None, 1)), Ignored)


def test_kept_items_wait_for_all_that_had_arrived_when_their_task_was_ready() -> None:
    again = Transition("<% ctx(x) < 1 %>", (Assignment("x", "<% ctx(x) + 1 %>"),), ("loop",))
    loop = task("loop", again, items=True)
    world = start(workflow(task("first", to("loop", "second")), task("second", to("loop")), loop))
    report(world, "first", "succeeded")
    world.begin_all()
    report(world, "second", "succeeded")
    report(world, "loop", "succeeded", 0)
    report(world, "loop", "succeeded", 1)
    report(world, "loop", "succeeded", 0)
    report(world, "loop", "failed", 1)
    before = world.state.entries[entry_of(world, "loop")]
    assert len(before.arrivals) == 2
    world.tell(RerunRequested((TaskRequest("loop", 0, reset=False),)))
    assert world.state.entries[entry_of(world, "loop")].arrivals == before.arrivals


def test_a_kept_end_comes_after_the_start_of_what_was_ready() -> None:
    first = task("a", to("b", "fail"), items=True)
    world = start(workflow(first, task("c", to("b")), task("b", join=1)))
    report(world, "a", "succeeded", 0)
    report(world, "a", "paused", 1)
    world.begin_all()
    world.tell(CancelRequested())
    report(world, "c", "succeeded")
    report(world, "a", "succeeded", 1)
    assert world.status == "canceled"
    world.tell(RerunRequested((TaskRequest("a", 0, reset=False),)))
    assert world.status == "failed"
    assert world.issued == {}, "it would have been withdrawn in a fresh run"


def test_the_items_of_a_later_pass_are_not_kept_for_an_earlier_one_that_runs_again() -> None:
    back = Transition("<% ctx(x) > 5 %>", (), ("loop",))
    loop = task("loop", back, items=True)
    world = start(workflow(task("first", to("loop")), task("second", to("loop")), loop))
    report(world, "first", "succeeded")
    for item in (0, 1):
        report(world, "loop", "succeeded", item)
    report(world, "second", "succeeded")
    report(world, "loop", "succeeded", 0)
    report(world, "loop", "failed", 1)
    world.tell(RerunRequested((TaskRequest("first", 0), TaskRequest("loop", 0, reset=False))))
    report(world, "first", "succeeded")
    assert [run.item for run in world.issued.values()] == [0, 1]


def test_items_start_once_the_inquiry_of_a_kept_task_is_answered_while_it_runs() -> None:
    world = start(workflow(task("a"), task("b", items=True, concurrency=1), task("c", items=True)))
    world.begin_all()
    report(world, "a", "failed")
    report(world, "b", "succeeded", 0)
    report(world, "c", "pending", 0)
    world.tell(RerunRequested((TaskRequest("a", 0),)))
    assert world.status == "pausing"
    report(world, "c", "succeeded", 0)
    assert sorted(run.task for run in world.issued.values()) == ["a", "b"]


def test_of_a_task_that_goes_on_only_the_errors_of_kept_items_are_kept() -> None:
    broken = Transition("<% ctx(nowhere) %>", (), ("b",))
    world = start(workflow(task("a", broken, items=True), task("b"), task("c"), items=3))
    for key in ((0, 0, 1), (0, 1, 1), (1, None, 1)):
        world.begin(key)
    report(world, "c", "canceled")
    report(world, "a", "failed", 0)
    report(world, "a", "pending", 1)
    report(world, "a", "succeeded", 1)
    assert len(world.state.errors()) == 2
    world.tell(RerunRequested((TaskRequest("c", 0),)))
    assert [error["message"] for error in world.state.errors()] == [
        "Execution failed. See result for details."
    ]
