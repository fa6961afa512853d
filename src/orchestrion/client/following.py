"""Following an execution: who watches, and who interrupts."""

from collections.abc import Callable
from dataclasses import dataclass

from orchestrion.queries import ExecutionView

Watch = Callable[[ExecutionView], None]
"""Is shown the execution whenever something has changed."""


@dataclass(slots=True)
class Interruption:
    """What Ctrl-C has asked for: `requested` counts how often."""

    requested: int = 0
