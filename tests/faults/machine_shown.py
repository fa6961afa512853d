"""What people are shown agrees with itself and with the store: lists, details, doctor, explanations."""

from collections import Counter
from typing import Final

from orchestrion.core.status import COMPLETED
from orchestrion.operations.health import examine
from orchestrion.queries import ExecutionView, ItemsView
from orchestrion.queries.explaining import Explanation, explain
from orchestrion.queries.facts import facts_about
from tests.faults.machine_audit import Seen
from tests.faults.machine_world import Life, World

_ALL: Final = 1_000
_EXPECTED: Final = frozenset({"process", "leftover", "engine", "disk"})
"""What doctor may find: processes have died, and nobody has cleared up yet."""


def check_what_is_shown(world: World, life: Life, seen: Seen) -> None:
    """Everything that a process shows of the store as it is now."""
    findings = [one for one in examine(life.dispatcher) if one.kind not in _EXPECTED]
    assert not findings, findings
    for listed in life.queries.executions(_ALL):
        _check_views(life, seen, listed)
        if listed.status not in COMPLETED and listed.continued_by is None:
            explained(world, life, listed.id)
    inquiries = {one.id for one in life.queries.inquiries(_ALL)}
    assert inquiries == {number for number, one in seen.attempts.items() if one["engine"] == "inquiry"}


def _check_views(life: Life, seen: Seen, listed: ExecutionView) -> None:
    detail = life.queries.execution(listed.id, attempts=True)
    brief = life.queries.brief(listed.id)
    shown = (listed.status, listed.engine)
    assert shown == (detail.status, detail.engine) == (brief.status, brief.engine), listed
    for task in detail.tasks:
        for child in task.workflows:
            own = life.queries.brief(child.id)
            assert (child.status, child.engine) == (own.status, own.engine), child
        if detail.continued_by is None and task.items is not None:
            _check_items(seen, detail.workflow, task.entry, task.items)


def _check_items(seen: Seen, workflow: str | None, entry: int, shown: ItemsView) -> None:
    rows = [row for place, row in seen.items.items() if place[:2] == (workflow, entry)]
    latest = max((row[4] for row in rows), default=0)
    counted = Counter(row[3] for row in rows if row[4] == latest)
    bad = sum(counted[status] for status in ("failed", "timeout", "abandoned"))
    assert (shown.succeeded, shown.failed) == (counted["succeeded"], bad), (shown, counted)


def explained(world: World, life: Life, number: str) -> Explanation:
    """The explanation of an execution that has not ended; there is one for all of it."""
    facts = facts_about(life.store, life.peers, lambda: world.date, number, _no_timeout)
    explanation = explain(facts)
    assert not [wait for wait in explanation.waits if wait.kind == "unknown"], explanation
    assert explanation.waits or explanation.reasons, explanation
    return explanation


def _no_timeout(*_known: object) -> None:
    """No action here has one."""
