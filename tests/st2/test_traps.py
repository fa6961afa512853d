"""StackStorm's Python client where its clients are known to stumble."""

from pathlib import Path

from tests.st2.site import Site

SCRIPT = Path(__file__).with_name("scripts") / "traps.py"
FAILING = """\
version: 1.0
tasks:
  one:
    action: core.local cmd="exit 1"
    next: [{when: <% failed() %>, do: fail}]
"""
SUCCEEDING = """\
version: 1.0
tasks:
  one:
    with: <% list(0, 1) %>
    action: core.noop
"""


def test_the_traps(site: Site) -> None:
    assert site.python(SCRIPT, site.add("failing", FAILING), site.add("succeeding", SUCCEEDING)) is True
