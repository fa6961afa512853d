from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrion.actions.catalog import Catalog
from orchestrion.actions.parameters import resolve
from orchestrion.core.values import Json
from orchestrion.errors import UsageError
from orchestrion.keys import Keys, NewKey
from orchestrion.runtime.keyring import KeyRing
from orchestrion.runtime.surroundings import surroundings_of
from orchestrion.store.sqlite import Store
from tests.unit.actions.packs import write_pack

NOW = 1_700_000_000_000_000
SCHEMA = """\
region: {type: string, default: north}
port: {type: integer, default: 5432}
password: {type: string, secret: true}
server:
  type: object
  properties:
    name: {type: string, default: one}
    token: {type: string, secret: true, default: built-in-token}
unset: {type: string, required: true}
"""


class Place:
    """A pack with one action, its config, and a store with keys."""

    def __init__(self, folder: Path, store: Store) -> None:
        self.folder = folder
        self.store = store
        self.noted: list[Json] = []
        keys = Keys(store, lambda: NOW, "ada")
        keys.put(
            [
                NewKey("plain", "open"),
                NewKey("db.password", "sesame-4711", secret=True),
                NewKey("mine", "ada's", scope="user"),
                NewKey("mine", "bo's", user="bo"),
            ]
        )

    def render(self, default: str, kind: str = "string") -> Json:
        """What a default gives."""
        metadata = (
            f"name: a\nrunner_type: noop\nparameters:\n  p:\n    type: {kind}\n    default: {default!r}\n"
        )
        write_pack(self.folder / "packs" / "p", {"pack.yaml": "name: p\n", "actions/a.yaml": metadata})
        action = Catalog([self.folder / "packs"]).find("p.a")
        ring = KeyRing(self.store.reading, "ada", NOW, self.noted.append)
        context: dict[str, Json] = {"user": "ada"}
        return resolve(action, {}, surroundings_of(action, ring, lambda: context, self.noted.append)).all["p"]

    def configure(self, schema: str | None, config: str | None) -> None:
        """Write the schema and the file of the pack's config."""
        if schema is not None:
            write_pack(self.folder / "packs" / "p", {"config.schema.yaml": schema})
        if config is not None:
            write_pack(self.folder / "configs", {"p.yaml": config})


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path, Store(tmp_path / "s.db"))
    yield place
    place.store.close()


@pytest.mark.parametrize(
    "default,value",
    [
        ("{{ st2kv.system.plain }}", "open"),
        ("it is {{ st2kv.system.plain | upper }}", "it is OPEN"),
        ("{{ st2kv.system['plain'] }}", "open"),
        ("{{ st2kv.user.mine }}", "ada's"),
        ("{{ 'yes' if st2kv.system.plain == 'open' else 'no' }}", "yes"),
        ("{{ st2kv.system.plain | decrypt_kv }}", "open"),
        ("{{ action_context.user }}", "ada"),
        ("{{ '/a/b' | basename }}", "b"),
        ("{{ version_compare('1.0.0', '1.0.1') }}", "-1"),
        ("{{ st2kv.system.plain | regex_replace('o', '0') }}", "0pen"),
        ("{{ {'a': [1]} | to_complex }}", '{"a": [1]}'),
    ],
)
def test_defaults_refer_to_keys_context_and_functions(place: Place, default: str, value: str) -> None:
    assert place.render(default) == value
    assert place.noted == []


def test_a_decrypted_key_is_noted_as_a_secret(place: Place) -> None:
    assert place.render("pw={{ st2kv.system.db.password | decrypt_kv }}") == "pw=sesame-4711"
    assert place.noted == ["sesame-4711"]
    encrypted = place.render("{{ st2kv.system.db.password }}")
    assert isinstance(encrypted, str)
    assert "sesame" not in encrypted


@pytest.mark.parametrize(
    "default,problem",
    [
        ("{{ st2kv.system.no }}", 'The key "no" does not exist in the StackStorm datastore.'),
        ("{{ st2kv.user.no }}", 'The key "ada:no" does not exist in the StackStorm datastore.'),
        ("{{ st2kv.world.no }}", "st2kv has the scopes system and user, not world."),
        ("{{ 'text' | decrypt_kv }}", "decrypt_kv: the value is not encrypted."),
        ("{{ config_context.no }}", "'dict object' has no attribute 'no'"),
    ],
)
def test_what_is_not_there_is_told(place: Place, default: str, problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        place.render(default)
    assert caught.value.problems == (f'Failed to render parameter "p": {problem}',)


def test_templates_reach_keys_only_by_their_names(place: Place) -> None:
    for default in (
        "{{ st2kv.system.plain._reader }}",
        "{{ st2kv._reader }}",
        "{{ st2kv.system.__class__ }}",
    ):
        with pytest.raises(UsageError):
            place.render(default)


@pytest.mark.parametrize(
    "config,value",
    [
        (None, {"region": "north", "port": 5432, "server": {"name": "one", "token": "built-in-token"}}),
        (
            "region: south\nserver: {name: two}\nextra: [1]\n",
            {
                "region": "south",
                "port": 5432,
                "server": {"name": "two", "token": "built-in-token"},
                "extra": [1],
            },
        ),
        (
            'password: "{{ st2kv.system.db.password }}"\nregion: "of {{st2kv.user.mine}}"\n',
            {
                "region": "of ada's",
                "port": 5432,
                "password": "sesame-4711",
                "server": {"name": "one", "token": "built-in-token"},
            },
        ),
    ],
)
def test_a_config_lies_over_its_schemas_defaults(place: Place, config: str | None, value: Json) -> None:
    place.configure(SCHEMA, config)
    assert place.render("{{ config_context }}", "object") == value
    assert "built-in-token" in place.noted
    assert ("sesame-4711" in place.noted) is ("password" in (config or ""))


def test_a_config_needs_no_schema_and_may_be_elsewhere(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    write_pack(place.folder / "elsewhere", {"p.yaml": "a: {b: 1}\n"})
    monkeypatch.setenv("ORCHESTRION_CONFIGS", str(place.folder / "elsewhere"))
    assert place.render("{{ config_context.a.b }}", "integer") == 1


@pytest.mark.parametrize(
    "config,told",
    [
        (
            "a:\n  b: '{{ st2kv.system.no }}'\n",
            r'p\.yaml:2: .*for key "a\.b" .* for pack "p" config: The key "no"',
        ),
        ("- 1\n", r"p\.yaml:1: A mapping"),
        ("a: [\n", r"p\.yaml:2: This is not valid YAML"),
    ],
)
def test_what_is_wrong_with_a_config_is_told_with_its_place(place: Place, config: str, told: str) -> None:
    place.configure(None, config)
    with pytest.raises(UsageError, match=told):
        place.render("{{ config_context.a }}")


def test_a_default_that_cannot_be_decrypted_says_why(place: Place) -> None:
    (place.folder / "s.db.key").rename(place.folder / "away")
    place.store.close()
    place.store = Store(place.folder / "s.db")
    with pytest.raises(UsageError) as caught:
        place.render("{{ st2kv.system.db.password | decrypt_kv }}")
    assert "the key file is not there" in caught.value.problems[0]


@pytest.fixture
def nobody() -> Callable[[], dict[str, Json]]:
    def fail() -> dict[str, Json]:
        raise AssertionError("nothing refers to it")

    return fail


def test_nothing_is_read_for_defaults_that_refer_to_nothing(
    place: Place, nobody: Callable[[], dict[str, Json]]
) -> None:
    place.configure("not valid: [", None)
    ring = KeyRing(place.store.reading, "ada", NOW, place.noted.append)
    place.store.close()
    for ref in ("core.local", "core.echo"):
        action = Catalog().find(ref)
        values: dict[str, Json] = {"cmd": "x"} if ref == "core.local" else {"message": "m"}
        resolve(action, values, surroundings_of(action, ring, nobody, place.noted.append))
    place.store = Store(place.folder / "s.db")
