"""The parts of the documents that are made from the code, or from the tables of tests.

They stand between two markers, as `generate` writes them.
"""

import io
import re
from collections.abc import Callable, Mapping
from typing import Final

from fastapi.routing import APIRoute

from orchestrion.api.access import ALLOWED, ROLES, operations_of
from orchestrion.api.app import ROUTERS
from orchestrion.cli.render.output import Output
from orchestrion.cli.render.plans import show_plan
from orchestrion.client.limits import expression_limits, limits
from orchestrion.core.diagrams import Table, ends_diagram, event_table, moves_diagram, request_table
from orchestrion.core.events import TaskRequest
from orchestrion.core.expressions.functions import FUNCTIONS
from orchestrion.core.preview import Plan, preview
from orchestrion.core.transitions import ITEMS_TASK, PLAIN_TASK, WORKFLOW
from orchestrion.operations import RerunPlan
from orchestrion.settings import SETTINGS
from tests.docs.examples import examples, play
from tests.matrix.pages import control_table, impossible_table, kind_table, rerun_table


def _diagrams(table: Table) -> str:
    return f"```mermaid\n{moves_diagram(table)}\n```\n\n```mermaid\n{ends_diagram(table)}\n```"


def _bounds() -> str:
    lines = ["| bound | value | what it limits |", "| --- | --- | --- |"]
    lines += [f"| `{one.name}` | {one.value:,} | {one.text} |" for one in expression_limits()]
    return "\n".join(lines)


def _limits() -> str:
    """All bounds but those of expressions, which the page on the language has."""
    lines = ["| of | bound | value | what it limits |", "| --- | --- | --- | --- |"]
    others = (one for one in limits() if one.part != "expression")
    lines += [f"| {one.part} | `{one.name}` | {one.value:,} | {one.text} |" for one in others]
    return "\n".join(lines)


def _settings() -> str:
    lines = ["| setting | flag | environment | default | what it sets |", "| --- | --- | --- | --- | --- |"]
    for one in SETTINGS.values():
        flag = f"`{one.flag}`" if one.flag else ""
        default = one.otherwise or one.default
        lines.append(f"| `{one.name}` | {flag} | `{one.variable}` | {default} | {one.text} |")
    return "\n".join(lines)


def _allowed() -> str:
    """The least role of every operation of the API."""
    of_role = {role: [name for name, least in ALLOWED.items() if least == role] for role in ROLES}
    lines = ["| at least | may |", "| --- | --- |"]
    lines += [f"| {role} | {', '.join(f'`{name}`' for name in sorted(of_role[role]))} |" for role in ROLES]
    return "\n".join(lines)


def _routes() -> str:
    """Every route of the API, with the operation that its caller must be allowed."""
    lines = ["| route | what it does | needs |", "| --- | --- | --- |"]
    for router in ROUTERS:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            method = ", ".join(sorted(route.methods or ()))
            needs = ", ".join(f"`{name}`" for name in operations_of(route.dependant)) or "nothing"
            summary = route.description.partition("\n")[0]
            lines.append(f"| `{method} {route.path}` | {summary} | {needs} |")
    return "\n".join(lines)


def _plan(tasks: str, no_reset: str = "") -> str:
    """The plan of a re-run of the worked example, as the command shows it."""
    worked = next(example for example in examples() if example.notes.get("name") == "worked")
    kept = no_reset.split()
    requests = tuple(TaskRequest(name, 0, reset=name not in kept) for name in tasks.split())
    plan = preview(play(worked).state, requests)
    assert isinstance(plan, Plan), plan
    stream = io.StringIO()
    show_plan(Output(stream), RerunPlan("ID", "", plan))
    options = f"--tasks {tasks}{f' --no-reset {no_reset}' if no_reset else ''} --plan"
    return f"```text\n$ orchestrion execution re-run ID {options}\n{stream.getvalue()}```"


def _functions() -> str:
    return ", ".join(f"`{name}`" for name in sorted(FUNCTIONS))


PARTS: Final[Mapping[str, Callable[[], str]]] = {
    "diagram workflow": lambda: _diagrams(WORKFLOW),
    "diagram plain task": lambda: _diagrams(PLAIN_TASK),
    "diagram with-items task": lambda: _diagrams(ITEMS_TASK),
    "requests": request_table,
    "table workflow": lambda: event_table(WORKFLOW),
    "table plain task": lambda: event_table(PLAIN_TASK),
    "table with-items task": lambda: event_table(ITEMS_TASK),
    "matrix kinds": kind_table,
    "matrix requests": control_table,
    "matrix re-runs": rerun_table,
    "matrix impossible": impossible_table,
    "plan of servers": lambda: _plan("servers", "servers"),
    "plan of servers and notify": lambda: _plan("servers notify", "servers"),
    "plan of reserve": lambda: _plan("reserve"),
    "bounds": _bounds,
    "limits": _limits,
    "settings": _settings,
    "function names": _functions,
    "allowed": _allowed,
    "routes": _routes,
}
"""What a marker's name stands for."""

_PART: Final = re.compile(
    r"(?P<opening><!-- generated: (?P<name>[\w -]+?) -->\n).*?(?P<closing><!-- end of generated -->)",
    re.DOTALL,
)


def renewed(text: str) -> str:
    """A document's text with every generated part made again."""
    return _PART.sub(
        lambda found: f"{found['opening']}{PARTS[found['name']]()}\n{found['closing']}",
        text,
    )


def names_in(text: str) -> list[str]:
    """The names of the generated parts of a document."""
    return [found["name"] for found in _PART.finditer(text)]
