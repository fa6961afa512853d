"""An action that somebody runs by itself, not as a task: it is the only task of a workflow that nobody sees.

So it has all that a task has: a lease, a take-over, a time limit, a cancellation, a history. Its own
execution is what people see, in lists too.
"""

from collections.abc import Mapping

from orchestrion.core.values import Json

TASK = "run"
"""The name of the task."""


def wrapped(action: str, delay: int = 0) -> str:
    """The definition of a workflow that runs one action with the parameters that it is given.

    `delay`: seconds before it starts.
    """
    waits = f"    delay: {delay}\n" if delay else ""
    return (
        "version: 1.0\ninput:\n  - parameters\ntasks:\n"
        f"  {TASK}:\n{waits}    action: {action}\n    input: <% ctx().parameters %>\n"
    )


def inputs_of(parameters: Mapping[str, Json]) -> dict[str, Json]:
    """The inputs of such a workflow."""
    return {"parameters": dict(parameters)}
