"""Contexts: each layer counts once, at its first place; later wins; mappings merge."""

from collections.abc import Mapping

from orchestrion.core.context import Context, initial_context, joined, merged
from orchestrion.core.values import Json


def layers(context: Context) -> list[int]:
    found: list[int] = []
    node: Context | None = context
    while node is not None:
        found.append(node.layer)
        node = node.prefix
    return found[::-1]


def published(context: Context, layer: int, **values: Json) -> Context:
    return Context(context, layer, values)


def test_a_later_layer_wins_and_the_earlier_one_stays_as_it_was() -> None:
    first = initial_context({"x": 1, "y": 1})
    second = published(first, 1, x=2)
    assert (second.names["x"], second.names["y"], first.names["x"]) == (2, 1, 1)


def test_where_branches_meet_each_layer_counts_once_at_its_first_place() -> None:
    fork = published(initial_context({"x": 0}), 1, x="before the fork")
    changed, unchanged = published(fork, 2, x="after the fork"), published(fork, 3, z=1)
    for contexts in ([changed, unchanged], [unchanged, changed]):
        assert joined(contexts).names["x"] == "after the fork"
    assert layers(joined([changed, unchanged])) == [0, 1, 2, 3]
    assert layers(joined([unchanged, changed])) == [0, 1, 3, 2]


def test_the_last_arrival_wins() -> None:
    fork = initial_context({"x": 0})
    left, right = published(fork, 1, x="left"), published(fork, 2, x="right")
    assert joined([left, right]).names["x"] == "right"
    assert joined([right, left]).names["x"] == "left"


def test_one_context_that_arrives_several_times_is_itself() -> None:
    context = published(initial_context({}), 1, x=1)
    assert joined([context]) is context
    assert joined([context, context, context]) is context


def test_an_ancestor_adds_nothing_to_its_descendant() -> None:
    ancestor = published(initial_context({}), 1, x=1)
    descendant = published(ancestor, 2, x=2)
    assert layers(joined([descendant, ancestor])) == [0, 1, 2]
    assert joined([ancestor, descendant]).names["x"] == 2


def test_many_ways_meet_at_once() -> None:
    fork = initial_context({})
    branches = [published(fork, layer, **{f"b{layer}": layer}) for layer in range(1, 101)]
    met = joined(branches)
    assert layers(met) == list(range(101))
    assert all(met.names[f"b{layer}"] == layer for layer in range(1, 101))


def test_nested_forks_keep_what_inner_joins_agreed_on() -> None:
    fork = initial_context({"x": 0})
    inner = published(fork, 1, x=1)
    left, right = published(inner, 2, y=2), published(inner, 3, x=3)
    other = published(fork, 4, z=4)
    met = joined([joined([left, right]), other])
    assert layers(met) == [0, 1, 2, 3, 4]
    assert (met.names["x"], met.names["y"], met.names["z"]) == (3, 2, 4)


def test_a_chain_of_diamonds_grows_linearly() -> None:
    context = initial_context({})
    layer = 0
    for _ in range(200):
        left, right = published(context, layer + 1, a=layer), published(context, layer + 2, b=layer)
        layer += 2
        context = joined([left, right])
    assert layers(context) == list(range(401))
    assert context.depth == 400


def test_mappings_merge_deeply_into_a_new_mapping() -> None:
    old: dict[str, Json] = {"a": 1, "b": {"c": 2}}
    assert merged(old, {}) == old
    assert merged(old, {"b": {"e": 3}}) == {"a": 1, "b": {"c": 2, "e": 3}}
    assert old == {"a": 1, "b": {"c": 2}}


def test_everything_else_replaces() -> None:
    cases: list[tuple[Json, Json]] = [
        ({"a": 1}, None),
        ({"a": 1}, 3),
        ([1], [2]),
        (1, {"a": 1}),
        ({"a": 1}, []),
    ]
    for old, new in cases:
        assert merged(old, new) == new


def test_branches_do_not_see_each_others_mappings() -> None:
    variables: Mapping[str, Json] = {"d": {"a": 0}}
    fork = initial_context(variables)
    left = published(fork, 1, d={"p": 1})
    right = published(fork, 2, d={"q": 2})
    assert left.names["d"] == {"a": 0, "p": 1}
    assert right.names["d"] == {"a": 0, "q": 2}
    assert fork.names["d"] == {"a": 0}
    assert joined([left, right]).names["d"] == {"a": 0, "p": 1, "q": 2}
