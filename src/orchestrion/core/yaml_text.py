"""YAML texts from outside: how deep they are is known before the library recurses into them in C."""

from typing import Any, cast

from orchestrion.core.values import MAX_DEPTH

_SUSPICIOUS = 150
_BLOCK = " \t-?:"
"""What stands before the first word of a line, one character or more for each level of blocks."""
_TOO_DEEP = "exceeded maximum nesting depth"
"""How libyaml from 0.2.6 on, which reads ahead of its events, tells a depth of more than 1,000."""


def check_yaml_depth(text: str) -> None:
    """Raise ValueError where a YAML text is nested more than `MAX_DEPTH` levels deep.

    Only a text that might be so is parsed for it, as a stream of events, which needs no recursion.
    """
    if _may_be_deep(text) and _depth(text) > MAX_DEPTH:
        raise ValueError(f"it is nested more than {MAX_DEPTH} levels deep")


def _may_be_deep(text: str) -> bool:
    if text.count("[") + text.count("{") > _SUSPICIOUS:
        return True
    return any(len(line) - len(line.lstrip(_BLOCK)) > _SUSPICIOUS for line in text.splitlines())


def _depth(text: str) -> int:
    """The depth, or the first one that is too great; what is no YAML is told by who loads it."""
    import yaml

    depth = deepest = 0
    try:
        for event in cast("Any", yaml).parse(text, Loader=yaml.CSafeLoader):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                deepest = max(deepest, depth)
                if deepest > MAX_DEPTH:
                    break
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except yaml.YAMLError as error:
        if getattr(error, "problem", None) == _TOO_DEEP:
            return MAX_DEPTH + 1
    return deepest
