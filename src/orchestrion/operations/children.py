"""The sub-workflows that the tasks of a workflow execution are now.

A re-run that keeps an item gives it to a new entry, and its sub-workflow stays where it ran. One that a
re-run was to go on with, and that has not begun again before the end, is still what its item is. So is one
that stands alone since somebody has re-run it by its own id, until its task has another one.
"""

from collections.abc import Mapping
from typing import NamedTuple

from orchestrion.core.keeping import origin_of_item
from orchestrion.core.state import State
from orchestrion.runtime.unit import Unit
from orchestrion.runtime.workflow import Workflow


class Child(NamedTuple):
    """A sub-workflow, by the entry that counts and the item of it that it is."""

    entry: int
    item: int | None
    workflow: str


def children_of(unit: Unit, subject: Workflow) -> tuple[Child, ...]:
    """The sub-workflows of the entries that count, those of later attempts first."""
    state = subject.state
    heirs = _heirs(state)
    waiting = _waiting(unit, subject)
    found: list[Child] = []
    place = {"root": subject.row["root"], "workflow": subject.id}
    for row in unit.transaction.all("children_of_workflow", **place):
        ran: int = row["parent_entry"]
        item: int | None = row["parent_item"]
        entry = heirs.get((ran, item), ran if state.entries[ran].counts else waiting.get(row["id"]))
        if entry is not None:
            found.append(Child(entry, item, row["id"]))
    return tuple(found)


def _heirs(state: State) -> dict[tuple[int, int | None], int]:
    """The entry that counts of each item that re-runs have kept, by the entry in which it ran."""

    def kept_from(entry: int) -> int | None:
        return state.entries[entry].kept

    def done(entry: int, index: int) -> int | None:
        item = state.items.get(entry, {}).get(index)
        return None if item is None else item.done

    return {
        (origin_of_item(entry.id, index, kept_from, done), index): entry.id
        for entry in state.entries
        if entry.counts and entry.kept is not None
        for index in state.items.get(entry.id, ())
    }


def _waiting(unit: Unit, subject: Workflow) -> Mapping[str, int]:
    """The sub-workflows that were to go on and have not begun to, with the entries that they are to be."""
    if not subject.row["revivals"]:
        return {}
    latest = subject.state.latest
    rows = unit.transaction.all("revivals_of_workflow", workflow=subject.id)
    laps = {row["child"]: latest.get(row["task"], {}).get(row["route"], ()) for row in rows}
    return {child: entries[-1] for child, entries in laps.items() if entries}
