"""The workflows of the durable figures, as texts: a store keeps texts."""

from typing import Final

ALL_ITEMS: Final = """\
version: 1.0
input: [list]
tasks:
  all:
    with: <% ctx().list %>
    action: core.noop
"""
"""One task with as many items as the input `list` has, all of them at once."""


def chain(length: int, action: str = "core.noop", **inputs: str) -> str:
    """Tasks one after another, each of which follows if the one before has succeeded."""
    lines = ["version: 1.0", "tasks:"]
    for number in range(1, length + 1):
        lines += [f"  task{number}:", f"    action: {action}"]
        if inputs:
            lines += ["    input:", *(f"      {name}: {value}" for name, value in inputs.items())]
        if number < length:
            lines += ["    next:", "      - when: <% succeeded() %>", f"        do: task{number + 1}"]
    return "\n".join([*lines, ""])
