"""What is said of names that a request to re-run from tasks gives, and that lead nowhere."""

from collections.abc import Collection, Iterable, Iterator

from orchestrion.core.records import Entry
from orchestrion.core.spelling import did_you_mean, nearest
from orchestrion.operations.paths import head_of, joined


def unknown_names(names: Iterable[str], known: Collection[str], prefix: str) -> Iterator[str]:
    """A problem for each name that is none of the `known` tasks; `prefix` is the path to these."""
    ran = ", ".join(sorted(known)) or "none"
    for name in names:
        if name in known:
            continue
        task, item, rest = head_of(name)
        if task in known and item is not None and rest is None:
            yield (
                f"{prefix}{name} is an item, no task. To run it again: --items {prefix}{task}={item}; "
                f"to run a task in its sub-workflow again: --tasks {prefix}{name}/TASK."
            )
            continue
        yield f'The task "{prefix}{name}" never ran.{_hint(name, known, prefix)} Tasks that ran: {ran}.'


def _hint(name: str, known: Collection[str], prefix: str) -> str:
    """What may have been meant. Of a path its first task, and the rest of it is kept."""
    if "," in name:
        return " Between names there is a blank, no comma."
    task, item, rest = head_of(name)
    near = None if rest is None else nearest(task, known)
    if near is None or rest is None:
        return did_you_mean(name, known, prefix)
    return f' Did you mean "{prefix}{joined(near, item, rest)}"?'


def nothing_inside(entries: Iterable[Entry], item: int | None, path: str) -> str:
    """What is wrong with a path into a task, or into an item of it, that has no sub-workflow.

    `entries` are the task on its routes.
    """
    if item is not None:
        task = path.rpartition("[")[0]
        counts = [0 if one.items is None else one.items.total for one in entries if one.prepared]
        count = max(counts, default=item + 1)  # nobody knows how many there are
        if count == 0:
            return f"{path}: {task} has no items. Leave the number out."
        if item >= count:
            only = "is only item 0" if count == 1 else f"are only items 0-{count - 1}"
            return f"{path}: there is no item {item} of {task}. There {only}."
    return f"{path} has no sub-workflow in which tasks could be re-run."
