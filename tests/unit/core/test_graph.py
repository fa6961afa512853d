"""The graph of a definition: roots, edges, splits, cycles, retries (spec 3)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrion.core.graph import Graph, build_graph, components, join_needed
from orchestrion.core.language import Definition, Retry, Task, Transition


def graph_of(**tasks: Task) -> Graph:
    named = {
        name: Task(name, task.action, join=task.join, retry=task.retry, next=task.next)
        for name, task in tasks.items()
    }
    return build_graph(Definition(tasks=named))


def going_to(*targets: tuple[str, ...] | str, join: int | None = None) -> Task:
    transitions = tuple(Transition(do=(each,) if isinstance(each, str) else each) for each in targets)
    return Task("", "core.noop", join=join, next=transitions)


def test_roots_are_the_tasks_that_nothing_points_to_sorted_by_name() -> None:
    graph = graph_of(z=going_to("b"), a=going_to("b"), b=going_to())
    assert graph.roots == ("a", "z")


def test_parallel_edges_count_up_and_bear_both_ids() -> None:
    graph = graph_of(t=going_to("u", "u"), u=going_to())
    first, second = graph.outgoing["t"]
    assert (first.id, first.back_id, first.ref) == ("u__t0", "t__t0", 0)
    assert (second.id, second.back_id, second.ref) == ("u__t1", "t__t1", 1)
    assert graph.sources["u"] == ("t",)


def test_outgoing_edges_are_sorted_by_target_then_by_definition() -> None:
    graph = graph_of(t=going_to(("z", "a"), "m", "a"), z=going_to(), a=going_to(), m=going_to())
    assert [(edge.target, edge.ref) for edge in graph.outgoing["t"]] == [
        ("a", 0),
        ("a", 2),
        ("m", 1),
        ("z", 0),
    ]


def test_engine_commands_are_nodes_but_retry_is_no_edge() -> None:
    graph = graph_of(t=going_to(("noop", "retry"), "fail"))
    assert set(graph.outgoing) == {"t", "noop", "fail"}
    assert graph.outgoing["noop"] == ()


def test_an_undefined_target_is_a_node_without_edges() -> None:
    graph = graph_of(t=going_to("nowhere"))
    assert graph.outgoing["nowhere"] == ()
    assert graph.sources["nowhere"] == ("t",)


def test_two_entries_that_name_one_task_split_it_engine_commands_too() -> None:
    graph = graph_of(t=going_to(("u", "w"), "u", "continue", "continue"), u=going_to(), w=going_to())
    assert graph.splits == {"u", "continue"}


def test_references_by_tasks_that_never_start_count_for_splits_but_are_no_sources() -> None:
    graph = graph_of(t=going_to("u"), u=going_to(), lonely=going_to("lonely", "u"))
    assert "u" in graph.splits
    assert graph.sources["u"] == ("t",)
    assert "lonely" not in graph.outgoing


def test_joins_and_tasks_in_cycles_never_split() -> None:
    graph = graph_of(
        start=going_to("loop", "loop"), loop=going_to("loop", "j"), other=going_to("j"), j=going_to(join=0)
    )
    assert graph.splits == frozenset()
    assert graph.cyclic == {"loop"}


@pytest.mark.parametrize("join, needed", [(None, None), ("all", 2), (0, 1), (1, 1), (5, 5)])
def test_join_needed(join: int | None, needed: int | None) -> None:
    graph = graph_of(a=going_to("j", "j"), b=going_to("j"), j=going_to(join=join))
    assert join_needed(graph, "j") == needed


def test_do_retry_replaces_the_retry_of_the_task() -> None:
    own = Retry(count=9)
    graph = graph_of(
        plain=Task("", retry=own),
        always=Task("", retry=own, next=(Transition(do=("retry",)),)),
        when=Task("", next=(Transition(when="<% failed() %>", do=("noop", "retry")),)),
        none=Task(""),
    )
    assert graph.retries == {
        "plain": own,
        "always": Retry(count=3, when="<% completed() %>"),
        "when": Retry(count=3, when="<% failed() %>"),
    }


def test_a_chain_of_ten_thousand_tasks_that_closes_to_a_cycle() -> None:
    size = 10_000
    tasks = {f"t{i}": going_to(f"t{(i + 1) % size}") for i in range(size)}
    graph = graph_of(start=going_to("t0"), **tasks)
    assert len(graph.cyclic) == size
    assert graph.roots == ("start",)


@given(
    st.dictionaries(
        st.sampled_from("abcdefgh"), st.lists(st.sampled_from("abcdefgh"), max_size=4), min_size=1, max_size=8
    )
)
def test_components_are_those_of_mutual_reachability_in_topological_order(
    targets: dict[str, list[str]],
) -> None:
    def reach(start: str) -> set[str]:
        found: set[str] = {start}
        waiting = [start]
        while waiting:
            for each in targets.get(waiting.pop(), []):
                if each not in found:
                    found.add(each)
                    waiting.append(each)
        return found

    found = components(targets)
    seen: set[str] = set()
    for component in found:
        for name in component:
            assert {each for each in reach(name) if name in reach(each)} == set(component)
            assert reach(name) <= seen | set(component)
        seen.update(component)
    assert seen == {each for name in targets for each in reach(name)}
