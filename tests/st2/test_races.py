"""What a client that polls sees of an operation that it asks for at once (stackstorm-api, trap 13)."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.st2.site import Site

TIMES = 200
SCRIPT = Path(__file__).with_name("scripts") / "races.py"
ITEMS = """\
version: 1.0
input: [gate]
tasks:
  items:
    with: {items: "<% list(0, 1, 2, 3) %>", concurrency: 2}
    action: core.local cmd="until test -e <% ctx(gate) %>; do sleep 0.02; done"
"""


@pytest.mark.timeout(1_200)
@pytest.mark.parametrize(
    "kind, seen", [("pause", "pausing paused succeeded"), ("cancel", "canceling canceled")]
)
def test_operations_on_what_was_just_seen_running(
    site: Site, evidence: Callable[[str], None], kind: str, seen: str
) -> None:
    action = site.add("items", ITEMS, "parameters: {gate: {type: string, required: true}}\n")
    found = site.python(SCRIPT, kind, action, str(site.shell.folder / "gate"), str(TIMES))
    assert found == {seen: TIMES}
    evidence(f"{kind} as soon as seen running, by StackStorm's client: {TIMES} times {seen!r}")
