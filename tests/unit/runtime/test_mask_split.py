"""What is shown of a text that goes on: no secret, and no part of one that may go on."""

import pytest

from orchestrion.runtime.secrets import Mask


@pytest.mark.parametrize(
    "text,shown,held",
    [
        ("nothing secret\n", "nothing secret\n", ""),
        ("it is secretsecret.", "it is ********.", ""),
        ("it is secr", "it is ", "secr"),
        ("it is secretsecret", "it is ********", ""),  # its end is no beginning of another one
        ("s", "", "s"),
    ],
)
def test_what_may_be_the_beginning_of_a_secret_is_held_back(text: str, shown: str, held: str) -> None:
    assert Mask(["secretsecret"], {}).split(text) == (shown, held)


def test_without_secrets_nothing_is_held_back() -> None:
    assert Mask([], {}).split("secr") == ("secr", "")
