"""The cost of an inspection grows with the definition and not faster: counted, not timed."""

from collections.abc import Callable

import pytest

from orchestrion.core.language.checker import Work
from orchestrion.core.language.inspection import inspect_counted


def chain(size: int) -> str:
    """Each task publishes a new name, and the next one reads it."""
    return "tasks:\n" + "\n".join(
        f"  t{i}:\n    action: a.b x=<% ctx(v{i - 1}) %>\n    next: [{{publish: v{i}=1, do: t{i + 1}}}]"
        if i
        else "  t0: {next: [{publish: v0=1, do: t1}]}"
        for i in range(size)
    ).replace(f"do: t{size}}}", "do: noop}")


def diamonds(size: int) -> str:
    """Splits and joins one after another."""
    blocks = [
        f"  s{i}: {{next: [{{do: [a{i}, b{i}]}}, {{do: a{i}}}]}}\n"
        f"  a{i}: {{next: [{{do: j{i}}}]}}\n"
        f"  b{i}: {{next: [{{do: j{i}}}]}}\n"
        f"  j{i}: {{join: all, next: [{{do: s{i + 1}}}]}}\n"
        for i in range(size // 4)
    ]
    return "tasks:\n" + "".join(blocks) + f"  s{size // 4}: {{action: core.noop}}"


def loop(size: int) -> str:
    """One cycle that steps forwards and backwards, where every read is an error."""
    return "tasks:\n  start: {next: [{do: t0}]}\n" + "\n".join(
        f"  t{i}: {{action: a.b, input: {{x: <% ctx(v{i}) %>}}, next: [{{publish: [{{v{i}: 1}}],"
        f" do: t{(i + 1) % size}}}, {{do: t{max(i - 1, 0)}}}]}}"
        for i in range(size)
    )


def clique(size: int) -> str:
    """Every task leads to every other one: as many cycles as one could wish for."""
    side = int(size**0.5)
    names = ", ".join(f"t{i}" for i in range(side))
    return "tasks:\n  start: {next: [{do: t0}]}\n" + "\n".join(
        f"  t{i}: {{action: a.b, input: {{x: <% ctx(v{i}) %>}}, "
        f"next: [{{publish: [{{v{i}: 1}}], do: [{names}]}}]}}"
        for i in range(side)
    )


def counted(text: str) -> int:
    work = Work()
    inspect_counted(text, ("st2",), work)
    return work.steps


@pytest.mark.parametrize("shape", [chain, diamonds, loop, clique])
def test_twice_the_definition_costs_at_most_two_and_a_half_times_as_much(shape: Callable[[int], str]) -> None:
    small, large = counted(shape(1_000)), counted(shape(2_000))
    assert large <= 2 * 1.25 * small


def test_a_chain_of_ten_thousand_tasks_is_inspected() -> None:
    work = Work()
    inspection = inspect_counted(chain(10_000), (), work)
    assert inspection.problems == ()
    assert work.steps < 100 * 10_000
