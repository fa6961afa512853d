"""Where an item has run that re-runs keep."""

import pytest

from orchestrion.core.keeping import origin_of_item

KEPT = {1: None, 4: 1, 7: 4}
DONE = {(1, 0): 5, (4, 0): 5, (7, 0): 5, (1, 1): 6, (4, 1): 15, (7, 1): 15, (4, 2): 16, (1, 3): 8}


@pytest.mark.parametrize(
    "entry, index, origin",
    [(7, 0, 1), (4, 0, 1), (1, 0, 1), (7, 1, 4), (4, 1, 4), (7, 2, 7), (4, 2, 4), (4, 3, 4)],
)
def test_an_item_has_run_where_the_event_is_that_ended_it(entry: int, index: int, origin: int) -> None:
    assert origin_of_item(entry, index, KEPT.get, lambda one, item: DONE.get((one, item))) == origin
