"""Strategies: values that are shaped like workflows, right and wrong."""

from typing import Any, TypeAlias

from hypothesis import strategies as st

Strategy: TypeAlias = st.SearchStrategy[Any]

NAMES = ["a", "b", "c", "fail", "items", "noop", "x-y"]
TEXTS: Strategy = st.sampled_from(
    [
        "",
        "a",
        "a, b",
        "<% ctx(a) %>",
        "<% ctx(a",
        "<% <% ctx() %>",
        "{{ ctx().b }}",
        "{{ ctx( }}",
        "<% ctx(a) %>{{ ctx('b') }}",
        "{% if ctx().a %}1{% endif %}",
        "x in <% ctx(__p) %>",
        "x in",
        "core.echo message=1 h=abc",
        "a=<% ctx(c) %> b=2",
        "1",
        "<% item(x) %>",
    ]
)
SCALARS: Strategy = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 3), st.sampled_from([0.5, 1.0]), TEXTS
)
ANYTHING: Strategy = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=6,
)
TARGETS: Strategy = st.sampled_from(["a", "b", "c", "fail", "noop", "continue", "retry", "nowhere"])


def maybe(strategy: Strategy) -> Strategy:
    """The right thing, now and then anything."""
    return st.integers(0, 9).flatmap(lambda number: ANYTHING if number == 0 else strategy)


def pairs() -> Strategy:
    """A list of one-key mappings."""
    return st.lists(
        st.dictionaries(st.sampled_from(["a", "b", "c", "__p"]), SCALARS, min_size=1, max_size=1), max_size=3
    )


def transitions() -> Strategy:
    """One entry of `next`."""
    return st.fixed_dictionaries(
        {},
        optional={
            "when": maybe(TEXTS),
            "publish": maybe(st.one_of(TEXTS, pairs())),
            "do": maybe(st.one_of(TARGETS, st.lists(TARGETS, max_size=3))),
            "other": SCALARS,
        },
    )


def tasks() -> Strategy:
    """One task."""
    return st.fixed_dictionaries(
        {},
        optional={
            "action": maybe(TEXTS),
            "delay": maybe(SCALARS),
            "timeout": maybe(SCALARS),
            "join": maybe(st.sampled_from(["all", 0, 1, 2])),
            "with": maybe(st.fixed_dictionaries({"items": TEXTS}, optional={"concurrency": SCALARS})),
            "input": maybe(st.dictionaries(st.sampled_from(NAMES), ANYTHING, max_size=2)),
            "retry": maybe(
                st.fixed_dictionaries({}, optional={"count": SCALARS, "when": TEXTS, "delay": SCALARS})
            ),
            "next": maybe(st.lists(maybe(transitions()), max_size=3)),
            "other": SCALARS,
        },
    )


def workflows() -> Strategy:
    """A whole workflow."""
    return maybe(
        st.fixed_dictionaries(
            {"tasks": maybe(st.dictionaries(st.sampled_from(NAMES), maybe(tasks()), max_size=4))},
            optional={
                "version": maybe(st.sampled_from(["1.0", 1.0, 1])),
                "name": SCALARS,
                "description": SCALARS,
                "tags": maybe(st.lists(TEXTS, max_size=2)),
                "input": maybe(
                    st.lists(st.one_of(TEXTS, st.dictionaries(TEXTS, SCALARS, max_size=2)), max_size=3)
                ),
                "vars": maybe(pairs()),
                "timeout": maybe(SCALARS),
                "output": maybe(pairs()),
                "other": SCALARS,
            },
        )
    )
