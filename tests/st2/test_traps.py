"""StackStorm's Python client where its clients are known to stumble."""

import re
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


MANY = """\
version: 1.0
tasks:
  many: {with: <% range(120) %>, action: core.noop}
"""


def test_the_traps(site: Site) -> None:
    """Traps 2, 3, 4, 12, 17, 18."""
    assert site.python(SCRIPT, site.add("failing", FAILING), site.add("succeeding", SUCCEEDING)) is True


def test_more_children_than_a_page(site: Site) -> None:
    """Trap 8: a query for children is cut at 100, and its count tells; `children` gives all."""
    ended = site.library.run(site.add("many", MANY))
    assert len(site.library.tasks(ended)) == 100
    assert site.http.get("/executions", params={"parent": ended["id"]}).headers["x-total-count"] == "120"
    assert len(site.library.call("executions.get_children", ended["id"])) == 120
    assert len(ended["children"]) == 120


def test_every_trap_has_a_test() -> None:
    """Each is named where it is tested."""
    text = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    named = re.findall(r"[Tt]raps? ((?:\d+(?:, | and )?)+)", text)
    assert {int(one) for names in named for one in re.findall(r"\d+", names)} >= {*range(1, 34)}
