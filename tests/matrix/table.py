"""The table of the operations: what is expected of every request, in every status, to every kind of task.

The files in `kinds` are written by hand, from the decisions, never from what the code does. Each has the
workflow of a kind and, for each standing (a status that an operator may see), the `way` that leads there and
a cell for each request; what `_common.toml` says holds for every kind that does not say otherwise. Cells:

    refused: START OF THE MESSAGE | START OF ANOTHER PROBLEM
    ANSWER
    ANSWER > REST
    ANSWER > REST > HELP, HELP > END        each may be followed by   : WHAT RAN

`ANSWER` is the status right after the request, `REST` the one when all that runs has ended and nobody has
done anything more, `END` the one after the `HELP` that is named (`resume`, `answer`). What is left out is as
the one before it. Of a sub-workflow that is asked about by its own id, its parent's status follows in
parentheses. A standing that cannot be has the reason instead, as `impossible`.
"""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

REQUESTS: Final = ("pause", "resume", "cancel", "tasks", "no-reset", "items", "whole")
"""The requests; the last four are the choices of a re-run."""

STANDINGS: Final = (
    "requested",
    "scheduled",
    "running",
    "pausing",
    "paused",
    "resuming",
    "canceling",
    "canceled",
    "succeeded",
    "failed",
    "failed-running",
)
"""The statuses; `failed-running` is `failed` with a task that still runs."""

KINDS: Final = (
    "plain",
    "items",
    "child",
    "child-own",
    "inquiry",
    "inquiry-paused",
    "delayed",
    "retrying",
    "join",
    "loop",
    "routes",
)
"""The kinds of tasks, each a file."""

_FOLDER: Final = Path(__file__).parent / "kinds"
_STATUSES: Final = frozenset(standing for standing in STANDINGS if "-" not in standing)
_HELP: Final = frozenset({"answer", "resume"})
_STATUS: Final = re.compile(r"(?P<own>\w+)(?: \((?P<parent>\w+)\))?")


@dataclass(frozen=True, slots=True)
class Refusal:
    """The request is refused; the starts of the message and of each single problem."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The request is accepted: the statuses it leads to, the help that it takes, and what runs then.

    `runs` counts each start; their order, which follows from the workflow, is not compared.
    """

    answer: str
    rest: str
    help: tuple[str, ...]
    end: str
    runs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Impossible:
    """There is no such moment, for this reason."""

    reason: str


Cell = Refusal | Acceptance | Impossible


@dataclass(frozen=True, slots=True)
class Standing:
    """A status of the execution, the steps that lead there from its start, and the cells."""

    name: str
    way: tuple[str, ...]
    cells: dict[str, Cell]

    @property
    def status(self) -> str:
        """What it is called when an operator looks."""
        return self.name.removesuffix("-running")

    @property
    def is_possible(self) -> bool:
        """Whether there is such a moment."""
        return not any(isinstance(cell, Impossible) for cell in self.cells.values())


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of task: its workflow, the task that is re-run, and its standings.

    `moment` says in words where the task stands. In a re-run the actions of `fails` fail so often first.
    """

    name: str
    title: str
    moment: str
    workflow: str
    task: str
    fails: dict[str, int]
    standings: dict[str, Standing]


@cache
def kind_of(name: str) -> Kind:
    """The kind of a name, with a cell for every standing and request."""
    found, common = _read(name), _read("_common")
    expected = {"title", "moment", "workflow", "task", "fails", *STANDINGS}
    assert not found.keys() - expected, found.keys() - expected
    return Kind(
        name,
        found["title"],
        found["moment"],
        found["workflow"],
        found.get("task", "it"),
        found.get("fails", {}),
        {standing: _standing(standing, found, common) for standing in STANDINGS},
    )


def kinds() -> list[Kind]:
    """All kinds."""
    return [kind_of(name) for name in KINDS]


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((_FOLDER / f"{name}.toml").read_text())


def _standing(name: str, kind: dict[str, Any], common: dict[str, Any]) -> Standing:
    own = kind[name] if name in kind else common[name]
    if "impossible" in own:
        assert own.keys() == {"impossible"}, own
        return Standing(name, (), dict.fromkeys(REQUESTS, Impossible(own["impossible"])))
    texts = {**common.get(name, {}), **own}
    texts.pop("impossible", None)  # of every other kind
    way = texts.pop("way")
    assert texts.keys() == set(REQUESTS), (name, texts.keys() ^ set(REQUESTS))
    steps = tuple(step.strip() for step in way.split(";") if step.strip())
    return Standing(name, steps, {request: cell_of(texts[request]) for request in REQUESTS})


def cell_of(text: str) -> Refusal | Acceptance:
    """A cell as it is written."""
    if text.startswith("refused: "):
        return Refusal(tuple(part.strip() for part in text.removeprefix("refused: ").split(" | ")))
    statuses, _, ran = text.partition(": ")
    parts = [part.strip() for part in statuses.split(" > ")]
    assert len(parts) in (1, 2, 4), text
    answer, rest = parts[0], parts[min(1, len(parts) - 1)]
    took = tuple(parts[2].split(", ")) if len(parts) == 4 else ()
    end = parts[-1]
    for status in (answer, rest, end):
        match = _STATUS.fullmatch(status)
        assert match is not None, text
        assert {match["own"], match["parent"] or "failed"} <= _STATUSES, text
    assert set(took) <= _HELP, text
    return Acceptance(answer, rest, took, end, tuple(ran.split()))
