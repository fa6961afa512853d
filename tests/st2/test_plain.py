"""`st2` as a process of its own says the same as one that is forked: so the other tests may fork it."""

import pytest

from tests.st2.site import Site


@pytest.mark.parametrize(
    "words, code",
    [
        (["--version"], 0),
        (["action", "get", "core.echo", "-j"], 0),
        (["runner", "list"], 0),
        (["run", "core.local"], 1),
        (["run", "core.nothing"], 1),
        (["execution", "get", "0" * 24], 1),
        (["key", "set", "大", "かな", "-s", "galaxy"], 1),
        (["nonsense"], 2),
        (["execution", "list", "--nonsense"], 2),
    ],
)
def test_both_say_the_same(site: Site, words: list[str], code: int) -> None:
    assert site.plain(*words, code=code) == site.st2(*words, code=code)
