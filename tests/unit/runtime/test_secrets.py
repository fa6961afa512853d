import json
from contextlib import closing
from pathlib import Path

import pytest

from orchestrion.actions.parameters import MASK
from orchestrion.core.values import Json
from orchestrion.runtime.secrets import TreeSecrets, mask_of
from orchestrion.store.sqlite import Store

TEXT = json.dumps(
    {
        "values": ["swordfish", 'two "words"', "  padded\n", "12345", "sword"],
        "names": {"demo.act": ["token", "pin"]},
    }
)


@pytest.mark.parametrize(
    "value,shown",
    [
        ("swordfish", MASK),
        ("a swordfish, swordfish", f"a {MASK}, {MASK}"),
        ("a sword", f"a {MASK}"),
        ('say "two \\"words\\""', f'say "{MASK}"'),
        ("it is padded.", f"it is {MASK}."),
        ({"swordfish": ["swordfish", 1, None, True]}, {MASK: [MASK, 1, None, True]}),
        ([12345, 12346, 12345.0], [MASK, 12346, 12345.0]),
        ("swordfis", f"{MASK}fis"),
        ("fish", "fish"),
    ],
)
def test_a_secret_is_hidden_wherever_its_exact_value_stands(value: Json, shown: Json) -> None:
    assert mask_of(TEXT).value(value) == shown


def test_secret_parameters_are_hidden_by_name_whatever_they_hold() -> None:
    values: Json = {"token": [1], "pin": "1", "other": "1 swordfish", "nothing": None}
    assert mask_of(TEXT).parameters("demo.act", values) == {
        "token": MASK,
        "pin": MASK,
        "other": f"1 {MASK}",
        "nothing": None,
    }
    assert mask_of(TEXT).parameters("demo.other", {"token": 1, "pin": None}) == {"token": 1, "pin": None}


def test_without_secrets_everything_is_shown_as_it_is() -> None:
    value: Json = {"a": ["swordfish", 12345]}
    assert mask_of(None).value(value) is value
    assert mask_of(None).parameters("demo.act", value) == value


def test_a_tree_that_takes_another_one_in_hides_its_secrets_too(tmp_path: Path) -> None:
    with closing(Store(tmp_path / "s.db")) as store, store.transaction() as transaction:
        tree, other = (TreeSecrets(transaction, root, None) for root in "ab")
        tree.merge(other)
        assert not tree.has_changed
        tree.note_parameters("demo.act", {"token": "swordfish"})
        other.note_parameters("demo.act", {"pin": "open sesame"})
        tree.merge(other)
        assert tree.has_changed
        assert tree.mask.text("swordfish, open sesame") == f"{MASK}, {MASK}"
        assert tree.mask.parameters("demo.act", {"token": 1, "pin": 2}) == {"token": MASK, "pin": MASK}
