from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrion.client.keys import read_keys
from orchestrion.errors import NotFound, UsageError
from orchestrion.keys import Keys, NewKey
from orchestrion.store.sqlite import Store

KNOWN = "encrypted, expire_timestamp, id, name, scope, secret, ttl, uid, user, value"
HIDDEN = "correct horse battery staple"


class Clock:
    """A clock that stands still until the test moves it."""

    def __init__(self) -> None:
        self.now = 1_700_000_000_000_000

    def __call__(self) -> int:
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        self.now += round(seconds * 1_000_000)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "s.db")
    yield store
    store.close()


@pytest.fixture
def keys(store: Store, clock: Clock) -> Keys:
    return Keys(store, clock, "ada")


def test_a_key_is_what_was_set_last(keys: Keys) -> None:
    keys.put([NewKey("host", "db1")])
    keys.put([NewKey("host", "db2")])
    view = keys.get("host")
    assert (view.value, view.scope, view.user, view.secret, view.expires_at) == (
        "db2",
        "system",
        None,
        False,
        None,
    )


def test_the_system_and_each_user_have_keys_of_their_own(keys: Keys, store: Store, clock: Clock) -> None:
    keys.put(
        [NewKey("k", "of all"), NewKey("k", "of ada", scope="st2kv.user"), NewKey("k", "of bo", user="bo")]
    )
    assert keys.get("k").value == "of all"
    assert keys.get("k", "user").value == "of ada"
    assert keys.get("k", user="bo").value == "of bo"
    assert Keys(store, clock, "bo").get("k", "user").value == "of bo"
    assert [view.value for view in keys.matching()] == ["of all", "of ada"]
    assert [view.value for view in keys.matching("user")] == ["of ada"]


@pytest.mark.parametrize("name", ["", "  ", "two words", "tab\t", "line\n", "\x1b[31mred", "\xa0", "\x7f"])
def test_a_name_of_blanks_or_control_characters_is_refused(keys: Keys, name: str) -> None:
    with pytest.raises(UsageError) as caught:
        keys.put([NewKey("good", "v"), NewKey(name, "v")])
    (problem,) = caught.value.problems
    assert "no blanks and no control characters" in problem or problem.startswith("A key has no name")
    assert problem.isprintable()
    assert keys.matching() == []


def test_lists_go_by_the_beginning_of_names_as_it_is_written(keys: Keys) -> None:
    keys.put([NewKey(name, "v") for name in ("db.host", "db_host", "DB.host", "db%")])
    assert [view.name for view in keys.matching(prefix="db.")] == ["db.host"]
    assert [view.name for view in keys.matching(prefix="db%")] == ["db%"]


def test_a_secret_is_shown_only_on_request_and_stored_sealed(keys: Keys, tmp_path: Path) -> None:
    set_one = keys.put([NewKey("k", HIDDEN, secret=True)])
    for view in (*set_one, keys.get("k"), *keys.matching()):
        assert (view.value, view.encrypted, view.secret) == ("********", True, True)
    for view in (keys.get("k", decrypt=True), *keys.matching(decrypt=True)):
        assert (view.value, view.encrypted, view.secret) == (HIDDEN, False, True)
    for file in tmp_path.glob("s.db*"):
        assert HIDDEN.encode() not in file.read_bytes()


def test_a_key_whose_time_is_over_is_as_if_it_were_not_there(keys: Keys, clock: Clock, store: Store) -> None:
    keys.put([NewKey("short", "v", ttl=10), NewKey("long", "v", ttl=20), NewKey("ever", "v")])
    clock.pass_seconds(9.999999)
    assert keys.get("short").expires_at == clock.now + 1
    clock.pass_seconds(0.000001)
    with pytest.raises(NotFound):
        keys.get("short")
    with pytest.raises(NotFound):
        keys.delete(["short"])
    assert [view.name for view in keys.matching()] == ["ever", "long"]
    keys.put([NewKey("long", "again")])
    with store.reading() as transaction:
        left = transaction.all("keys", scope=None, owner="", prefix="", now=0)
    assert [row["name"] for row in left] == ["ever", "long"]
    clock.pass_seconds(1000)
    assert keys.get("long").value == "again"


def test_all_keys_are_set_or_none_and_every_problem_is_told(keys: Keys) -> None:
    with pytest.raises(UsageError) as caught:
        keys.put(
            [NewKey("a", "v"), NewKey("b", "v", scope="world"), NewKey("", "v"), NewKey("c", "v", ttl=0)]
        )
    assert caught.value.problems == (
        "b: Scope world is not in allowed scopes list: ['system', 'user', 'st2kv.system', 'st2kv.user'].",
        "A key has no name: give it one, for example db.host.",
        "c: the time to live must be from 1 to 3162240000 seconds, found 0.",
    )
    assert keys.matching() == []


def test_all_keys_are_deleted_or_none(keys: Keys) -> None:
    keys.put([NewKey("a", "v"), NewKey("b", "v")])
    with pytest.raises(NotFound, match='There is no key "c" in the scope system'):
        keys.delete(["a", "c"])
    assert [view.name for view in keys.matching()] == ["a", "b"]
    keys.delete(["a", "b", "a"])
    assert keys.matching() == []


@pytest.mark.parametrize(
    "name,text",
    [
        (
            "k.yaml",
            "- {name: a, value: x, secret: true, ttl: 5}\n- {name: b, value: y, scope: user, user: bo}\n",
        ),
        (
            "k.json",
            """[{"name": "a", "value": "x", "secret": true, "ttl": 5},
                {"name": "b", "value": "y", "scope": "user", "user": "bo", "id": "1", "uid": "2"}]""",
        ),
    ],
)
def test_a_file_holds_a_list_of_keys(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert read_keys(tmp_path / name) == [
        NewKey("a", "x", secret=True, ttl=5),
        NewKey("b", "y", scope="user", user="bo"),
    ]


def test_a_file_with_anything_else_is_refused_as_a_whole(tmp_path: Path) -> None:
    file = tmp_path / "k.yaml"
    file.write_text(
        "- 5\n- {value: x}\n- {name: n, value: 5}\n- {name: m, value: '********', encrypted: true}\n"
        "- {name: o, value: x, ttl: true, colour: red}\n"
    )
    with pytest.raises(UsageError) as caught:
        read_keys(file)
    assert [problem.split(".")[0] for problem in caught.value.problems] == [
        "Entry 1 is no mapping with name and value",
        "Entry 2 (None): name must be a text",
        "Entry 3 (n): value must be a text",
        "Entry 4 (m): the value is encrypted or masked",
        f"Entry 5 (o): colour is unknown; known are {KNOWN}",
        "Entry 5 (o): ttl must be a number of seconds",
    ]


def test_values_that_are_no_text_may_be_taken_as_json(tmp_path: Path) -> None:
    (tmp_path / "k.yaml").write_text("{name: n, value: {a: [1, 2]}}\n")
    assert read_keys(tmp_path / "k.yaml", convert=True) == [NewKey("n", '{"a":[1,2]}')]
