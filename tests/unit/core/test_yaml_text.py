import pytest

from orchestrion.core.values import MAX_DEPTH
from orchestrion.core.yaml_text import check_yaml_depth

DEEP = {
    "brackets": "[" * 100_000,
    "braces": "{a: " * 100_000,
    "compact lists": "- " * 100_000,
    "indented mappings": "".join(f"{' ' * level}a:\n" for level in range(300)),
}


@pytest.mark.parametrize("name", DEEP)
def test_what_would_exhaust_the_stack_is_refused_before(name: str) -> None:
    with pytest.raises(ValueError, match=f"more than {MAX_DEPTH} levels"):
        check_yaml_depth(DEEP[name])


@pytest.mark.parametrize("text", ["", "a: [1, {b: 2}]", "[]\n" * 300, "- [" + "[a]," * 5_000 + "]", "a: ]["])
def test_what_is_flat_or_no_yaml_passes(text: str) -> None:
    check_yaml_depth(text)
