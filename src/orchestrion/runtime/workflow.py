"""A workflow execution within one unit: its row, its state, what has changed; and its result for others."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from orchestrion.core.conductor import Decision
from orchestrion.core.records import Change, Entry, Head, Item
from orchestrion.core.state import State
from orchestrion.core.values import Json, problem_with
from orchestrion.core.workflow_status import WORKABLE
from orchestrion.store import rows


@dataclass(slots=True)
class Workflow:
    """A workflow execution within a unit: its row, its state, and what the unit has changed."""

    row: dict[str, Any]
    state: State
    changes: list[Change] = field(default_factory=list[Change])
    noted: int = 0
    """How many changes of statuses the unit has noted that are not written yet."""

    @property
    def id(self) -> str:
        """Its id."""
        return self.row["id"]

    @property
    def head(self) -> Head:
        """The head of its state, as the unit has left it."""
        return self.state.head

    @property
    def claimable(self) -> bool:
        """Whether its attempts may start. In a failed one only those are left that run beside `fail`."""
        head = self.head
        held = head.pause_requested or head.pending > 0
        return head.status == "failed" or (head.status in WORKABLE and not held)

    @property
    def expires_at(self) -> int | None:
        """When its time is over, while it runs."""
        return None if self.head.time_limit is None else self.head.time_limit.expires_at

    def is_overdue(self, now: int) -> bool:
        """Whether its time is over, and only its end has not come yet."""
        return self.expires_at is not None and self.expires_at <= now

    def history_of(self, decision: Decision, cause: str, at: int) -> Iterator[rows.Row]:
        """Every status that changes, with the event that caused it; none for an entry that counts no more."""
        state = self.state
        event = state.head.event + 1
        for change in decision.changes:
            row: tuple[int | None, int | None, str | None]
            match change:
                case Entry(id=number, status=status):
                    known = state.entries[number] if number < len(state.entries) else None
                    if known is not None and known.counts and not change.counts:
                        row = (number, None, None)
                    elif known is not None and known.status == status:
                        continue
                    else:
                        row = (number, None, status)
                case Item(entry=number, index=index, status=status):
                    before = state.items.get(number, {}).get(index)
                    if before is not None and before.status == status:
                        continue
                    row = (number, index, status)
                case Head(status=status):
                    if status == state.head.status:
                        continue
                    row = (None, None, status)
                case _:
                    continue
            yield (self.id, event, self.noted, at, cause, *row)
            self.noted += 1


def has_settled(head: Head) -> bool:
    """Whether a parent may hear of an end: what times out ends what it runs first, all in the same unit."""
    return head.status != "timeout" or head.rendered


def as_reported(result: dict[str, Json] | None, execution: str) -> dict[str, Json] | None:
    """A sub-workflow's result as its parent gets it: each level wraps the errors below it, up to a bound."""
    if result is None or "errors" not in result or problem_with({"errors": [{"result": result}]}) is None:
        return result
    message = f"What went wrong is nested too deeply to be repeated here. See the execution {execution}."
    return {"errors": [{"type": "error", "message": message}], "output": None}


def result_of(state: State) -> dict[str, Json]:
    """The result of a workflow execution as clients see it: the output, and the errors if it ended badly."""
    output: Json = state.head.output
    if state.head.status in ("failed", "timeout", "abandoned"):
        return {"errors": [*state.errors()], "output": output}
    return {"output": output}
