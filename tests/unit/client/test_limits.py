import re
from pathlib import Path

import orchestrion
from orchestrion.client.limits import limits

SOURCE = Path(orchestrion.__file__).parent


def test_every_constant_that_is_a_bound_is_listed() -> None:
    listed = {one.name for one in limits()}
    for file in SOURCE.rglob("*.py"):
        if file.parent.name == "fast":  # beyond its bounds the other path is taken: nobody notices
            continue
        found = re.findall(r"^(MAX_\w+)(?:: \w+)? =", file.read_text(), re.MULTILINE)
        assert set(found) <= listed, file


def test_times_are_in_seconds() -> None:
    values = {one.name: one.value for one in limits()}
    assert values["BEAT"] < values["LEASE"] < 100
    assert values["SWEEP"] < 100
