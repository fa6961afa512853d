"""The workflows of the stateful machine: those of the shared strategy, of tasks of every kind."""

import json
from pathlib import Path
from random import Random
from typing import Any, Final

from tests.model.strategies import Shape, definition
from tests.model.test_inspection import as_text
from tests.unit.actions.packs import add_workflow, write_pack

_SHAPE: Final = Shape(tasks=(2, 4), items=0.3, retry=0.2, delay=0.15, loop=0.15, error=0.005)
_PARAMETERS: Final = "x: {default: 0}, n: {default: 0}, m: {type: object, default: {}}, i: {default: 0}"
_SHELL: Final = (
    f"runner_type: local-shell-cmd\nparameters: {{cmd: {{immutable: true, default: x}}, {_PARAMETERS}}}\n"
)
_ACTIONS: Final = {
    "plain": f"name: plain\n{_SHELL}",
    "again": f"name: again\nidempotent: true\n{_SHELL}",
    "none": f"name: none\nrunner_type: noop\nparameters: {{{_PARAMETERS}}}\n",
    "ask": (
        "name: ask\nrunner_type: inquirer\n"
        f"parameters: {{schema: {{default: {{}}}}, ttl: {{default: 2}}, {_PARAMETERS}}}\n"
    ),
}
_CHILDREN: Final = {
    "chain": "a: {action: own.plain, next: [{do: b}]}\n  b: {action: own.again}",
    "items": "a: {with: {items: i in <% list(1, 2, 3) %>, concurrency: 2}, action: own.plain}",
    "asks": "a: {action: own.ask, next: [{do: b}]}\n  b: {action: own.plain}",
    "waits": "a: {action: own.none, next: [{do: b}]}\n  b: {action: own.plain, delay: 4}",
    "retries": "a: {action: own.plain, retry: {count: 1, delay: 3}}",
    "cleans": (
        "a: {action: own.plain, next: [{when: <% failed() %>, do: [late, fail]}]}\n"
        "  late: {action: own.plain, delay: 5}"
    ),
    "nests": "a: {action: own.plain, next: [{do: b}]}\n  b: {action: own.chain}",
    "deep": "a: {action: own.chain, next: [{do: b}]}\n  b: {action: own.plain}\n  c: {action: own.items}",
}
_KINDS: Final = (
    *("own.plain",) * 7,
    *("own.again",) * 4,
    *("own.none",) * 2,
    *("own.ask",) * 2,
    *(f"own.{name}" for name in _CHILDREN),
    *("own.chain", "own.deep", "own.nests"),
    None,
)


def workflow_text(seed: int) -> str:
    """The workflow of a seed: one of the shared strategy, whose tasks are of every kind."""
    dice = Random(seed)
    written: dict[str, Any] = json.loads(as_text(definition(dice, _SHAPE)))
    written["tasks"] = {name: _of_some_kind(dice, task) for name, task in written["tasks"].items()}
    return json.dumps(written)


def _of_some_kind(dice: Random, task: dict[str, Any]) -> dict[str, Any]:
    kind = dice.choice(_KINDS)
    if kind in ("own.plain", "own.again"):
        return {**task, "action": kind}
    found: dict[str, Any] = json.loads(json.dumps(task).replace("result().v", "5"))  # only those give a `v`
    if kind is not None:
        return {**found, "action": kind}
    without = ("action", "input", "with")
    return {name: value for name, value in found.items() if name not in without} | {"delay": 0}


def write_packs(folder: Path) -> Path:
    """Write the actions of these workflows; gives the folder of packs."""
    own = folder / "packs" / "own"
    write_pack(own, {f"actions/{name}.yaml": text for name, text in _ACTIONS.items()})
    for name, tasks in _CHILDREN.items():
        text = f"version: 1.0\ninput: [x, n, m, i]\ntasks:\n  {tasks}\noutput: [{{v: 5}}]\n"
        add_workflow(own, name, text, f"parameters: {{{_PARAMETERS}}}\n")
    return own.parent
