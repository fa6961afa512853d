"""Where the items have run that re-runs keep: one that is kept belongs to the entry that takes it over."""

from collections.abc import Callable


def origin_of_item(
    entry: int,
    index: int,
    kept_from: Callable[[int], int | None],
    done: Callable[[int, int], int | None],
) -> int:
    """The entry in which an item of an entry has run: this one, or one from which re-runs have taken it over.

    `kept_from` gives the entry from which another one keeps items, `done` the event that ended an item of an
    entry; None where there is none. An item that is kept ended in both by the same event.
    """
    before = kept_from(entry)
    while before is not None:
        end = done(entry, index)
        if end is None or end != done(before, index):
            break
        entry, before = before, kept_from(before)
    return entry
