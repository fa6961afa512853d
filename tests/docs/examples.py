"""The workflows in the documents: each block of YAML that is a whole workflow, with what is said about it.

An HTML comment right before a block, `<!-- example: {…} -->`, holds YAML: `inputs`; `outcomes` and `results`
of attempts, by `task`, `task#2` (its second attempt) or `task[1]` (an item); `ends`, `output` and `runs` (the
tasks and items in the order in which they started), which are checked; `warnings`, what inspection warns of;
`name`, by which `generated` finds it.
"""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from orchestrion.core.commands import RunAction
from orchestrion.core.events import AttemptReported, Event, Started
from orchestrion.core.language import load_definition
from orchestrion.core.state import State
from orchestrion.core.status import COMPLETED
from tests.conformance.player import Listing, Player

DOCS: Final = Path(__file__).parents[2] / "docs"

_BLOCK: Final = re.compile(r"(?:<!-- example: (?P<notes>.*?) -->\n)?```yaml\n(?P<text>.*?)```", re.DOTALL)
_MOST_ATTEMPTS: Final = 200


@dataclass(frozen=True)
class Example:
    where: str
    text: str
    notes: dict[str, Any]


@dataclass
class Played:
    player: Player
    runs: list[str] = field(default_factory=list[str])

    @property
    def state(self) -> State:
        return self.player.state

    @property
    def status(self) -> str:
        return self.state.head.status

    @property
    def output(self) -> Any:
        return self.state.head.output


def examples() -> Iterator[Example]:
    """Every whole workflow in the documents."""
    for path in sorted(DOCS.glob("*.md")):
        text = path.read_text()
        for found in _BLOCK.finditer(text):
            notes: Any = yaml.safe_load(found["notes"] or "{}")
            if re.search(r"^tasks:", found["text"], re.MULTILINE):
                line = text.count("\n", 0, found.start("text")) + 1
                yield Example(f"{path.name}:{line}", found["text"], notes)


def play(example: Example) -> Played:
    """Run a workflow: every action succeeds with null, but for what its notes say."""
    played = Played(Player(load_definition(example.text)))
    proceed(played, example, Started(example.notes.get("inputs", {}), {}))
    return played


def proceed(played: Played, example: Example, event: Event) -> None:
    """Tell of an event, and let the actions that follow end as the notes say."""
    player = played.player
    waiting: deque[RunAction] = deque()

    def start(listings: list[Listing]) -> None:
        for action in (action for listing in listings for action in listing.actions):
            played.runs.append(action.task if action.item is None else f"{action.task}[{action.item}]")
            waiting.append(action)

    start(player.tell(event)[1])
    for _ in range(_MOST_ATTEMPTS):
        if not waiting:
            break
        action = waiting.popleft()
        status: Any = _noted(example, "outcomes", action, "succeeded")
        result: Any = _noted(example, "results", action, None)
        report = AttemptReported(action.entry, action.item, action.attempt, status, result)
        start(player.tell(report)[1])
    assert played.status in COMPLETED, played.status


def _noted(example: Example, kind: str, action: RunAction, otherwise: Any) -> Any:
    noted = example.notes.get(kind, {})
    for key in (f"{action.task}[{action.item}]", f"{action.task}#{action.attempt}", action.task):
        if key in noted:
            return noted[key]
    return otherwise
