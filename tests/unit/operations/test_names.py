"""Names of tasks that lead nowhere: what is said tells what may have been meant."""

import pytest

from orchestrion.core.context import initial_context
from orchestrion.core.records import Entry, ItemCounts
from orchestrion.operations.names import nothing_inside, unknown_names

KNOWN = ("kids", "last")
RAN = "Tasks that ran: kids, last."


def entry(total: int | None, *, prepared: bool = True) -> Entry:
    items = None if total is None else ItemCounts(total, None)
    return Entry(
        0, "kids", 0, "failed", (0, 0, "kids", 0), (), initial_context({}), items=items, prepared=prepared
    )


@pytest.mark.parametrize(
    "name, said",
    [
        ("kid", f'The task "in/kid" never ran. Did you mean "in/kids"? {RAN}'),
        ("kid/y/z", f'The task "in/kid/y/z" never ran. Did you mean "in/kids/y/z"? {RAN}'),
        ("kid[1]/y", f'The task "in/kid[1]/y" never ran. Did you mean "in/kids[1]/y"? {RAN}'),
        ("none/at/all", f'The task "in/none/at/all" never ran. {RAN}'),
        (
            "kids[1]",
            (
                "in/kids[1] is an item, no task. To run it again: --items in/kids=1; "
                "to run a task in its sub-workflow again: --tasks in/kids[1]/TASK."
            ),
        ),
    ],
)
def test_a_name_of_no_task(name: str, said: str) -> None:
    assert [*unknown_names(["kids", name], KNOWN, "in/")] == [said]


def test_an_item_that_is_not_there() -> None:
    assert nothing_inside([entry(2), entry(4)], 9, "in/kids[9]") == (
        "in/kids[9]: there is no item 9 of in/kids. There are only items 0-3."
    )
    assert nothing_inside([entry(1)], 1, "kids[1]") == (
        "kids[1]: there is no item 1 of kids. There is only item 0."
    )
    assert nothing_inside([entry(None)], 0, "kids[0]") == "kids[0]: kids has no items. Leave the number out."


def test_a_task_or_item_without_a_sub_workflow() -> None:
    for entries, item, path in (
        ([entry(None)], None, "kids"),
        ([entry(4)], 3, "kids[3]"),
        ([entry(None, prepared=False)], 0, "kids[0]"),
    ):
        said = nothing_inside(entries, item, path)
        assert said == f"{path} has no sub-workflow in which tasks could be re-run."
